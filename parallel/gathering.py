"""Text that many are told: small pieces that come fast are told together. Pure.

A cell that prints sends hundreds of pieces a second, and each costs every client of a process as
much as a large one. Rules:

1. What is gathered follows one another, is of one run and of one stream, and carries nothing else.
2. Nothing overtakes what waits: any other message comes after it.
3. The first piece after a pause is told at once; none waits longer than :data:`PAUSE`, and no more
   than :data:`MOST` characters wait.
4. The pieces stay at hand (:attr:`Gathered.parts`): who has had some of them is given the others.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .wire import Message

PAUSE = 0.04
"""Seconds: what is read by people is no faster."""
MOST = 2**18
_PLAIN = frozenset({"seq", "n", "m", "run"})  # beside these a piece says more than its text


class Gathered(Message):
    """Several pieces of text as one, under the number of the last."""

    parts: list[Message] = msgspec.field(default_factory=list)


class Gathering:
    """The pieces that wait, and their sizes in bytes."""

    def __init__(self) -> None:
        self._parts: list[Message] = []
        self._size = self._characters = 0
        self._told = float("-inf")  # when text was told last

    @property
    def due(self) -> float | None:
        """When :meth:`flush` is to be called; None while nothing waits."""
        return self._told + PAUSE if self._parts else None

    def take(self, message: Message, size: int, now: float) -> list[tuple[Message, int]]:
        """A message of that many bytes has come: what is to be told now, with its size."""
        if not _is_plain_text(message):
            return [*self.flush(now), (message, size)]
        ready = [] if not self._parts or _go_together(self._parts[-1], message) else self.flush(now)
        if not self._parts and now - self._told >= PAUSE:
            self._told = now
            return [*ready, (message, size)]
        self._parts.append(message)
        self._size += size
        self._characters += len(message.content["text"])
        return ready + (self.flush(now) if self._characters > MOST else [])

    def flush(self, now: float) -> list[tuple[Message, int]]:
        """What waits, as one message; nothing where nothing does."""
        if not self._parts:
            return []
        parts, size = self._parts, self._size
        self._parts, self._size, self._characters, self._told = [], 0, 0, now
        return [(_joined(parts), size)]

    def validate(self) -> None:
        """Assert the rules of what waits; tests do after every step."""
        assert self._characters == sum(len(each.content["text"]) for each in self._parts) <= MOST
        assert all(map(_go_together, self._parts, self._parts[1:]))


def _is_plain_text(message: Message) -> bool:
    return (
        message.type == "stream"
        and "seq" in message.vivo
        and message.metadata.keys() == {"vivo"}
        and message.vivo.keys() <= _PLAIN
        and isinstance(message.content.get("text"), str)
    )


def _go_together(first: Message, then: Message) -> bool:
    """Whether a piece continues another (rule 1); there may be a hole where an event was lost."""
    return (
        first.vivo["seq"] + 1 == then.vivo["seq"]
        and first.vivo.get("run") == then.vivo.get("run")
        and first.content.get("name") == then.content.get("name")
        and first.parent_id == then.parent_id
    )


def _joined(parts: list[Message]) -> Message:
    last = parts[-1]
    if len(parts) == 1:
        return last
    content: dict[str, Any] = {
        **last.content,
        "text": "".join(each.content["text"] for each in parts),
    }
    return Gathered(last.header, last.parent_header, last.metadata, content, parts=parts)
