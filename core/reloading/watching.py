"""Which modules are the user's, and whether their files differ from what was loaded.

Rules:

1. A module is the user's if it came from a file outside the standard library and
   ``site-packages``; one that was named is watched wherever it is.
2. Looking costs one ``stat`` a module, and one pass over the names in ``sys.modules``.
3. Nothing of a module is asked but its own ``__dict__``: modules may be hostile, or lazy.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES
from types import ModuleType
from typing import Any

from .patching import Versions

Stamp = tuple[int, int]
"""Time of the last change in nanoseconds, and size in bytes."""

_dict_of_module: Any = ModuleType.__dict__["__dict__"].__get__  # type: ignore[index]
_NEVER = ("__main__", "__mp_main__", "vivo")
_COMPILED = tuple(EXTENSION_SUFFIXES)


@dataclass
class WatchedModule:
    """A module of the user's, and the state of its file that is loaded."""

    name: str
    module: ModuleType
    path: str
    stamp: Stamp | None
    """None if the file is known to differ from what is loaded."""
    is_missing: bool = False
    """Whether the file was gone when it was looked for last."""
    waits: bool = False
    """Whether its last reload failed: it may be that another module must change first."""
    defined: set[str] | None = None
    """The names that its text defines; None until it was reloaded once."""
    versions: Versions = field(default_factory=dict)

    @property
    def names(self) -> dict[str, Any]:
        """The module's own namespace."""
        found: dict[str, Any] = _dict_of_module(self.module)
        return found

    @property
    def package(self) -> str:
        """The package that its relative imports start from."""
        found = self.names.get("__package__")
        return found if type(found) is str else self.name.rpartition(".")[0]

    @property
    def is_compiled(self) -> bool:
        """Whether it is an extension module, which Python loads once in a process."""
        return self.path.endswith(_COMPILED)


def stamp_of(path: str) -> Stamp | None:
    """The state of a file; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path would cost more than the look
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


class ModuleWatcher:
    """The user's modules, and which of them have changed."""

    def __init__(self) -> None:
        self.explicit: set[str] = set()
        """Modules that were named to be reloaded."""
        self.excluded: set[str] = set()
        """Modules that were named not to be."""
        self.modules: dict[str, WatchedModule] = {}
        self._seen: set[str] = set()
        self._library = _library_folders()
        self.notice_imports()

    def notice_imports(self) -> None:
        """Begin to watch the modules that were imported since the last look."""
        for name in sys.modules.keys() - self._seen:
            self._watch(name)

    def name(self, module: str) -> None:
        """Watch a module because it was named, also if it is a library's."""
        self.explicit.add(module)
        self.excluded.discard(module)
        if module not in self.modules:
            self._watch(module)

    def _watch(self, name: str) -> None:
        module = sys.modules.get(name)
        if module is None or not issubclass(type(module), ModuleType):
            self._seen.add(name)
            return
        names = _dict_of_module(module)
        if getattr(names.get("__spec__"), "_initializing", False):
            return  # another thread is importing it
        self._seen.add(name)
        path = names.get("__file__")
        if type(path) is not str or name.partition(".")[0] in _NEVER:
            return
        if name not in self.explicit and self._is_library(path):
            return
        if path.endswith((".py", *_COMPILED)):
            stamp = None if _was_edited_since(names, path) else stamp_of(path)
            self.modules[name] = WatchedModule(name, module, path, stamp)

    def _is_library(self, path: str) -> bool:
        return path.startswith(self._library) or "site-packages" in path or "dist-packages" in path

    def changed(self, *, only_explicit: bool = False) -> list[WatchedModule]:
        """The modules whose files differ from what is loaded, or are gone since the last look."""
        self.notice_imports()
        found = []
        for name, watched in tuple(self.modules.items()):
            stamp = stamp_of(watched.path)
            if stamp == watched.stamp and stamp is not None:
                continue
            if name in self.excluded or (only_explicit and name not in self.explicit):
                continue
            if sys.modules.get(name) is not watched.module:
                self._forget(name)
                continue
            was_missing, watched.is_missing = watched.is_missing, stamp is None
            if not (was_missing and watched.is_missing):
                found.append(watched)
        return found

    def _forget(self, name: str) -> None:
        """A module was taken out of ``sys.modules``, or another one stands there now."""
        del self.modules[name]
        self._seen.discard(name)
        self._watch(name)


def _was_edited_since(names: dict[str, Any], path: str) -> bool:
    """Whether a file changed between its import and the first look at it.

    The import left the file's time and size in the ``.pyc`` (PEP 552): of its first four words
    the second is 0 for this kind of ``.pyc``, the third is the time, the fourth the size.
    """
    cached, found = names.get("__cached__"), stamp_of(path)
    if found is None or type(cached) is not str or sys.dont_write_bytecode:
        return False
    if not os.access(cached, os.W_OK):
        return False  # it may be of any time
    with open(cached, "rb") as file:  # noqa: PTH123 - once for every module of the user's
        words = [int.from_bytes(file.read(4), "little") for _ in range(4)]
    seen = [found[0] // 10**9 & 0xFFFFFFFF, found[1] & 0xFFFFFFFF]
    return words[1] == 0 and words[2:] != seen


def _library_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    keys = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple({paths[key] + os.sep for key in keys if key in paths})
