"""The engines of a cluster, as its controller knows them. Pure, but for the clock of `lives`.

Rules:

1. An engine is known by its session's id; its number is for people, and stays its own.
2. It is *up* from its hello until its process ends, its keeper is gone, or nothing was heard of it
   for :data:`SILENCE` seconds; what was silent and speaks again is asked for a new hello.
3. A number that is free again is given to the next engine that is started.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec

SILENCE = 4.0
"""Seconds without a sign of life, after which an engine counts as lost; they come every second."""


class Engine(msgspec.Struct):
    """An engine of the cluster."""

    id: str
    number: int
    told: dict[str, Any]
    """Its hello."""
    state: str = "up"
    """``up``, ``dead`` (its process ended; the keeper answers), ``stopped`` or ``silent``."""
    heard: float = 0.0
    """When it was heard of last, in seconds since the epoch."""
    sign: float = 0.0
    """The same by a clock that nobody sets."""
    reason: str = ""
    """Why it is not up."""
    memory: int | None = None
    """Bytes that its process has in memory."""
    load: float | None = None
    """Processors that it keeps busy."""
    done: int = 0
    failed: int = 0
    functions: set[str] = msgspec.field(default_factory=set)
    """Those that its process was given."""

    @property
    def keeper_pid(self) -> int:
        """Its keeper's process, on its host."""
        return int(self.told.get("keeper_pid") or 0)


class Engines:
    """All engines of a cluster."""

    def __init__(self) -> None:
        self._by_id: dict[str, Engine] = {}
        self._ordered: set[int] = set()  # numbers that were asked for and have not said hello
        self.unstarted: dict[int, str] = {}
        """Why the engines of these numbers have not started, until the numbers are given again."""

    def __iter__(self) -> Iterator[Engine]:
        return iter(sorted(self._by_id.values(), key=lambda each: each.number))

    def get(self, engine: str) -> Engine | None:
        """The engine of an id."""
        return self._by_id.get(engine)

    def free_numbers(self, count: int) -> list[int]:
        """The numbers for engines that are to be started (rule 3); they are taken by this."""
        taken = {each.number for each in self._by_id.values()} | self._ordered
        found = [number for number in range(len(taken) + count) if number not in taken][:count]
        self._ordered |= set(found)
        for number in found:
            self.unstarted.pop(number, None)
        return found

    def expect(self, number: int) -> None:
        """Another engine is to take the place of one that is not up."""
        self._ordered.add(number)

    def not_coming(self, numbers: list[int], reason: str) -> bool:
        """Those of these that have not said hello do not come; whether there are any."""
        missing = self._ordered & set(numbers)
        self.unstarted.update(dict.fromkeys(missing, reason))
        self._ordered -= missing
        return bool(missing)

    @property
    def awaited_numbers(self) -> set[int]:
        """The numbers of those that have been asked for and have not said hello."""
        return set(self._ordered)

    @property
    def awaited(self) -> int:
        """How many have been asked for and have not said hello."""
        return len(self._ordered)

    def hello(self, engine: str, told: dict[str, Any], now: float, clock: float) -> Engine:
        """An engine says hello; a process that is another than before has no functions."""
        known = self._by_id.get(engine)
        number = int(told["number"])
        self._ordered.discard(number)
        self.unstarted.pop(number, None)  # it has come after all
        if known is None:
            known = self._by_id[engine] = Engine(engine, number, told)
            is_fresh = True
        else:
            is_fresh = known.told.get("engine_pid") != told.get("engine_pid")
        known.told, known.heard, known.sign = told, now, clock
        known.state, known.reason = "up", ""
        if told.get("state") == "dead":
            known.state, known.reason = "dead", told.get("reason") or "its process has ended"
        if is_fresh:
            known.functions.clear()
        return known

    def beat(self, engine: str, told: dict[str, Any], now: float, clock: float) -> Engine | None:
        """A sign of life; None of an engine that is to say hello first (rule 2)."""
        known = self._by_id.get(engine)
        if known is None or known.state == "silent":
            return None
        known.heard, known.sign = now, clock
        known.memory = told.get("memory", known.memory)
        known.load = told.get("load")
        if known.state in ("up", "stopped"):
            known.state = "stopped" if told.get("is_stopped") else "up"
        return known

    def lives(self, engine: str) -> bool:
        """Whether an engine is up, and has given a sign of life within two seconds."""
        known = self._by_id.get(engine)
        return known is not None and known.state == "up" and time.monotonic() - known.sign < 2.0

    def lost(self, engine: str, state: str, reason: str) -> Engine | None:
        """An engine is not up any more."""
        known = self._by_id.get(engine)
        if known is not None:
            known.state, known.reason, known.load = state, reason, None
            known.functions.clear()
        return known

    def gone(self, engine: str) -> None:
        """An engine was taken out of the cluster, or nothing can bring it back."""
        self._by_id.pop(engine, None)

    def silent(self, clock: float) -> list[Engine]:
        """Those of which nothing was heard for too long."""
        states = ("up", "stopped", "dead")
        return [each for each in self if each.state in states and clock - each.sign > SILENCE]

    def status(self) -> list[dict[str, Any]]:
        """What is told of each."""
        return [told_of(each) for each in self]

    def numbered(self, number: int) -> Engine | None:
        """The engine of a number."""
        return next((each for each in self._by_id.values() if each.number == number), None)


_SHOWN = (
    "connection",
    "host",
    "is_apart",
    "cwd",
    "python",
    "python_version",
    "engine_pid",
    "keeper_pid",
    "rank",
)


def told_of(engine: Engine) -> dict[str, Any]:
    """What is told of an engine."""
    return {
        "id": engine.id,
        "number": engine.number,
        "state": engine.state,
        "reason": engine.reason,
        "heard": engine.heard,
        "memory": engine.memory,
        "load": engine.load,
        "done": engine.done,
        "failed": engine.failed,
        **{name: engine.told.get(name) for name in _SHOWN},
    }
