"""Functions that a factory or decorator of the old text has made take the new text's code.

``make(10)`` gives a function whose code is a part of ``make``'s. Nothing in the module holds it,
and so it is found by its code.

Rules:

1. A part of a function's code and its new version are those of one place: the names on the way to
   it, and the how-manieth of that name.
2. A made function keeps its variables and defaults. One that closes over other variables now, or
   takes other arguments, cannot take the new code: how many there are is said.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from ..safe import instance_dict, issubclass_exact, type_module
from .functions import wrapped_by

_DEEP = 8
"""Through how many decorators, and classes within classes, is looked."""

Place = tuple[str, ...]


class Closures:
    """The made functions of one module's old text; asked before its functions are patched."""

    def __init__(self, module: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        self._module = module
        old, new = _parts(module, before), _parts(module, after)
        self._pairs: list[tuple[Place, CodeType, CodeType | None]] = [
            (place, code, new.get(place)) for place, code in old.items() if code != new.get(place)
        ]

    def patch(self) -> list[str]:
        """Give made functions their new code; what could not be, a sentence each."""
        stuck = self._patch()
        if stuck:
            gc.collect()  # those that nobody can call any more are no matter
            stuck = self._patch()
        return [
            f"{self._module}.{'.'.join(place[:-1])} had made functions ({count}) that cannot take "
            "the new code: they keep the old one; make them anew."
            for place, count in stuck.items()
        ]

    def _patch(self) -> dict[Place, int]:
        known = {id(old): (place, new) for place, old, new in self._pairs}
        stuck: dict[Place, int] = {}
        for made in gc.get_referrers(*(old for _, old, _ in self._pairs)) if known else ():
            if type(made) is not FunctionType or id(made.__code__) not in known:
                continue
            place, new = known[id(made.__code__)]
            if new is not None and _fits(made.__code__, new):
                made.__code__ = new
            else:
                stuck[place] = stuck.get(place, 0) + 1
        return stuck


def _fits(old: CodeType, new: CodeType) -> bool:
    """Whether a function may run the new code with the variables and defaults that it has."""
    return old.co_freevars == new.co_freevars and _arguments(old) == _arguments(new)


def _arguments(code: CodeType) -> tuple[Any, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    stars = code.co_flags & 12  # CO_VARARGS | CO_VARKEYWORDS
    return code.co_argcount, code.co_posonlyargcount, code.co_varnames[:count], stars


def _parts(module: str, names: dict[str, Any]) -> dict[Place, CodeType]:
    """The codes within the functions of a module, by their places."""
    found: dict[Place, CodeType] = {}
    for name, value in tuple(names.items()):
        try:
            for place, function in _functions(module, value, (name,), _DEEP):
                _add_parts(function.__code__, place, found)
        except Exception:  # noqa: BLE001 - a hostile metaclass; its functions are left as they are
            continue
    return found


def _add_parts(code: CodeType, place: Place, found: dict[Place, CodeType]) -> None:
    counts: dict[str, int] = {}
    for part in code.co_consts:
        if type(part) is CodeType:
            number = counts[part.co_name] = counts.get(part.co_name, 0) + 1
            inner = (*place, part.co_name if number == 1 else f"{part.co_name} {number}")
            found.setdefault(inner, part)
            _add_parts(part, inner, found)


def _is_of(function: FunctionType, module: str) -> bool:
    name = function.__module__
    return type(name) is str and name == module


def _functions(
    module: str, value: Any, place: Place, depth: int
) -> Iterator[tuple[Place, FunctionType]]:
    """The functions that a module's text has defined, in it and in its classes."""
    for _ in range(_DEEP):
        if type(value) is FunctionType:
            if _is_of(value, module):
                yield place, value
            value = instance_dict(value).get("__wrapped__")
            continue
        if type(value) is property:
            for name in ("fget", "fset", "fdel"):
                accessor = getattr(value, name)
                if type(accessor) is FunctionType and _is_of(accessor, module):
                    yield (*place, name), accessor
            return
        if issubclass_exact(type(value), type):
            if depth > 0 and type_module(value) == module:
                for name, held in tuple(instance_dict(value).items()):
                    yield from _functions(module, held, (*place, name), depth - 1)
            return
        value = wrapped_by(value)
