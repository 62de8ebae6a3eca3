"""Messages that came already, to another client of the same session in this process.

A session publishes an event once, and each subscriber gets the same bytes. Where one process has
many clients of a session, as a web server has, the first that reads them checks and decodes them;
the others compare bytes. Rules:

1. Nothing is taken for checked but the very bytes that were, under the very key.
2. It is bounded, in messages and in bytes; the oldest go first.
3. What is decoded is shared: nobody changes a message.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .wire import Message

MOST_MESSAGES = 512
MOST_BYTES = 32 * 2**20


class DecodedMessages:
    """The last messages of all sessions, by key and signature."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[bytes, bytes], tuple[list[bytes], Message]] = OrderedDict()
        self._size = 0

    def find(self, key: bytes, signature: bytes, frames: list[bytes]) -> Message | None:
        """The message of these bytes, if it was checked under this key."""
        found = self._known.get((key, signature))
        return found[1] if found is not None and found[0] == frames else None

    def put(self, key: bytes, signature: bytes, frames: list[bytes], message: Message) -> None:
        """A message that was checked under a key; one without a key was not."""
        if not key or (key, signature) in self._known:
            return
        self._known[key, signature] = (frames, message)
        self._size += sum(map(len, frames))
        while len(self._known) > MOST_MESSAGES or self._size > MOST_BYTES:
            _, (gone, _) = self._known.popitem(last=False)
            self._size -= sum(map(len, gone))

    def validate(self) -> None:
        """Rule 2."""
        assert len(self._known) <= MOST_MESSAGES
        assert self._size == sum(sum(map(len, frames)) for frames, _ in self._known.values())
        assert self._size <= MOST_BYTES
