"""A corner of a table, an array, a frame, a series or a list of lists: its cells as texts.

Rules: as in :mod:`.value_facts`: no user code runs, nothing raises, a corner costs a corner. Arrays
are cut by numpy's own slices, frames by the arrays in which their library keeps the columns; a kind
of column that only other code could read is told as such.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from .safe import UNKNOWN, ExactTypes, instance_dict, issubclass_exact, safe_repr
from .value_facts import (
    array_of_xarray,
    array_shape,
    axis_length,
    block_dtype,
    dtype_text,
    genuine,
    manager_of,
)

MAXIMUM_ROWS = 1000
MAXIMUM_COLUMNS = 200
_LONGEST = 200  # characters of a cell
_UNREADABLE, _NULL = "…", "null"
_SEQUENCES = ExactTypes(list, tuple)
_ROWS = ExactTypes(list, tuple, dict)
_KEYS = ExactTypes(str, int)


class Corner(NamedTuple):
    """Some rows and columns of a table."""

    rows: int
    """How many there are in all."""
    columns: int
    labels: list[str]
    """What the rows shown are called."""
    names: list[str]
    """And the columns."""
    dtypes: list[str | None]
    cells: list[list[str]]
    """By row."""
    shape: tuple[int, ...] = ()
    """Of an array of more than two dimensions: all of them."""


class Cut(NamedTuple):
    """Which corner is wanted: positions, the last ones not included."""

    row: int
    last_row: int
    column: int
    last_column: int
    at: tuple[int, ...] = ()


def corner(
    value: object,
    first_row: int = 0,
    rows: int = 100,
    first_column: int = 0,
    columns: int = 50,
    at: tuple[int, ...] = (),
) -> Corner | None:
    """The corner of a table; None for what is no table, or cannot be read without its own code.

    At most :data:`MAXIMUM_ROWS` and :data:`MAXIMUM_COLUMNS` are given. Of an array of more than two
    dimensions a sheet is shown: that at the positions ``at`` along the dimensions before the last
    two, by default the first.
    """
    first_row, first_column = max(0, first_row), max(0, first_column)
    cut = Cut(
        first_row,
        first_row + max(0, min(rows, MAXIMUM_ROWS)),
        first_column,
        first_column + max(0, min(columns, MAXIMUM_COLUMNS)),
        at,
    )
    for tell in _TABLES:
        try:
            found = tell(value, cut)
        except Exception:  # noqa: BLE001 - a library's object that main is changing
            found = None
        if found is not None:
            return found
    return None


# --- Arrays ----------------------------------------------------------------------------------


def _array(value: Any, cut: Cut) -> Corner | None:
    sheet = sheet_of(value, cut.at)
    if sheet is None:
        return None
    fields = sheet.dtype.names
    whole = tuple(map(int, array_shape(array_of_xarray(value))))
    shape = whole if len(whole) > 2 else ()
    if fields and sheet.shape[1] == 1:
        records = sheet[:, 0]
        chosen = fields[cut.column : cut.last_column]
        held = [texts_of(records[name][cut.row : cut.last_row]) for name in chosen]
        dtypes = [dtype_text(records.dtype[name], "numpy") for name in chosen]
        return _put_together(len(records), len(fields), cut, list(chosen), dtypes, held)
    part = sheet[cut.row : cut.last_row, cut.column : cut.last_column]
    names = [str(at) for at in range(cut.column, cut.column + part.shape[1])]
    held = [texts_of(part[:, at]) for at in range(part.shape[1])]
    dtypes = [dtype_text(sheet.dtype, "numpy")] * len(names)
    found = _put_together(sheet.shape[0], sheet.shape[1], cut, names, dtypes, held)
    return found._replace(shape=shape)


def sheet_of(value: Any, at: tuple[int, ...] = ()) -> Any:
    """Two dimensions of an array, at positions along those before; None for what is none."""
    array = ndarray()
    data = array_of_xarray(value)
    if array is None or not issubclass_exact(type(data), array):
        return None
    data = array.view(data, array)  # a class made from it may answer slices by its own code
    for dimension in range(data.ndim - 2):
        position = at[dimension] if dimension < len(at) else 0
        data = data[max(0, min(position, len(data) - 1))]
    if data.ndim == 0:
        return None
    return data.reshape(-1, 1) if data.ndim == 1 else data


def ndarray() -> Any:
    """The class of numpy's arrays; None if nobody has imported it."""
    numpy = sys.modules.get("numpy")
    return vars(numpy)["ndarray"] if numpy is not None else None


def texts_of(items: Any) -> list[str]:
    """The items of a short array of one dimension, as cells show them."""
    if items.dtype.kind == "M":  # nanoseconds have no objects in Python
        return [str(each) for each in vars(sys.modules["numpy"])["datetime_as_string"](items)]
    if items.dtype.kind == "m":
        return [str(each) for each in items.astype("U")]
    return [_text(each) for each in items.tolist()]


