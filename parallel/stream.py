"""Merging what is replayed with what is live: every event once, in order. Pure.

Theory of operation: a client subscribes first, then asks for what it missed. Live events that
are ahead of the next wanted one are held; replayed ones close the distance. Numbers are
contiguous, so nothing needs to be remembered of what has passed.
"""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")


class EventMerger(Generic[T]):
    """Gives the events after a number, each once and in order, whatever way they come."""

    def __init__(self, after: int = 0) -> None:
        self.last = after
        """The number of the last event given."""
        self._held: list[tuple[int, int, T]] = []
        self._count = 0

    def feed(self, seq: int, event: T) -> list[T]:
        """An event that came: the events that can be given now."""
        if seq > self.last:
            self._count += 1
            heapq.heappush(self._held, (seq, self._count, event))
        return self._ready()

    def skip_to(self, seq: int) -> list[T]:
        """The events up to ``seq`` are lost and known to be: go on after them."""
        self.last = max(self.last, seq)
        return self._ready()

    def _ready(self) -> list[T]:
        ready: list[T] = []
        while self._held and self._held[0][0] <= self.last + 1:
            seq, _, event = heapq.heappop(self._held)
            if seq == self.last + 1:
                self.last = seq
                ready.append(event)
        return ready

    @property
    def missing_after(self) -> int | None:
        """The number after which events are missing, if later ones wait for them."""
        return self.last if self._held else None

    def validate(self) -> None:
        """Assert that what is held is ahead of what was given; tests do after every step."""
        assert all(seq > self.last + 1 for seq, _, _ in self._held), "an event is held for nothing"
