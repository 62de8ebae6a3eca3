"""Replace objects by others wherever something refers to them.

When a class statement runs again there are two classes, and one of them has to go: the garbage
collector knows who refers to it.

Rules:

1. Looking runs no user code: referrers are told apart by their exact kind, and changed by the
   slots of the built-in types.
2. What cannot be changed in place and holds nothing else (tuples, frozen sets, bound methods,
   ``list[C]``, ``C | None``) is made anew, and then itself replaced, a few levels up.
3. An object of a replaced class becomes one of the new class where Python permits. Where
   it does not, the class is *stuck*: its objects keep it, and so do its own methods.
4. The insides of ``lru_cache`` are left alone; members of weak sets and dictionaries are not.
"""

from __future__ import annotations

import gc
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial, reduce
from operator import or_
from typing import Any

from ..safe import instance_dict
from .classes import attributes_of, bases_of, mro_of, same_objects

LEVELS = 5
"""How deep rule 2 goes."""

_set_class: Any = object.__dict__["__class__"].__set__
_UnionType: Any = getattr(types, "UnionType", None)


class Bookkeeping:
    """What keeps our own references to replaced objects: they must not be redirected."""

    __slots__ = ()


class Replacement(Bookkeeping):
    """One object that is to be replaced by another."""

    __slots__ = ("source", "target", "where")

    def __init__(self, source: Any, target: Any, where: str = "") -> None:
        self.source, self.target = source, target
        self.where = where
        """The qualified name that the source was made under."""