def own_items(items: list[Any]) -> list[str]:
    """Plain items, as cells show them."""
    return [_text(each) for each in items]


def _text(item: object) -> str:
    """An item on one line; a text without its quotes."""
    if type(item) is str:
        return item if len(item) <= _LONGEST else item[: _LONGEST - 1] + "…"
    if is_moment(item):
        return str(item)
    return " ".join(safe_repr(item, _LONGEST).split("\n"))


def is_moment(item: object) -> bool:
    """Whether it is a date, a time or a duration whose text no code of the user's makes."""
    kinds, kind = instance_dict(sys.modules.get("datetime")), type(item)
    if not kinds:
        return False
    if kind is kinds["date"] or kind is kinds["timedelta"]:
        return True
    if kind is not kinds["datetime"] and kind is not kinds["time"]:
        return False
    zone = kind.__dict__["tzinfo"].__get__(item)
    zones = [kinds["timezone"], instance_dict(sys.modules.get("zoneinfo")).get("ZoneInfo")]
    return zone is None or any(type(zone) is each for each in zones)


def _put_together(
    rows: int,
    columns: int,
    cut: Cut,
    names: list[str],
    dtypes: list[str | None],
    held: list[list[str]],
    index: list[str] | None = None,
) -> Corner:
    count = max(0, min(rows, cut.last_row) - cut.row)
    labels = index if index is not None else [str(cut.row + at) for at in range(count)]
    cells = [[column[at] for column in held] for at in range(count)]
    return Corner(rows, columns, labels, names, dtypes, cells)


# --- Frames ----------------------------------------------------------------------------------


def _pandas(value: Any, cut: Cut) -> Corner | None:
    manager = manager_of(value)
    if manager is None:
        return None
    axes, blocks = manager.axes, manager.blocks
    if len(axes) == 1:
        rows, columns = axis_length(axes[0]), 1
        places: list[tuple[Any, int | None]] = [(blocks[0].values, None)]
        name = instance_dict(value).get("_name")
        names = [_text(name) if name is not None else "0"]
        if not cut.column < 1 <= cut.last_column:
            places, names = [], []
    else:
        columns, rows = axis_length(axes[0]), axis_length(axes[1])
        stop = min(cut.last_column, columns)
        at = range(cut.column, stop)
        places = [(blocks[int(manager.blknos[i])].values, int(manager.blklocs[i])) for i in at]
        names = labels_of(axes[0], cut.column, stop)
    last = min(cut.last_row, rows)
    held = [_column(values, place, cut.row, last) for values, place in places]
    dtypes = [block_dtype(values) for values, _ in places]
    index = labels_of(axes[-1], cut.row, last)
    return _put_together(rows, columns, cut, names, dtypes, held, index)


def _column(values: Any, place: int | None, start: int, stop: int) -> list[str]:
    array, count = ndarray(), max(0, stop - start)
    if issubclass_exact(type(values), array):
        data = array.view(values, array)
        return texts_of((data[place] if place is not None and data.ndim == 2 else data)[start:stop])
    if genuine(type(values), "pandas"):
        own = instance_dict(values)
        if "_mask" in own and "_data" in own:
            texts = texts_of(own["_data"][start:stop])
            missing = own["_mask"][start:stop].tolist()
            pairs = zip(texts, missing, strict=True)
            return ["<NA>" if is_missing else text for text, is_missing in pairs]
        if "_pa_array" in own:
            return _arrow(own["_pa_array"], start, count, "<NA>")
        held: Any = getattr(values, "_ndarray", UNKNOWN)
        kind = type(values).__name__
        if held is not UNKNOWN and held.ndim == 2 and place is not None:
            held = held[place]
        if held is not UNKNOWN and kind == "Categorical":
            labels = labels_of(values.dtype.categories, 0, min(len(values.dtype.categories), 10**5))
            codes = held[start:stop].tolist()
            return [labels[code] if 0 <= code < len(labels) else "NaN" for code in codes]
        if held is not UNKNOWN and kind != "PeriodArray":
            return texts_of(held[start:stop])
    return [_UNREADABLE] * count


def place_of_column(value: Any, position: int) -> tuple[str, Any, int | None] | None:
    """Where a frame or a series of pandas keeps a column: its name, a block's values, the row."""
    manager = manager_of(value)
    if manager is None:
        return None
    axes, blocks = manager.axes, manager.blocks
    if len(axes) == 1:
        name = instance_dict(value).get("_name")
        return _text(name) if name is not None else "0", blocks[0].values, None
    values = blocks[int(manager.blknos[position])].values
    name = labels_of(axes[0], position, position + 1)[0]
    return name, values, int(manager.blklocs[position])


