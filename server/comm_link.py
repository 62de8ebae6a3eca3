"""Messages of comms on their way to a session, each until the session has handled it.

Rules:

1. A message is handled when its idle status has come, or that of one sent after it.
2. Statuses have no number and may be lost: after a while of silence the session is asked whether
   anything runs.
3. What was on its way when the connection ends is lost, and is an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ..parallel.client import SessionClient
from ..parallel.errors import SessionError
from ..parallel.stream import Listener
from ..parallel.wire import Message

_SILENCE = 5.0
_LOST = "The session's process ended before it had the message. Try again."


class CommLink(Listener):
    """Sends comm messages to one client's session."""

    def __init__(self, client: SessionClient) -> None:
        super().__init__()
        self._client = client
        self._waiting: dict[str, asyncio.Future[None]] = {}
        client._listeners.append(self)

    async def send(
        self,
        kind: str,
        content: dict[str, Any],
        message_id: str,
        *,
        metadata: dict[str, Any] | None = None,
        buffers: Sequence[bytes] = (),
    ) -> None:
        """Send a message, and return once it has been handled. Raises :class:`SessionError`."""
        client = self._client
        if client._is_closed:
            raise SessionError(_LOST)
        handled = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = handled
        frames = client.codec.encode(
            kind, content, metadata=metadata, buffers=list(buffers), message_id=message_id
        )
        try:
            await client._sockets["shell"].send_multipart(frames)
            while not handled.done():
                await asyncio.wait([handled], timeout=_SILENCE)
                if not handled.done() and await self._is_free():
                    break
            if handled.done():
                handled.result()
        finally:
            self._waiting.pop(message_id, None)

    async def _is_free(self) -> bool:
        """Whether the session does nothing: then it has handled all that came (rule 2)."""
        told = await self._client.session()
        return told["state"] == "idle" and told["running"] is None

    def offer(self, message: Message, size: int) -> None:
        """An event of the session's: is it the end of one of ours?"""
        if message.type == "status" and message.content.get("execution_state") == "idle":
            parent = message.parent_id or ""
            if parent not in self._waiting:
                return
            for each, handled in self._waiting.items():
                if not handled.done():
                    handled.set_result(None)
                if each == parent:
                    return

    def renewed(self) -> None:
        """Somebody was greeted; a lost status is made up for by rule 2."""

    def close(self) -> None:
        """The connection ends."""
        for handled in self._waiting.values():
            if not handled.done():
                handled.set_exception(SessionError(_LOST))
