"""In and Out: the inputs and values of a session, within a budget.

Rules:

1. ``In[n]`` is the n-th input; ``Out[n]`` its value, if it showed one; ``_``, ``__``, ``___`` are
   the last three values, ``_n`` the n-th; ``_i``, ``_ii``, ``_iii`` and ``_in`` the inputs.
2. The store holds at most ``maximum_count`` values and ``maximum_bytes`` bytes of them: the
   oldest go first, the newest always stays.
3. ``del _30``, ``del Out[30]`` and ``%xdel`` really free the object: the store keeps no other
   reference to it.
4. A name ``_`` that the user has assigned is the user's: it is left alone until deleted.
"""

from __future__ import annotations

import sys
from typing import Any

_LAST = ("_", "__", "___")
_LAST_INPUTS = ("_i", "_ii", "_iii")
_MISSING = object()


class ResultStore:
    """Inputs and values of a shell, kept in step with its namespace."""

    def __init__(
        self, namespace: dict[str, Any], *, maximum_count: int = 1000, maximum_bytes: int = 2**30
    ) -> None:
        self.namespace = namespace
        self.maximum_count = maximum_count
        self.maximum_bytes = maximum_bytes
        self.inputs: list[str] = [""]
        self.outputs: dict[int, Any] = {}
        self._input = ""
        self._sizes: dict[int, int] = {}
        self._ours: dict[str, int] = {}
        """Which of ``_``, ``__``, ``___`` the store has set, and to the id of which value."""
        namespace["In"] = self.inputs
        namespace["Out"] = self.outputs
        namespace.update(dict.fromkeys(_LAST_INPUTS, ""))

    def add_input(self, number: int, source: str) -> None:
        """Keep an input as number ``number``."""
        while len(self.inputs) < number:
            self.inputs.append("")
        if len(self.inputs) == number:
            self.inputs.append(source)
        else:
            self.inputs[number] = source
        held = self.namespace
        # While a cell runs, _i is the input before it.
        held["_iii"], held["_ii"], held["_i"] = held.get("_ii", ""), held.get("_i", ""), self._input
        self._input = source
        held[f"_i{number}"] = source

    def add_value(self, number: int, value: Any) -> None:
        """Keep a value as number ``number``, and make it ``_``."""
        self.outputs[number] = value
        self._sizes[number] = size_of(value)
        self.namespace[f"_{number}"] = value
        self._shift(value)
        self._enforce_budget(number)
        self.validate()

    def _shift(self, value: Any) -> None:
        held = self.namespace
        current = held.get("_", _MISSING)
        if current is not _MISSING and self._ours.get("_") != id(current):
            return  # rule 4
        held["___"] = held.get("__", "")
        held["__"] = "" if current is _MISSING else current
        held["_"] = value
        self._ours = {name: id(held[name]) for name in _LAST}

    def _enforce_budget(self, newest: int) -> None:
        total = sum(self._sizes.values())
        for number in sorted(self.outputs):
            over = len(self.outputs) > self.maximum_count or total > self.maximum_bytes
            if not over or number == newest:
                break
            total -= self._sizes.get(number, 0)
            self.free(number)

    def free(self, number: int) -> None:
        """Forget a value everywhere in the store."""
        value = self.outputs.pop(number, _MISSING)
        self._sizes.pop(number, None)
        if self.namespace.get(f"_{number}", _MISSING) is value:
            self.namespace.pop(f"_{number}", None)
        if value is not _MISSING:
            self._forget_last(value)

    def _forget_last(self, value: Any) -> None:
        for name in _LAST:
            if self.namespace.get(name, _MISSING) is value and self._ours.get(name) == id(value):
                self.namespace[name] = ""
                self._ours[name] = id("")

    def follow_deletions(self) -> None:
        """After a cell: what the user deleted in one place is freed in all (rule 3)."""
        held = self.namespace
        for number in tuple(self.outputs):
            if f"_{number}" not in held:
                self.free(number)
        for number in tuple(self._sizes):
            if number not in self.outputs:  # del Out[number]
                del self._sizes[number]
                value = held.pop(f"_{number}", _MISSING)
                if value is not _MISSING:
                    self._forget_last(value)
        self.validate()

    def free_object(self, value: Any) -> None:
        """Forget a value wherever the store holds it (``%xdel``)."""
        for number in [number for number, held in self.outputs.items() if held is value]:
            self.free(number)
        self._forget_last(value)

    def clear(self) -> None:
        """Forget every value; the inputs stay."""
        for number in tuple(self.outputs):
            self.free(number)

    def forget_names(self) -> None:
        """Take every name of the store out of the namespace."""
        ours = {"In", "Out", *_LAST_INPUTS, *(f"_i{number}" for number in range(len(self.inputs)))}
        ours |= {name for name in _LAST if self._ours.get(name) == id(self.namespace.get(name))}
        for name in ours:
            self.namespace.pop(name, None)

    def validate(self) -> None:
        """Assert that a size is kept for exactly the values that are held, within the count."""
        assert set(self._sizes) >= set(self.outputs) or not self._sizes, "a value without a size"
        assert len(self.outputs) <= max(self.maximum_count, 1), "more values than the budget"


def size_of(value: Any) -> int:
    """An estimate of a value's bytes; the buffers of arrays count.

    Containers count themselves and not what they hold: the estimate is a budget's, and
    must cost nothing.
    """
    for name in ("nbytes", "memory_usage"):
        if type(value).__module__.split(".")[0] not in ("numpy", "pandas", "torch", "jax"):
            break
        try:
            held = getattr(value, name)
            held = held(index=True) if callable(held) else held
            return int(held.sum() if hasattr(held, "sum") else held)
        except Exception:  # noqa: BLE001 - an estimate is not worth an error
            continue
    if isinstance(value, (bytes, bytearray, str)):
        return len(value)
    if isinstance(value, memoryview):
        return value.nbytes
    try:
        return sys.getsizeof(value)
    except Exception:  # noqa: BLE001 - the user's __sizeof__ may raise anything
        return 0
