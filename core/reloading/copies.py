"""Names that were copied out of a module (``from m import RATE``) follow its reload.

Rules:

1. Functions and classes need nothing: they stay the objects they are, or every reference is
   redirected.
2. A constant (a number, a text, a tuple of such) is taken anew where the name still holds
   what it held, and an import statement says where it came from.
3. A list, a dict or an object is not: the session may have put work into it. Where it is plain
   data and its text has changed, that is said.
4. With new names wanted, ``from m import *`` is carried out for those that were added, and again
   for what passes them on; a name that is taken is left alone.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .imports import STAR, ImportedName, names_imported

_CONSTANTS = (int, float, complex, bool, str, bytes, type(None), tuple, frozenset)
_DATA = (list, dict, set, bytearray)
_MISSING = object()


@dataclass
class Importer:
    """A namespace that may hold copies: the user's, or a module's."""

    title: str
    """How it is called in what is said."""
    names: dict[str, Any]
    texts: Callable[[], list[str]]
    """What ran in it; asked for only when a value has changed."""
    package: str = ""
    module: str = ""
    """Its name if it is a module; else empty."""

    def imported_from(self, module: str) -> Iterator[ImportedName]:
        """What its texts import from a module by name."""
        tail = module.rpartition(".")[2]
        for text in self.texts():
            if "import" in text and (tail in text or "from ." in text):
                for each in names_imported(text, self.package):
                    if each.module == module:
                        yield each


@dataclass
class Change:
    """What a reload did to the values of a module."""

    module: str
    before: dict[str, Any]
    after: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    @property
    def added(self) -> set[str]:
        """Names that ``from module import *`` did not give before."""
        return public_names(self.after) - self.before.keys()

    @property
    def changed(self) -> set[str]:
        """Names whose plain data is another now."""
        shared = self.after.keys() & self.before.keys()
        return {
            name
            for name in shared
            if not name.startswith("__") and _differ(self.before[name], self.after[name])
        }


def public_names(names: dict[str, Any]) -> set[str]:
    """What ``from module import *`` gives."""
    listed = names.get("__all__")
    if type(listed) is list or type(listed) is tuple:
        return {name for name in listed if type(name) is str and name in names}
    return {name for name in names if not name.startswith("_")}


def follow(change: Change, importers: Iterable[Importer], *, add_new: bool) -> None:
    """Bring the copies of a module's values up to date; notes what is left old."""
    importers = tuple(importers)
    waiting = [change]
    while waiting:
        current = waiting.pop()
        changed, added = current.changed, current.added if add_new else set()
        if not changed and not added:
            continue
        for importer in importers:
            before: dict[str, Any] = {}
            taken: dict[str, Any] = {}
            for each in importer.imported_from(current.module):
                for attribute, name in _bound_by(each, current, changed):
                    if _take_anew(current, importer, attribute, name):
                        before[name], taken[name] = current.before[attribute], importer.names[name]
                if each.attribute == STAR:
                    new = {name: current.after[name] for name in added - importer.names.keys()}
                    importer.names.update(new)
                    taken.update(new)
            if taken and importer.module:
                waiting.append(Change(importer.module, before, taken, change.notes))


def _bound_by(each: ImportedName, change: Change, changed: set[str]) -> Iterator[tuple[str, str]]:
    """The changed attributes that an import statement binds, and to which names."""
    if each.attribute == STAR:
        yield from ((name, name) for name in changed & public_names(change.after))
    elif each.attribute in changed:
        yield each.attribute, each.name


def _take_anew(change: Change, importer: Importer, attribute: str, name: str) -> bool:
    before, after = change.before[attribute], change.after[attribute]
    if importer.names.get(name, _MISSING) is not before:
        return False
    if is_constant(before):
        importer.names[name] = after
        return True
    change.notes.append(
        f"{name} in {importer.title} still is what {change.module}.{attribute} was before the "
        f"edit; run `from {change.module} import {attribute}` again to take the new one."
    )
    return False


def _differ(before: Any, after: Any) -> bool:
    if before is after or type(before) not in (*_CONSTANTS, *_DATA):
        return False
    dumped = _dumped(before), _dumped(after)
    return dumped[0] != dumped[1] or None in dumped


def is_constant(value: Any, depth: int = 4) -> bool:
    """Whether nobody can have put anything into a value."""
    if type(value) in (tuple, frozenset):
        return depth > 0 and all(is_constant(each, depth - 1) for each in value)
    return type(value) in _CONSTANTS


def _dumped(value: Any) -> bytes | None:
    """Plain data as bytes, to compare it without asking its parts; None if it is more."""
    try:
        return marshal.dumps(value, 2)  # without references: equal data, equal bytes
    except (ValueError, RecursionError):
        return None
