"""Which interpreter a file's session runs.

Rules:

1. Nothing is run to find out; whether it works is seen when the session starts.
2. In a workspace that the user has not trusted no program of the workspace is chosen: running a
   cell there is the user's word for the cell, not for the ``.venv`` that came with it. What the
   user names, in the setting or by choosing it for a session, is the user's word.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..parallel.directories import in_full
from ..parallel.interpreters import find_python

ENVIRONMENT_FOLDERS = (".venv", "venv")
_ACTIVATED = ("VIRTUAL_ENV", "CONDA_PREFIX")


@dataclass(frozen=True)
class Choice:
    """An interpreter, and what would have been chosen if the workspace were trusted."""

    python: str
    passed_over: str | None = None


def choose_interpreter(file: Path | None, setting: str | None) -> str:
    """The setting, read by :func:`find_python`; else an activated environment; else the nearest
    ``.venv`` above the file; else vivo's own."""
    return choose(file, setting).python


def choose(
    file: Path | None,
    setting: str | None,
    *,
    folders: Sequence[Path] = (),
    trusted: bool = True,
) -> Choice:
    """The interpreter of new sessions for a file; ``folders`` are the workspace's.

    A file outside of every folder that is not trusted is taken for a workspace of its own.
    """
    if setting:
        return Choice(find_python(setting))
    passed_over = None
    for python in _candidates(file):
        if trusted or not is_inside(python, file, folders):
            return Choice(python, passed_over)
        passed_over = passed_over or python
    return Choice(sys.executable, passed_over)


def is_inside(python: str, file: Path | None, folders: Sequence[Path]) -> bool:
    """Whether an interpreter belongs to the workspace, or lies beside the file or above it.

    What ``bin/python`` leads to does not count: the link is the workspace's word. The folders on
    the way may be links.
    """
    environment = in_full(Path(python)).parent.parent
    for place in {environment, Path(os.path.realpath(environment))}:
        for folder in folders:
            if place.is_relative_to(folder) or place.is_relative_to(os.path.realpath(folder)):
                return True
        if file is not None and place.parent in file.absolute().parents:
            return True
    return False


def _candidates(file: Path | None) -> Iterator[str]:
    for variable in _ACTIVATED:
        activated = os.environ.get(variable)
        if activated and (python := python_in(Path(activated))):
            yield python
    if file is not None:
        for folder in file.absolute().parents:
            for name in ENVIRONMENT_FOLDERS:
                if python := python_in(folder / name):
                    yield python


def python_in(folder: Path) -> str | None:
    """The interpreter of an environment's folder, if there is one."""
    python = folder / "bin" / "python"
    try:
        return str(python) if python.exists() else None
    except OSError:
        return None  # a folder that may not be looked into
