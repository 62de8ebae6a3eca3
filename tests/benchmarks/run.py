"""``make bench``: vivo beside its peers and a floor program, all in one run.

The peers live in a virtual environment of their own (``.venv-peers``). Medians are printed as
ratios; the figures themselves hold for one machine on one day. What is promised as a limit is
printed with whether it holds.
"""

from __future__ import annotations

import argparse
import os
import sys

import clusters
import interrupt
import kernels
import language_servers
import report
import shells
import while_busy

PARTS = ("shells", "kernels", "while_busy", "interrupt", "clusters", "language-server")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS, help="one part alone")
    parser.add_argument(
        "--rounds", type=int, default=20, help="blocks of each kernel's measurement"
    )
    parser.add_argument(
        "--quick", action="store_true", help="clusters: small counts, to try the benchmark itself"
    )
    arguments = parser.parse_args()
    # A start that compiles its own modules each time measures the compiler.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if arguments.part in (None, "shells"):
        shells.run()
    if arguments.part in (None, "kernels"):
        kernels.run(arguments.rounds)
    if arguments.part in (None, "while_busy"):
        while_busy.run(arguments.rounds)
    if arguments.part in (None, "interrupt"):
        interrupt.run(arguments.rounds)
    if arguments.part in (None, "clusters"):
        clusters.run(max(1, arguments.rounds // 4), is_quick=arguments.quick)
    if arguments.part in (None, "language-server"):
        language_servers.run(arguments.rounds)
    if report.broken:
        sys.exit(f"\nDid not hold in this run: {', '.join(report.broken)}")


if __name__ == "__main__":
    main()
