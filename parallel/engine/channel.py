"""A socketpair to the keeper, as whole frames.

Frames are sent under a lock and shielded from interrupts: half a frame would be the end of the
session. Descriptors may come along with a frame; they are handed out in the order they came.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from ...core.interrupts import shielded
from ..frames import Frame, FrameReader, encode_frame

_CHUNK = 2**18


class KeeperGone(Exception):  # noqa: N818 - an event, not a fault
    """The keeper has closed its end: the engine ends too."""


class Channel:
    """One end of a socketpair."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self.socket = socket.socket(fileno=descriptor)
        self._reader = FrameReader()
        self._ready: deque[Frame] = deque()
        self._descriptors: deque[int] = deque()
        self._lock = threading.Lock()
        self.is_open = True

    @shielded
    def send(self, header: dict[str, Any], buffers: tuple[bytes, ...] = ()) -> None:
        """Send a frame. Raises :class:`KeeperGone`."""
        data = encode_frame(header, buffers)
        with self._lock:
            if not self.is_open:
                return  # a forked child has no keeper
            try:
                self.socket.sendall(data)
            except OSError:
                raise KeeperGone from None

    def receive(self, before_waiting: Callable[[], None] | None = None) -> Frame:
        """The next frame, waiting for it. Raises :class:`KeeperGone`.

        The wait may be interrupted; the reading may not: ``before_waiting`` can raise what came
        in the meantime.
        """
        while not self._ready:
            if before_waiting is not None:
                before_waiting()
            self._wait()
            self._read()
        return self._ready.popleft()

    def _wait(self) -> None:
        # select is called apart from recv, so that an interrupt of input() loses no bytes
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        poll.poll()

    @shielded
    def _read(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self.socket, _CHUNK, 16)
        except OSError:
            raise KeeperGone from None
        if not data:
            raise KeeperGone
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
            self._descriptors.append(descriptor)
        self._ready.extend(self._reader.feed(data))

    def take_descriptors(self, count: int) -> list[int]:
        """The next descriptors that came along."""
        return [self._descriptors.popleft() for _ in range(count)]

    @property
    def is_readable(self) -> bool:
        """Whether something is here that has not been handed out."""
        return bool(self._ready) or bool(select.select([self.socket], [], [], 0)[0])

    @property
    def has_frame(self) -> bool:
        """Whether a frame is here without waiting."""
        return bool(self._ready)
