"""A whole column of a table, as what can be compared: an array of numpy's, or plain items.

Rules: as in :mod:`.table_pages`. Nothing is read before it is asked for, and then in parts, so that
another thread gets its turn.
"""

from __future__ import annotations

import sys
import zlib
from array import array as packed
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .safe import UNKNOWN, ExactTypes, instance_dict, issubclass_exact
from .table_pages import (
    array_of_torch,
    is_moment,
    labels_of,
    ndarray,
    own_items,
    place_of_column,
    sheet_of,
    texts_of,
)
from .value_facts import genuine

PART = 50_000  # items that are looked at in one go
NUMBERS = ExactTypes(int, float, bool)
_COMPARED = ExactTypes(int, float, bool, str, bytes, type(None))
_ORDERED_KINDS = "biufcmMSU"


class Column(NamedTuple):
    """A column; either ``array`` or ``items`` is given."""

    name: str
    length: int
    array: Any = None
    """An array of one dimension, whose items no code of the user's compares."""
    missing: Any = None
    """An array of booleans, where the array itself cannot say what is missing."""
    labels: list[str] | None = None
    """What the codes in the array stand for, in their order."""
    items: Callable[[int, int], list[Any]] | None = None
    """The items between two positions."""

    def parts(self) -> Iterator[tuple[int, int]]:
        """The positions between which a column is read in one go."""
        for start in range(0, self.length, PART):
            yield start, min(start + PART, self.length)

    def texts(self, start: int, stop: int) -> list[str]:
        """The cells between two positions, as they are shown; empty for what is missing."""
        if self.items is not None:
            return ["" if is_missing(each) else text_of(each) for each in self.items(start, stop)]
        if self.labels is not None:
            codes = self.array[start:stop].tolist()
            return [self.labels[code] if code >= 0 else "" for code in codes]
        texts = texts_of(self.array[start:stop])
        if self.missing is None:
            return texts
        hidden = self.missing[start:stop].tolist()
        return ["" if each else text for text, each in zip(texts, hidden, strict=True)]

    def checksum(self, start: int, stop: int, value: int) -> int:
        """Carry a checksum on over the items between two positions."""
        if self.items is not None:
            codes = [
                hash(each) if comparable(each) else id(each) for each in self.items(start, stop)
            ]
            return zlib.crc32(packed("q", codes).tobytes(), value)
        value = zlib.crc32(self.array[start:stop].tobytes(), value)
        if self.missing is not None:
            value = zlib.crc32(self.missing[start:stop].tobytes(), value)
        return value


def comparable(item: object) -> bool:
    """Whether no code of the user's compares an item with one of its own type."""
    return type(item) in _COMPARED or is_moment(item)


def is_missing(item: object) -> bool:
    """Whether a plain item stands for none: None, or what differs from itself."""
    return item is None or (type(item) is float and item != item)  # noqa: PLR0124


def text_of(item: object) -> str:
    """An item as a cell shows it."""
    return own_items([item])[0]


def column_of(value: Any, position: int, at: tuple[int, ...] = ()) -> Column | None:
    """A column of a table; None for what is no table, or can be read by other code alone."""
    for tell in (_array, _pandas, _polars, _pyarrow, _torch, _lists):
        try:
            found = tell(value, position, at)
        except Exception:  # noqa: BLE001 - a library's object that main is changing
            found = None
        if found is not None:
            return found
    return None


def _array(value: Any, position: int, at: tuple[int, ...]) -> Column | None:
    data = sheet_of(value, at)
    if data is None:
        return None
    fields = data.dtype.names
    if fields and data.shape[1] == 1:
        name = fields[position]
        return _of_array(name, data[:, 0][name])
    return _of_array(str(position), data[:, position])


def _of_array(name: str, data: Any, missing: Any = None) -> Column | None:
    kind = data.dtype.kind
    if kind == "O":
        return Column(name, len(data), items=lambda start, stop: data[start:stop].tolist())
    return Column(name, len(data), data, missing) if kind in _ORDERED_KINDS else None


def _pandas(value: Any, position: int, at: tuple[int, ...]) -> Column | None:
    found = place_of_column(value, position)
    if found is None:
        return None
    name, values, place = found
    array = ndarray()
    if issubclass_exact(type(values), array):
        data = array.view(values, array)
        return _of_array(name, data[place] if place is not None and data.ndim == 2 else data)
    if not genuine(type(values), "pandas"):
        return None
    own = instance_dict(values)
    if "_mask" in own and "_data" in own:
        return _of_array(name, own["_data"], own["_mask"])
    if "_pa_array" in own:
        return _of_arrow(name, own["_pa_array"])
    held: Any = getattr(values, "_ndarray", UNKNOWN)
    if held is UNKNOWN:
        return None
    held = held[place] if held.ndim == 2 and place is not None else held
    if type(values).__name__ != "Categorical":
        return _of_array(name, held)
    kinds = values.dtype.categories
    return Column(name, len(held), held, held < 0, labels_of(kinds, 0, len(kinds)))


def _polars(value: Any, position: int, at: tuple[int, ...]) -> Column | None:
    if not genuine(type(value), "polars", "DataFrame", "Series"):
        return None
    own = instance_dict(value)
    series = own["_df"].to_series(position) if "_df" in own else own["_s"]
    return Column(
        str(series.name()),
        int(series.len()),
        items=lambda start, stop: series.slice(start, stop - start).to_list(),
    )


def _pyarrow(value: Any, position: int, at: tuple[int, ...]) -> Column | None:
    if not genuine(type(value), "pyarrow", "Table", "RecordBatch"):
        return None
    return _of_arrow(str(value.schema.names[position]), value.column(position))


def _of_arrow(name: str, data: Any) -> Column | None:
    is_extension = any(each.__name__ == "ExtensionType" for each in type(data.type).__mro__)
    if is_extension or not genuine(type(data), "pyarrow"):
        return None
    return Column(
        name, len(data), items=lambda start, stop: data.slice(start, stop - start).to_pylist()
    )


def _torch(value: Any, position: int, at: tuple[int, ...]) -> Column | None:
    data = array_of_torch(value)
    return None if data is None else _array(data, position, at)


def _lists(value: Any, position: int, at: tuple[int, ...]) -> Column | None:
    if type(value) not in (list, tuple) or not value or type(value[0]) not in (list, tuple, dict):
        return None
    if type(value[0]) is dict:
        key = list(value[0])[position]
        if type(key) not in (str, int):
            return None  # its hash is code of its own

        def of_dicts(start: int, stop: int) -> list[Any]:
            return [row.get(key) if type(row) is dict else None for row in value[start:stop]]

        return Column(text_of(key), len(value), items=of_dicts)

    def of_rows(start: int, stop: int) -> list[Any]:
        rows = value[start:stop]
        return [row[position] if position < len(row) else None for row in rows]

    if any(type(row) is not type(value[0]) for row in value):
        return None
    return Column(str(position), len(value), items=of_rows)


def as_numbers(column: Column, check: Callable[[], None]) -> Column:
    """A column whose plain items are numbers, as an array of them; any other as it is."""
    numpy = instance_dict(sys.modules.get("numpy"))
    if column.items is None or not numpy:
        return column
    floats = numpy["empty"](column.length, "f8")
    for start, stop in column.parts():
        check()
        items = column.items(start, stop)
        if any(
            (type(each) not in NUMBERS and each is not None)
            or (type(each) is int and not -(2**53) <= each <= 2**53)
            for each in items
        ):
            return column
        floats[start:stop] = [float("nan") if each is None else each for each in items]
    return Column(column.name, column.length, floats)
