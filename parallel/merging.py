"""Merging what is replayed with what is live: every event once, in order. Pure.

Theory of operation: a client subscribes first, then asks for what it missed. Live events that
are ahead of the next wanted one are held; replayed ones close the distance. Numbers are
contiguous, so nothing needs to be remembered of what has passed. Standard library only: clients of
clusters run in any interpreter.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

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

    def feed_several(self, first: int, last: int, event: T) -> list[T] | None:
        """One event in place of all from ``first`` to ``last``: it, where it comes next and none is
        held; else None, and the single ones are to be fed."""
        if self._held or first != self.last + 1:
            return None
        self.last = last
        return [event]

    def skip_to(self, seq: int) -> list[T]:
        """The journal lacks the events up to ``seq``: go on with those of them that came live."""
        ready: list[T] = []
        while self._held and self._held[0][0] <= seq:
            number, _, event = heapq.heappop(self._held)
            if number > self.last:
                self.last = number
                ready.append(event)
        self.last = max(self.last, seq)
        return ready + self._ready()

    def skip_hole(self) -> list[T]:
        """The journal has nothing before the events that are held, and never will: go on with them.

        Live events come in their order, after they were written: what is not there by now was lost.
        """
        return self.skip_to(self._held[0][0] - 1) if self._held else []

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


def merged(
    merger: EventMerger[T],
    content: dict[str, Any],
    buffers: Sequence[Any],
    make: Callable[..., T],
) -> list[T]:
    """The events that a ``vivo_replay_reply`` lets go on, in order.

    ``make`` is given an event's header, parent header, metadata, content and buffers.
    """
    before, left = merger.last, iter(buffers)
    ready: list[T] = []
    for entry in content["events"]:
        if "gap" in entry:
            ready += merger.skip_to(entry["gap"]["last"] or content["last"])
            continue
        parts = (entry[name] for name in ("header", "parent_header", "metadata", "content"))
        event = make(*parts, list(islice(left, entry["buffers"])))
        ready += merger.feed(entry["metadata"]["vivo"]["seq"], event)
    if merger.last == before:  # a full disk, perhaps
        ready += merger.skip_hole()
    return ready
