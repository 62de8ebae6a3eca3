"""A text in the user's pager; straight to the screen if it fits, or if there is no pager."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys


def fits(text: str, columns: int, lines: int) -> bool:
    """Whether a text leaves room for a prompt on a screen."""
    needed = sum(1 + max(0, len(line) - 1) // max(1, columns) for line in text.split("\n"))
    return needed <= lines - 3


def page(text: str) -> None:
    """Show a text, and return when the user has left it."""
    text = text.rstrip("\n") + "\n"
    size = shutil.get_terminal_size()
    words = shlex.split(os.environ.get("PAGER", "")) or ["less"]
    program = shutil.which(words[0])
    if fits(text, size.columns, size.lines) or program is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    environment = {"LESS": "-R", "LESSCHARSET": "utf-8", **os.environ}
    subprocess.run(
        [program, *words[1:]],
        input=text.encode("utf-8", "replace"),
        env=environment,
        check=False,
    )
