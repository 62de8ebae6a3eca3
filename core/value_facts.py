"""What a row of the variable list tells of a value: type, shape, dtype, length, bytes, one line.

Rules:

1. No user code runs. Arrays and frames are asked through the C getters of their library's own
   classes, which do not look at the data: numpy, pandas, polars, torch, pyarrow.
2. A value costs the same whatever it holds: of arrays at most :data:`_SHOWN` items are read.
3. Nothing here raises: what cannot be told is None.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from .safe import (
    UNKNOWN,
    ExactTypes,
    class_attribute,
    instance_dict,
    issubclass_exact,
    mro_of,
    safe_repr,
    type_module,
    type_name,
    type_qualname,
)
from .sizes import own_size

MAXIMUM_TEXT = 120  # characters
_SHOWN = 6  # items of an array
_LONGEST_DTYPE = 80
_COUNTED = ExactTypes(list, tuple, dict, set, frozenset, str, bytes, bytearray, range)
_BUILT_IN = ExactTypes(
    *(list, tuple, dict, set, frozenset, str, bytes, bytearray, range),
    *(int, float, complex, bool, type(None)),
)


class Facts(NamedTuple):
    """What is told of a value."""

    type: str
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    length: int | None = None
    """How many items a built-in container or text has."""
    size: int | None = None
    """Bytes: of arrays and frames their data; of others the object without what it refers to."""
    text: str = ""
    """The value on one line."""


def facts_of(value: object) -> Facts:
    """The facts of a value. Never raises, runs no user code."""
    kind = type(value)
    if kind in _BUILT_IN:
        length = len(value) if kind in _COUNTED else None  # type: ignore[arg-type]
        return Facts(kind.__name__, None, None, length, own_size(value), _one_line(value))
    name = type_name(value)
    for library, tell in _LIBRARIES:
        if library in sys.modules and any(
            type_module(each).partition(".")[0] == library for each in mro_of(kind)
        ):
            told: Facts | None
            try:
                told = tell(value, name)
            except Exception:  # noqa: BLE001 - a library's object that main is changing
                told = None
            if told is not None:
                return told
    return Facts(name, size=own_size(value), text=_one_line(value))


def sizer_of(kind: type) -> Callable[[Any], int]:
    """What gives, quickly, the bytes that the list tells of values of a type."""
    if "numpy" in sys.modules and issubclass_exact(kind, vars(sys.modules["numpy"])["ndarray"]):
        getter: Callable[[Any], int] = (
            vars(sys.modules["numpy"])["ndarray"].__dict__["nbytes"].__get__
        )
        return getter
    roots = {type_module(each).partition(".")[0] for each in mro_of(kind)}
    if any(library in roots for library, _ in _LIBRARIES):
        return lambda value: facts_of(value).size or 0
    return own_size


def _one_line(value: object) -> str:
    return " ".join(safe_repr(value, MAXIMUM_TEXT).split("\n"))


def genuine(kind: type, library: str, *names: str) -> bool:
    """Whether a type is one that a library's own module holds; anyone may take its name."""
    module, name = type_module(kind), type_qualname(kind)
    if module.partition(".")[0] != library or (names and name not in names):
        return False
    return instance_dict(sys.modules.get(module)).get(name) is kind


def library_class(kind: type, library: str, *names: str) -> bool:
    """Whether a type, or one that it is made from, is a class of a library under such a name."""
    return any(genuine(entry, library, *names) for entry in mro_of(kind))


def described(name: str, shape: tuple[int, ...] | None, dtype: str | None) -> str:
    """The line of a value that is too large to be shown."""
    parts = [name]
    if shape is not None:
        parts.append("×".join(map(str, shape)) or "scalar")
    return f"<{' '.join([*parts, *([dtype] if dtype else [])])}>"


# --- numpy ---------------------------------------------------------------------------------


def _numpy(value: Any, name: str) -> Facts | None:
    numpy = vars(sys.modules["numpy"])
    array, scalar = numpy["ndarray"], numpy["generic"]
    kind = type(value)
    if issubclass_exact(kind, array):
        shape, dtype = array_shape(value), array_dtype(value)
        size = int(array.__dict__["nbytes"].__get__(value))
        text = described(name, shape, dtype)
        if kind is array and not array.__dict__["dtype"].__get__(value).hasobject:
            text = f"{text[:-1]}: {_first_of(value, array)}>"
        return Facts(name, shape, dtype, None, size, text[:MAXIMUM_TEXT])
    if issubclass_exact(kind, scalar) and genuine(kind, "numpy"):
        held = scalar.__dict__["item"](value)
        text = safe_repr(held, MAXIMUM_TEXT) if type(held) is not kind else f"<{name}>"
        return Facts(name, (), name.rpartition(".")[2], None, own_size(value), text)
    return None


def array_shape(value: Any) -> tuple[int, ...]:
    """The shape of an array of numpy's, or of a class made from it."""
    found: tuple[int, ...] = vars(sys.modules["numpy"])["ndarray"].__dict__["shape"].__get__(value)
    return found


def array_dtype(value: Any) -> str | None:
    """The dtype of an array of numpy's, as text."""
    found = vars(sys.modules["numpy"])["ndarray"].__dict__["dtype"].__get__(value)
    return dtype_text(found, "numpy")


def dtype_text(dtype: Any, library: str) -> str | None:
    """A dtype as text; None for one that is not the library's own."""
    if type_module(type(dtype)).partition(".")[0] not in (library, "numpy"):
        return None
    names = None if library != "numpy" else dtype.names
    if names is not None and len(names) > _SHOWN:
        return f"{len(names)} fields"
    text = str(dtype)
    return text if len(text) <= _LONGEST_DTYPE else text[: _LONGEST_DTYPE - 1] + "…"


