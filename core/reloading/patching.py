"""Old functions and classes get the new text's behaviour, and stay the objects they are.

A :class:`Patcher` serves one reload of one module. It is given what stood under each name before
and what stands there now, and decides what is to stand there from now on.

Rules:

1. What a module's text made keeps its identity wherever Python permits: who holds a function, a
   class or a member of an enum holds the current one, and ``isinstance``, ``super()``, ``is`` and
   pickling go on to work.
2. A class that cannot become what its text says now (a base where there was none, other slots)
   gives way to the new one: every reference is redirected, its objects are moved. Objects that
   cannot be moved are said.
3. A function that cannot take the new code (it was decorated, it closes over other variables)
   forwards to the new one, and every reference is redirected.
4. What another module made is never patched: a name may have been imported before and be defined
   here now.
"""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Callable
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any
from weakref import ref

from .classes import (
    attributes_of,
    bases_of,
    is_class,
    match_members,
    mro_of,
    remove_attribute,
    unset_fields,
    why_not_patched,
)
from .functions import (
    CACHED,
    INNER,
    MISSING,
    contents,
    copy_code,
    fits,
    forward,
    imitate,
    keep_registrations,
    wrapped_by,
)
from .references import Bookkeeping, References, Replacement

Versions = dict[str, list["ref[Any]"]]
"""Qualified name → functions and classes of earlier texts that no longer stand under it."""

DEEP = 8
"""Through how many decorators the function that a module made is looked for."""

_LAYOUT = (GetSetDescriptorType, MemberDescriptorType)
_MADE_OF = frozenset({FunctionType, *INNER})
_flags_of: Any = type.__dict__["__flags__"].__get__
_name_of: Any = type.__dict__["__name__"].__get__
_TRACKED = 1 << 14  # Py_TPFLAGS_HAVE_GC: the collector knows the class's objects


class _Decision(Bookkeeping):
    """What is to stand for an old and a new thing under one name."""

    __slots__ = ("new", "old", "reason", "result", "where")

    def __init__(self, old: Any, new: Any, result: Any, where: str, reason: str = "") -> None:
        self.old, self.new, self.result = old, new, result
        self.where, self.reason = where, reason


