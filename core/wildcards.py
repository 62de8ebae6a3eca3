"""Names by wildcard: ``*err*?`` and ``%psearch``. Nothing of the user's runs.

``*`` stands for any letters, ``?`` for one; ``a.*b*`` looks into ``a``. Private names are found
where the pattern asks for them.
"""

from __future__ import annotations

import builtins
import fnmatch
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .safe import UNKNOWN, attribute_names, evaluate, isinstance_exact, type_name

_CLASSES_OF_KINDS: dict[str, Callable[[object], bool]] = {
    "class": lambda value: isinstance_exact(value, type),
    "module": lambda value: isinstance_exact(value, types.ModuleType),
    "function": lambda value: type(value) in (types.FunctionType, types.BuiltinFunctionType),
}


def matching_names(
    pattern: str,
    namespace: Mapping[str, Any],
    *,
    ignore_case: bool = False,
    is_private_wanted: bool = False,
    kind: str | None = None,
    with_builtins: bool = True,
) -> list[str]:
    """The dotted names that match a pattern, sorted.

    ``kind`` is a type's name in any case, or ``class``, ``module``, ``function``: names of such
    values alone.
    """
    found = dict(vars(builtins)) if with_builtins else {}
    found.update(tuple(namespace.items()))
    *owners, last = pattern.strip().split(".")
    prefixes = [""]
    for part in owners:
        prefixes = [
            f"{prefix}{name}."
            for prefix in prefixes
            for name in _fitting(_names(prefix, found), part, ignore_case, is_private_wanted)
        ]
    names = [
        prefix + name
        for prefix in prefixes
        for name in _fitting(_names(prefix, found), last, ignore_case, is_private_wanted)
    ]
    if kind is not None:
        names = [name for name in names if is_of_kind(evaluate(name, found), kind)]
    return sorted(names)


def is_of_kind(value: object, kind: str) -> bool:
    """Whether a value is of a type, by the type's name or one of the words for kinds of values."""
    if value is UNKNOWN:
        return False
    test = _CLASSES_OF_KINDS.get(kind.lower())
    name = type_name(value).rpartition(".")[2]
    return name.lower() == kind.lower() or (test is not None and test(value))


def kinds_of(namespace: Mapping[str, Any]) -> list[str]:
    """The names of the types that a namespace holds values of, sorted."""
    kinds = {type_name(value).rpartition(".")[2] for value in tuple(namespace.values())}
    return sorted(kinds | set(_CLASSES_OF_KINDS))


def _names(prefix: str, namespace: Mapping[str, Any]) -> Iterable[str]:
    if not prefix:
        return tuple(namespace)
    value = evaluate(prefix[:-1], namespace)
    if value is UNKNOWN:
        return ()
    return attribute_names(value)


def _fitting(
    names: Iterable[str], pattern: str, ignore_case: bool, is_private_wanted: bool
) -> list[str]:
    wanted = pattern.lower() if ignore_case else pattern
    return [
        name
        for name in names
        if type(name) is str
        and (is_private_wanted or pattern.startswith("_") or not name.startswith("_"))
        and fnmatch.fnmatchcase(name.lower() if ignore_case else name, wanted)
    ]
