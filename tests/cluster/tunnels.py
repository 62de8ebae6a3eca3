"""A tunnel as a user might write one: messages compressed, by TCP, to a gateway beside the cluster.

On the wire a message is its length in four bytes and then, compressed, the number of its frames,
their lengths, and the frames. The first one that a client sends says which socket it wants to be;
an empty one is a question for a sign of life, and its answer.
"""

from __future__ import annotations

import asyncio
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from vivo.parallel.cluster.transport import Closed, Receiver, ZmtpTransport
from vivo.parallel.cluster.zmtp import Frame, SocketType

_OPEN_SECONDS = 5.0


def packed(frames: Sequence[Frame]) -> bytes:
    """A message as it goes over the wire."""
    views = [memoryview(each).cast("B") for each in frames]
    sizes = struct.pack(f"!I{len(views)}Q", len(views), *(each.nbytes for each in views))
    body = zlib.compress(b"".join([sizes, *views]), 1)
    return struct.pack("!I", len(body)) + body


class Unpacker(asyncio.Protocol):
    """One end of a tunnel: gives on each message that has come whole."""

    def __init__(self) -> None:
        self._came = bytearray()
        self.wire: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self.wire = transport

    def data_received(self, data: bytes) -> None:
        """Take apart what came."""
        self._came += data
        while self.wire is not None and len(self._came) >= 4:
            end = 4 + struct.unpack_from("!I", self._came)[0]
            if len(self._came) < end:
                return
            body = memoryview(zlib.decompress(self._came[4:end]))
            del self._came[:end]
            (count,) = struct.unpack_from("!I", body)
            frames: list[Frame] = []
            start = 4 + 8 * count
            for size in struct.unpack_from(f"!{count}Q", body, 4):
                frames.append(body[start : start + size])
                start += size
            self.message(frames)

    def message(self, frames: list[Frame]) -> None:
        """A message has come."""
        raise NotImplementedError

    def write(self, frames: Sequence[Frame]) -> None:
        """Send a message; none, once the connection is closed."""
        if self.wire is not None:
            self.wire.write(packed(frames))

    def close(self) -> None:
        """Let go of the connection."""
        wire, self.wire = self.wire, None
        if wire is not None:
            wire.abort()


class TunnelTransport(Unpacker):
    """The client's end, for addresses as ``tunnel://HOST:PORT``."""

    def __init__(self, address: str, socket_type: SocketType, identity: bytes = b"") -> None:
        super().__init__()
        self._host, _, self._port = address.partition("://")[2].rpartition(":")
        self._greeting = [socket_type.encode(), identity]
        self.heard = 0.0

    async def open(self, receive: Receiver, closed: Closed) -> None:
        """Connect, and wait until the gateway has reached the cluster."""
        self._receive, self._closed = receive, closed
        self._loop = asyncio.get_running_loop()
        self._ready = self._loop.create_future()
        await self._loop.create_connection(lambda: self, self._host, int(self._port))
        self.write(self._greeting)
        try:
            await asyncio.wait_for(self._ready, _OPEN_SECONDS)
        except BaseException:
            self.close()
            raise

    def message(self, frames: list[Frame]) -> None:
        """Give it on; an empty one is a sign of life."""
        self.heard = self._loop.time()
        if not self._ready.done():
            self._ready.set_result(None)
        elif frames:
            self._receive(frames)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that nothing comes any more, unless it was closed here."""
        if self.wire is None:
            return
        self.wire = None
        if self._ready.done():
            self._closed("the tunnel has ended")
        else:
            self._ready.set_exception(ConnectionResetError("the tunnel leads nowhere"))

    def send(self, frames: Sequence[Frame]) -> None:
        """Send a message."""
        self.write(frames)

    def probe(self) -> None:
        """Ask for a sign of life."""
        self.write([])


class _Passage(Unpacker):
    """The gateway's end of one client's tunnel."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__()
        self._gateway = gateway
        self._target: ZmtpTransport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be known to the gateway."""
        super().connection_made(transport)
        self._gateway.passages.add(self)

    def message(self, frames: list[Frame]) -> None:
        """Give it on to the cluster; the first says how to reach it."""
        if not frames:
            self.write([])
        elif self._target is not None:
            self._gateway.carried += 1
            self._target.send(frames)
        else:
            kind, identity = bytes(frames[0]).decode(), bytes(frames[1])
            assert kind in ("DEALER", "SUB")
            self._target = ZmtpTransport(self._gateway.target, kind, identity)  # type: ignore[arg-type]
            self._task = asyncio.ensure_future(self._reach(self._target))

    async def _reach(self, target: ZmtpTransport) -> None:
        try:
            await target.open(self.write, lambda reason: self.close())
        except OSError:
            self.close()
        else:
            self.write([])

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self.wire = None
        self._gateway.passages.discard(self)
        if self._task is not None:
            self._task.cancel()
        if self._target is not None:
            self._target.close()


class Gateway:
    """Where tunnels end; its methods are for the test's thread."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.address = ""
        self.carried = 0
        """Messages that clients have sent through it."""
        self.passages: set[_Passage] = set()
        self._loop: asyncio.AbstractEventLoop

    def cut(self) -> None:
        """End the tunnels that there are; new ones are let in."""
        done = threading.Event()

        def change() -> None:
            for each in list(self.passages):
                each.close()
            done.set()

        self._loop.call_soon_threadsafe(change)
        assert done.wait(10)

    async def serve(self, ready: Callable[[Callable[[], Any]], None]) -> None:
        """Serve until what ``ready`` is given is called."""
        self._loop, ended = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(lambda: _Passage(self), "127.0.0.1", 0)
        self.address = f"tunnel://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready(lambda: self._loop.call_soon_threadsafe(ended.set))
        await ended.wait()
        server.close()
        for each in list(self.passages):
            each.close()
        await asyncio.sleep(0)  # what they hold is let go of in the loop's next turn


@contextmanager
def gateway(target: str) -> Iterator[Gateway]:
    """A gateway to an address, for as long as a ``with`` lasts."""
    made, ready = Gateway(target), threading.Event()
    ends: list[Callable[[], Any]] = []

    def began(end: Callable[[], Any]) -> None:
        ends.append(end)
        ready.set()

    thread = threading.Thread(target=lambda: asyncio.run(made.serve(began)), name="gateway")
    thread.start()
    assert ready.wait(10)
    try:
        yield made
    finally:
        ends[0]()
        thread.join()