class Patcher:
    """Patches what one module's old text has made after what its new text has made."""

    def __init__(self, module: str, names: dict[str, Any], versions: Versions) -> None:
        self.module = module
        self.notes: list[str] = []
        """What could not be patched, one sentence each."""
        self._names = names
        self._versions = versions
        self._decisions: dict[tuple[int, int], _Decision] = {}
        self._classes: dict[int, _Decision] = {}
        """``id`` of a new class → what stands for it."""
        self._kept: set[int] = set()
        """``id`` of what was patched and stays in use."""
        self._gave_way: list[_Decision] = []
        self._replacements: dict[int, Replacement] = {}

    # --- The module --------------------------------------------------------------------------

    def patch(self, before: dict[str, Any]) -> None:
        """Patch what stood in the module; its namespace then holds what is to stand there."""
        self._decide(before)
        references = References(filter(_is_needed, self._replacements.values()))
        references.replace()
        for each in self._gave_way:
            stuck = references.stuck.get(id(each.old), 0)
            if stuck or (each.reason and not _flags_of(each.old) & _TRACKED):
                self._say_stuck(each, stuck)
            else:
                self._update_version(each.old, each.new, each.where)

    def _decide(self, before: dict[str, Any]) -> None:
        names = [name for name in self._names if name in before]
        # Bases come before what derives from them: if they give way, that must be known.
        names.sort(key=lambda name: _depth(self._names[name]))
        for name in names:
            try:
                self._names[name] = self.reconcile(before[name], self._names[name], name)
            except Exception as error:  # noqa: BLE001 - what a hostile class resists with
                self.notes.append(
                    f"{self.module}.{name} could not be patched ({type(error).__name__}): what was "
                    "made of it before keeps the old code; make it anew."
                )

    def _say_stuck(self, each: _Decision, count: int) -> None:
        made = f"objects made before ({count})" if count else "objects made before"
        self.notes.append(
            f"{self.module}.{each.where} {each.reason}: {made} keep the old class; make them anew."
        )

    # --- Any two things under one name -------------------------------------------------------

    def reconcile(self, old: Any, new: Any, where: str) -> Any:
        """Patch ``old`` after ``new``; what is to stand under the name from now on."""
        if old is new:
            return new
        decision = self._decisions.get((id(old), id(new)))
        if decision is None:
            decision = _Decision(old, new, new, where)
            self._decisions[id(old), id(new)] = decision  # what refers to itself ends here
            decision.result = self._reconcile(old, new, where)
            if decision.result is old:
                self._kept.add(id(old))
                self._replace(new, old, where)
        return decision.result

    def _reconcile(self, old: Any, new: Any, where: str) -> Any:
        if id(new) in self._classes:
            return self._classes[id(new)].result
        if not self.owns(old):
            return new
        if is_class(old) and is_class(new) and (self.owns(new) or _name_of(old) == _name_of(new)):
            return self._class(old, new, where)
        change = _BY_KIND.get(type(old))
        if change is not None and type(new) is type(old):
            return change(self, old, new, where)
        if type(old) is FunctionType and callable(new):
            return self._forward(old, new)
        return self._give_way(old, new, where)

    def owns(self, value: Any, depth: int = DEEP) -> bool:
        """Whether the module's own text made a value (rule 4); decorators are looked through."""
        if is_class(value):
            return bool(attributes_of(value).get("__module__") == self.module)
        if depth == 0:
            return False
        held = [wrapped_by(value)]
        if type(value) is FunctionType:
            if value.__globals__ is self._names:
                return True
            held += [contents(cell) for cell in value.__closure__ or ()]
        return any(type(each) in _MADE_OF and self.owns(each, depth - 1) for each in held)

    def _give_way(self, old: Any, new: Any, where: str) -> Any:
        """What is neither patched nor forwarded: references go to the new one."""
        if is_class(old):
            self._gave_way.append(_Decision(old, new, new, where, "is no class any more"))
        elif type(wrapped_by(old)) is FunctionType and callable(wrapped_by(new)):
            self.reconcile(wrapped_by(old), wrapped_by(new), where)
        self._replace(old, new)
        return new

    def _replace(self, source: Any, target: Any, where: str = "") -> None:
        self._replacements[id(source)] = Replacement(source, target, where)

    # --- Functions ---------------------------------------------------------------------------

    def _function(self, old: FunctionType, new: FunctionType, where: str) -> Any:
        kept = self._take_over(old, new, where)
        for version in self._alive(where):
            if version is not old and type(version) is FunctionType:
                self._imitate(version, kept)
        self._remember(where, new if kept is old else old)
        return kept

    def _take_over(self, old: FunctionType, new: FunctionType, where: str) -> Any:
        """Make ``old`` do what ``new`` does; the one of them that is to be used."""
        if not self.owns(new) or not fits(old, new):
            return self._forward(old, new)
        copy_code(old, new)
        cells = zip(old.__closure__ or (), new.__closure__ or (), strict=True)
        for name, (mine, theirs) in zip(new.__code__.co_freevars, cells, strict=True):
            value = contents(theirs)
            if name != "__class__" and mine is not theirs and value is not MISSING:
                mine.cell_contents = self.reconcile(contents(mine), value, f"{where}.{name}")
        held = dict(old.__dict__)
        old.__dict__.clear()
        for name, value in new.__dict__.items():
            before = held.get(name, MISSING)
            old.__dict__[name] = self.reconcile(before, value, f"{where}.{name}")
        keep_registrations(held.get("registry"), new, self.owns)
        return old

    def _forward(self, old: FunctionType, new: Any) -> Any:
        forward(old, new)
        self._replace(old, new)
        return new

    # --- Descriptors and decorated functions -------------------------------------------------

    def _method(self, old: Any, new: Any, where: str) -> Any:
        inner = self.reconcile(old.__func__, new.__func__, where)
        return old if inner is old.__func__ else type(new)(inner)

    def _property(self, old: property, new: property, where: str) -> property:
        parts = [
            self.reconcile(getattr(old, name), getattr(new, name), f"{where}.{name}")
            for name in ("fget", "fset", "fdel")
        ]
        return property(parts[0], parts[1], parts[2], new.__doc__)

    def _cached_property(self, old: Any, new: Any, where: str) -> Any:
        new.func = self.reconcile(old.func, new.func, where)
        return new

    def _partial(self, old: Any, new: Any, where: str) -> Any:
        inner = self.reconcile(old.func, new.func, where)
        old.__setstate__((inner, new.args, new.keywords, new.__dict__))
        return old

    def _cached_function(self, old: Any, new: Any, where: str) -> Any:
        self.reconcile(old.__wrapped__, new.__wrapped__, where)
        old.cache_clear()  # its values are the old text's
        if old.cache_parameters() == new.cache_parameters():
            return old
        self._replace(old, new)
        return new

    # --- Classes -----------------------------------------------------------------------------

    def _class(self, old: Any, new: Any, where: str) -> Any:
        bases = tuple(map(self._standing_for, bases_of(new)))
        reason = why_not_patched(old, new, bases, self._standing_for(type(new)))
        decision = _Decision(old, new, old if reason is None else new, where, reason or "")
        self._classes[id(new)] = decision
        if reason is not None:
            self._gave_way.append(decision)
            self._replace(old, new)
            return new
        self._replace(new, old)
        unset = unset_fields(old, new)
        for member, before in match_members(old, new, f"{self.module}.{where}", self.notes):
            self._replace(member, before)
        self._patch_attributes(old, new, where)
        for version in self._alive(where):
            if is_class(version) and version is not old:
                self._update_version(version, old, where)
        self._remember(where, new)
        self._say_unset(old, unset, where)
        return old

    def _say_unset(self, kind: Any, fields: list[str], where: str) -> None:
        """Objects of a dataclass that lack a field it has now."""
        count = fields and sum(type(each) is kind for each in gc.get_referrers(kind))
        if count:
            self.notes.append(
                f"{self.module}.{where} has new fields without a default ({', '.join(fields)}): "
                f"objects made before ({count}) lack them; set them, or make the objects anew."
            )

    def _standing_for(self, kind: Any) -> Any:
        decision = self._classes.get(id(kind))
        return kind if decision is None else decision.result

    def _patch_attributes(self, old: Any, new: Any, where: str) -> None:
        """Give a class the attributes of another; the metaclass is not asked."""
        held, made = dict(attributes_of(old)), dict(attributes_of(new))
        for name, value in made.items():
            if type(value) in _LAYOUT or (name == "_abc_impl" and name in held):
                continue
            kept = self.reconcile(held.get(name, MISSING), value, f"{where}.{name}")
            known = self._replacements.get(id(kept))
            type.__setattr__(old, name, kept if known is None else known.target)
        for name in held.keys() - made.keys():
            if type(held[name]) not in _LAYOUT:
                remove_attribute(old, name)

    # --- Earlier versions --------------------------------------------------------------------

    def _update_version(self, version: Any, model: Any, where: str) -> None:
        """Make the methods of a class that is in use no more do what the model's do."""
        if not is_class(model):
            return
        for name, value in attributes_of(version).items():
            mine, theirs = (
                each
                if type(each) is FunctionType
                else getattr(each, INNER.get(type(each), ""), None)
                for each in (value, attributes_of(model).get(name))
            )
            if type(mine) is FunctionType and type(theirs) is FunctionType:
                self._imitate(mine, theirs)
                self._remember(f"{where}.{name}", mine)

    def _imitate(self, version: FunctionType, model: Any) -> None:
        # What is in use may be what the model itself calls: a method that was decorated, was not,
        # and is again.
        if id(version) not in self._kept:
            imitate(version, model)

    def _alive(self, where: str) -> list[Any]:
        found = [version() for version in self._versions.get(where, ())]
        return [version for version in found if version is not None]

    def _remember(self, where: str, version: Any) -> None:
        alive = [each for each in self._versions.get(where, ()) if each() is not None]
        self._versions[where] = [*alive, ref(version)]


def _depth(value: Any) -> int:
    return len(mro_of(value)) if is_class(value) else 1000


def _is_needed(each: Replacement) -> bool:
    """Whether anything but the class it was made in, and we, can refer to what is replaced."""
    if type(each.source) not in _BY_KIND:
        return True
    return sys.getrefcount(each.source) > (4 if "." in each.where else 3)


_BY_KIND: dict[type, Callable[[Patcher, Any, Any, str], Any]] = {
    FunctionType: Patcher._function,
    staticmethod: Patcher._method,
    classmethod: Patcher._method,
    property: Patcher._property,
    functools.cached_property: Patcher._cached_property,
    functools.partial: Patcher._partial,
    CACHED: Patcher._cached_function,
}
