"""Frames between keeper and engine: a length-prefixed JSON header and raw buffers.

A frame is ``!II`` (length of the header, number of buffers), a ``!Q`` length for each buffer, the
header in UTF-8, the buffers. Standard library only: the engine loads this too.

Rules:

1. :class:`FrameReader` is sans-IO: bytes in, whole frames out, whatever the pieces.
2. A frame over :data:`MAXIMUM_FRAME` is a fault of the peer, said so, never an allocation.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterator
from typing import Any

MAXIMUM_FRAME = 2**33
_HEAD = struct.Struct("!II")
_LENGTH = struct.Struct("!Q")

Frame = tuple[dict[str, Any], list[bytes]]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_read = json.JSONDecoder().decode


class FrameError(ValueError):
    """The bytes on a socketpair are no frame: the processes are of different versions."""


def encode_frame(
    header: dict[str, Any],
    buffers: tuple[bytes, ...] | list[bytes] = (),
    *,
    encode: Callable[[Any], bytes] | None = None,
) -> bytes:
    """The bytes of a frame. ``encode``: a writer of JSON that may be faster, and may refuse."""
    text = None
    if encode is not None:
        try:
            text = encode(header)
        except ValueError:
            pass  # ours writes lone surrogates as well
    if text is None:
        text = _encode(header).encode("utf-8", "surrogatepass")
    parts = [_HEAD.pack(len(text), len(buffers))]
    parts += [_LENGTH.pack(len(buffer)) for buffer in buffers]
    return b"".join([*parts, text, *buffers])


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self, decode: Callable[[bytes], Any] | None = None) -> None:
        """``decode``: a reader of JSON that may be faster, and may refuse what ours reads."""
        self._held = bytearray()
        self._decode = decode

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now. Raises :class:`FrameError`."""
        if not self._held and self._is_one(data):  # most come so
            yield self._header(data[_HEAD.size :]), []
            return
        self._held += data
        while (frame := self._next()) is not None:
            yield frame

    @property
    def is_empty(self) -> bool:
        """Whether no frame has begun."""
        return not self._held

    @staticmethod
    def _is_one(data: bytes) -> bool:
        """Whether bytes are one frame without buffers, and nothing else."""
        return len(data) >= _HEAD.size and _HEAD.unpack_from(data) == (len(data) - _HEAD.size, 0)

    def _next(self) -> Frame | None:
        held = self._held
        if len(held) < _HEAD.size:
            return None
        length, count = _HEAD.unpack_from(held)
        start = _HEAD.size + count * _LENGTH.size
        if count > 100_000 or length > MAXIMUM_FRAME:
            raise FrameError(f"a frame of {length} bytes and {count} buffers cannot be meant")
        if len(held) < start + length:
            return None
        sizes = struct.unpack_from(f"!{count}Q", held, _HEAD.size)
        end = start + length + sum(sizes)
        if end > MAXIMUM_FRAME:
            raise FrameError(f"a frame of {end} bytes cannot be meant")
        if len(held) < end:
            return None
        text = bytes(held[start : start + length])
        buffers = []
        position = start + length
        for size in sizes:
            buffers.append(bytes(held[position : position + size]))
            position += size
        del held[:end]
        return self._header(text), buffers

    def _header(self, text: bytes) -> dict[str, Any]:
        try:
            header = self._value(text)
        except (ValueError, RecursionError) as error:
            raise FrameError(f"a frame's header is no JSON: {error}") from None
        if not isinstance(header, dict):
            raise FrameError("a frame's header is no object")
        return header

    def _value(self, text: bytes) -> Any:
        if self._decode is not None:
            try:
                return self._decode(text)
            except ValueError:
                pass  # lone surrogates, infinities, and what is no JSON at all
        return _read(text.decode("utf-8", "surrogatepass"))


