"""Functions that were pickled by value before: the pickle is the same if nothing in it can differ.

To pickle a function of ``__main__`` takes longer than all else that a call costs its caller. Rules:

1. A pickle is used again only for a function whose parts and globals are the very objects that they
   were, and are such as nobody can change (numbers, texts) or as go by their names: modules, their
   classes, functions of C. Closures, defaults that can change and functions with attributes are
   pickled each time, and so is what uses other functions of ``__main__``.
2. A global that was missing and is there by now makes a difference.
"""

from __future__ import annotations

import operator
import sys
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

_ATOMS = frozenset((int, float, complex, bool, str, bytes, type(None)))
_MISSING = object()

Pickled = tuple[str, bytes]
"""The digest of a pickle, and the pickle."""

_known: WeakKeyDictionary[FunctionType, tuple[tuple[str, ...], list[Any], Pickled]]
_known = WeakKeyDictionary()


def known(function: Any) -> Pickled | None:
    """What was remembered of a function, if it is the same still."""
    if type(function) is not FunctionType or (found := _known.get(function)) is None:
        return None
    names, facts, pickled = found
    now = _facts(function, names)
    is_same = len(now) == len(facts) and all(map(operator.is_, now, facts))
    return pickled if is_same and not function.__dict__ else None


def remember(function: Any, pickled: Pickled) -> None:
    """Remember the pickle of a function, if it may be used again (rule 1)."""
    if type(function) is not FunctionType or function.__closure__ or function.__kwdefaults__:
        return
    names = tuple(names_of(function.__code__))
    facts = _facts(function, names)
    defaults = function.__defaults__ or ()
    if not function.__dict__ and all(map(_is_lasting, (*facts[2:], *defaults))):
        _known[function] = names, facts, pickled


def _facts(function: FunctionType, names: tuple[str, ...]) -> list[Any]:
    own = function.__globals__
    return [
        function.__code__,
        function.__defaults__,
        function.__kwdefaults__,
        function.__closure__,
        function.__name__,
        function.__qualname__,
        function.__module__,
        function.__doc__,
        *function.__annotations__.values(),
        *[own.get(name, _MISSING) for name in names],
    ]


def _is_lasting(value: Any) -> bool:
    kind = type(value)
    if kind in _ATOMS or value is _MISSING:
        return True
    if kind is ModuleType:
        return value.__name__ != "__main__" and sys.modules.get(value.__name__) is value
    if kind is BuiltinFunctionType:
        return type(value.__self__) is ModuleType
    return isinstance(value, type) and _is_found_by_name(value)


def _is_found_by_name(value: type) -> bool:
    """Whether a class is pickled as its name."""
    home = sys.modules.get(value.__module__)
    is_other = value.__module__ != "__main__"
    return is_other and getattr(home, value.__qualname__, None) is value


def names_of(code: CodeType) -> set[str]:
    """The names that a function and those within it look up outside of themselves."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= names_of(constant)
    return names
