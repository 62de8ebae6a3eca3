"""Inputs on their way into the history: the engine writes them when it has time. Pure.

Rules:

1. A cell that runs for longer than :data:`SECONDS` has its input in the history: the lane is told.
2. The inputs that an engine may have taken along, of the cell that ran and of those just before it,
   are put there by the keeper, if they are not.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from ..logs import Log
from .instructions import Remember, ToLane

if TYPE_CHECKING:
    from ..messages import RunRecord
    from .parts import Run
    from .state import SessionState

SECONDS = 0.5
_log = Log(__name__)


class Remembering:
    """What of the inputs is still the keeper's to care for."""

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self._told: Run | None = None
        self._ended: deque[RunRecord] = deque()  # not their requests: those are large

    @property
    def deadline(self) -> float | None:
        """When the running cell's input must be written; None if it is, or nothing runs."""
        run = self._state.running
        if run is None or run is self._told or not run.counted:
            return None
        return (run.record.started or 0.0) + SECONDS

    def time_passed(self, now: float) -> None:
        """Have the input of a cell written that runs on (rule 1)."""
        due = self.deadline
        if due is not None and due <= now:
            self._told = self._state.running
            self._state.tell(ToLane({"type": "save"}))

    def ended(self, run: Run, now: float) -> None:
        """A cell has ended, perhaps with its engine."""
        if run.counted:
            self._ended.append(run.record)
        while self._ended and (self._ended[0].finished or 0.0) < now - SECONDS:
            self._ended.popleft()

    def lost(self, now: float) -> None:
        """The engine is gone; what ran with it has ended (rule 2)."""
        last, self._ended = self._ended, deque()
        for record in last:
            is_late = (record.finished or 0.0) >= now - SECONDS
            if is_late and record.execution_count is not None and record.started is not None:
                self._state.tell(Remember(record.execution_count, record.source, record.started))


class LostInputs:
    """Inputs that are to be put into the history at ``path``; nowhere without one."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._waiting: list[Remember] = []
        self._writers: list[threading.Thread] = []

    def add(self, told: Remember) -> None:
        """Take in an input; it is written with the next :meth:`write`."""
        if self._path:
            self._waiting.append(told)

    def write(self) -> None:
        """Write what is not there: on threads, since disks may be slow."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            thread = threading.Thread(target=_write, args=(self._path, each), name="vivo-history")
            thread.start()
            self._writers.append(thread)

    def close(self) -> None:
        """Wait until everything is written."""
        for each in self._writers:
            each.join()


def _write(path: str, told: Remember) -> None:
    from ...core.history import History  # SQLite: few sessions need it here

    history = History(path, report=_log.error)
    try:
        history.add_once(told.line, told.source, told.since)
    finally:
        history.close()
