"""What of a class can change in place, and what cannot."""

from __future__ import annotations

from types import MemberDescriptorType
from typing import Any

from .members import match_members

__all__ = [
    "attributes_of",
    "bases_of",
    "is_class",
    "match_members",
    "mro_of",
    "remove_attribute",
    "same_objects",
    "unset_fields",
    "why_not_patched",
]

attributes_of: Any = type.__dict__["__dict__"].__get__
"""A class's own attributes; its metaclass is not asked."""
bases_of: Any = type.__dict__["__bases__"].__get__
mro_of: Any = type.__dict__["__mro__"].__get__
_LAYOUT = [
    type.__dict__[name].__get__
    for name in ("__basicsize__", "__itemsize__", "__dictoffset__", "__weakrefoffset__")
]


def is_class(value: Any) -> bool:
    """Whether a value is a class; asks its type, not the value."""
    return issubclass(type(value), type)


def why_not_patched(old: Any, new: Any, bases: tuple[Any, ...], metaclass: Any) -> str | None:
    """What changed that Python cannot change in place; None if nothing did.

    ``bases`` and ``metaclass`` are those that ``old`` is to have; it gets them where that is
    possible: trying is the only way to know.
    """
    slots = _own_slots(old), _own_slots(new)
    if slots[0] != slots[1]:
        return f"changed its __slots__ from {_listed(slots[0])} to {_listed(slots[1])}"
    fields = attributes_of(old).get("_fields"), attributes_of(new).get("_fields")
    if issubclass(old, tuple) and fields[0] != fields[1]:
        return f"changed its fields from {_listed(fields[0])} to {_listed(fields[1])}"
    if _layout(old) != _layout(new):
        return "changed how its objects lie in memory"
    former = bases_of(old)
    try:
        if not same_objects(former, bases):
            type.__setattr__(old, "__bases__", bases)
    except TypeError:
        return "changed its bases"
    try:
        if type(old) is not metaclass:
            type.__setattr__(old, "__class__", metaclass)
    except TypeError:
        type.__setattr__(old, "__bases__", former)
        return "changed its metaclass"
    return None


def unset_fields(old: Any, new: Any) -> list[str]:
    """Fields of a dataclass that objects of its old text lack: new, and without a plain default."""
    fields = [attributes_of(each).get("__dataclass_fields__", {}) for each in (old, new)]
    return [name for name in fields[1] if name not in fields[0] and name not in attributes_of(new)]


def _own_slots(kind: Any) -> list[str]:
    found = attributes_of(kind).items()
    return sorted(name for name, each in found if type(each) is MemberDescriptorType)


def same_objects(some: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    """Whether two tuples hold the same objects; nobody's ``__eq__`` is asked."""
    return list(map(id, some)) == list(map(id, others))


def _layout(kind: Any) -> list[int]:
    return [each(kind) for each in _LAYOUT]


def _listed(names: Any) -> str:
    return f"({', '.join(map(str, names or ()))})"


def remove_attribute(held: Any, name: str) -> None:
    """Delete a class's own attribute."""
    type.__delattr__(held, name)
    if name == "__new__" and type.__getattribute__(held, name) is object.__new__:
        type.__setattr__(held, name, staticmethod(_plain_new(held)))


def _plain_new(held: Any) -> Any:
    """A ``__new__`` for a class that has lost its own.

    To Python it is a class with a ``__new__`` for ever, and ``object.__new__`` then refuses the
    arguments that are meant for ``__init__``.
    """

    def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807 - that is its name
        return object.__new__(cls)

    __new__.__wrapped__ = type.__getattribute__(held, "__init__")  # type: ignore[attr-defined]  # for inspect.signature
    return __new__
