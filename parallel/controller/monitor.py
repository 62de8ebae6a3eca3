"""What a cluster did lately, for who shows it: samples, failures, and what has changed. Pure.

Rules:

1. Everything has the revision in which it came or changed: whoever has a revision is told what is
   newer, and is never told the same twice. Revisions are an epoch's: one controller's.
2. All of it is bounded: ten minutes of samples, the last failures, the ends of tracebacks, and of a
   second's failures the first ones, which are the cause of the others more often than the last.
3. A task's end costs the same however many end in a second: of so many, some are looked at.
"""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec

from ..cluster_messages import EngineFacts, EngineUses, Failure, Samples
from .engines import Engine

SECONDS = 600
"""For how long samples are kept."""
MOST_FAILURES = 50
MOST_IN_A_SECOND = 5
LONGEST_TRACEBACK = 8000
"""Characters."""
_MOST_TIMES = 500  # of tasks in a second, from which medians are taken
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_USES = msgspec.structs.fields(EngineUses)
_COLUMNS = tuple(each.name for each in msgspec.structs.fields(Samples))


class Second:
    """The tasks that ended in one second."""

    def __init__(self) -> None:
        self.done = self.failed = self.failures = 0
        self.latencies: list[float] = []
        self.durations: list[float] = []

    def ended(self, latency: float, duration: float | None, *, is_ok: bool) -> None:
        """A task has ended: how long it took from its submission on, and how long it ran."""
        self.done += is_ok
        self.failed += not is_ok
        _take(self.latencies, latency, self.done + self.failed)
        if duration is not None:
            _take(self.durations, duration, self.done + self.failed)


def _take(times: list[float], value: float, count: int) -> None:
    """Take a value in, or not: each of ``count`` has the same chance to be among them (rule 3)."""
    if len(times) < _MOST_TIMES:
        times.append(value)
    elif (at := random.randrange(count)) < _MOST_TIMES:
        times[at] = value


class Monitor:
    """What there is to tell of a cluster."""

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.revision = 1
        self._facts: dict[int, tuple[int, EngineFacts]] = {}
        self._uses: dict[int, tuple[int, tuple[Any, ...]]] = {}
        self._gone: dict[int, int] = {}
        self._samples: deque[tuple[int, tuple[Any, ...]]] = deque(maxlen=SECONDS)
        self._failures: deque[tuple[int, Failure]] = deque(maxlen=MOST_FAILURES)
        self._last: dict[int, Failure] = {}
        self._second = Second()

    # --- What happens --------------------------------------------------------------------------

    def ended(self, latency: float, duration: float | None, *, is_ok: bool) -> None:
        """A task has ended."""
        self._second.ended(latency, duration, is_ok=is_ok)

    def failed(self, failure: Failure) -> None:
        """Something went wrong (rule 2)."""
        text = _ESCAPES.sub("", failure.traceback)
        if len(text) > LONGEST_TRACEBACK:
            text = f"…{text[-LONGEST_TRACEBACK:]}"
        kept = msgspec.structs.replace(failure, traceback=text, error=failure.error[:1000])
        if failure.engine is not None:
            self._last[failure.engine] = kept
        if self._second.failures < MOST_IN_A_SECOND:
            self._second.failures += 1
            self._failures.append((self.revision + 1, kept))

    def last_failure(self, number: int) -> Failure | None:
        """What went wrong last on an engine."""
        return self._last.get(number)

    def sample(self, now: float, engines: Iterable[Engine], waiting: int, running: int) -> None:
        """A second has passed: what was done in it, and what there is at its end."""
        up = [each for each in engines if each.state in ("up", "stopped")]
        second, self._second = self._second, Second()
        self.revision += 1
        told = (
            int(now),
            len(up),
            round(sum(each.load or 0.0 for each in up), 2),
            sum(each.memory or 0 for each in up) >> 20,
            waiting,
            running,
            second.done,
            second.failed,
            quantile(second.latencies, 0.5),
            quantile(second.latencies, 0.95),
            quantile(second.durations, 0.5),
        )
        self._samples.append((self.revision, told))

    def look(self, engines: Iterable[tuple[Engine, int]]) -> None:
        """Note what has changed of engines, which come with how many tasks each has."""
        revision = self.revision + 1
        here = set()
        changed = False
        for engine, tasks in engines:
            number = engine.number
            here.add(number)
            facts, uses = facts_of(engine), _uses_of(engine, tasks)
            if number not in self._facts or self._facts[number][1] != facts:
                self._facts[number] = revision, facts
                changed = True
            if number not in self._uses or self._uses[number][1] != uses:
                self._uses[number] = revision, uses
                changed = True
            self._gone.pop(number, None)
        for number in self._facts.keys() - here:
            del self._facts[number], self._uses[number]
            self._last.pop(number, None)
            self._gone[number] = revision
            changed = True
        if changed:
            self.revision = revision

    # --- What is told --------------------------------------------------------------------------

    def since(self, epoch: str, after: int) -> dict[str, Any]:
        """What is newer than a revision (rule 1)."""
        is_whole = epoch != self.epoch or not 0 < after <= self.revision
        after = 0 if is_whole else after
        samples = [told for revision, told in self._samples if revision > after]
        uses = [(n, told) for n, (revision, told) in sorted(self._uses.items()) if revision > after]
        columns = zip(*((number, *told) for number, told in uses), strict=True)
        return {
            "epoch": self.epoch,
            "revision": self.revision,
            "is_whole": is_whole,
            "engines": [
                facts for _, (revision, facts) in sorted(self._facts.items()) if revision > after
            ],
            "uses": EngineUses(*map(list, columns)),
            "gone": [number for number, revision in self._gone.items() if revision > after],
            "samples": Samples(*map(list, zip(*samples, strict=True))),
            "failures": [told for at, told in self._failures if after < at <= self.revision],
        }

    def validate(self) -> None:
        """Assert the rules of the module's head."""
        assert self._facts.keys() == self._uses.keys()
        assert not self._facts.keys() & self._gone.keys()
        assert all(len(told) == len(_COLUMNS) for _, told in self._samples)
        assert all(len(told) == len(_USES) - 1 for _, told in self._uses.values())
        revisions = [r for r, _ in (*self._facts.values(), *self._uses.values(), *self._samples)]
        assert all(revision <= self.revision for revision in (*revisions, *self._gone.values()))
        assert all(revision <= self.revision + 1 for revision, _ in self._failures)


def facts_of(engine: Engine) -> EngineFacts:
    """What seldom changes of an engine."""
    told = engine.told
    return EngineFacts(
        engine.number,
        engine.id,
        engine.state,  # type: ignore[arg-type]
        engine.reason,
        told.get("host"),
        told.get("rank"),
        told.get("engine_pid"),
        told.get("python"),
        told.get("python_version"),
    )


def _uses_of(engine: Engine, tasks: int) -> tuple[Any, ...]:
    memory = engine.memory
    megabytes = memory >> 20 if memory is not None else None
    return engine.load, megabytes, tasks, engine.done, engine.failed


def quantile(values: list[float], share: float) -> float | None:
    """The value that a share of some lie below; None of none."""
    if not values:
        return None
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 6)
