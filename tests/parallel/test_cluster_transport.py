"""The transport against real ZeroMQ sockets, by Unix sockets and by TCP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from vivo.parallel.cluster.errors import ClusterError
from vivo.parallel.cluster.transport import ZmtpTransport, transport_to


class Peer:
    """A bound socket of ZeroMQ's own."""

    def __init__(self, kind: int, address: str) -> None:
        self._context = zmq.Context()
        self.socket = self._context.socket(kind)
        self.socket.linger = 0
        self.socket.rcvtimeo = 20_000
        self.socket.bind(address)
        self.address = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def close(self) -> None:
        self.socket.close()
        self._context.term()

    async def receive(self) -> list[bytes]:
        return await asyncio.to_thread(self.socket.recv_multipart)


class Ends:
    """What a transport has told."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[list[Any]] = asyncio.Queue()
        self.closed: asyncio.Queue[str] = asyncio.Queue()

    async def open(self, transport: ZmtpTransport) -> ZmtpTransport:
        await transport.open(self.messages.put_nowait, self.closed.put_nowait)
        return transport

    async def next(self) -> list[Any]:
        return await asyncio.wait_for(self.messages.get(), 20)


@pytest.fixture(params=["ipc", "tcp"])
def address(request: pytest.FixtureRequest, home: Path) -> str:
    return f"ipc://{home}/s" if request.param == "ipc" else "tcp://127.0.0.1:*"


@pytest.fixture
def router(address: str) -> Iterator[Peer]:
    made = Peer(zmq.ROUTER, address)
    yield made
    made.close()


async def test_messages_go_both_ways_under_our_identity(router: Peer) -> None:
    """Small and large, of one frame and of many."""
    ends = Ends()
    transport = await ends.open(ZmtpTransport(router.address, "DEALER", b"me"))
    for message in ([b"a"], [b"", b"b" * 255, b"c" * 256], [b"d" * 100_000] * 3, [b"e"] * 200):
        transport.send(message)
        assert await router.receive() == [b"me", *message]
        router.socket.send_multipart([b"me", *message])
        assert [bytes(frame) for frame in await ends.next()] == message
    transport.close()


async def test_a_large_frame_arrives_whole_both_ways(router: Peer) -> None:
    """While neither side can take it at once."""
    ends = Ends()
    transport = await ends.open(ZmtpTransport(router.address, "DEALER", b"me"))
    large = os.urandom(20 * 2**20)
    transport.send([b"head", memoryview(large), b"tail"])
    _, head, came, tail = await router.receive()
    assert (head, came == large, tail) == (b"head", True, b"tail")
    router.socket.send_multipart([b"me", large])
    back = (await ends.next())[0]
    assert back == large
    transport.close()


async def test_a_subscriber_gets_what_is_published(address: str) -> None:
    """Once its subscription, a message, has arrived."""
    publisher = Peer(zmq.XPUB, address)
    ends = Ends()
    transport = await ends.open(ZmtpTransport(publisher.address, "SUB"))
    transport.send([b"\x01"])
    assert await publisher.receive() == [b"\x01"]
    publisher.socket.send_multipart([b"topic", b"news"])
    assert await ends.next() == [b"topic", b"news"]
    transport.close()
    publisher.close()


async def test_a_peer_that_is_idle_gives_a_sign_of_life(router: Peer) -> None:
    """Its program does nothing for it."""
    ends = Ends()
    transport = await ends.open(ZmtpTransport(router.address, "DEALER"))
    before = transport.heard
    transport.probe()
    while transport.heard == before:
        await asyncio.sleep(0.01)
    transport.close()


async def test_a_peer_that_asks_for_signs_of_life_keeps_the_connection(address: str) -> None:
    """ZeroMQ cuts off those that do not answer; here after a fifth of a second."""
    peer = Peer(zmq.ROUTER, "inproc://unused")
    peer.socket.setsockopt(zmq.HEARTBEAT_IVL, 50)
    peer.socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 200)
    peer.socket.bind(address)
    ends = Ends()
    target = peer.socket.getsockopt_string(zmq.LAST_ENDPOINT)
    transport = await ends.open(ZmtpTransport(target, "DEALER", b"me"))
    start = transport.heard
    while transport.heard < start + 0.6:
        await asyncio.sleep(0.05)
    transport.send([b"still here"])
    assert await peer.receive() == [b"me", b"still here"]
    transport.close()
    peer.close()


async def test_the_end_of_the_peer_is_told(router: Peer) -> None:
    """So that whoever waits can connect again, or give up."""
    ends = Ends()
    await ends.open(ZmtpTransport(router.address, "DEALER"))
    router.socket.close()
    assert "closed" in await asyncio.wait_for(ends.closed.get(), 20)


async def test_nobody_there_is_an_error_at_once(home: Path) -> None:
    """And so is who does not speak the protocol, and an address that is none."""
    with pytest.raises(OSError, match="No such file"):
        await Ends().open(ZmtpTransport(f"ipc://{home}/none", "DEALER"))

    def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\r\n")
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(ConnectionError, match="no ZeroMQ socket"):
        await Ends().open(ZmtpTransport(f"tcp://127.0.0.1:{port}", "DEALER"))
    server.close()
    await server.wait_closed()
    with pytest.raises(ClusterError, match="cannot be reached"):
        transport_to("carrier-pigeon://roof", "DEALER")
