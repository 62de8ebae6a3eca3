"""Sequences in parts, one for each engine, and joined again.

Parts are consecutive and as equal as can be: the first ones have one item more. Arrays are divided
by their first axis, and joined by it.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ...core.errors import UsageError


def bounds(count: int, number: int) -> list[tuple[int, int]]:
    """Where each of ``number`` parts of ``count`` items begins and ends."""
    size, more = divmod(count, number)
    starts = [index * size + min(index, more) for index in range(number + 1)]
    return list(itertools.pairwise(starts))


def divided(sequence: Any, number: int, *, flatten: bool = False) -> list[Any]:
    """The parts of a sequence, or of an array. Raises :class:`UsageError` for what is neither."""
    try:
        if not hasattr(sequence, "__getitem__") or isinstance(sequence, dict):
            sequence = list(sequence)
        count = len(sequence)
        rows = getattr(sequence, "iloc", sequence)  # of a table of pandas
        found = [rows[start:end] for start, end in bounds(count, number)]
    except TypeError:
        raise UsageError(
            f"This cannot be divided ({type(sequence).__name__}): scatter takes a sequence or an "
            "array."
        ) from None
    return [each[0] if flatten and len(each) == 1 else each for each in found]


def gathered(values: list[list[Any]]) -> Any:
    """The parts that engines have, each pulled as a list of one, joined."""
    found = [each[0] for each in values]
    first = found[0]
    library = type(first).__module__.partition(".")[0]
    module: Any = sys.modules.get(library)  # whose values came has been loaded
    if library == "numpy" and getattr(first, "ndim", None):
        return module.concatenate(found)
    if library == "pandas":
        return module.concat(found)
    if isinstance(first, (str, bytes)):
        return type(first)().join(found)
    if isinstance(first, tuple):
        return tuple(item for each in found for item in each)
    if isinstance(first, (list, range)):
        return [item for each in found for item in each]
    return found


def joined(values: list[list[Any]]) -> list[Any]:
    """The values of the parts of a map, in one list."""
    return [item for each in values for item in each]


def pulled(is_one: bool, is_single: bool, values: list[list[Any]]) -> Any:
    """What was pulled, without the lists around single ones."""
    found = [each[0] if is_one else each for each in values]
    return found[0] if is_single else found


def map_part(function: Callable[..., Any], *sequences: Sequence[Any]) -> list[Any]:
    """The values of a function for the items of a part: runs on an engine."""
    return list(map(function, *sequences))
