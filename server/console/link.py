"""A console's hold on its session: its events from one on, through lost links and new keepers.

Rules:

1. Events come once and in order, also over a reconnection: the next one wanted is known here.
2. A session whose registry entry is gone has ended; one whose keeper is gone may get a new one.
   Both are told to the owner in one sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from ...parallel.client import InputHandler, SessionClient
from ...parallel.errors import ConnectionFileError, SessionError
from ...parallel.registry import Registry, SessionEntry, liveness
from ...parallel.wire import Message

_log = logging.getLogger(__name__)
_LOOK = 0.5  # seconds between looks at the registry
_PATIENCE = 10  # looks at a session without a keeper before it is said to have ended


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
        self.connected: SessionClient | None = None
        """The connection, while there is one."""
        self._task: asyncio.Task[None] | None = None

    @property
    def client(self) -> SessionClient:
        """The connection. Raises :class:`SessionError` while there is none."""
        if self.connected is None:
            raise SessionError(f"The session {self.entry.id} is not connected now: try again.")
        return self.connected

    async def open(self) -> None:
        """Connect, and follow the session from now on. Raises :class:`SessionError`."""
        self.connected = await self._connect()
        self.last = int((await self.connected.session())["last"])
        self._task = asyncio.create_task(self._hold(), name="vivo-console-link")

    async def close(self) -> None:
        """Let go of the session, which goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.connected is not None:
            await self.connected.close()
            self.connected = None

    async def _connect(self) -> SessionClient:
        client = await SessionClient.connect(self.entry.connection_file, name="console")
        client.on_input = self.on_input
        return client

    async def _hold(self) -> None:
        while True:
            follower = asyncio.create_task(self._follow(), name="vivo-console-events")
            try:
                await self._until_lost(follower)
            finally:
                follower.cancel()
                await asyncio.gather(follower, return_exceptions=True)
            client, self.connected = self.client, None
            await client.close()
            self.on_notice(f"The link to the session {self.entry.id} is lost; waiting for it.")
            if not await self._back():
                self.on_notice(f"The session {self.entry.id} has ended.")
                self.ended.set()
                return
            self.on_notice(f"Back in the session {self.entry.id}.")

    async def _follow(self) -> None:
        events = self.client.events(after=self.last)
        async with contextlib.aclosing(events):  # type: ignore[type-var]
            async for event in events:
                self.last = event.metadata["vivo"]["seq"]
                self.on_event(event)

    async def _until_lost(self, follower: asyncio.Task[None]) -> None:
        """Return when the keeper is gone, or is another, or the events stopped."""
        while not follower.done():
            await asyncio.wait([follower], timeout=_LOOK)
            entry = Registry().get(self.entry.id)
            if entry is None or entry.keeper_pid != self.entry.keeper_pid:
                return
            if liveness(entry) != "live":
                return
        if not follower.cancelled() and follower.exception() is not None:
            _log.info("The events stopped: %s", follower.exception())

    async def _back(self) -> bool:
        """Wait until the session can be reached again; False if it has ended."""
        missed = 0
        while missed < _PATIENCE:
            entry = Registry().get(self.entry.id)
            if entry is None:
                return False
            if liveness(entry) == "live":
                self.entry = entry
                try:
                    self.connected = await self._connect()
                except (SessionError, ConnectionFileError) as error:
                    _log.info("The session %s does not answer: %s", entry.id, error)
                else:
                    return True
            else:
                missed += 1
            await asyncio.sleep(_LOOK)
        return False
