"""ZMTP: any cutting of the bytes gives the same messages, and what is none is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.parallel.cluster.errors import ZmtpError
from vivo.parallel.cluster.zmtp import Connection, encoded, ping

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"

sizes = st.one_of(st.integers(0, 300), st.sampled_from([2**14 - 1, 2**14, 2**16, 200_001]))
frames = sizes.map(lambda size: bytes([size % 251]) * size)
messages = st.lists(st.lists(frames, min_size=1, max_size=6), max_size=5)


def connected() -> Connection:
    made = Connection("DEALER", b"me")
    assert feed(made, GREETING + READY) == []
    assert made.is_ready
    return made


def feed(connection: Connection, data: bytes, pieces: list[int] | None = None) -> list[list[bytes]]:
    """Give a connection bytes as a socket would, at most so many at once."""
    found, steps = [], iter(pieces or ())
    while data:
        room = connection.buffer()
        assert len(room) > 0
        count = min(len(room), len(data), next(steps, 2**20))
        room[:count] = data[:count]
        data = data[count:]
        found += connection.received(count)
    return [[bytes(frame) for frame in message] for message in found]


def sent(message: list[bytes]) -> bytes:
    return b"".join(map(bytes, encoded(message)))


@given(messages, st.lists(st.integers(1, 70_000), max_size=40))
def test_however_the_bytes_are_cut_the_messages_are_the_same(
    messages: list[list[bytes]], pieces: list[int]
) -> None:
    """Greeting and READY included."""
    made = Connection("DEALER")
    assert feed(made, GREETING + READY + b"".join(map(sent, messages)), pieces) == messages


@given(st.binary(max_size=400), st.booleans())
def test_nothing_that_a_peer_sends_is_more_than_refused(data: bytes, is_greeted: bool) -> None:
    """Garbage is a message or a :class:`ZmtpError`, and nothing else."""
    made = connected() if is_greeted else Connection("SUB")
    try:
        feed(made, data)
    except ZmtpError:
        pass


def test_a_large_frame_goes_out_as_it_is_and_comes_in_once() -> None:
    """No copy is made of it: what is sent is the very object, what came is its own memory."""
    large = bytearray(2**20)
    pieces = encoded([b"head", large, b"tail"])
    assert any(piece is large for piece in pieces)
    made = connected()
    found = []
    for piece in pieces:
        view = memoryview(piece)
        while view:
            room = made.buffer()
            count = min(len(room), len(view))
            room[:count] = view[:count]
            view = view[count:]
            found += made.received(count)
    assert isinstance(found[0][1], bytearray)


def test_a_peer_that_asks_for_a_sign_of_life_gets_it() -> None:
    """With the context it sent."""
    made = connected()
    feed(made, b"\x04\x0a\x04PING\x00\x0aabc")
    assert made.outgoing == [b"\x04\x08\x04PONGabc"]
    feed(made, ping())
    assert made.outgoing[1:] == [b"\x04\x05\x04PONG"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "no ZeroMQ socket"),
        (b"\xff" + bytes(8) + b"\x7f\x01\x00", "version 1"),
        (GREETING.replace(b"NULL", b"CURV"), "mechanism CURV"),
        (GREETING + READY.replace(b"ROUTER", b"PUB\0\0\0"), "cannot talk"),
        (GREETING + b"\x04\x0e\x05ERROR\x07too bad", "too bad"),
        (GREETING + b"\x00\x01a", "before it said"),
        (GREETING + READY + b"\x06" + b"\x7f" + bytes(7), "which nobody sends"),
        (GREETING + READY + b"\x02" + b"\x7f" + bytes(7), "which nobody sends"),
        (GREETING + READY + b"\x80\x00", "no frame"),
        (GREETING + b"\x04\x0b\x05READY\x0bSock", "cut off"),
    ],
)
def test_a_peer_that_is_none_is_named_as_that(data: bytes, says: str) -> None:
    """In one sentence."""
    with pytest.raises(ZmtpError, match=says):
        feed(Connection("DEALER"), data)
