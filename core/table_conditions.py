"""What a filter of a table's column says, and which items fit.

A filter is conditions with `` & `` between them: ``> 5``, ``>= 5``, ``< 5``, ``<= 5``, ``= 5``,
``!= 5``; ``=`` alone is what is missing and ``!=`` alone what is not. Anything else is a text that
the cell must have in it, in any case; of numbers it is the number itself. What is missing fits
``=`` alone. Rules: as in :mod:`.table_columns`.
"""

from __future__ import annotations

import operator
import re
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from .safe import ExactTypes, instance_dict
from .table_columns import NUMBERS, Column, comparable, is_missing, text_of

_CONDITION = re.compile(r"\s*(<=|>=|!=|==?|<|>)\s*(.*?)\s*", re.DOTALL)
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_TRUTHS = {"true": 1, "false": 0}
_TEXTS = ExactTypes(str)


class Condition(NamedTuple):
    """What an item must be."""

    sign: str
    """A comparison's, or empty: the text must be in the cell."""
    text: str


class ConditionError(ValueError):
    """A filter that a column cannot be asked; the text says why."""


def conditions_of(text: str) -> list[Condition]:
    """The conditions of a filter as typed; none of an empty one."""
    found = []
    for part in re.split(r"\s&\s", text):
        match = _CONDITION.fullmatch(part)
        if match:
            found.append(Condition(match[1].replace("==", "="), match[2]))
        elif part.strip():
            found.append(Condition("", part.strip()))
    return found


def mask_of(column: Column, condition: Condition, check: Callable[[], None]) -> bytearray:
    """Whether each item of a column fits. Raises :class:`ConditionError`; ``check`` may end it."""
    fits = _fits_parts(column, condition)
    found = bytearray()
    for start, stop in column.parts():
        check()
        found += bytes(fits(start, stop))
    return found


def _fits_parts(column: Column, condition: Condition) -> Callable[[int, int], list[bool] | bytes]:
    sign, text = condition
    if sign in ("=", "!=") and not text:
        return lambda start, stop: [
            is_gone == (sign == "=") for is_gone in _missing(column, start, stop)
        ]
    if column.items is not None:
        return _fits_items(column, condition)
    kind = column.array.dtype.kind
    if column.labels is None and kind in "biufM":
        value = _value(column, kind, text)
        if value is not None:
            compare = _COMPARE[sign or "="]
            array, missing = column.array, column.missing
            # what is not a number equals nothing, so that it is unequal to everything

            def compared(start: int, stop: int) -> bytes:
                there = compare(array[start:stop], value)
                if sign == "!=":
                    there &= array[start:stop] == array[start:stop]
                if missing is not None:
                    there &= ~missing[start:stop]
                return there.tobytes()  # type: ignore[no-any-return]

            return compared
        if sign:
            wanted = "date" if kind == "M" else "number"
            raise ConditionError(
                f"“{text}” is no {wanted}: the column {column.name} holds {wanted}s."
            )
    return _fits_texts(column, condition)


def _missing(column: Column, start: int, stop: int) -> list[bool]:
    if column.items is not None:
        return [is_missing(each) for each in column.items(start, stop)]
    if column.missing is not None:
        return column.missing[start:stop].tolist()  # type: ignore[no-any-return]
    part = column.array[start:stop]
    if part.dtype.kind in "fcmM":
        return (part != part).tolist()  # type: ignore[no-any-return]  # noqa: PLR0124
    return [False] * len(part)


def _value(column: Column, kind: str, text: str) -> Any:
    """What a text stands for among numbers or dates; None for nothing."""
    if kind == "M":
        try:
            return instance_dict(sys.modules.get("numpy"))["datetime64"](text)
        except ValueError:
            return None
    return _number(text)


def _number(text: str) -> int | float | None:
    if text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    plain = text.replace(",", "").replace("_", "")
    for kind in (int, float):
        try:
            return kind(plain)
        except ValueError:
            continue
    return None


def _fits_texts(column: Column, condition: Condition) -> Callable[[int, int], list[bool] | bytes]:
    sign, text = condition
    if sign:
        compare = _COMPARE[sign]
        return lambda start, stop: [
            bool(each) and compare(each, text) for each in column.texts(start, stop)
        ]
    wanted = text.lower()
    return lambda start, stop: [wanted in each.lower() for each in column.texts(start, stop)]


def _fits_items(column: Column, condition: Condition) -> Callable[[int, int], list[bool] | bytes]:
    sign, text = condition
    number, wanted, items = _number(text), text.lower(), column.items
    compare = _COMPARE[sign or "="]
    assert items is not None

    def fits(item: Any) -> bool:
        if is_missing(item):
            return False
        if type(item) in NUMBERS:
            if number is not None:
                return bool(compare(item, number))
            return sign == "!=" or (not sign and wanted in text_of(item).lower())
        if not sign:
            whole = item if type(item) in _TEXTS else text_of(item)
            return wanted in whole.lower()
        if type(item) not in _TEXTS and not comparable(item):
            raise ConditionError(
                f"The column {column.name} holds objects that only their own code could compare: "
                "filter it by a text."
            )
        return bool(compare(item if type(item) in _TEXTS else text_of(item), text))

    return lambda start, stop: [fits(each) for each in items(start, stop)]