def _first_of(value: Any, array: Any) -> str:
    total = array.__dict__["size"].__get__(value)
    items = array.__dict__["flat"].__get__(value)[:_SHOWN].tolist()
    parts = [safe_repr(item, 30) for item in items]
    return ", ".join([*parts, "…"] if total > _SHOWN else parts)


# --- pandas --------------------------------------------------------------------------------


def _pandas(value: Any, name: str) -> Facts | None:
    kind = type(value)
    manager = manager_of(value)
    if manager is not None:
        shape = tuple(axis_length(axis) for axis in reversed(manager.axes))
        blocks = manager.blocks
        size = sum(filter(None, map(block_size, (block.values for block in blocks))))
        is_series = len(shape) == 1
        dtypes = {text for block in blocks if (text := block_dtype(block.values)) is not None}
        dtype = ", ".join(sorted(dtypes)[:4]) + (", …" if len(dtypes) > 4 else "")
        text = described(name, shape, dtype if is_series else None)
        return Facts(name, shape, dtype or None, None, size, text)
    if genuine(kind, "pandas") and library_class(kind, "pandas", "Index"):
        length = axis_length(value)
        return Facts(name, (length,), None, None, None, described(name, (length,), None))
    return None


def manager_of(value: object) -> Any:
    """What holds the data of a frame or a series of pandas; None for anything else."""
    if not library_class(type(value), "pandas", "DataFrame", "Series"):
        return None
    manager = instance_dict(value).get("_mgr")
    is_known = genuine(type(manager), "pandas", "BlockManager", "SingleBlockManager")
    return manager if is_known else None


def axis_length(axis: Any) -> int:
    """The length of an index of pandas' own. Raises ``TypeError`` for another's."""
    if not genuine(type(axis), "pandas"):
        raise TypeError(f"{type_name(axis)} is no index of pandas' own")
    held = instance_dict(axis).get("_data")
    if held is not None and type_module(type(held)).partition(".")[0] not in ("numpy", "pandas"):
        raise TypeError(f"{type_name(held)} may run anything to tell its length")
    return len(axis)


def block_size(values: Any) -> int | None:
    """The bytes of a block's values; None where only other code could tell."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass_exact(type(values), vars(numpy)["ndarray"]):
        return int(vars(numpy)["ndarray"].__dict__["nbytes"].__get__(values))
    return int(values.nbytes) if genuine(type(values), "pandas") else None


def block_dtype(values: Any) -> str | None:
    """The dtype of a block's values, as text."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass_exact(type(values), vars(numpy)["ndarray"]):
        return array_dtype(values)
    return dtype_text(values.dtype, "pandas") if genuine(type(values), "pandas") else None


# --- polars, torch, pyarrow ----------------------------------------------------------------


def _polars(value: Any, name: str) -> Facts | None:
    kind = type(value)
    if not genuine(kind, "polars", "DataFrame", "Series"):
        return None
    own = instance_dict(value)
    if "_df" in own:
        frame = own["_df"]
        shape = tuple(frame.shape())
        size = int(frame.estimated_size())
        return Facts(name, shape, None, None, size, described(name, shape, None))
    series = own["_s"]
    shape, dtype = (int(series.len()),), str(series.dtype())
    size = int(series.estimated_size())
    return Facts(name, shape, dtype, None, size, described(name, shape, dtype))


def _torch(value: Any, name: str) -> Facts | None:
    kind = type(value)
    if not genuine(kind, "torch", "Tensor", "Parameter"):
        return None  # a subclass may answer by its __torch_function__
    getters = next((each for each in mro_of(kind) if type_qualname(each) == "TensorBase"), None)
    if getters is None:
        return None
    read = {key: class_attribute(getters, key) for key in ("shape", "dtype", "nbytes", "device")}
    if UNKNOWN in read.values():
        return None
    shape = tuple(map(int, read["shape"].__get__(value)))
    dtype = str(read["dtype"].__get__(value)).removeprefix("torch.")
    size = int(read["nbytes"].__get__(value))
    device = str(read["device"].__get__(value))
    return Facts(name, shape, dtype, None, size, described(name, shape, f"{dtype} {device}"))


def _pyarrow(value: Any, name: str) -> Facts | None:
    if not genuine(type(value), "pyarrow", "Table", "RecordBatch"):
        return None
    shape = (int(value.num_rows), int(value.num_columns))
    return Facts(name, shape, None, None, int(value.nbytes), described(name, shape, None))


def _xarray(value: Any, name: str) -> Facts | None:
    data = array_of_xarray(value)
    if data is not value:
        told = _numpy(data, name)
        if told is not None and told.shape is not None:
            return told._replace(type=name, text=described(name, told.shape, told.dtype))
        return Facts(name, text=described(name, None, None))
    return None


def array_of_xarray(value: Any) -> Any:
    """What a DataArray or a Variable of xarray's holds, as it is; any other value itself.

    Their own properties may load a file.
    """
    if "xarray" not in sys.modules:
        return value
    for kind, slot in (("DataArray", "_variable"), ("Variable", "_data")):
        if library_class(type(value), "xarray", kind):
            getter = next(
                (vars(each)[slot] for each in mro_of(type(value)) if slot in instance_dict(each)),
                None,
            )
            if getter is None:
                return value
            value = getter.__get__(value)
    return value


_LIBRARIES: tuple[tuple[str, Any], ...] = (
    ("numpy", _numpy),
    ("pandas", _pandas),
    ("polars", _polars),
    ("torch", _torch),
    ("pyarrow", _pyarrow),
    ("xarray", _xarray),
)
