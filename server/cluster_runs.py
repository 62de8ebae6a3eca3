"""One cell on several engines: its records there, and the one that is shown for them. Pure.

Rules:

1. What is shown derives from the engines' own run records: each names, as the cell's client, the
   engines that it was sent to, so that a new server knows which are to come.
2. A run has ended when it has on each engine, or that engine is lost. Its end is told once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from ..parallel.messages import RunError, RunOrigin, RunRecord
from .cluster_values import error_of, numbers_of, numbers_text, status_of, values_of
from .values import MAXIMUM_LABEL

_CLIENT = re.compile(r"(?P<client>.*), to engines (?P<engines>[\d, –]+)")
ENDED = ("ok", "error", "aborted")


def client_of(client: str, engines: Sequence[int]) -> str:
    """How a cell that is sent to engines names its client (rule 1)."""
    return f"{client}, to engines {numbers_text(engines)}"


def engines_of(record: RunRecord) -> tuple[int, ...]:
    """The engines that a record's cell was sent to; none if it was sent to its engine alone."""
    found = _CLIENT.fullmatch(record.client)
    return numbers_of(found["engines"]) if found is not None else ()


@dataclass
class ClusterRun:
    """A cell that was sent to engines."""

    id: str
    source: str
    origin: RunOrigin
    engines: tuple[int, ...] = ()
    """Those that it was sent to; none as long as that is not known."""
    queued: float = 0.0
    parts: dict[int, RunRecord] = field(default_factory=dict)
    """Its record on each engine that has one."""
    unheard: set[int] = field(default_factory=set)
    """The engines whose end of it is still to come."""
    has_begun: bool = False
    """Whether it was told that it runs."""
    has_ended: bool = False
    """Whether its end was told."""

    @classmethod
    def of(cls, record: RunRecord) -> ClusterRun:
        """A run that an engine tells of."""
        origin = RunOrigin(
            client=record.client,
            uri=record.uri,
            version=record.version,
            path=record.path,
            first_line=record.first_line,
        )
        engines = engines_of(record)
        return cls(record.id, record.source, origin, engines, record.queued)

    def sent(self, engines: Sequence[int]) -> None:
        """It is sent to these engines now."""
        self.engines = tuple(engines)
        self.unheard = set(engines)

    def take(self, number: int, record: RunRecord) -> None:
        """The newer state of its record on an engine."""
        self.parts[number] = record

    def lose(self, number: int, reason: str, now: float) -> None:
        """An engine is lost, and the run's end there with it (rule 2)."""
        known = self.parts.get(number)
        if known is not None and known.status in ENDED:
            return
        base = known or RunRecord(id=self.id, source=self.source, queued=self.queued)
        error = RunError("EngineLostError", reason)
        self.parts[number] = msgspec.structs.replace(
            base, status="error", finished=now, error=error
        )

    def abort(self, number: int, now: float) -> None:
        """It was taken back before it began on an engine."""
        base = self.parts.get(number) or RunRecord(id=self.id, source=self.source)
        self.parts[number] = msgspec.structs.replace(base, status="aborted", finished=now)

    def ended_on(self) -> list[int]:
        """The engines on which it has ended."""
        return [n for n in self.engines if (p := self.parts.get(n)) and p.status in ENDED]

    def is_done(self) -> bool:
        """Whether it has ended everywhere."""
        return bool(self.engines) and len(self.ended_on()) == len(self.engines)

    def record(self, width: int = MAXIMUM_LABEL) -> RunRecord:
        """What is shown for it: one record, with the values and errors of all."""
        parts = [self.parts[number] for number in self.engines if number in self.parts]
        counts = {part.execution_count for part in parts}
        started = [part.started for part in parts if part.started is not None]
        finished = [part.finished for part in parts if part.finished is not None]
        done = self.is_done()
        states = [*parts] if done or not parts else [*parts, RunRecord("", "", "running")]
        return RunRecord(
            id=self.id,
            source=self.source,
            status=status_of(states),
            client=self.origin.client,
            uri=self.origin.uri,
            version=self.origin.version,
            path=self.origin.path,
            first_line=self.origin.first_line,
            execution_count=counts.pop() if len(counts) == 1 else None,
            queued=self.queued,
            started=min(started, default=None),
            finished=max(finished, default=None) if done else None,
            values=values_of(self.parts, self.engines, width),
            error=error_of(self.parts),
        )
