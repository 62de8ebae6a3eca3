"""The read ends of the engine's pipes: read in time, in pieces worth an event.

Rules:

1. A pipe that gave little rests for a moment, so that lines come together; a marker at the end of
   what it gave says that the engine waits for no more, and lets it not rest.
2. The rest of a line that has begun is waited for, for less than a moment: ``print`` writes in
   two steps.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator

import zmq

_CHUNK = 2**18
_REST = 0.004  # seconds
_LINE_END = 0.0005  # seconds


class SparePipes:
    """The next cell's two pipes, made while nobody waits for them."""

    def __init__(self) -> None:
        self._spare: list[tuple[int, int]] = []

    def take(self) -> tuple[int, int, int, int]:
        """Both ends of two pipes: read and write end of the first, then of the second."""
        if not self._spare:
            self.make()
        spare, self._spare = self._spare, []
        return *spare[0], *spare[1]

    def make(self) -> None:
        """Make the next ones, if there are none."""
        while len(self._spare) < 2:
            self._spare.append(os.pipe())

    def close(self) -> None:
        """Close what was not taken."""
        for end in (end for pipe in self._spare for end in pipe):
            os.close(end)
        self._spare.clear()


class OutputPipes:
    """The pipes that are watched, by descriptor. ``magic`` begins a marker."""

    def __init__(self, poller: zmq.Poller, magic: bytes) -> None:
        self._poller = poller
        self._magic = magic
        self._open: dict[int, tuple[str | None, str]] = {}
        self._resting: dict[int, float] = {}

    def __contains__(self, descriptor: int) -> bool:
        return descriptor in self._open

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self._open))

    def watch(self, descriptor: int, run: str | None, name: str) -> None:
        """Watch a pipe of a run: ``stdout`` or ``stderr``."""
        os.set_blocking(descriptor, False)
        self._open[descriptor] = (run, name)
        self._poller.register(descriptor, zmq.POLLIN)

    def read(self, descriptor: int) -> tuple[str | None, str, bytes] | None:
        """Run, name and bytes of a pipe, none at its end; None where nothing is there yet."""
        run, name = self._open[descriptor]
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return None
        if not data:
            self.forget(descriptor)
        elif len(data) < _CHUNK // 8 and not self.ends_with_marker(data):
            data += self._rest_of_line(descriptor, data)
            if descriptor not in self._resting:  # the last reading may come while it rests
                self._poller.unregister(descriptor)
            self._resting[descriptor] = time.monotonic() + _REST
        return run, name, data

    def read_present(self, run: str | None) -> Iterator[tuple[str | None, str, bytes]]:
        """What a run's pipes hold now: its end is here, and was sent after that."""
        for descriptor, (of, name) in tuple(self._open.items()):
            if of != run:
                continue
            try:
                while data := os.read(descriptor, _CHUNK):
                    yield run, name, data
                    if len(data) < _CHUNK:  # that was all: who goes on writing is not waited for
                        break
            except BlockingIOError:
                pass

    def read_all(self) -> Iterator[tuple[str | None, str, bytes]]:
        """What all pipes hold now: an engine has ended, or ends."""
        for descriptor in self:
            while descriptor in self._open and select.select([descriptor], [], [], 0)[0]:
                got = self.read(descriptor)
                if got is not None:
                    yield got

    def ends_with_marker(self, data: bytes) -> bool:
        """Whether bytes end with an event's place, not with text."""
        return data[-24:-8] == self._magic

    @staticmethod
    def _rest_of_line(descriptor: int, data: bytes) -> bytes:
        if data.endswith(b"\n") or not select.select([descriptor], [], [], _LINE_END)[0]:
            return b""
        return os.read(descriptor, _CHUNK)

    def rest(self) -> float | None:
        """Seconds until a pipe has rested; None where none rests. One that has is watched again."""
        if not self._resting:
            return None
        left = min(self._resting.values()) - time.monotonic()
        if left <= 0:
            self.wake()
        return left

    def wake(self) -> None:
        """Look at every pipe again: their rest is over, or an event waits for their text."""
        for descriptor in self._resting:
            self._poller.register(descriptor, zmq.POLLIN)
        self._resting.clear()

    def forget(self, descriptor: int) -> None:
        """Close a pipe."""
        del self._open[descriptor]
        if self._resting.pop(descriptor, None) is None:
            self._poller.unregister(descriptor)
        os.close(descriptor)
