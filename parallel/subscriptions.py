"""One subscription to a session's events for all its clients in this process.

A web server has a client of the session for each browser. Were each subscribed by itself, the
session's keeper would send each event as often, and each would be checked and decoded as often: who
looks on would slow down who works. Rules:

1. A client is told each event once, in order, from when it has joined: one that joins later is
   greeted as the first one was, since the subscription is there already.
2. What is told is shared: nobody changes a message.
3. A client that fails over an event keeps it from no other.
4. The subscription ends with its last client.
5. Text that comes in many small pieces is told in fewer, larger ones (:mod:`.gathering`).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import zmq
import zmq.asyncio

from .errors import WireError
from .gathering import Gathering
from .refusals import Refusals
from .wire import Codec, Message

if TYPE_CHECKING:
    from .client import SessionClient
    from .connection import ConnectionInfo

_log = logging.getLogger(__name__)


class Subscription:
    """A socket, and the clients that hear what comes."""

    def __init__(self, connection: ConnectionInfo, socket: zmq.asyncio.Socket) -> None:
        self._socket = socket
        self._codec = Codec(connection.key.encode())
        self._refusals = Refusals()
        self.clients: list[SessionClient] = []
        self._welcome: Message | None = None
        self._gathering = Gathering()
        self._later: asyncio.TimerHandle | None = None
        self._reading = asyncio.create_task(self._read(), name="vivo-iopub")

    def join(self, client: SessionClient) -> None:
        """Rule 1."""
        self.clients.append(client)
        if self._welcome is not None:
            client.heard(self._welcome, 0)

    async def _read(self) -> None:
        while True:
            frames = await self._socket.recv_multipart()
            try:
                message = self._codec.decode(frames)
            except WireError as error:
                self._refusals.note("iopub", error)
                continue
            if message.type == "iopub_welcome":
                self._welcome = message
            now = asyncio.get_running_loop().time()
            self._tell(self._gathering.take(message, sum(map(len, frames)), now))

    def _tell(self, messages: list[tuple[Message, int]]) -> None:
        for message, size in messages:
            for client in tuple(self.clients):
                try:
                    client.heard(message, size)
                except Exception:  # noqa: BLE001 - rule 3, whatever it was
                    _log.exception("A client failed over an event.")
        due = self._gathering.due
        if due is not None and self._later is None:
            self._later = asyncio.get_running_loop().call_at(due, self._flush)

    def _flush(self) -> None:
        self._later = None
        now, due = asyncio.get_running_loop().time(), self._gathering.due
        # What waited when the timer was set may have been told since, and later pieces wait.
        self._tell(self._gathering.flush(now) if due is not None and due <= now else [])

    async def close(self) -> None:
        """End it."""
        if self._later is not None:
            self._later.cancel()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._socket.close()
        self._socket.context.term()


class Subscriptions:
    """Those of this process, by the session that they are of."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Subscription] = {}

    def join(self, client: SessionClient) -> None:
        """Have a client hear its session's events."""
        connection = client.connection
        key = (connection.address("iopub"), connection.key)
        found = self._open.get(key)
        if found is None:
            socket = client.socket_of("iopub", zmq.asyncio.Context())
            found = self._open[key] = Subscription(connection, socket)
        found.join(client)

    async def leave(self, client: SessionClient) -> None:
        """A client hears nothing from now on (rule 4)."""
        for key, subscription in list(self._open.items()):
            if client in subscription.clients:
                subscription.clients.remove(client)
                if not subscription.clients:
                    del self._open[key]
                    await subscription.close()
