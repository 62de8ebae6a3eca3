"""Interrupting from an editor, to the end: who interrupts a cell a third time is asked.

The session's own ladder shows at the second interrupt what the cell is doing. Only the user's word
ends its process: by this question, or by ``force`` in the command.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from ...parallel.errors import SessionError
from ..live import LiveSession

if TYPE_CHECKING:
    from .server import VivoServer

_ASKED_AT = 3
END, WAIT = "End the Python process", "Wait"
QUESTION = (
    "The cell does not end with an interrupt. End the session's Python process? Its variables are "
    "lost; what was printed stays, and a fresh process takes the next cell."
)


class Insisting:
    """Counts the interrupts of what runs."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self._run: str | None = None
        self._count = 0
        self._asking: asyncio.Task[None] | None = None

    async def interrupt(self, session: LiveSession, run: str | None, *, force: bool) -> str:
        """Interrupt a run, or what runs; the outcome by name."""
        target = run or session.running
        outcome = await session.interrupt(run, force=force)
        if outcome != "interrupted" or force or target is None:
            return outcome
        self._count = self._count + 1 if target == self._run else 1
        self._run = target
        is_open = self._asking is not None and not self._asking.done()
        if self._count >= _ASKED_AT and not is_open:
            self._asking = asyncio.get_running_loop().create_task(self._ask(session, target))
        return outcome

    async def _ask(self, session: LiveSession, run: str) -> None:
        actions = [types.MessageActionItem(END), types.MessageActionItem(WAIT)]
        params = types.ShowMessageRequestParams(types.MessageType.Warning, QUESTION, actions)
        answer = await self._server.window_show_message_request_async(params)
        if answer is None or answer.title != END:
            return
        try:
            if await session.interrupt(run, force=True) != "engine_ended":
                self._server.show_message(
                    "The cell has ended meanwhile: its process goes on.", types.MessageType.Info
                )
        except SessionError as error:
            self._server.show_message(str(error))
