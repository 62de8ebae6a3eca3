"""``vivo kernel``: keep a session for a Jupyter launcher."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("-f", "--connection-file", required=True, metavar="FILE")
    parser.add_argument("--python", metavar="PATH", help="the interpreter of the user's code")
    parser.add_argument("--profile", metavar="NAME", help="the shell's profile")


def run(options: argparse.Namespace) -> int:
    """Keep the session until it, or its launcher, ends."""
    from ...parallel.interpreters import find_python
    from ...parallel.kernel import run_kernel

    python = find_python(options.python) if options.python else None
    return run_kernel(options.connection_file, python, options.profile)
