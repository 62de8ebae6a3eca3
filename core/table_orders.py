"""Tables sorted and filtered: which rows are shown, in which order; made beside everything else.

Rules:

1. No user code runs: arrays are compared by numpy, plain items by Python's own types.
2. Whoever asks never waits longer than :data:`WAIT` for it: a thread makes an order, in parts, and
   stops when nobody has asked for it for :data:`PATIENCE`.
3. An order is kept while its object is the same. After a cell a checksum of the columns that made
   it tells whether they still are what they were; while one runs, the order is that of its
   beginning, or of when it was made.
4. No table is held: an order is positions, and at most :data:`MAXIMUM_KEPT` are kept.
"""

from __future__ import annotations

import heapq
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from .safe import instance_dict
from .table_columns import NUMBERS, Column, as_numbers, column_of, comparable, is_missing
from .table_conditions import ConditionError, conditions_of, mask_of

WAIT = 0.05
PATIENCE = 5.0
MAXIMUM_KEPT = 4
_RUN = 10_000  # items that are sorted in one go


class Arrangement(NamedTuple):
    """How a table is shown."""

    at: tuple[int, ...] = ()
    """Which sheet of an array, by positions along the dimensions before the last two."""
    sort: int | None = None
    """The column by which it is sorted."""
    descending: bool = False
    filters: tuple[tuple[int, str], ...] = ()
    """Columns, and what is said of their items: :mod:`.table_conditions`."""

    @property
    def is_plain(self) -> bool:
        """Whether all rows are shown as they stand."""
        return self.sort is None and not any(text.strip() for _, text in self.filters)


class Order(NamedTuple):
    """Which rows are shown."""

    positions: Sequence[int] = ()
    problem: str = ""
    """Why it cannot be made, as a sentence."""


class _AbandonedError(Exception):
    """Nobody asks for this order any more."""


class _Kept:
    """An order that is being made, or is made."""

    def __init__(self) -> None:
        self.order: Order | None = None
        self.value = 0
        self.rows = 0
        self.moment: object = None
        self.checksum: int | None = None
        self.asked = 0.0
        self.thread: threading.Thread | None = None

    def check(self) -> None:
        """Raises :class:`_AbandonedError`."""
        if time.monotonic() - self.asked > PATIENCE:
            raise _AbandonedError


class TableOrders:
    """The orders of a session's tables."""

    def __init__(self, moment: Callable[[], object]) -> None:
        """``moment`` is another whenever a cell has begun or ended."""
        self._moment = moment
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    def order(
        self, path: Sequence[Any], value: object, rows: int, wanted: Arrangement
    ) -> Order | None:
        """The order of a table of ``rows`` rows; None while it is being made: ask again."""
        key = tuple(path), wanted
        kept = self._kept.setdefault(key, _Kept())
        self._kept.move_to_end(key)
        while len(self._kept) > MAXIMUM_KEPT:
            self._kept.popitem(last=False)[1].asked = float("-inf")
        kept.asked = time.monotonic()
        moment = self._moment()
        if kept.thread is not None and not kept.thread.is_alive():
            kept.thread = None
        if kept.thread is None and not _is_of(kept, value, rows, moment):
            if kept.value != id(value) or kept.rows != rows:
                kept.order = None
            kept.value, kept.rows, kept.moment = id(value), rows, moment
            kept.thread = threading.Thread(
                target=_make, args=(kept, value, wanted), name="vivo-table", daemon=True
            )
            kept.thread.pydev_do_not_trace = True  # type: ignore[attr-defined]
            kept.thread.is_pydev_daemon_thread = True  # type: ignore[attr-defined]
            kept.thread.start()
        del value
        if kept.thread is not None:
            kept.thread.join(WAIT)
            if kept.thread.is_alive():
                return None
            kept.thread = None
        return kept.order


def _is_of(kept: _Kept, value: object, rows: int, moment: object) -> bool:
    return (
        kept.order is not None
        and (kept.value, kept.rows) == (id(value), rows)
        and kept.moment == moment
    )


def _make(kept: _Kept, value: object, wanted: Arrangement) -> None:
    try:
        columns = _columns(value, wanted, kept.check)
        checksum = _checksum(columns, kept.check)
        if kept.order is None or kept.checksum != checksum:
            kept.checksum, kept.order = checksum, _ordered(columns, wanted, kept.check)
    except _AbandonedError:
        kept.order = None
    except ConditionError as error:
        kept.order = Order(problem=str(error))
    except Exception as error:  # noqa: BLE001 - an object that main is changing meanwhile
        kept.order = Order(problem=f"The table could not be sorted or filtered: {error}.")


