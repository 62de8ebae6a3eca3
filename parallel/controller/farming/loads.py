"""Which engine has room, and which the most, in constant time however many there are. Pure.

Engines with room stand in rows by how many tasks they have. Rules:

1. An engine stands in a row exactly if it has fewer tasks than its credit, is not held back, and
   can be reached.
2. The first row that is not empty is known: it moves by one with a task that is given or ends.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import msgspec

from .policy import Load, Policy


class EngineLoad(Load, kw_only=True, gc=False):
    """An engine's tasks."""

    engine: str
    tasks: OrderedDict[str, float | None] = msgspec.field(default_factory=OrderedDict)
    """In the order in which it runs them, with the seconds that each may run. (The first of a plain
    dict is found behind all that was taken out.)"""
    names: tuple[str, ...] = ()
    """What tasks call it."""
    head_since: float = 0.0
    """When it began with the first of them."""
    is_held_back: bool = False
    """Whether it gets nothing more until its first task ends: others would wait behind it."""
    is_cut_off: bool = False
    """Whether nothing reaches it until it joins anew."""
    row: int | None = None
    is_watched: bool = False
    """Whether a timer looks at what waits behind its first task."""


class Loads:
    """The loads of all engines."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._engines: dict[str, EngineLoad] = {}
        self._rows: list[OrderedDict[str, EngineLoad]] = [OrderedDict()]
        self._first = 0

    def __contains__(self, engine: str) -> bool:
        return engine in self._engines

    def __iter__(self) -> Iterator[str]:
        return iter(self._engines)

    def __len__(self) -> int:
        return len(self._engines)

    def __getitem__(self, engine: str) -> EngineLoad:
        return self._engines[engine]

    def get(self, engine: str) -> EngineLoad | None:
        """An engine's load; None of one that is not there."""
        return self._engines.get(engine)

    def add(self, engine: str, names: tuple[str, ...] = ()) -> EngineLoad:
        """An engine is there, without tasks."""
        load = self._engines[engine] = EngineLoad(engine=engine, names=names)
        self.changed(load)
        return load

    def remove(self, engine: str) -> EngineLoad | None:
        """An engine is gone; gives what it had."""
        load = self._engines.pop(engine, None)
        if load is not None and load.row is not None:
            del self._rows[load.row][engine]
        return load

    def changed(self, load: EngineLoad) -> None:
        """Put an engine into the row where it belongs now."""
        load.outstanding = len(load.tasks)
        is_open = not load.is_held_back and not load.is_cut_off
        has_room = is_open and load.outstanding < max(1, self._policy.credit(load))
        row = load.outstanding if has_room else None
        if row == load.row:
            return
        if load.row is not None:
            del self._rows[load.row][load.engine]
        load.row = row
        if row is None:
            return
        while len(self._rows) <= row:
            self._rows.append(OrderedDict())
        self._rows[row][load.engine] = load
        self._first = min(self._first, row)

    def most_room(self) -> EngineLoad | None:
        """The engine with the fewest tasks of those with room; the one that waits longest first."""
        while self._first < len(self._rows):
            row = self._rows[self._first]
            if row:
                return next(iter(row.values()))
            self._first += 1
        self._first = len(self._rows) - 1
        return None

    def has_room(self, engine: str) -> bool:
        """Whether an engine may be given a task."""
        load = self._engines.get(engine)
        return load is not None and load.row is not None

    def validate(self) -> None:
        """Assert the rules of the module's head."""
        standing = {engine: at for at, row in enumerate(self._rows) for engine in row}
        for engine, load in self._engines.items():
            assert load.outstanding == len(load.tasks)
            assert standing.get(engine) == load.row, engine
            has_room = load.outstanding < max(1, self._policy.credit(load))
            is_open = not load.is_held_back and not load.is_cut_off
            assert (load.row is not None) == (has_room and is_open), engine
        assert set(standing) <= set(self._engines)
        assert all(at >= self._first for at in standing.values())
