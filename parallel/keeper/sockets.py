"""The keeper's sockets; messages from and to them, the short way.

pyzmq's ``send_multipart`` and ``recv_multipart`` combine flags and options as enumerations for each
frame, and an empty socket is an exception: together a third of the keeper's time for a cell. The
methods of its backend take plain numbers.
"""

from __future__ import annotations

import array
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import zmq
from zmq.backend import Socket as _Backend

from ..connection import ConnectionInfo

_send, _receive = _Backend.send, _Backend.recv
_get: Any = _Backend.get
_AT_ONCE, _MORE = int(zmq.NOBLOCK), int(zmq.SNDMORE)
_PEEK = int(socket.MSG_PEEK)
_EVENTS, _READABLE = int(zmq.EVENTS), int(zmq.POLLIN)

give_way: Callable[[], object] = getattr(os, "sched_yield", lambda: None)
"""Let whoever waits for this processor have it."""

_KINDS = {"shell": zmq.ROUTER, "control": zmq.ROUTER, "stdin": zmq.ROUTER, "iopub": zmq.XPUB}
_WELCOME = b"iopub_welcome"
_HELD_EVENTS = 5000  # for a subscriber that does not read; one that misses more asks for a replay
_LARGE_FRAME = 2**20
LARGE_EVENT = 8192
"""Bytes from which what is held of an event is counted; see :mod:`.publishing`."""
_SOON = 0.0005  # seconds; a short cell takes a fifth of a millisecond
_LARGEST_BUFFER = 2**30  # bytes; whoever sends a larger frame is cut off
_LARGEST = {"hb": 4096, "iopub": 4096}  # of what clients send there


def bind_channel(
    context: zmq.Context[Any], connection: ConnectionInfo, channel: str, *, is_reunion: bool
) -> zmq.Socket[bytes]:
    """The socket of a channel, bound; ``is_reunion``: clients of a keeper before are expected."""
    kind = _KINDS.get(channel, zmq.REP)
    made: zmq.Socket[bytes] = context.socket(kind)
    made.linger = 200
    if kind == zmq.ROUTER:
        made.setsockopt(zmq.ROUTER_HANDOVER, 1)
    if channel == "stdin" or (is_reunion and kind == zmq.ROUTER):
        # What is sent must not be lost because its client is still connecting.
        made.setsockopt(zmq.ROUTER_MANDATORY, 1)
    if kind == zmq.XPUB:
        made.setsockopt(zmq.XPUB_VERBOSE, 1)
        made.setsockopt(zmq.SNDHWM, _HELD_EVENTS)
    made.setsockopt(zmq.MAXMSGSIZE, _LARGEST.get(channel, _LARGEST_BUFFER))
    kept = os.umask(0o177)  # a socket's file is the user's alone from its first moment
    try:
        made.bind(connection.address(channel))
    finally:
        os.umask(kept)
    return made


def connections_of(
    context: zmq.Context[Any], source: zmq.Socket[bytes], events: int
) -> zmq.Socket[bytes]:
    """A socket that tells of what becomes of another's connections: ``zmq.EVENT_…`` of these."""
    address = f"inproc://connections-{os.urandom(8).hex()}"
    source.monitor(address, events)
    made: zmq.Socket[bytes] = context.socket(zmq.PAIR)
    made.setsockopt(zmq.RCVHWM, 0)  # or ZeroMQ's own thread would wait for this one
    made.linger = 0
    made.connect(address)
    return made


def event_of(frames: Sequence[bytes]) -> int:
    """The event that such a socket tells of."""
    return int.from_bytes(frames[0][:2], sys.byteorder)


def send_frames(
    target: zmq.Socket[bytes], frames: Sequence[bytes | bytearray | memoryview]
) -> None:
    """Send the frames of one message. Raises ``zmq.ZMQError`` as ``send_multipart`` does."""
    for frame in frames[:-1]:
        _send(target, frame, _MORE)
    _send(target, frames[-1], 0)


def receive_frames(source: zmq.Socket[bytes]) -> list[bytes] | None:
    """The frames of the next message, large ones where they were received; None if none is here."""
    if not _get(source, _EVENTS) & _READABLE:
        return None
    try:
        frame: Any = _receive(source, _AT_ONCE, copy=False)
    except zmq.Again:
        return None  # it was no message for such a socket, and is dropped in the reading
    frames = [frame.bytes]
    while frame.more:  # to ask the socket takes as long as to receive
        frame = _receive(source, _AT_ONCE, copy=False)
        frames.append(frame.bytes if len(frame) < _LARGE_FRAME else frame.buffer)
    return frames


def echo(source: zmq.Socket[bytes], frames: list[bytes]) -> list[Any]:
    """Send back what came: a heartbeat. Nothing follows from it."""
    send_frames(source, frames)
    return []


def welcomed(frames: list[bytes]) -> bytes | None:
    """The topic of a subscription that is to be welcomed.

    To other topics the welcome would not come, and it disturbs everybody else.
    """
    is_subscription = frames[0][:1] == b"\x01"
    return frames[0][1:] if is_subscription and _WELCOME.startswith(frames[0][1:]) else None


def send_descriptors(target: socket.socket, data: bytes, descriptors: list[int]) -> int:
    """Send bytes with descriptors along; how many bytes went. Raises ``OSError``."""
    packed = array.array("i", descriptors)
    return target.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, packed)])


def comes_soon(source: socket.socket) -> bool:
    """Whether something to read is there within half a millisecond, too short a time to sleep.

    Who is to send it has the processor meanwhile, and wakes nobody. On a machine of few processors
    Linux leaves both processes on one, and each then waits for the other.
    """
    end = time.monotonic() + _SOON
    while time.monotonic() < end:
        give_way()
        try:
            source.recv(1, _PEEK)
        except BlockingIOError:
            continue
        except OSError:
            return False  # whoever polls it is told
        return True
    return False
