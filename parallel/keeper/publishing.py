"""Events to their subscribers; one that reads no more costs memory up to a bound, then its link.

Theory of operation: ZeroMQ holds for each subscriber what that has not taken, up to a number of
messages, and tells nobody how much that is. It does tell when it has let go of a frame that it
was lent. Large events are lent: those that are still held are as many bytes as the subscriber
who is furthest behind has not taken. Once that is much, the connections are looked at: a link whose
kernel buffer is empty is not behind; one whose buffer does not change is not read. Beyond the bound
those that moved least are cut. A subscriber connects again by itself when it goes on: vivo's
clients then ask for what they missed, others have missed it, as with any publisher of ZeroMQ's.

Rules:

1. Nothing is dropped for anyone while nobody is behind by more than the bound.
2. Who was seen to have taken everything since the oldest held event is never cut.
3. Small events are not counted: there are at most as many as ZeroMQ's own limit.
4. A small event costs no more than the comparison of its size (in :mod:`.loop`).
"""

from __future__ import annotations

import fcntl
import logging
import os
import select
import socket
import stat
import struct
import termios
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import zmq
from zmq.backend import Socket as _Backend

_FACTOR = 16  # times what a cell may print: what four cells may display
_SMALLEST = 32 * 2**20
_LOOK = 0.02  # seconds between two looks at the connections
_send: Any = _Backend.send
_MORE = int(zmq.SNDMORE)
_DESCRIPTORS = "/dev/fd"
_log = logging.getLogger(__name__)


class Subscriber:
    """What was seen of one connection since somebody is behind."""

    def __init__(self, caught_up: int) -> None:
        self.caught_up = caught_up
        """How many large events there had been when it was last seen to have taken all."""
        self.waiting = -1
        """Bytes in the kernel's buffer at the last look."""
        self.moves = 0
        """At how many looks those had changed."""


class Backlog:
    """What is held for subscribers, and which of them are to be cut. Pure."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        """Bytes."""
        self.bytes = 0
        """Of the large events that somebody has not taken."""
        self.count = 0
        """How many large events there were."""
        self._held: deque[tuple[Any, int]] = deque()
        self._seen: dict[int, Subscriber] = {}
        self._wait_until = 0

    def sent(self, tracker: Any, size: int) -> None:
        """A large event was lent to ZeroMQ: ``tracker.done`` says whether it is given back."""
        self.count += 1
        self._held.append((tracker, size))
        self.bytes += size
        held = self._held
        while held and held[0][0].done:
            self.bytes -= held.popleft()[1]

    @property
    def is_worth_a_look(self) -> bool:
        """Whether somebody is so far behind that the connections are to be looked at."""
        if self.bytes > self.limit // 4:
            return True
        if self._seen:
            self._seen.clear()
        return False

    def looked(self, waiting: dict[int, int]) -> list[int]:
        """Take in what each connection's buffer holds, 0 for nothing; those that are to be cut."""
        known = self._seen
        first = 0 if not known else self.count
        self._seen = {key: known.get(key) or Subscriber(first) for key in waiting}
        for key, each in self._seen.items():
            if waiting[key] == 0:
                each.caught_up = self.count
            each.moves += waiting[key] != each.waiting
            each.waiting = waiting[key]
        if self.bytes <= self.limit or self.count < self._wait_until:
            return []
        oldest = self.count - len(self._held)
        behind = {key: each.moves for key, each in self._seen.items() if each.caught_up <= oldest}
        least = min(behind.values(), default=0)
        cut = [key for key, moves in behind.items() if moves == least]
        # What was held for them is given back soon, on ZeroMQ's own thread.
        self._wait_until = self.count + max(8, len(self._held) // 8)
        return cut

    def validate(self) -> None:
        """Assert that what is counted is what is held."""
        assert self.bytes == sum(size for _, size in self._held)


class Publisher:
    """Publishes large events on a socket. ``limit``: characters that a cell may print."""

    def __init__(self, target: zmq.Socket[bytes], limit: int) -> None:
        self._target = target
        self.backlog = Backlog(max(_FACTOR * limit, _SMALLEST))
        self._looked = 0.0

    def send(self, frames: Sequence[bytes]) -> None:
        """Send a large event. Raises ``zmq.ZMQError``."""
        size = sum(map(len, frames))
        # One frame is lent, for all: they are let go of together.
        largest = max(range(len(frames)), key=lambda number: len(frames[number]))
        tracker = None
        for number, frame in enumerate(frames):
            flags = _MORE if number < len(frames) - 1 else 0
            if number == largest:
                lent = zmq.Frame(frame, track=True, copy=False)
                tracker = _send(self._target, lent, flags, False, True)
            else:
                _send(self._target, frame, flags)
        self.backlog.sent(tracker, size)
        if self.backlog.is_worth_a_look:
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._looked + _LOOK:
            return
        self._looked = now
        found = {os.fstat(each.fileno()).st_ino: each for each in self._connections()}
        try:
            cut = self.backlog.looked({key: _waiting(each) for key, each in found.items()})
            for key in cut:
                _log.warning(
                    "A subscriber has not read its events, and is cut off: %d MiB are held for "
                    "the slowest.",
                    self.backlog.bytes >> 20,
                )
                try:
                    found[key].shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it has gone by itself
        finally:
            for each in found.values():
                each.close()

    def _connections(self) -> Iterator[socket.socket]:
        """The socket's connections, under descriptors of ours: ZeroMQ's may be closed any time."""
        endpoint = self._target.getsockopt(zmq.LAST_ENDPOINT)
        assert isinstance(endpoint, bytes)
        address = endpoint.rstrip(b"\0").decode().partition("://")[2]
        for number in [int(each.name) for each in Path(_DESCRIPTORS).iterdir()]:
            try:
                if not stat.S_ISSOCK(os.fstat(number).st_mode):
                    continue
                each = socket.socket(fileno=os.dup(number))
            except OSError:
                continue  # it is closed meanwhile, or was the listing's own
            if _is_connection_at(each, address):
                yield each
            else:
                each.close()


def _is_connection_at(each: socket.socket, address: str) -> bool:
    try:
        if each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return False
        own = each.getsockname()
    except OSError:
        return False
    if isinstance(own, tuple):
        return address.endswith(f":{own[1]}")
    return bool(own == address)


def _waiting(each: socket.socket) -> int:
    """Bytes that wait in a connection's buffer: 0 if more can be written at once."""
    poll = select.poll()
    poll.register(each, select.POLLOUT)
    if poll.poll(0):
        return 0
    try:
        (count,) = struct.unpack("i", fcntl.ioctl(each, termios.TIOCOUTQ, b"\0" * 4))
    except OSError:
        return 1
    return max(1, int(count))
