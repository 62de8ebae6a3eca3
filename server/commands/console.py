"""``vivo console``: a session in the terminal."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ...parallel.errors import SessionError
from ..console.attach import Wanted, attach

if TYPE_CHECKING:
    from ..console.interactive import Console
    from ..console.simple import SimpleConsole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--session",
        metavar="ID",
        help="a running session, by the id's beginning; ssh://HOST/ID for one of another host",
    )
    which.add_argument("--new", action="store_true", help="start one, also where one runs already")
    parser.add_argument("--python", metavar="PATH", help="the interpreter of a new session")
    parser.add_argument("--profile", metavar="NAME", help="the profile of a new session")
    parser.add_argument(
        "--kernel",
        metavar="NAME",
        help="another kernel that is installed for Jupyter, hosted as a session",
    )
    parser.add_argument(
        "--past", action="store_true", help="what the session has shown so far comes first"
    )
    parser.add_argument("--simple", action="store_true", help="line by line, without escape codes")


def run(options: argparse.Namespace) -> int:
    """Attach and read; the exit status of a pipe is 1 if a cell failed."""
    return asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> int:
    is_simple = options.simple or not is_capable()
    if not is_simple:
        check_installed()
    entry, started = await attach(
        Wanted(options.session, options.new, options.python, options.profile, options.kernel)
    )
    console: SimpleConsole | Console  # what each needs is loaded for it alone
    if is_simple:
        from ..console.simple import SimpleConsole

        console = SimpleConsole(entry, started=started)
    else:
        from ..console.interactive import Console

        console = Console(entry, started=started)
    console.shows_past = options.past
    return await console.run()


def check_installed() -> None:
    """Raise :class:`SessionError` if what edits lines in a terminal is missing."""
    missing = [name for name in ("prompt_toolkit", "pygments") if find_spec(name) is None]
    if missing:
        raise SessionError(
            f"Not installed: {' and '.join(missing)}. Do `pip install 'vivo[console]'`, or go on "
            "with --simple."
        )


def is_capable() -> bool:
    """Whether both ends are a terminal that can do more than lines."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return is_terminal and os.environ.get("TERM", "dumb") not in ("dumb", "")
