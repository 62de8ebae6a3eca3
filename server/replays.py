"""Looking at what a session's journal has of a run, once more."""

from __future__ import annotations

import logging

from ..parallel.errors import SessionError
from ..parallel.messages import RunRecord
from ..parallel.wire import Message
from .live import LiveSession

_log = logging.getLogger(__name__)
_MAXIMUM_EVENTS = 50_000


async def event_at(session: LiveSession, sequence: int) -> Message | None:
    """The event of a number; None if the session cannot tell it."""
    if session.entry is None or sequence < 1:
        return None
    try:
        client = await session.ready()
        async for event in client.events(after=sequence - 1):
            return event if event.metadata["vivo"]["seq"] == sequence else None
    except SessionError as error:
        _log.info("The event %d of %s cannot be read: %s", sequence, session.id, error)
    return None


async def events_of(session: LiveSession, record: RunRecord) -> list[Message]:
    """The events of a run that has ended, in order; none if the session cannot tell them."""
    if session.entry is None or record.seq is None or record.finished is None:
        return []
    found: list[Message] = []
    try:
        client = await session.ready()
        async for event in client.events(after=record.seq - 1):
            vivo = event.metadata["vivo"]
            if vivo.get("run") == record.id:
                found.append(event)
                if event.type == "status" and event.content["execution_state"] == "idle":
                    break
            if vivo["seq"] - record.seq > _MAXIMUM_EVENTS:
                break
    except SessionError as error:
        _log.info("The run %s cannot be read again: %s", record.id, error)
    return found
