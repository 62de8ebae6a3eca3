"""What a replay gives: events of the journal as they are, unread."""

from __future__ import annotations

from typing import Any

import msgspec

from ..journal import Event, Journal
from .instructions import Replay, Reply

_REPLAY_BYTES = 32 * 2**20


def replayed(replay: Replay, journal: Journal) -> Reply:
    """The reply of a replay: as many events as it may have, and the buffers of all."""
    events: list[Any] = []
    buffers: list[bytes] = []
    size = 0
    for item in journal.read(replay.after):
        if len(events) >= replay.limit or size > _REPLAY_BYTES:
            break
        if isinstance(item, Event):
            header, parent, metadata, told = map(msgspec.Raw, item.parts[:4])
            events.append(
                {
                    "header": header,
                    "parent_header": parent,
                    "metadata": metadata,
                    "content": told,
                    "buffers": len(item.parts) - 4,
                }
            )
            buffers += item.parts[4:]
            size += sum(map(len, item.parts))
        else:
            gap = {"first": item.first, "last": item.last, "reason": item.reason}
            events.append({"gap": gap})
    content = {**replay.reply.content, "events": events}
    return msgspec.structs.replace(replay.reply, content=content, buffers=buffers)
