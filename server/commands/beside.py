"""``vivo beside``: what a link from another host talks to; see :mod:`vivo.parallel.remote.beside`.

It is a command of its own, which loads little: each time that a link comes back waits for it.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options: there are none."""


def run(options: argparse.Namespace) -> int:
    """Answer until the link ends."""
    from ...parallel.remote.beside import serve

    asyncio.run(serve(_choose))
    return 0


def _choose(folder: Path, python: str | None) -> str:
    from ..interpreters import choose_interpreter

    return choose_interpreter(folder / "session", python)