def labels_of(axis: Any, start: int, stop: int) -> list[str]:
    """The labels of an index of pandas' own."""
    own, count = instance_dict(axis), max(0, stop - start)
    if not genuine(type(axis), "pandas"):
        return [_UNREADABLE] * count
    if "_range" in own:
        return [str(each) for each in own["_range"][start:stop]]
    if "_levels" in own:
        parts = []
        for level, codes in zip(own["_levels"], own["_codes"], strict=True):
            chosen = codes[start:stop].tolist()
            parts.append(
                [labels_of(level, code, code + 1)[0] if code >= 0 else "" for code in chosen]
            )
        return [", ".join(each) for each in zip(*parts, strict=True)]
    return _column(own.get("_data"), None, start, stop)


def _polars(value: Any, cut: Cut) -> Corner | None:
    if not genuine(type(value), "polars", "DataFrame", "Series"):
        return None
    own = instance_dict(value)
    if "_df" in own:
        frame = own["_df"]
        rows, columns = frame.shape()
        at = range(cut.column, min(cut.last_column, columns))
        names = [str(name) for name in frame.columns()[cut.column : cut.last_column]]
        series = [frame.to_series(place) for place in at]
    else:
        series = [own["_s"]][cut.column : cut.last_column]
        rows, columns, names = int(own["_s"].len()), 1, [str(own["_s"].name())] * len(series)
    count = max(0, min(cut.last_row, rows) - cut.row)
    held = [_known(one.slice(cut.row, count).to_list(), _NULL) for one in series]
    dtypes: list[str | None] = [str(one.dtype()) for one in series]
    return _put_together(int(rows), int(columns), cut, names, dtypes, held)


def _pyarrow(value: Any, cut: Cut) -> Corner | None:
    if not genuine(type(value), "pyarrow", "Table", "RecordBatch"):
        return None
    rows, columns = int(value.num_rows), int(value.num_columns)
    at = range(cut.column, min(cut.last_column, columns))
    count = max(0, min(cut.last_row, rows) - cut.row)
    held = [_arrow(value.column(place), cut.row, count, _NULL) for place in at]
    names = [str(value.schema.names[place]) for place in at]
    dtypes: list[str | None] = [str(value.schema.types[place]) for place in at]
    return _put_together(rows, columns, cut, names, dtypes, held)


def _arrow(data: Any, start: int, count: int, missing: str) -> list[str]:
    """Items of an array of Arrow's; one of an extension's type has code of its own."""
    is_extension = any(each.__name__ == "ExtensionType" for each in type(data.type).__mro__)
    if is_extension or not genuine(type(data), "pyarrow"):
        return [_UNREADABLE] * count
    return _known(data.slice(start, count).to_pylist(), missing)


def _known(items: list[Any], missing: str) -> list[str]:
    return [missing if each is None else _text(each) for each in items]


# --- Torch, and lists of lists ---------------------------------------------------------------


def _torch(value: Any, cut: Cut) -> Corner | None:
    data = array_of_torch(value)
    return None if data is None else _array(data, cut)


def array_of_torch(value: Any) -> Any:
    """The array of a tensor; None for what is none, or would have to be fetched."""
    if not genuine(type(value), "torch", "Tensor", "Parameter"):
        return None
    base = vars(sys.modules["torch"])["Tensor"].__mro__[1].__dict__
    if str(base["device"].__get__(value)) != "cpu":
        return None  # to read it would wait for the device
    return base["numpy"](base["detach"](value))


def _lists(value: Any, cut: Cut) -> Corner | None:
    """A list of lists, or of dicts: rows as they are."""
    if type(value) not in _SEQUENCES or not value or type(value[0]) not in _ROWS:
        return None
    part = value[cut.row : cut.last_row]
    if any(type(row) is not type(value[0]) for row in part):
        return None
    if type(value[0]) is dict:
        keys = list(value[0])
        columns = len(keys)
        chosen = keys[cut.column : cut.last_column]
        safe = all(type(key) in _KEYS for key in keys)
        if not safe:
            return None  # their hash is code of theirs
        names = [_text(key) for key in chosen]
        held = [[_text(row[key]) if key in row else "" for row in part] for key in chosen]
    else:
        columns = max((len(row) for row in part), default=len(value[0]))
        at = range(cut.column, min(cut.last_column, columns))
        names = [str(place) for place in at]
        held = [[_text(row[p]) if p < len(row) else "" for row in part] for p in at]
    return _put_together(len(value), columns, cut, names, [None] * len(names), held)


_TABLES: tuple[Callable[[Any, Cut], Corner | None], ...] = (
    _array,
    _pandas,
    _polars,
    _pyarrow,
    _torch,
    _lists,
)