def _columns(value: object, wanted: Arrangement, check: Callable[[], None]) -> dict[int, Column]:
    found = {}
    chosen = {number for number, text in wanted.filters if text.strip()}
    if wanted.sort is not None:
        chosen.add(wanted.sort)
    for number in sorted(chosen):
        column = column_of(value, number, wanted.at)
        if column is None:
            raise ConditionError(
                f"Column {number} holds what only its own code could compare: it can be neither "
                "sorted nor filtered."
            )
        found[number] = as_numbers(column, check)
    return found


def _checksum(columns: dict[int, Column], check: Callable[[], None]) -> int:
    value = 0
    for column in columns.values():
        for start, stop in column.parts():
            check()
            value = column.checksum(start, stop, value)
    return value


def _ordered(columns: dict[int, Column], wanted: Arrangement, check: Callable[[], None]) -> Order:
    length = min(column.length for column in columns.values())
    numpy = instance_dict(sys.modules.get("numpy"))
    chosen: Any = None
    for number, text in wanted.filters:
        for condition in conditions_of(text):
            mask = mask_of(columns[number], condition, check)
            if numpy:
                fits = numpy["flatnonzero"](numpy["frombuffer"](mask, "?"))
                chosen = fits if chosen is None else chosen[numpy["isin"](chosen, fits)]
            else:
                previous = range(length) if chosen is None else chosen
                chosen = [place for place in previous if mask[place]]
    check()
    if wanted.sort is None:
        return Order(range(length) if chosen is None else _packed(chosen))
    column = columns[wanted.sort]
    if column.array is not None:
        return Order(_packed(_sorted_array(column, chosen, wanted.descending, check)))
    places = range(length) if chosen is None else list(map(int, chosen))
    return Order(_sorted_items(column, places, wanted.descending, check))


def _packed(positions: Any) -> Any:
    """Positions in half the room, where they fit."""
    is_array = hasattr(positions, "astype")
    return positions.astype("u4") if is_array and len(positions) < 2**32 else positions


def _sorted_array(column: Column, chosen: Any, descending: bool, check: Callable[[], None]) -> Any:
    """Positions by an array's items; what is missing comes last, equal ones in their order."""
    numpy = instance_dict(sys.modules.get("numpy"))
    array, missing = column.array, column.missing
    places = numpy["arange"](column.length) if chosen is None else chosen
    if missing is None and array.dtype.kind in "fcmM":
        missing = array != array  # noqa: PLR0124
    if missing is None:
        there, gone = places, places[:0]
    else:
        hidden = missing[places]
        there, gone = places[~hidden], places[hidden]
    check()
    items = array[there]
    if descending:  # backwards twice, so that equal ones keep their order
        order = len(items) - 1 - items[::-1].argsort(kind="stable")[::-1]
    else:
        order = items.argsort(kind="stable")
    return numpy["concatenate"]([there[order], gone])


def _sorted_items(
    column: Column, places: Sequence[int], descending: bool, check: Callable[[], None]
) -> list[int]:
    """The same by plain items: sorted in short runs that are merged, so that main has its turns."""
    items: list[Any] = []
    assert column.items is not None
    for start, stop in column.parts():
        check()
        part = column.items(start, stop)
        if not all(comparable(each) for each in part):
            raise ConditionError(
                f"The column {column.name} holds objects that only their own code could compare: "
                "it cannot be sorted."
            )
        items += part
    gone = [place for place in places if is_missing(items[place])]
    there = [place for place in places if not is_missing(items[place])] if gone else places
    kinds = {_kind(items[place]) for place in there}
    if len(kinds) < 2:
        key: Callable[[int], Any] = items.__getitem__
    else:

        def key(place: int) -> Any:
            return _kind(items[place]), items[place]

    runs = []
    for start in range(0, len(there), _RUN):
        check()
        runs.append(sorted(there[start : start + _RUN], key=key, reverse=descending))
    merged: list[int] = []
    for count, place in enumerate(heapq.merge(*runs, key=key, reverse=descending)):
        if count % _RUN == 0:
            check()
        merged.append(place)
    return merged + gone


def _kind(item: object) -> str:
    """Which items an item can be compared with; numbers stand before the rest."""
    return "" if type(item) in NUMBERS else type(item).__name__
