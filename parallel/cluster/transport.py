"""How messages get to a session or a controller: an interface, and ZMTP over sockets behind it.

Whoever wants another way (a tunnel, another wire) writes a :class:`Transport` and enters it in
:data:`TRANSPORTS` under the scheme of its addresses. Rules:

1. A transport carries messages whole, in order, and says when it can carry no more; it does not
   connect again: that is the link's matter, which knows what must be sent anew.
2. It knows nothing of what the frames mean: they are authenticated by who receives them.
3. Everything here runs on one event loop, and nothing of it waits for the peer.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from .. import tls
from .errors import ClusterError, RefusedError, ZmtpError
from .zmtp import Connection, Frame, SocketType, encoded, ping

_log = logging.getLogger(__name__)
_OPEN_SECONDS = 5.0
_AT_ONCE = 64  # pieces that one system call takes
_TURNS = 32  # times that one socket is read before the others have their turn

Receiver = Callable[[list[Frame]], None]
Closed = Callable[[str], None]


class Transport(Protocol):
    """A way to one peer."""

    async def open(self, receive: Receiver, closed: Closed) -> None:
        """Connect. Each message that comes is given to ``receive``; when nothing can come any more,
        and :meth:`close` was not called, ``closed`` is told why, in a few words.

        Raises ``OSError`` or :class:`ClusterError` if nobody is there.
        """

    def send(self, frames: Sequence[Frame]) -> None:
        """Send a message; it waits here as long as the peer does not take it."""

    def probe(self) -> None:
        """Have the peer's machinery give a sign of life, if the transport knows such a thing."""

    @property
    def heard(self) -> float:
        """When anything was last received, by the loop's clock."""

    def close(self) -> None:
        """Let go of the connection. What waits is dropped."""


class ZmtpTransport:
    """ZMTP 3.0 over a Unix socket (``ipc://PATH``) or TCP (``tcp://HOST:PORT``)."""

    def __init__(self, address: str, socket_type: SocketType, identity: bytes = b"") -> None:
        self._address = address
        self._connection = Connection(socket_type, identity)
        self._waiting: deque[memoryview] = deque()
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop
        self._ready: asyncio.Future[None]
        self._receive: Receiver
        self._closed: Closed
        self._is_writing = False
        self.heard = 0.0

    async def _connected(self) -> socket.socket:
        """A socket that leads to the peer."""
        made, target = _socket_for(self._address)
        try:
            made.setblocking(False)
            await asyncio.wait_for(self._loop.sock_connect(made, target), _OPEN_SECONDS)
            if made.family != socket.AF_UNIX:
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            made.close()
            raise
        return made

    async def open(self, receive: Receiver, closed: Closed) -> None:
        """Connect and greet; see :class:`Transport`."""
        self._receive, self._closed = receive, closed
        self._loop = asyncio.get_running_loop()
        self._ready = self._loop.create_future()
        made = self._socket = await self._connected()
        self.heard = self._loop.time()
        self._loop.add_reader(made, self._readable)
        self._write([self._connection.greeting])
        try:
            await asyncio.wait_for(self._ready, _OPEN_SECONDS)
        except asyncio.TimeoutError:
            self.close()
            raise ClusterError(f"{self._address} has not greeted in {_OPEN_SECONDS:g} s.") from None
        except BaseException:
            self.close()
            raise

    def send(self, frames: Sequence[Frame]) -> None:
        """Send a message; once the connection is closed it is dropped, as what was on its way."""
        if self._socket is not None:
            self._write(encoded(frames))

    def probe(self) -> None:
        """Ask the peer for a sign of life."""
        if self._socket is not None:
            self._write([ping()])

    def close(self) -> None:
        """Let go of the connection."""
        made, self._socket = self._socket, None
        if made is not None:
            self._loop.remove_reader(made)
            if self._is_writing:
                self._loop.remove_writer(made)
            made.close()
        self._waiting.clear()

    def _end(self, error: Exception) -> None:
        if self._socket is None:
            return
        self.close()
        if not self._ready.done():
            self._ready.set_exception(error)
        else:
            self._closed(str(error))

    # --- Receiving -------------------------------------------------------------------------

    def _readable(self) -> None:
        connection = self._connection
        for _ in range(_TURNS):
            made = self._socket
            if made is None:
                return  # it was closed by what a message led to
            room = connection.buffer()
            try:
                count = made.recv_into(room)
                messages = connection.received(count) if count else []
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:  # ZmtpError is one
                self._end(error)
                return
            if not count:
                self._end(ConnectionResetError("the peer has closed the connection"))
                return
            self.heard = self._loop.time()
            if connection.is_ready and not self._ready.done():
                self._ready.set_result(None)
            for each in messages:
                self._receive(each)
            if connection.outgoing:
                self._write([b"".join(connection.outgoing)])
                connection.outgoing.clear()
            if count < len(room):
                return

    # --- Sending ---------------------------------------------------------------------------

    def _write(self, pieces: Sequence[Frame]) -> None:
        self._waiting.extend(memoryview(each).cast("B") for each in pieces if len(each))
        if not self._is_writing:
            self._writable()

    def _writable(self) -> None:
        made, waiting = self._socket, self._waiting
        while waiting and made is not None:
            try:
                if len(waiting) == 1:
                    count = made.send(waiting[0])
                else:
                    count = made.sendmsg([waiting[i] for i in range(min(len(waiting), _AT_ONCE))])
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                self._loop.call_soon(self._end, error)
                return
            while waiting and count >= len(waiting[0]):
                count -= len(waiting.popleft())
            if count:
                waiting[0] = waiting[0][count:]
        if made is not None and bool(waiting) != self._is_writing:
            self._is_writing = bool(waiting)
            if waiting:
                self._loop.add_writer(made, self._writable)
            else:
                self._loop.remove_writer(made)


