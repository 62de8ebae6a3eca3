"""A socketpair to the keeper, as whole frames.

Frames are sent under a lock and shielded from interrupts: half a frame would be the end of the
session. Descriptors may come along with a frame; they are handed out in the order they came.

A keeper that dies may have a successor (:mod:`.succession`). Rules:

1. Until it is there, sending and receiving wait; then they go on, under the same descriptor.
2. The last numbered frames are kept, and sent again: the keeper that died may not have
   taken them in. The new one knows which it has.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from ...core.interrupts import shielded
from ..frames import Frame, FrameError, FrameReader, encode_frame

_CHUNK = 2**16  # a larger one is mapped and unmapped for each reading
_CONTROL = socket.CMSG_SPACE(16 * 4)  # bytes that up to 16 descriptors take
_CLOEXEC = int(getattr(socket, "MSG_CMSG_CLOEXEC", 0))  # what comes along is not for children
_AT_ONCE = int(socket.MSG_DONTWAIT) | _CLOEXEC  # the enumeration's own operators are slow
_KEPT_BYTES = 2**20  # more than fits into the socket and the keeper's hands
_SUCCESSION_SECONDS = 30.0


class KeeperGone(Exception):  # noqa: N818 - an event, not a fault
    """The keeper has closed its end: the engine ends too."""


class Kept:
    """The last frames that were sent, as many as a keeper that dies can have on its way."""

    def __init__(self) -> None:
        self.frames: deque[bytes] = deque()
        self._bytes = 0

    def add(self, data: bytes) -> None:
        """Keep a frame, and let go of old ones."""
        self.frames.append(data)
        self._bytes += len(data)
        while self._bytes > _KEPT_BYTES and len(self.frames) > 1:
            self._bytes -= len(self.frames.popleft())

    def clear(self) -> None:
        """Keep nothing."""
        self.frames.clear()
        self._bytes = 0


class Channel:
    """One end of a socketpair."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self.socket = socket.socket(fileno=descriptor)
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._reader = FrameReader()
        self._ready: deque[Frame] = deque()
        self._descriptors: deque[int] = deque()
        self._wake = -1, -1  # the ends of a pipe that wakes who waits
        self._sending = threading.Lock()
        self._reading = threading.Lock()
        self._changed = threading.Condition()
        self._peer = 0
        self._kept = Kept()
        self._kept_aside = Kept()
        """Frames of what runs beside the running cell: a new cell tells nothing of them."""
        self.last_number = 0
        """The number of the last numbered frame."""
        self.may_change = False
        """Whether a keeper that dies has a successor."""
        self.is_open = True
        self.in_hand = False
        """Whether bytes are being read; whoever takes a frame says when that is over."""

    @shielded
    def send(self, header: dict[str, Any], buffers: tuple[bytes, ...] = ()) -> None:
        """Send a frame. Raises :class:`KeeperGone`."""
        data = encode_frame(header, buffers)
        number, aside = header.get("n"), header.get("m")
        while True:
            with self._sending:
                if not self.is_open:
                    return  # a forked child has no keeper
                peer = self._peer
                if number is not None:
                    self.last_number = number
                    if self.may_change:
                        self._kept.add(data)
                elif aside is not None and self.may_change:
                    self._kept_aside.add(data)
                try:
                    self.socket.sendall(data)
                    return
                except OSError:
                    pass
            self._await_successor(peer)
            if number is not None or aside is not None:
                return  # it was sent again with the others (rule 2)

    def settle(self) -> None:
        """Keep nothing of the cells before: a keeper that sends one has taken in all of theirs."""
        with self._sending:
            self._kept.clear()
            self.last_number = 0

    def _await_successor(self, peer: int) -> None:
        """Raises :class:`KeeperGone` if none comes."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._peer != peer or not self.may_change, _SUCCESSION_SECONDS
            )
            if self._peer == peer:
                raise KeeperGone

    def expect_no_successor(self) -> None:
        """The keeper ends in order: whoever waits for another need not."""
        with self._changed:
            self.may_change = False
            self._changed.notify_all()

    def change_peer(
        self, new: socket.socket, hello: Callable[[], dict[str, Any]] | None = None
    ) -> None:
        """Go on with a new keeper's socket, which gets ``hello`` and what may have been lost."""
        with self._sending, self._reading:
            with contextlib.suppress(OSError, FrameError):
                while self._take_in():
                    continue  # what the old keeper has still sent
            self.in_hand = False
            os.dup2(new.fileno(), self.socket.fileno(), inheritable=False)
            new.close()
            self._reader = FrameReader()
            with contextlib.suppress(OSError):  # it has died too: its successor gets it
                if hello is not None:
                    self.socket.sendall(encode_frame(hello()))
                for data in (*self._kept.frames, *self._kept_aside.frames):
                    self.socket.sendall(data)
            with self._changed:
                self._peer += 1
                self._changed.notify_all()

    def receive(self, before_waiting: Callable[[], None] | None = None) -> Frame:
        """The next frame, waiting for it. Raises :class:`KeeperGone`.

        The wait may be interrupted; the reading may not: ``before_waiting`` can raise what came
        in the meantime.
        """
        while not self._ready:
            self.in_hand = False
            if before_waiting is not None:
                before_waiting()
            self._wait()
            self._read()
        return self._ready.popleft()

    def comes_within(self, milliseconds: int) -> bool:
        """Whether a frame is here in that time."""
        if not self._ready and self._wait(milliseconds):
            self._read()
        return self.has_frame

    def _wait(self, milliseconds: int | None = None) -> bool:
        # poll is called apart from recv, so that an interrupt of input() loses no bytes
        ready = self._poll.poll(milliseconds)
        if self._wake[0] >= 0 and any(descriptor == self._wake[0] for descriptor, _ in ready):
            os.read(self._wake[0], 4096)
        return bool(ready)

    def make_wakeable(self) -> None:
        """Let :meth:`wake` end a wait: no signal reaches the thread that waits."""
        self._wake = os.pipe()
        self._poll.register(self._wake[0], select.POLLIN)

    def wake(self) -> None:
        """Have who waits look at what else has come."""
        if self._wake[1] >= 0:
            os.write(self._wake[1], b"x")

    def close(self) -> None:
        """Let go of the socket: its keeper is gone, and the process stays."""
        with self._sending:
            self.is_open = False
            self.socket.close()
            wake, self._wake = self._wake, (-1, -1)
            for each in wake:
                if each >= 0:
                    os.close(each)

    @shielded
    def _read(self) -> None:
        with self._reading:
            peer = self._peer
            try:
                if self._take_in():
                    return
            except BlockingIOError:
                return  # another keeper's socket has taken the place of the one that was ready
            except OSError:
                pass
        self._await_successor(peer)

    def _take_in(self) -> bool:
        """Read what is there; false at the end. Raises ``OSError``, also where nothing is."""
        self.in_hand = True
        data, ancillary, _, _ = self.socket.recvmsg(_CHUNK, _CONTROL, _AT_ONCE)
        for level, kind, packed in ancillary:
            if (level, kind) != (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                continue
            descriptors = struct.unpack(f"{len(packed) // 4}i", packed)
            if not _CLOEXEC:
                for each in descriptors:
                    os.set_inheritable(each, False)
            self._descriptors.extend(descriptors)
        self._ready.extend(self._reader.feed(data))
        return bool(data)

    def take_frames(self, kind: str) -> list[Frame]:
        """Take the frames of a kind that are here and have not been handed out."""
        with self._reading:
            found = [frame for frame in self._ready if frame[0]["type"] == kind]
            self._ready = deque(frame for frame in self._ready if frame[0]["type"] != kind)
        return found

    def peek(self, kind: str) -> list[Frame]:
        """The frames of a kind that are here and have not been handed out; they stay."""
        return [frame for frame in tuple(self._ready) if frame[0]["type"] == kind]

    def take_descriptors(self, count: int) -> list[int]:
        """The next descriptors that came along."""
        return [self._descriptors.popleft() for _ in range(count)]

    @property
    def is_readable(self) -> bool:
        """Whether something is here that has not been handed out."""
        if self.in_hand or self._ready:
            return True
        return bool(select.select([self.socket], [], [], 0)[0])

    def waiting_frames(self) -> tuple[Frame, ...]:
        """The frames that are here and stay so."""
        if select.select([self.socket], [], [], 0)[0]:
            self._read()
        return tuple(self._ready)

    @property
    def has_frame(self) -> bool:
        """Whether a frame is here without waiting."""
        return bool(self._ready)
