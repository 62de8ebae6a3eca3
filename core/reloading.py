"""Edited modules take effect in the running session.

A :class:`ModuleReloader` knows the user's modules, sees which files differ from what was loaded,
and runs those again. What was made of the old text is patched by :mod:`.reload_patching`.

Rules:

1. A module is the user's if it was loaded from a ``.py`` file outside the standard library and
   ``site-packages``, or if it was named. Looking costs one ``stat`` for each of them.
2. A reload is all or nothing: a module that fails keeps every name it had, and is tried again when
   its file changes again.
3. What could not be patched is said, in one sentence each; nothing here raises but what the user
   interrupts.
4. The file is compiled as it is now: a cached ``.pyc`` knows times by the second only, and would
   hide the second of two quick edits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

from .execution import call_user_code
from .reload_patching import Patcher

Stamp = tuple[int, int]
"""Time of the last change in nanoseconds, and size in bytes."""

KEPT_NAMES = frozenset(
    [
        "__name__",
        "__doc__",
        "__package__",
        "__loader__",
        "__spec__",
        "__path__",
        "__file__",
        "__cached__",
        "__builtins__",
    ]
)
"""What the import system sets in a module, not its text."""

_dict_of_module: Any = ModuleType.__dict__["__dict__"].__get__  # type: ignore[index]


@dataclass
class WatchedModule:
    """A module of the user's, and the state of its file that is loaded."""

    name: str
    module: ModuleType
    path: str
    stamp: Stamp | None
    """None if the file is known to have changed since it was loaded."""
    defined: set[str] | None = None
    """The names that its text defines; None until it was reloaded once."""

    @property
    def names(self) -> dict[str, Any]:
        """The module's own namespace, whatever its class makes of ``__dict__``."""
        found: dict[str, Any] = _dict_of_module(self.module)
        return found


@dataclass
class Reload:
    """What came of one module."""

    name: str
    error: str | None = None
    """Why it could not be reloaded; the old code stays in use."""
    notes: list[str] = field(default_factory=list)
    """What could not be patched."""


class ModuleReloader:
    """Reloads what has changed; one for each shell."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self.explicit: set[str] = set()
        """Modules that were named to be reloaded."""
        self.excluded: set[str] = set()
        """Modules that were named not to be."""
        self._watched: dict[str, WatchedModule] = {}
        self._seen: set[str] = set()
        self._library = _library_folders()
        self.notice_imports()

    def notice_imports(self) -> None:
        """Begin to watch the modules that were imported since the last look."""
        for name in [name for name in sys.modules if name not in self._seen]:
            self._seen.add(name)
            self._watch(name)

    def _watch(self, name: str) -> None:
        module = sys.modules.get(name)
        if module is None or not issubclass(type(module), ModuleType):
            return
        path = _dict_of_module(module).get("__file__")
        if name in ("__main__", "__mp_main__") or name.partition(".")[0] == "vivo":
            return
        if type(path) is not str or not path.endswith(".py"):
            return
        if path.startswith(self._library) and name not in self.explicit:
            return
        self._watched[name] = WatchedModule(name, module, path, stamp_of(path))

    def reload_changed(self, *, only_explicit: bool = False) -> list[Reload]:
        """Reload the modules whose files differ from what is loaded."""
        self.notice_imports()
        return [self._reload(watched) for watched in self._changed(only_explicit)]

    def _changed(self, only_explicit: bool) -> list[WatchedModule]:
        found = []
        for watched in self._watched.values():
            stamp = stamp_of(watched.path)
            if stamp == watched.stamp or stamp is None:
                continue
            if watched.name in self.excluded:
                continue
            if only_explicit and watched.name not in self.explicit:
                continue
            found.append(watched)
        return found

    def _reload(self, watched: WatchedModule) -> Reload:
        """Run a module again and patch what was made of its old text."""
        names = watched.names
        before = dict(names)
        watched.stamp = stamp_of(watched.path)
        report = Reload(watched.name)
        try:
            defined = _run_again(watched)
        except BaseException as error:
            names.update(before)
            for name in names.keys() - before.keys():
                del names[name]
            if isinstance(error, KeyboardInterrupt):
                raise
            report.error = _failure(watched, error)
            return report
        patcher = Patcher(watched.name, names)
        for name in names.keys() & before.keys():
            names[name] = patcher.reconcile(before[name], names[name], name)
        for name in before.keys() - defined - KEPT_NAMES:
            if watched.defined is None or name in watched.defined:
                names.pop(name, None)
        watched.defined = defined
        report.notes = patcher.notes
        return report


class _Recorder(MutableMapping[str, Any]):
    """A module's namespace as its text runs: it notes which names the text defines."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        self.defined: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        return self._names[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._names[name] = value
        self.defined.add(name)

    def __delitem__(self, name: str) -> None:
        del self._names[name]
        self.defined.discard(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _run_again(watched: WatchedModule) -> set[str]:
    """Run the module's text as it is now, in its namespace; the names that it defined."""
    from pathlib import Path

    loader = SourceFileLoader(watched.name, watched.path)
    code = loader.source_to_code(Path(watched.path).read_bytes(), watched.path)
    names = watched.names
    names.pop("__annotations__", None)
    recorder = _Recorder(names)
    call_user_code(exec, code, names, recorder)
    return recorder.defined


def stamp_of(path: str) -> Stamp | None:
    """The state of a file; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path would cost more than the look
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _failure(watched: WatchedModule, error: BaseException) -> str:
    line = 0
    if isinstance(error, SyntaxError):
        line = error.lineno or 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == watched.path:
            line = trace.tb_lineno
        trace = trace.tb_next
    place = f"{watched.path}, line {line}" if line else watched.path
    return (
        f"{watched.name} could not be reloaded: {place}: {type(error).__name__}: {error}. "
        "The session goes on with the code it had; it is tried again when the file changes."
    )


def _library_folders() -> tuple[str, ...]:
    import sysconfig

    paths = sysconfig.get_paths()
    keys = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple({paths[key] + os.sep for key in keys if key in paths})
