"""What a replay gives: events of the journal as they are, unread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ..journal import Event, Gap

_REPLAY_BYTES = 32 * 2**20


def replayed(items: Iterable[Event | Gap], limit: int) -> tuple[list[Any], list[bytes]]:
    """At most ``limit`` entries of a ``vivo_replay_reply``, and the buffers of all."""
    events: list[Any] = []
    buffers: list[bytes] = []
    size = 0
    for item in items:
        if len(events) >= limit or size > _REPLAY_BYTES:
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
    return events, buffers
