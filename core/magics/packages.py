"""Magics that install packages into the session's own interpreter."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from ..errors import UsageError
from .registry import MagicCall, magic

_NOTE = "Restart the session if packages that are already imported were changed."


@magic("pip", arguments="COMMAND …")
def pip(call: MagicCall) -> None:
    """Run pip of the session's interpreter: ``%pip install numpy``."""
    call.shell._system(f"{shlex.quote(sys.executable)} -m pip {call.arguments}")
    print(_NOTE)


@magic("uv", arguments="COMMAND …")
def uv(call: MagicCall) -> None:
    """Run uv for the session's interpreter: ``%uv pip install numpy``."""
    import shutil

    own = Path(sys.executable).with_name("uv")
    program = str(own) if own.exists() else shutil.which("uv")
    if program is None:
        raise UsageError("%uv finds no uv on the PATH. Install it, or use %pip.")
    arguments = call.arguments
    if arguments.startswith("pip "):
        arguments += f" --python {shlex.quote(sys.executable)}"
    call.shell._system(f"{shlex.quote(program)} {arguments}")
    print(_NOTE)


def _installer(program: str) -> None:
    def run(call: MagicCall) -> None:
        arguments = call.arguments
        words = arguments.split()
        if words[:1] and words[0] in ("install", "remove", "uninstall", "update", "list"):
            # The session's own environment, and nobody is there to be asked.
            arguments = f"{words[0]} --prefix {shlex.quote(sys.prefix)} {' '.join(words[1:])}"
            arguments += " --yes" if words[0] != "list" and "--yes" not in words else ""
        if not (Path(sys.prefix) / "conda-meta").is_dir():
            raise UsageError(
                f"%{program} works in a conda environment; {sys.prefix} is none. Use %pip or %uv."
            )
        executable = os.environ.get("CONDA_EXE", program) if program == "conda" else program
        call.shell._system(f"{shlex.quote(executable)} {arguments}")
        print(_NOTE)

    run.__doc__ = f"Run {program} for the session's environment: ``%{program} install numpy``."
    run.__module__ = __name__
    globals()[f"_{program}"] = magic(program, arguments="COMMAND …")(run)


for _name in ("conda", "mamba", "micromamba"):
    _installer(_name)