_carrying: set[asyncio.Task[None]] = set()
"""What carries for transports over TLS, also for a moment after those were closed."""


async def last_words() -> None:
    """Wait until what transports sent before they were closed has gone out."""
    if _carrying:
        await asyncio.wait(tuple(_carrying), timeout=_OPEN_SECONDS)


class TlsTransport(ZmtpTransport):
    """The same over TLS (``tls://HOST:PORT#FILE``, see :mod:`vivo.parallel.tls`)."""

    _why = ""

    async def _connected(self) -> socket.socket:
        try:
            outside = await tls.connect(self._address)
        except (ssl.SSLCertVerificationError, FileNotFoundError) as error:
            raise RefusedError(tls.reason_of(error)) from None
        except (OSError, asyncio.TimeoutError) as error:
            raise ConnectionError(tls.reason_of(error)) from None
        except ValueError as error:
            raise RefusedError(str(error)) from None
        mine, carried = socket.socketpair()
        for each in (mine, carried):
            each.setblocking(False)
        inside = await asyncio.open_connection(sock=carried, limit=2**18)
        carrying = asyncio.ensure_future(self._carry(inside, outside))
        _carrying.add(carrying)
        carrying.add_done_callback(_carrying.discard)
        return mine

    async def _carry(self, inside: tls.Streams, outside: tls.Streams) -> None:
        self._why = await tls.carry(inside, outside)

    def _end(self, error: Exception) -> None:
        super()._end(ConnectionError(self._why) if self._why else error)


def _socket_for(address: str) -> tuple[socket.socket, str | tuple[str, int]]:
    """A socket of the right kind, and what it is to connect to. Raises :class:`ClusterError`."""
    scheme, _, rest = address.partition("://")
    if scheme == "ipc":
        return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), rest
    host, _, port = rest.rpartition(":")
    if scheme != "tcp" or not port.isdecimal():
        raise ClusterError(f"{address!r} is no address: give ipc://PATH or tcp://HOST:PORT.")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.socket(family, socket.SOCK_STREAM), (host, int(port))


TransportMaker = Callable[[str, SocketType, bytes], Transport]
TRANSPORTS: dict[str, TransportMaker] = {
    "ipc": ZmtpTransport,
    "tcp": ZmtpTransport,
    "tls": TlsTransport,
}
"""By the scheme of an address, what makes a transport of (address, socket type, identity)."""


def transport_to(address: str, socket_type: SocketType, identity: bytes = b"") -> Transport:
    """A transport to an address. Raises :class:`ClusterError` for one that nobody knows."""
    scheme = address.partition("://")[0]
    maker = TRANSPORTS.get(scheme)
    if maker is None:
        known = ", ".join(sorted(TRANSPORTS))
        raise ClusterError(f"{address!r} cannot be reached: vivo knows {known}.")
    return maker(address, socket_type, identity)


__all__ = ["TRANSPORTS", "Transport", "ZmtpError", "ZmtpTransport", "transport_to"]