class Ordering:
    """Puts the text of a pipe and the events of a socket into the one order they were made in.

    The engine writes a marker into the pipe where an event belongs, after sending the event
    with that number. Theory of operation: text passes at once; at a marker everything waits
    until the event with its number is there. What may be the beginning of a marker waits for
    more: a marker begins with a byte that no text has, so that no text is held back.

    The event that ends a run has no marker: its reader feeds what the pipe holds first.

    Numbers rise along a pipe. A reader that takes over from one that died may find a marker
    gone: the next one stands for it too. It may find markers and events again: they are passed by.
    """

    MAGIC_SIZE = 16

    def __init__(self, magic: bytes, passed: int = 0) -> None:
        """``passed``: the last event that an earlier reader of the pipe has taken in."""
        self._magic = magic
        self._pending = b""
        self._events: dict[int, Any] = {}
        self._passed = passed

    @classmethod
    def new_magic(cls) -> bytes:
        """What marks the places of one session's events: nobody else can know it."""
        return b"\xff" + os.urandom(cls.MAGIC_SIZE - 1)

    @staticmethod
    def marker(magic: bytes, number: int) -> bytes:
        """The bytes that stand for event ``number``; short enough to be written atomically."""
        return magic + _LENGTH.pack(number)

    def feed_text(self, data: bytes) -> list[bytes | tuple[int, Any]]:
        """Bytes of the pipe: the text and events whose turn it is."""
        self._pending += data
        return self._drain()

    def feed_event(self, number: int, event: Any) -> list[bytes | tuple[int, Any]]:
        """An event of the socket: the text and events whose turn it is."""
        if number > self._passed:
            self._events[number] = event
        return self._drain()

    def feed_end(self, number: int, event: Any) -> list[bytes | tuple[int, Any]]:
        """The event that ends a run: what was fed is before it, and no marker waits for it."""
        if not self._pending and not self._events:  # as after most cells
            is_new = number > self._passed
            self._passed = max(number, self._passed)
            return [(number, event)] if is_new else []
        ready = self._drain()
        if self._pending and not self._pending.startswith(self._magic):
            ready.append(self._pending)  # what looks like a marker's beginning is none: it is whole
            self._pending = b""
        for each in sorted(each for each in self._events if each <= number):
            ready.append((each, self._events.pop(each)))  # a reader before has had their markers
        if number > self._passed:
            self._passed = number
            ready.append((number, event))
        return ready + self._drain() if self._pending else ready

    def finish(self) -> list[bytes | tuple[int, Any]]:
        """The pipe has ended: all that is left, the unplaced events last."""
        left: list[bytes | tuple[int, Any]] = self._drain()
        if self._pending:
            left.append(self._pending)
        left += sorted(self._events.items())
        self._pending, self._events = b"", {}
        return left

    def _drain(self) -> list[bytes | tuple[int, Any]]:
        ready: list[bytes | tuple[int, Any]] = []
        size = self.MAGIC_SIZE + _LENGTH.size
        while self._pending:
            at = self._pending.find(self._magic)
            if at < 0:
                keep = self._possible_start()
                cut = len(self._pending) - keep
                if cut:
                    ready.append(self._pending[:cut])
                    self._pending = self._pending[cut:]
                break
            if at:
                ready.append(self._pending[:at])
                self._pending = self._pending[at:]
            if len(self._pending) < size:
                break
            number = _LENGTH.unpack_from(self._pending, self.MAGIC_SIZE)[0]
            if number > self._passed:
                if number not in self._events:
                    break
                for each in sorted(each for each in self._events if each <= number):
                    ready.append((each, self._events.pop(each)))
                self._passed = number
            self._pending = self._pending[size:]
        return ready

    def _possible_start(self) -> int:
        """How many bytes at the end may be the beginning of a marker."""
        for length in range(min(len(self._magic) - 1, len(self._pending)), 0, -1):
            if self._pending.endswith(self._magic[:length]):
                return length
        return 0
