"""Edited modules take effect in the running session.

A :class:`ModuleReloader` sees which of the user's modules differ from what was loaded
(:mod:`.watching`) and runs them again, those that are imported before those that import them
(:mod:`.imports`). What was made of the old text is patched (:mod:`.patching`; what its functions
made, :mod:`.closures`), what cannot be is replaced wherever something refers to it
(:mod:`.references`), and copied values follow (:mod:`.copies`).

Rules:

1. A reload is all or nothing: a module that fails keeps every name it had, and is tried again when
   its file, or another module, changes.
2. What could not be patched is said, in one sentence each; nothing here raises but what the user
   interrupts.
3. The file is compiled as it is now: a cached ``.pyc`` knows times by the second only, and would
   hide the second of two quick edits.
4. Names that the text does not define any more are taken out; what was put into the module from
   outside stays, once a first reload has shown which names are the text's.
"""

from __future__ import annotations

import linecache
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from .closures import Closures
from .copies import Change, Importer, follow
from .execution import KEPT_NAMES, run_again, why_failed
from .imports import in_order, modules_imported
from .patching import Patcher
from .watching import ModuleWatcher, WatchedModule, stamp_of

__all__ = ["ModuleReloader", "Reload"]


@dataclass
class Reload:
    """What came of one module."""

    name: str
    error: str | None = None
    """Why it could not be reloaded; the old code stays in use."""
    notes: list[str] = field(default_factory=list)
    """What could not be patched."""


class ModuleReloader:
    """Reloads what has changed; one for each shell.

    ``namespace`` is the user's, and ``inputs`` the texts of the cells that ran in it: they say what
    was imported how.
    """

    def __init__(self, namespace: dict[str, Any], inputs: list[str]) -> None:
        self.watcher = ModuleWatcher()
        self._namespace = namespace
        self._inputs = inputs

    def reload_changed(self, *, only_explicit: bool = False, add_new: bool = False) -> list[Reload]:
        """Reload the modules whose files differ from what is loaded.

        With ``add_new``, names that were added are added where ``from module import *`` was run.
        """
        changed = self.watcher.changed(only_explicit=only_explicit)
        if not changed:
            return []
        waiting = [each for each in self.watcher.modules.values() if each.waits]
        ordered = in_order(
            [*changed, *(each for each in waiting if each not in changed)],
            lambda watched: watched.name,
            lambda watched: modules_imported(_text_of(watched), watched.package),
        )
        return [self._reload(watched, add_new) for watched in ordered]

    def _reload(self, watched: WatchedModule, add_new: bool) -> Reload:
        """Run a module again and patch what was made of its old text."""
        report = Reload(watched.name)
        stamp = stamp_of(watched.path)
        if stamp is None:
            report.error = (
                f"{watched.name} cannot be reloaded: its file {watched.path} is gone. The session "
                "goes on with the code it had."
            )
            return report
        watched.stamp = stamp
        if watched.is_compiled:
            report.error = (
                f"{watched.name} has changed, and is compiled: Python loads it once in a process. "
                "Restart the session to use the new one."
            )
            return report
        before = dict(watched.names)
        linecache.checkcache(watched.path)
        try:
            defined = run_again(watched)
        except BaseException as error:
            _put_back(watched.names, before)
            if isinstance(error, KeyboardInterrupt):
                watched.stamp = None
                raise
            watched.waits = True
            report.error = why_failed(watched, error)
            return report
        watched.waits = False
        try:
            report.notes = self._patch(watched, before, defined, add_new)
        except Exception as error:  # noqa: BLE001 - hostile classes may resist in any way
            report.notes = [
                f"{watched.name} was run again, but what it made before could not be patched "
                f"({type(error).__name__}): import it anew, or restart the session."
            ]
        return report

    def _patch(
        self,
        watched: WatchedModule,
        before: dict[str, Any],
        defined: set[str] | None,
        add_new: bool,
    ) -> list[str]:
        names = watched.names
        removed = _remove_undefined(watched, before, defined)
        watched.defined = defined
        patcher = Patcher(watched.name, names, watched.versions)
        change = Change(watched.name, before, names, patcher.notes)
        held = dict(before)
        closures = Closures(watched.name, before, names)
        patcher.patch(before)
        patcher.notes += closures.patch()
        importers = self._importers()
        for name in removed:
            if patcher.owns(held[name]) and _is_held(held[name], importers):
                patcher.notes.append(
                    f"{watched.name}.{name} is gone; names that still hold it keep the old code."
                )
        follow(change, importers, add_new=add_new)
        return patcher.notes

    def _importers(self) -> list[Importer]:
        """The namespaces that may hold copies of a module's values."""
        modules = [
            Importer(each.name, each.names, partial(_texts_of, each), each.package, each.name)
            for each in self.watcher.modules.values()
        ]
        return [Importer("the session", self._namespace, lambda: self._inputs), *modules]


def _text_of(watched: WatchedModule) -> str:
    if watched.is_compiled:
        return ""
    try:
        return Path(watched.path).read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _texts_of(watched: WatchedModule) -> list[str]:
    return [_text_of(watched)]


def _put_back(names: dict[str, Any], before: dict[str, Any]) -> None:
    """Give a module exactly the names it had; none is missing in between."""
    names.update(before)
    for name in names.keys() - before.keys():
        del names[name]


def _remove_undefined(
    watched: WatchedModule, before: dict[str, Any], defined: set[str] | None
) -> set[str]:
    """Take out what the text does not define any more; the names that were.

    Where it is not known what the text defines, a function or class of the module's own that is
    still the same object is not defined any more: defining makes a new one.
    """
    names = watched.names
    patcher = Patcher(watched.name, names, {})
    removed = set()
    for name in before.keys() - (defined or set()) - KEPT_NAMES:
        value = before[name]
        if names.get(name) is not value or value is sys.modules.get(
            f"{watched.name}.{name}", watched
        ):
            continue
        if watched.defined is not None and name not in watched.defined:
            continue
        if defined is None and not patcher.owns(value):
            continue
        del names[name]
        removed.add(name)
    return removed


def _is_held(value: Any, importers: list[Importer]) -> bool:
    return any(each is value for importer in importers for each in importer.names.values())
