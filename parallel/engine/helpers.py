"""The packages of vivo's own environment that an engine may load late, named here and nowhere else.

Rules:

1. None is loaded before the user asks for what needs it.
2. The user's own copy comes first; ours is found by name for the time of its loading, and
   ``sys.path`` never holds the folder it lies in.
3. While one loads, the standard library comes before the user's folders: a ``code.py`` of theirs
   is none of the helper's.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

HELPERS = ("debugpy", "cloudpickle")

_PYTHON = "python"

_folders: dict[str, str] = {}


def own_folders() -> dict[str, str]:
    """The folders in which this process's environment has helpers, and its interpreter. The keeper
    asks, and offers.
    """
    from pathlib import Path

    found = {_PYTHON: sys.executable}
    for name in HELPERS:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            found[name] = str(Path(spec.origin).parent.parent)
    return found


def offer(folders: dict[str, str]) -> None:
    """Say in which folders vivo's environment has its helpers; one that is not named it lacks."""
    _folders.update({name: folders[name] for name in (_PYTHON, *HELPERS) if name in folders})


def own_python() -> str | None:
    """The interpreter that has vivo installed, if it was offered: this process may have another."""
    return _folders.get(_PYTHON)


def is_available(name: str) -> bool:
    """Whether a helper can be loaded. Looks, and loads nothing."""
    return name in _folders or importlib.util.find_spec(name) is not None


def load(name: str) -> ModuleType:
    """A helper, the user's or else vivo's. Raises :class:`UsageError` if there is none."""
    if name not in HELPERS:
        raise ValueError(f"{name} is no helper of the engine's")
    if name in sys.modules:
        return sys.modules[name]
    with standard_library_first():
        if importlib.util.find_spec(name) is not None:
            return importlib.import_module(name)
        if name not in _folders:
            from ...core.errors import UsageError

            raise UsageError(
                f"{name} is installed neither beside vivo nor in this session's environment: "
                f"install it in one of them, for instance with: pip install {name}"
            )
        finder = _HelperFinder(name, _folders[name])
        sys.meta_path.append(finder)
        try:
            return importlib.import_module(name)
        finally:
            sys.meta_path.remove(finder)


class _HelperFinder:
    """Finds one package in one folder; its modules are then found by the package's own path."""

    def __init__(self, name: str, folder: str) -> None:
        self._name, self._folder = name, folder

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """The spec of the package, or None."""
        if fullname != self._name:
            return None
        return importlib.machinery.PathFinder.find_spec(fullname, [self._folder])


@contextmanager
def standard_library_first() -> Iterator[None]:
    """Let the standard library come before the user's folders for a time."""
    home = os.__file__.rpartition(os.sep)[0]
    ours = [entry for entry in sys.path if entry in (home, f"{home}{os.sep}lib-dynload")]
    sys.path[0:0] = ours
    try:
        yield
    finally:
        for entry in ours:
            sys.path.remove(entry)
