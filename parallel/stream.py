"""The live events that wait for those who read them."""

from __future__ import annotations

import asyncio

from .gathering import Gathered
from .merging import EventMerger
from .wire import Message

_HELD_EVENTS = 5000
_HELD_BYTES = 64 * 2**20
RENEWED = Message({"msg_id": "", "msg_type": "renewed"})
"""To those who read events: some may be missing."""


class Listener:
    """The live events that wait for one who reads them, bounded in number and in bytes.

    Whoever is slower misses some, and asks for them by their numbers.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[Message | None, int]] = asyncio.Queue()
        self._bytes = 0
        self._is_renewed = False

    def offer(self, message: Message, size: int) -> None:
        """An event of that many bytes: taken if there is room, or nothing waits."""
        has_room = self._queue.qsize() < _HELD_EVENTS and self._bytes + size <= _HELD_BYTES
        if has_room or self._queue.empty():
            self._queue.put_nowait((message, size))
            self._bytes += size

    def renewed(self) -> None:
        """Some events may be missing: told once, until that was read."""
        if not self._is_renewed:
            self._is_renewed = True
            self._queue.put_nowait((RENEWED, 0))

    def close(self) -> None:
        """There are no more events."""
        self._queue.put_nowait((None, 0))

    async def get(self) -> Message | None:
        """The next event; None when there are no more."""
        message, size = await self._queue.get()
        self._bytes -= size
        self._is_renewed = self._is_renewed and message is not RENEWED
        return message


def given(merger: EventMerger[Message], message: Message) -> list[Message]:
    """The events that a live message lets go on, in order: none for one that has no number."""
    seq = message.vivo.get("seq")
    if seq is None:
        return []
    if not isinstance(message, Gathered):
        return merger.feed(seq, message)
    whole = merger.feed_several(message.parts[0].vivo["seq"], seq, message)
    if whole is not None:
        return whole
    return [event for part in message.parts for event in merger.feed(part.vivo["seq"], part)]
