"""Magics that install packages into the session's own interpreter."""

from __future__ import annotations

import shlex
import sys

from .registry import MagicCall, magic

_NOTE = "Restart the session if packages that are already imported were changed."


@magic("pip")
def pip(call: MagicCall) -> None:
    """Run pip of the session's interpreter: %pip install numpy."""
    call.shell._system(f"{shlex.quote(sys.executable)} -m pip {call.arguments}")
    print(_NOTE)


@magic("uv")
def uv(call: MagicCall) -> None:
    """Run uv for the session's interpreter: %uv pip install numpy."""
    arguments = call.arguments
    if arguments.startswith("pip "):
        arguments += f" --python {shlex.quote(sys.executable)}"
    call.shell._system(f"uv {arguments}")
    print(_NOTE)
