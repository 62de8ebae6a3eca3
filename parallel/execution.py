"""A cell that a client has sent: its reply and its record, whenever they come."""

from __future__ import annotations

import asyncio

from .errors import SessionError
from .messages import RunRecord
from .wire import Message


class Execution:
    """A cell that was sent."""

    def __init__(self, run: str) -> None:
        loop = asyncio.get_running_loop()
        self.id = run
        self.sent: list[bytes] = []
        self._reply: asyncio.Future[Message] = loop.create_future()
        self._record: asyncio.Future[RunRecord] = loop.create_future()

    async def reply(self) -> Message:
        """The ``execute_reply``."""
        return await asyncio.shield(self._reply)

    async def finished(self) -> RunRecord:
        """The run's final record, once every output has come."""
        return await asyncio.shield(self._record)

    def _resolve(self, message: Message) -> None:
        if not self._reply.done():
            self._reply.set_result(message)

    def _finish(self, record: RunRecord) -> None:
        if not self._record.done():
            self._record.set_result(record)

    def _fail(self, error: SessionError) -> None:
        for future in (self._reply, self._record):
            if not future.done():
                future.set_exception(error)
                future.exception()  # nobody may be waiting, and that is no fault
