"""Doing something once a module of the user's has been imported.

Rules:

1. It imports nothing by itself: the other finders find the module, its own loader loads it.
2. What is to be done afterwards must not break the import: an error in it is logged and the
   module is the user's as it came.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Callback = Callable[[ModuleType], None]


class ImportWatcher:
    """Sees some imports pass by, and calls back after them."""

    def __init__(self) -> None:
        self.after: dict[str, list[Callback]] = {}
        self.before: dict[str, list[Callable[[], None]]] = {}
        self._inside: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        """What the other finders find, its loader wrapped; None for what nobody waits for."""
        if fullname not in self.after and fullname not in self.before:
            return None
        if fullname in self._inside:
            return None
        self._inside.add(fullname)
        try:
            for call in self.before.get(fullname, ()):
                _safely(call)
            spec = self._found(fullname, path, target)
        finally:
            self._inside.discard(fullname)
        if spec is not None and spec.loader is not None and fullname in self.after:
            self._wrap(spec.loader, fullname)
        return spec

    def _found(self, fullname: str, path: Sequence[str] | None, target: Any) -> ModuleSpec | None:
        for finder in tuple(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            if finder is not self and find is not None:
                spec: ModuleSpec | None = find(fullname, path, target)
                if spec is not None:
                    return spec
        return None

    def _wrap(self, loader: Any, fullname: str) -> None:
        execute = loader.exec_module

        def execute_and_tell(module: ModuleType) -> None:
            execute(module)
            for call in tuple(self.after.get(fullname, ())):
                _safely(call, module)

        loader.exec_module = execute_and_tell


def _safely(function: Callable[..., None], *arguments: Any) -> None:
    try:
        function(*arguments)
    except Exception:
        import logging

        logging.getLogger(__name__).exception("%s failed at an import", function)


_watcher = ImportWatcher()


def after_import(name: str, callback: Callback) -> None:
    """Call ``callback(module)`` once ``name`` has been imported; at once if it has been."""
    _watcher.after.setdefault(name, []).append(callback)
    module = sys.modules.get(name)
    if module is not None:
        _safely(callback, module)
    _watch()


def before_import(name: str, callback: Callable[[], None]) -> None:
    """Call ``callback()`` when ``name`` is about to be imported."""
    _watcher.before.setdefault(name, []).append(callback)
    _watch()


def _watch() -> None:
    if _watcher not in sys.meta_path:
        sys.meta_path.insert(0, _watcher)
