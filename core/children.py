"""What a value holds, a page at a time: items, attributes, columns.

Rules: as in :mod:`.value_facts`; a child stands at a position among its parent's, and a path of
positions leads to it. What is no exact built-in container is asked for the attributes that it
holds itself: no property, no ``__dir__``.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from .safe import UNKNOWN, ExactTypes, first_items, instance_dict, is_of, safe_repr
from .value_facts import (
    Facts,
    axis_length,
    block_dtype,
    described,
    facts_of,
    manager_of,
)

_SEQUENCES = ExactTypes(list, tuple)
_COLLECTIONS = ExactTypes(set, frozenset)
_LONGEST_NAME = 80


class Child(NamedTuple):
    """One child: what it is called in its parent, and itself or what is known of it."""

    name: str
    value: Any
    facts: Facts


def children_count(value: object) -> int:
    """How many children a value has."""
    kind = type(value)
    if kind is dict or kind in _SEQUENCES or kind in _COLLECTIONS:
        return len(value)  # type: ignore[arg-type]
    try:
        manager = manager_of(value)
        if manager is not None:
            axes = manager.axes
            return axis_length(axes[0]) if len(axes) == 2 else 0
        if is_of(kind, "polars", "DataFrame"):
            return int(instance_dict(value)["_df"].width())
    except Exception:  # noqa: BLE001 - a frame that main is changing may be inconsistent
        return 0
    return len(instance_dict(value))


def children(value: object, start: int, count: int) -> list[Child]:
    """The children from position ``start`` on, at most ``count``."""
    kind = type(value)
    if kind is dict:
        items = _slice(dict.items(value), start, count)  # type: ignore[arg-type]
        return [_child(f"[{safe_repr(key, _LONGEST_NAME)}]", each) for key, each in items]
    if kind in _SEQUENCES:
        chosen = value[start : start + count]  # type: ignore[index]
        return [_child(f"[{start + at}]", each) for at, each in enumerate(chosen)]
    if kind in _COLLECTIONS:
        return [_child("{…}", each) for each in _slice(value, start, count)]
    try:
        manager = manager_of(value)
        if manager is not None:
            return _columns(manager, start, count) if len(manager.axes) == 2 else []
        if is_of(kind, "polars", "DataFrame"):
            return _polars_columns(instance_dict(value)["_df"], start, count)
    except Exception:  # noqa: BLE001 - a frame that main is changing may be inconsistent
        return []
    held = _slice(instance_dict(value).items(), start, count)
    return [_child(f".{name}", each) for name, each in held if type(name) is str]


def at_path(value: object, positions: Sequence[int]) -> Any:
    """The value to which positions lead, or :data:`UNKNOWN` where there is none any more."""
    for position in positions:
        found = children(value, position, 1) if position >= 0 else []
        if not found or found[0].value is UNKNOWN:
            return UNKNOWN
        value = found[0].value
    return value


def _slice(held: Any, start: int, count: int) -> tuple[Any, ...]:
    for _ in range(10):
        try:
            return tuple(itertools.islice(held, start, start + count))
        except RuntimeError:
            continue  # another thread has changed it meanwhile
    return first_items(held, start + count)[start:]


def _child(name: str, value: Any) -> Child:
    return Child(name, value, facts_of(value))


def _columns(manager: Any, start: int, count: int) -> list[Child]:
    """The columns of a frame of pandas', told by the blocks that hold them: none is taken."""
    labels, rows = manager.axes[0], axis_length(manager.axes[1])
    blocks, places = manager.blocks, manager.blknos
    found = []
    for at in range(start, min(start + count, axis_length(labels))):
        values = blocks[int(places[at])].values
        dtype = block_dtype(values)
        name = labels[at]
        told = name if type(name) is str else safe_repr(name, _LONGEST_NAME)
        text = described("pandas.Series", (rows,), dtype)
        facts = Facts("pandas.Series", (rows,), dtype, None, _share(values, rows), text)
        found.append(Child(told, UNKNOWN, facts))
    return found


def _share(values: Any, rows: int) -> int | None:
    """The bytes of one column of a block of numpy's."""
    told = facts_of(values)
    if told.shape is None or told.size is None or len(told.shape) != 2 or not told.shape[0]:
        return told.size if told.shape is not None else None
    return told.size // told.shape[0]


def _polars_columns(frame: Any, start: int, count: int) -> list[Child]:
    names, rows = frame.columns(), int(frame.height())
    dtypes = frame.dtypes()
    found = []
    for at in range(start, min(start + count, len(names))):
        dtype = str(dtypes[at])
        text = described("polars.Series", (rows,), dtype)
        facts = Facts("polars.Series", (rows,), dtype, None, None, text)
        found.append(Child(str(names[at]), UNKNOWN, facts))
    return found
