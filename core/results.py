"""In and Out: the inputs and values of a session, within a budget.

Rules:

1. ``In[n]`` is the n-th input; ``Out[n]`` its value, if it showed one; ``_``, ``__``, ``___`` are
   the last three values, ``_n`` the n-th; ``_i``, ``_ii``, ``_iii`` and ``_in`` the inputs.
2. The store holds at most ``maximum_count`` values and ``maximum_bytes`` bytes of them: the
   oldest go first, the newest always stays.
3. ``del _30``, ``del Out[30]`` and ``%xdel`` really free the object: the store keeps no other
   reference to it.
4. A name ``_`` that the user has assigned is the user's: it is left alone until deleted.
5. What a cell costs here does not grow with the number of values, but for one look in C at whether
   their names are all there still.
6. Every input stays in ``In``, a text that ran often once; the newest ``NAMED_INPUTS`` have names.
"""

from __future__ import annotations

import sys
from typing import Any

from .sizes import size_of

NAMED_INPUTS = 4_000
"""Python makes a namespace's table anew each time that as many names have come as it has room for.
That of 10,000 names is a megabyte: between two of them other things come to lie (``In``), and the
room of both stays the process's."""
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
        self._total = 0
        self._names: set[str] = set()
        """The names ``_n`` under which values are kept."""
        self._ours: dict[str, int] = {}
        """Which of ``_``, ``__``, ``___`` the store has set, and to the id of which value."""
        namespace["In"] = self.inputs
        namespace["Out"] = self.outputs
        namespace.update(dict.fromkeys(_LAST_INPUTS, ""))

    def add_input(self, number: int, source: str) -> None:
        """Keep an input as number ``number``."""
        source = sys.intern(source) if type(source) is str else source
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
        if number > NAMED_INPUTS:
            oldest = number - NAMED_INPUTS
            if held.get(f"_i{oldest}") is self.inputs[oldest]:  # another value is the user's
                del held[f"_i{oldest}"]

    def add_value(self, number: int, value: Any) -> None:
        """Keep a value as number ``number``, and make it ``_``."""
        self.outputs[number] = value
        self._total -= self._sizes.get(number, 0)
        self._sizes[number] = size_of(value)
        self._total += self._sizes[number]
        name = f"_{number}"
        self.namespace[name] = value
        self._names.add(name)
        self._shift(value)
        self.enforce_budget()

    def _shift(self, value: Any) -> None:
        held = self.namespace
        current = held.get("_", _MISSING)
        if current is not _MISSING and self._ours.get("_") != id(current):
            return  # rule 4
        held["___"] = held.get("__", "")
        held["__"] = "" if current is _MISSING else current
        held["_"] = value
        self._ours = {name: id(held[name]) for name in _LAST}

    def enforce_budget(self) -> None:
        """Free the oldest values that are over the budget; the newest always stays."""
        while len(self.outputs) > 1 and (
            len(self.outputs) > self.maximum_count or self._total > self.maximum_bytes
        ):
            self.free(next(iter(self.outputs)))

    def free(self, number: int) -> None:
        """Forget a value everywhere in the store."""
        value = self.outputs.pop(number, _MISSING)
        self._total -= self._sizes.pop(number, 0)
        name = f"_{number}"
        self._names.discard(name)
        held = self.namespace.get(name, _MISSING)
        if value is _MISSING or held is value:  # another value under that name is the user's
            self.namespace.pop(name, None)
            value = held
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
        if not self._names <= held.keys():
            for number in tuple(self._sizes):
                if f"_{number}" not in held:
                    self.free(number)
        if not self._sizes.keys() <= self.outputs.keys():
            for number in tuple(self._sizes):
                if number not in self.outputs:  # del Out[number]
                    self.free(number)

    def free_object(self, value: Any) -> None:
        """Forget a value wherever the store holds it (``%xdel``)."""
        for number in [number for number, held in self.outputs.items() if held is value]:
            self.free(number)
        self._forget_last(value)

    def clear(self) -> None:
        """Forget every value; the inputs stay."""
        for number in tuple(self.outputs):
            self.free(number)

    def clear_inputs(self) -> None:
        """Forget the texts of the inputs; their numbers go on."""
        for number in range(len(self.inputs)):
            self.inputs[number] = ""
            self.namespace.pop(f"_i{number}", None)
        self.namespace.update(dict.fromkeys(_LAST_INPUTS, ""))
        self._input = ""

    def own_names(self) -> set[str]:
        """The names in the namespace that are the store's."""
        ours = {"In", "Out", *_LAST_INPUTS, *(f"_i{number}" for number in range(len(self.inputs)))}
        ours |= self._names
        return ours | {n for n in _LAST if self._ours.get(n) == id(self.namespace.get(n))}

    def forget_names(self) -> None:
        """Take every name of the store out of the namespace."""
        for name in self.own_names():
            self.namespace.pop(name, None)

    def validate(self) -> None:
        """Assert that names and sizes are kept for exactly the values that are held."""
        assert self._sizes.keys() <= self.outputs.keys(), "a size without a value"
        assert self._names == {f"_{number}" for number in self._sizes}, "a name without a value"
        assert self._total == sum(self._sizes.values()), "a total that is not the sum"
