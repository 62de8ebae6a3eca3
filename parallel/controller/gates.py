"""Where a cluster is reached from other hosts: TLS outside, the controller's own sockets inside.

Rules:

1. Who has not proved to have the cluster's certificate reaches nothing: its connection is ended,
   with one line in the log, and nobody else notices.
2. Proofs in progress are bounded, and none takes long. When there are too many, the one that has
   taken longest is let go of: who has the certificate proves it in no time, and waits for nobody.
3. What is carried is not looked at, and what is on its way is bounded for each connection.
4. The proof begins before anything is read: what a reader has taken in would be lost to it.
"""

from __future__ import annotations

import asyncio

from .. import tls
from ..errors import SessionError, WireError
from ..refusals import Refusals

_AT_ONCE = 256  # proofs in progress
_BACKLOG = 512


class Gate:
    """One address, and the Unix socket behind it."""

    def __init__(self, name: str, inside: str) -> None:
        """``inside`` is the path of the socket."""
        self._name, self._inside = name, inside
        self._refusals = Refusals("connection")
        self._proving: dict[asyncio.Task[None], None] = {}  # the oldest first
        self.last_refusal = ""
        """Why a connection was refused last."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._is_open = True

    async def open(self, address: str) -> str:
        """Serve at an address; gives it with its port. Raises :class:`SessionError`."""
        host, port, file = tls.split(address)
        self._context = tls.context_of(file, is_server=True)
        try:
            self._server = await asyncio.start_server(
                self._came, host, port, limit=2**18, backlog=_BACKLOG
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise SessionError(f"The address {host}:{port} cannot be had: {reason}.") from None
        return tls.joined(host, self._server.sockets[0].getsockname()[1], file)

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            tls.prepare(writer)
            await self._prove(task, writer)
            inside = await asyncio.open_unix_connection(self._inside, limit=2**18)
            await tls.carry((reader, writer), inside)
        except OSError as error:
            self._refuse(tls.reason_of(error))
        except asyncio.CancelledError:
            if self._is_open:
                self._refuse("it has proved nothing, and too many others have come since")
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _prove(self, task: asyncio.Task[None], writer: asyncio.StreamWriter) -> None:
        """Have a peer prove what it is. Raises ``OSError`` if it does not."""
        if len(self._proving) >= _AT_ONCE:
            oldest = next(iter(self._proving))
            del self._proving[oldest]
            oldest.cancel()
        self._proving[task] = None
        try:
            await writer.start_tls(self._context, ssl_handshake_timeout=tls.OPEN_SECONDS)
        finally:
            self._proving.pop(task, None)

    def _refuse(self, reason: str) -> None:
        self.last_refusal = reason
        self._refusals.note(self._name, WireError(reason))

    async def close(self) -> None:
        """Serve no more."""
        self._is_open = False
        if self._server is not None:
            self._server.close()
        for each in tuple(self._tasks):
            each.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