class References:
    """Carries out replacements, and remembers what resisted."""

    def __init__(self, replacements: Iterable[Replacement]) -> None:
        self._targets = {id(each.source): each for each in replacements}
        self.stuck: dict[int, int] = {}
        """``id`` of a replaced class → how many of its objects could not be moved."""
        self._changes: dict[type, Callable[[References, Any], Any]] = {}

    def replace(self) -> None:
        """Replace everywhere; what had to be made anew is replaced in turn."""
        for _ in range(LEVELS):
            if not self._targets:
                return
            self._targets = {id(each.source): each for each in self._replace_once()}

    def _replace_once(self) -> list[Replacement]:
        own = self._ids_of_own_parts()
        made = list(self._weak_references())
        found = gc.get_referrers(*[each.source for each in self._targets.values()])
        later: list[Any] = []
        namespaces: list[dict[Any, Any]] = []
        for referrer in found:
            kind = type(referrer)
            if id(referrer) in own or kind in _LEFT_ALONE or issubclass(kind, Bookkeeping):
                continue
            if type(referrer) is dict and "__module__" in referrer and "__doc__" in referrer:
                namespaces.append(referrer)
            elif id(type(referrer)) in self._targets:
                self._move(referrer)
                later.append(referrer)  # its attributes may refer to more
            else:
                later.append(referrer)
        kept_cells = self._cells_of_stuck_classes()
        for referrer in later:
            if id(referrer) in kept_cells:
                continue
            try:
                anew = self._change(referrer)
            except Exception:  # noqa: BLE001 - one odd container must not keep the others old
                continue
            if anew is not referrer:
                made.append(Replacement(referrer, anew))
        self._change_class_namespaces(namespaces)
        return made

    def _weak_references(self) -> Iterator[Replacement]:
        """Members of weak sets and dictionaries; abstract classes keep what they know in such."""
        for each in self._targets.values():
            for reference in weakref.getweakrefs(each.source):
                callback = reference.__callback__
                if callback is None:
                    continue  # the one by which a class knows its subclasses
                if type(reference) is weakref.ref:
                    yield Replacement(reference, weakref.ref(each.target, callback))
                elif type(reference) is weakref.KeyedRef:
                    renewed = weakref.KeyedRef(each.target, callback, reference.key)
                    yield Replacement(reference, renewed)

    def _ids_of_own_parts(self) -> set[int]:
        """What the replaced classes are made of: it goes with them."""
        own: set[int] = set()
        waiting = [each.source for each in self._targets.values()]
        own.update(id(source) for source in waiting if issubclass(type(source), type))
        while waiting:
            source = waiting.pop()
            if issubclass(type(source), type):
                own.update((id(mro_of(source)), id(bases_of(source))))
                waiting.extend(type.__subclasses__(source))
        return own

    def _target(self, value: Any) -> Any:
        each = self._targets.get(id(value))
        return value if each is None else each.target

    def _move(self, value: Any) -> None:
        source = type(value)
        try:
            _set_class(value, self._target(source))
        except TypeError:
            self.stuck[id(source)] = self.stuck.get(id(source), 0) + 1

    def _cells_of_stuck_classes(self) -> set[int]:
        """Cells by which the methods of a stuck class find it for ``super()``."""
        cells: set[int] = set()
        for identity in self.stuck:
            if identity not in self._targets:
                continue
            for value in attributes_of(self._targets[identity].source).values():
                function = getattr(value, "__func__", value) if type(value) in _METHODS else value
                if type(function) is types.FunctionType:
                    cells.update(map(id, function.__closure__ or ()))
        return cells

    def _change(self, referrer: Any) -> Any:
        """Change a referrer in place and give it; or what is to replace it."""
        kind = type(referrer)
        if kind not in self._changes:
            fitting = (change for base, change in _CHANGES.items() if issubclass(kind, base))
            self._changes[kind] = next(fitting, References._change_attributes)
        return self._changes[kind](self, referrer)

    def _change_dict(self, held: dict[Any, Any]) -> Any:
        if any(id(key) in self._targets for key in held):
            if any(type(value).__name__ == "_lru_list_elem" for value in held.values()):
                return held  # rule 4
            if type(held).__setitem__ is dict.__setitem__:
                renamed = {self._target(key): value for key, value in held.items()}
                held.clear()
                held.update(renamed)
        for key, value in list(held.items()):
            if id(value) in self._targets:
                dict.__setitem__(held, key, self._target(value))
        return held

    def _change_list(self, held: list[Any]) -> Any:
        present = set(map(id, held))
        for number in reversed(range(len(held))):
            value = held[number]
            if id(value) not in self._targets:
                continue
            if id(self._target(value)) in present:
                list.__delitem__(held, number)  # it registered itself a second time
            else:
                list.__setitem__(held, number, self._target(value))
        return held

    def _change_set(self, held: set[Any]) -> Any:
        for value in [value for value in held if id(value) in self._targets]:
            held.discard(value)
            held.add(self._target(value))
        return held

    def _change_deque(self, held: deque[Any]) -> Any:
        for number, value in enumerate(tuple(held)):
            held[number] = self._target(value)
        return held

    def _change_cell(self, cell: types.CellType) -> Any:
        cell.cell_contents = self._target(cell.cell_contents)
        return cell

    def _change_function(self, function: types.FunctionType) -> Any:
        if function.__defaults__ is not None:
            function.__defaults__ = self._target(function.__defaults__)
        return function

    def _change_partial(self, held: partial[Any]) -> Any:
        function, arguments = self._target(held.func), self._target(held.args)
        state = function, arguments, held.keywords, held.__dict__
        held.__setstate__(state)  # type: ignore[attr-defined]
        return held

    def _change_class(self, held: type) -> Any:
        bases = bases_of(held)
        changed = tuple(map(self._target, bases))
        if not same_objects(changed, bases):
            type.__setattr__(held, "__bases__", changed)
        return held

    def _change_attributes(self, value: Any) -> Any:
        if not any(id(each) in self._targets for each in gc.get_referents(value)):
            return value  # it referred to its class alone, and was moved
        names = instance_dict(value)
        for name, held in list(names.items()):
            if id(held) in self._targets:
                names[name] = self._target(held)
        for kind in mro_of(type(value)):
            for slot in attributes_of(kind).values():
                if type(slot) is types.MemberDescriptorType and not slot.__name__.startswith("__"):
                    try:
                        held = slot.__get__(value)
                    except AttributeError:
                        continue  # a slot that nothing was put into
                    if id(held) in self._targets:
                        slot.__set__(value, self._target(held))
        return value

    def _make_tuple(self, held: tuple[Any, ...]) -> Any:
        if not any(id(each) in self._targets for each in held):
            return held  # of a named tuple's replaced class
        return tuple.__new__(type(held), map(self._target, held))

    def _make_frozenset(self, held: frozenset[Any]) -> Any:
        if not any(id(each) in self._targets for each in held):
            return held
        return frozenset.__new__(type(held), map(self._target, held))

    def _make_alias(self, held: types.GenericAlias) -> Any:
        return types.GenericAlias(self._target(held.__origin__), self._target(held.__args__))

    def _make_union(self, held: Any) -> Any:
        return reduce(or_, self._target(held.__args__))

    def _make_method(self, held: types.MethodType) -> Any:
        return types.MethodType(self._target(held.__func__), self._target(held.__self__))

    def _change_class_namespaces(self, namespaces: list[dict[Any, Any]]) -> None:
        """Change attributes of classes through the class, which keeps look-ups in a cache."""
        if not namespaces:
            return
        known = {id(each) for each in namespaces}
        owned: set[int] = set()
        for owner in gc.get_referrers(*namespaces):
            if not issubclass(type(owner), type):
                continue
            parts = {id(part) for part in gc.get_referents(owner)} & known
            owned |= parts
            if not parts or id(owner) in self._targets:
                continue
            for name, value in list(attributes_of(owner).items()):
                if id(value) in self._targets:
                    type.__setattr__(owner, name, self._target(value))
        for each in namespaces:
            if id(each) not in owned:
                self._change_dict(each)


_METHODS = (staticmethod, classmethod)
_LEFT_ALONE = frozenset(
    {
        types.FrameType,
        types.GeneratorType,
        types.CoroutineType,
        types.GetSetDescriptorType,
        types.MemberDescriptorType,
        types.MappingProxyType,
    }
)
_CHANGES: dict[type, Callable[[References, Any], Any]] = {
    dict: References._change_dict,
    list: References._change_list,
    set: References._change_set,
    deque: References._change_deque,
    tuple: References._make_tuple,
    frozenset: References._make_frozenset,
    types.CellType: References._change_cell,
    types.FunctionType: References._change_function,
    types.MethodType: References._make_method,
    types.GenericAlias: References._make_alias,
    _UnionType: References._make_union,
    partial: References._change_partial,
    type: References._change_class,
}
