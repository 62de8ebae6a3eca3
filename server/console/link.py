"""A console's hold on its session: its events from one on, through lost links and new keepers.

Rules:

1. Events come once and in order, also over a reconnection: the next one wanted is known here.
2. A new keeper that comes at once is told by its mark among the events; only one that does not is
   told here, and that it came.
3. A session whose registry entry is gone has ended; one whose keeper is gone may get a new one.
   Both are told to the owner in one sentence.
4. What a cell asks when the console comes, or comes back, is asked here too.
5. No event comes before its owner has looked at the session as it was before them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from ...parallel.client import InputHandler, SessionClient
from ...parallel.errors import SessionError
from ...parallel.messages import PresenceRequest
from ...parallel.registry import Registry, SessionEntry, liveness
from ...parallel.wire import Message

_log = logging.getLogger(__name__)
_LOOK = 0.5  # seconds between looks at the registry
_SILENT = 3  # looks at a session without a keeper before that is said
_PATIENCE = 10  # and before it is said to have ended


class Link:
    """See the module."""

    def __init__(
        self,
        entry: SessionEntry,
        *,
        on_event: Callable[[Message], None],
        on_notice: Callable[[str], None],
        on_input: InputHandler,
    ) -> None:
        self.entry = entry
        self.on_event, self.on_notice, self.on_input = on_event, on_notice, on_input
        self.ended = asyncio.Event()
        """Set when the session is no more."""
        self.last = 0
        self._connected: SessionClient | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._missed = 0

    @property
    def client(self) -> SessionClient:
        """The connection. Raises :class:`SessionError` if nobody was at its other end for a while.

        What is sent before that reaches the next keeper.
        """
        if self._connected is None or self._missed >= _SILENT:
            raise SessionError(f"The session {self.entry.id} is not connected now: try again.")
        return self._connected

    async def open(self, *, past: bool = False) -> dict[str, Any]:
        """Connect; the session as it is: :meth:`follow` begins there, or with its first event.

        Raises :class:`SessionError`.
        """
        client = await SessionClient.connect(self.entry.connection_file, name="console")
        client.on_input = self.on_input
        client.present(PresenceRequest("console", "console"))
        self._connected = client
        session = await client.session()
        self.last = 0 if past else int(session["last"])
        return session

    def follow(self) -> None:
        """Hand on what has happened since :meth:`open`, and what happens from now on."""
        client = self.client
        self._tasks = [
            asyncio.create_task(self._follow(client), name="vivo-console-events"),
            asyncio.create_task(self._watch(client), name="vivo-console-link"),
        ]

    async def close(self) -> None:
        """Let go of the session, which goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._connected is not None:
            await self._connected.close()
            self._connected = None

    async def _follow(self, client: SessionClient) -> None:
        """Hand on the events; the client itself finds a new keeper."""
        while True:
            events = client.events(after=self.last)
            try:
                async with contextlib.aclosing(events):  # type: ignore[type-var]
                    async for event in events:
                        self.last = event.metadata["vivo"]["seq"]
                        self.on_event(event)
            except SessionError as error:
                _log.info("The events stopped: %s", error)
            await asyncio.sleep(_LOOK)

    async def _watch(self, client: SessionClient) -> None:
        """Say when the session is away, is back, or has ended (rules 2 and 3)."""
        session = self.entry.id
        while self._missed < _PATIENCE:
            await asyncio.sleep(_LOOK)
            entry = Registry().get(session)
            if entry is None:
                break
            if liveness(entry) != "live":
                self._missed += 1
                if self._missed == _SILENT:
                    self.on_notice(f"The link to the session {session} is lost; waiting for it.")
            elif self._missed or entry.keeper_pid != self.entry.keeper_pid:
                self.entry = entry
                if self._missed >= _SILENT:
                    self.on_notice(f"Back in the session {session}.")
                self._missed = 0
                await self._take_over(client)
        self._missed = _PATIENCE
        self.on_notice(f"The session {session} has ended.")
        self.ended.set()

    async def _take_over(self, client: SessionClient) -> None:
        """Have what a cell asks asked here: the new keeper asks only the client that ran it."""
        try:
            await client.take_input()
        except SessionError as error:
            _log.info("Whether a cell asks is not known: %s", error)
