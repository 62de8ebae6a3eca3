"""The queue of a session as a client sees it. Pure.

Rules:

1. The session alone says what runs and what waits, in its order, whoever sent it: a new server and
   a second editor have the same queue.
2. What was sent from here and not yet heard of stands behind that, in the order it was asked for.
3. A run that has ended is in no queue, however late a word of it comes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..parallel.messages import RunRecord

_REMEMBERED = 10_000


@dataclass
class Queue:
    """The runs of one session that have not ended."""

    _told: dict[str, RunRecord] = field(default_factory=dict)
    _sent: dict[str, RunRecord] = field(default_factory=dict)
    _ended: dict[str, None] = field(default_factory=dict)

    def sent(self, record: RunRecord) -> None:
        """A run was asked for here; the session does not know of it yet."""
        if record.id not in self._told and record.id not in self._ended:
            self._sent[record.id] = record

    def told(self, record: RunRecord) -> None:
        """The session tells of a run."""
        if record.status not in ("queued", "running"):
            self.forget(record.id)
        elif record.id not in self._ended:
            self._sent.pop(record.id, None)
            self._told[record.id] = record

    def forget(self, run: str) -> RunRecord | None:
        """A run has ended, or will never be one; what is known of it."""
        self._ended[run] = None
        if len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]
        sent, told = self._sent.pop(run, None), self._told.pop(run, None)
        return sent or told

    @property
    def running(self) -> list[RunRecord]:
        """What runs: one, and those of subshells beside it."""
        return [each for each in self._told.values() if each.status == "running"]

    @property
    def waiting(self) -> list[RunRecord]:
        """What waits, in order."""
        told = [each for each in self._told.values() if each.status == "queued"]
        return [*told, *self._sent.values()]

    def is_waiting(self, run: str) -> bool:
        """Whether a run is known and has not begun."""
        told = self._told.get(run)
        return run in self._sent or (told is not None and told.status == "queued")
