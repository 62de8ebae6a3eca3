"""``vivo kernelspec``: make vivo a Jupyter kernel."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    install = actions.add_parser("install", help="write the kernelspec")
    where = install.add_mutually_exclusive_group()
    where.add_argument("--prefix", metavar="DIR", help="into DIR/share/jupyter")
    where.add_argument("--user", action="store_true", help="for this user (the default)")
    where.add_argument("--sys-prefix", action="store_true", help="into vivo's own environment")
    install.add_argument("--python", metavar="PATH", help="the interpreter of the user's code")


def run(options: argparse.Namespace) -> int:
    """Write the kernelspec and say where."""
    from ...parallel.kernelspec import install, install_for_user

    if options.prefix or options.sys_prefix:
        prefix = Path(options.prefix or sys.prefix).expanduser()
        folder = install(prefix, python=options.python)
    else:
        folder = install_for_user(python=options.python)
    print(f"The kernel vivo is installed in {folder}")
    return 0
