"""Which interpreter a file's session runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..parallel.interpreters import find_python


def choose_interpreter(file: Path | None, setting: str | None) -> str:
    """The setting, read by :func:`find_python`; else an activated environment; else the nearest
    ``.venv`` above the file; else vivo's own.

    Nothing is run to find out; whether it works is seen when the session starts.
    """
    if setting:
        return find_python(setting)
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        activated = os.environ.get(variable)
        if activated and (python := _python_in(Path(activated))):
            return python
    if file is not None:
        for folder in file.absolute().parents:
            for name in (".venv", "venv"):
                if python := _python_in(folder / name):
                    return python
    return sys.executable


def _python_in(folder: Path) -> str | None:
    python = folder / "bin" / "python"
    return str(python) if python.exists() else None
