"""How many bytes a value holds: an estimate for a budget, made without user code.

Rules:

1. What a value keeps alive counts: the buffers of arrays (a view's is the whole array that it
   looks into), the items of containers, the attributes of objects; each object once.
2. No user code runs. A library of :data:`_MEASURES` is asked about values of its own types.
3. At most :data:`_MAXIMUM_VISITED` objects are looked at; a sample stands for a longer container.
4. Not counted is what is shared: modules and their namespaces, classes, functions, frames, the
   shell; and what takes no memory: files mapped into it, arrays repeated without being copied.
"""

from __future__ import annotations

import gc
import itertools
import sys
import types
from collections import deque
from collections.abc import Callable
from typing import Any

from .safe import class_attribute, first_items, issubclass_exact, mro_of, type_module

_MAXIMUM_VISITED = 2000
_MAXIMUM_DEPTH = 50
_SAMPLE = 1000  # items of a container that is longer, and of an array of objects
_OURS = __name__.partition(".")[0]
# By id, here and below: a metaclass of the user's may have a hash or an equality of its own.
_ATOMS = frozenset(map(id, (int, float, complex, bool, str, bytes, bytearray, type(None), range)))
_SHARED = frozenset(
    map(
        id,
        (
            *(types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.CodeType),
            *(types.FrameType, types.TracebackType),
            *(types.MethodDescriptorType, types.GetSetDescriptorType),
        ),
    )
)
_CONTAINERS: dict[int, Any] = {
    id(base): base for base in (dict, list, tuple, set, frozenset, deque)
}
_MEASURES: dict[str, Callable[[Any], Any]] = {
    "torch": lambda value: value.nbytes,
    "jaxlib": lambda value: value.nbytes,
    "pyarrow": lambda value: value.nbytes,
    "cupy": lambda value: value.nbytes,
    "polars": lambda value: value.estimated_size(),
}


def size_of(value: object) -> int:
    """An estimate of the bytes that a value keeps alive. Never raises, runs no user code."""
    if id(type(value)) in _ATOMS:
        return sys.getsizeof(value)
    return int(_Meter().size(value, 0))


def is_array(value: object) -> bool:
    """Whether a value is an array of numpy's."""
    array = vars(sys.modules["numpy"]).get("ndarray") if "numpy" in sys.modules else None
    return array is not None and issubclass_exact(type(value), array)


