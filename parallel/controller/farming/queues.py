"""Tasks that may run, in the order in which they are to: one queue of those. Pure.

Tasks come in the order of their numbers, all but those that come back from an engine: so a queue is
first come, first served, without a comparison, and only those that come back stand in a heap beside
it. What has ended or was given out meanwhile is passed by in its turn.
"""

from __future__ import annotations

import heapq
from collections import deque

from .tasks import Task


class _Row:
    """The tasks of one priority."""

    def __init__(self) -> None:
        self._in_order: deque[Task] = deque()
        self._back: list[tuple[int, Task]] = []
        self._last = 0

    def add(self, task: Task) -> None:
        if task.order > self._last:
            self._last = task.order
            self._in_order.append(task)
        else:
            heapq.heappush(self._back, (task.order, task))

    def take(self) -> Task | None:
        in_order, back = self._in_order, self._back
        while in_order or back:
            if back and (not in_order or back[0][0] <= in_order[0].order):
                task = heapq.heappop(back)[1]
            else:
                task = in_order.popleft()
            if task.state == "ready":
                return task
        return None


class TaskQueue:
    """Tasks that wait for an engine: those of the highest priority first, then as they came."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._priorities: list[int] = []  # a heap of those of the rows, negated

    def add(self, task: Task) -> None:
        """A task may run."""
        row = self._rows.get(task.priority)
        if row is None:
            row = self._rows[task.priority] = _Row()
            heapq.heappush(self._priorities, -task.priority)
        row.add(task)

    def take(self) -> Task | None:
        """Take out the next task; None if there is none."""
        while self._priorities:
            task = self._rows[-self._priorities[0]].take()
            if task is not None:
                return task
            del self._rows[-heapq.heappop(self._priorities)]
        return None