class _Meter:
    """One estimate: what was seen, and how many objects may still be looked at."""

    def __init__(self) -> None:
        self._left = _MAXIMUM_VISITED
        self._seen: set[int] = set()

    def size(self, value: object, depth: int) -> float:
        """The bytes of a value that ``depth`` others lead to."""
        if id(value) in self._seen:
            return 0
        self._seen.add(id(value))
        self._left -= 1
        kind = type(value)
        if id(kind) in _ATOMS:
            return sys.getsizeof(value)
        if id(kind) in _CONTAINERS:
            inside = self._items(value, kind, depth) if depth < _MAXIMUM_DEPTH else 0
            return sys.getsizeof(value) + inside
        if id(kind) in _SHARED or issubclass_exact(kind, type):
            return 0
        root = type_module(kind).partition(".")[0]
        if root == _OURS:
            return 0
        measured = self._buffer(value, root, depth)
        if measured is not None:
            return measured
        own: float = own_size(value)
        if depth >= _MAXIMUM_DEPTH:
            return own
        base = _container_of(kind)
        if base is None:
            attributes: tuple[Any, ...] = tuple(gc.get_referents(value))
            return own + self._attributes(attributes, depth)
        own += self._items(value, base, depth)
        return own + self._attributes(_extra_attributes(value), depth)

    def _items(self, value: Any, base: Any, depth: int) -> float:
        """The bytes of a container's items."""
        count = base.__len__(value)
        if base is not dict:
            return self._sum(_sample(value, base, count), count, depth)
        if _is_namespace(value):
            return 0
        keys = self._sum(first_items(dict.keys(value), _SAMPLE), count, depth)
        return keys + self._sum(first_items(dict.values(value), _SAMPLE), count, depth)

    def _sum(self, sample: tuple[Any, ...], count: int, depth: int) -> float:
        """The bytes of ``count`` items, as far as a sample of them can be looked at."""
        total = 0.0
        looked = 0
        for item in sample:
            if self._left <= 0:
                break
            total += self.size(item, depth + 1)
            looked += 1
        return total * count / looked if looked else 0

    def _attributes(self, held: tuple[Any, ...], depth: int) -> float:
        """The bytes of what an object holds in its attributes and slots."""
        return self._sum(held[:_SAMPLE], min(len(held), _SAMPLE), depth)

    # --- Buffers ---------------------------------------------------------------------------

    def _buffer(self, value: Any, root: str, depth: int) -> float | None:
        """The bytes of an array, or of another thing whose memory no reference shows."""
        kind = type(value)
        if kind is memoryview:
            return self._viewed(value, depth)
        if root == "mmap":
            return 0
        if is_array(value):
            return self._array(value, vars(sys.modules["numpy"])["ndarray"], depth)
        if root in _MEASURES:
            try:
                return int(_MEASURES[root](value))
            except Exception:  # noqa: BLE001 - a library raises what it likes; then it is any object
                return None
        return None

    def _viewed(self, view: memoryview, depth: int) -> float:
        try:
            return self.size(view.obj, depth + 1)
        except ValueError:
            return 0  # it was released

    def _array(self, value: Any, array: Any, depth: int) -> float:
        """The bytes of the array that owns the memory which ``value`` shows."""
        base_of, bytes_of = array.__dict__["base"].__get__, array.__dict__["nbytes"].__get__
        owner = value
        while issubclass_exact(type(base := base_of(owner)), array):
            owner = base
        if owner is not value:
            if id(owner) in self._seen:
                return 0
            self._seen.add(id(owner))
        root = type_module(type(base)).partition(".")[0]
        is_shown = type(base) is memoryview or id(type(base)) in _ATOMS
        if base is not None and (is_shown or root in ("mmap", "numpy")):
            return self.size(base, depth + 1)
        total = float(bytes_of(owner))
        if array.__dict__["dtype"].__get__(owner).hasobject and depth < _MAXIMUM_DEPTH:
            items = array.__dict__["flat"].__get__(owner)
            count = array.__dict__["size"].__get__(owner)
            total += self._sum(tuple(itertools.islice(items, _SAMPLE)), count, depth)
        return total


def _container_of(kind: type) -> Any:
    """The built-in container that a type is, or is made from; None if it is none."""
    for entry in mro_of(kind):
        if id(entry) in _CONTAINERS:
            return _CONTAINERS[id(entry)]
    return None


def _extra_attributes(value: object) -> tuple[Any, ...]:
    """What an object of a class made from a container holds beside its items."""
    held = class_attribute(type(value), "__dict__")
    if type(held) is not types.GetSetDescriptorType:
        return ()
    own = held.__get__(value)
    return first_items(dict.values(own), _SAMPLE) if type(own) is dict else ()


def _sample(value: Any, base: Any, count: int) -> tuple[Any, ...]:
    """Some items of a container: all if they are few, from all over where that costs nothing."""
    if base in (list, tuple) and count > _SAMPLE:
        return tuple(base.__getitem__(value, slice(None, None, count // _SAMPLE)))
    return first_items(base.__iter__(value), _SAMPLE)


def _is_namespace(value: dict[Any, Any]) -> bool:
    """Whether a dict is a module's: those begin with its name."""
    first = first_items(dict.keys(value), 1)
    return bool(first) and type(first[0]) is str and first[0] == "__name__"


def own_size(value: object) -> int:
    """The bytes of an object itself, without what it refers to; its own code is not asked."""
    if type(class_attribute(type(value), "__sizeof__")) is types.MethodDescriptorType:
        return sys.getsizeof(value)
    return object.__sizeof__(value)  # the user's own might do anything
