"""The journal: every event of a session, appended and checksummed before it is published.

A journal is a folder of segments, ``events-<first sequence number>.log``. A record is a header
(sequence number, length, checksum, number of parts), the parts' lengths, the parts.

Rules:

1. One writer, kept by a lock. An append is one ``write`` to the file: what was appended survives
   the death of the process at once, and a power failure once the system has written it out.
2. Sequence numbers are contiguous, and none is given twice. A record that is torn or altered is
   passed over, and the reader says so by a :class:`Gap`: nothing is ever missing silently.
3. A disk that is full is told once; the session goes on, and what could not be written shows
   as a gap.
4. Memory is bounded: the writer keeps one place for every 64 KiB, the reader one record.
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .errors import JournalError

_log = logging.getLogger(__name__)
SEGMENT_BYTES = 16 * 2**20
_HEAD = struct.Struct("!4sQQII")  # mark, sequence, length, checksum, parts
_MARK = b"vivo"
_INDEX_STEP = 2**16
_ROOM = 2**20  # bytes written since a failure, after which there is room again


@dataclass(frozen=True)
class Event:
    """An event of the journal."""

    seq: int
    parts: list[bytes]


@dataclass(frozen=True)
class Gap:
    """Events that the journal does not hold."""

    first: int
    last: int | None
    """None where nobody knows how many: at the end of a journal."""
    reason: str


class Journal:
    """The writer of a journal. Opening a folder that holds one goes on after its last event.

    Raises :class:`JournalError` if another process writes it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        report: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.folder = folder
        self.last = 0
        self._segment_bytes = segment_bytes
        self._report = report
        self._is_failing = False
        self._written = 0
        self._index: list[tuple[int, Path, int]] = []
        self._descriptor = -1
        self._size = 0
        self._indexed = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _locked(folder)
        for item in read(folder, _before_last_segment(folder)):
            # An end that is torn takes a number, so that it shows as a gap (rule 2).
            self.last = item.seq if isinstance(item, Event) else (item.last or item.first)

    def append(self, parts: list[bytes]) -> int:
        """Append an event; its sequence number. Never raises for a failing disk (rule 3)."""
        self.last += 1
        record = _record(self.last, parts)
        try:
            if self._descriptor < 0 or self._size >= self._segment_bytes:
                self._begin_segment()
            self._write(record)
        except OSError as error:
            self._fail(error)
        else:
            self._written += len(record)
            # A disk that is nearly full takes small records and refuses large ones.
            if self._is_failing and self._written >= _ROOM:
                self._is_failing = False
        return self.last

    def _write(self, record: bytes) -> None:
        begin = self._size
        written = os.write(self._descriptor, record)
        while written < len(record):
            written += os.write(self._descriptor, memoryview(record)[written:])
        self._size += written
        if not self._index or begin - self._indexed >= _INDEX_STEP or begin == 0:
            self._index.append((self.last, self._path, begin))
            self._indexed = begin

    def _fail(self, error: OSError) -> None:
        try:
            if self._descriptor >= 0:
                os.ftruncate(self._descriptor, self._size)
        except OSError:
            self._close_segment()  # what is torn ends its segment
        if not self._is_failing:
            self._report(
                f"The journal in {self.folder} cannot be written ({error.strerror}). The session "
                "goes on, but what it prints until then will be missing after a reconnect: free "
                "some space."
            )
        self._is_failing, self._written = True, 0

    def _begin_segment(self) -> None:
        self._close_segment()
        path = _segment_path(self.folder, self.last)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)
        self._path, self._size, self._indexed = path, os.fstat(self._descriptor).st_size, 0

    def _close_segment(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def read(self, after: int = 0) -> Iterator[Event | Gap]:
        """The events after a sequence number, from the nearest place the writer remembers."""
        at = bisect_right(self._index, after + 1, key=lambda entry: entry[0]) - 1
        start = self._index[at] if at >= 0 else None
        return read(self.folder, after, start=start)

    def close(self) -> None:
        """Close the files. The journal stays."""
        self._close_segment()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _locked(folder: Path) -> int:
    """The descriptor of a journal's lock, which goes with the process that holds it."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise JournalError(
            f"The journal in {folder} is being written by another process: end that session first."
        ) from None
    except OSError as error:
        # A file system without locks: session ids are unique, so nobody else writes here.
        _log.info("The journal in %s cannot be locked: %s", folder, error)
    return descriptor


def _segment_path(folder: Path, first: int) -> Path:
    return folder / f"events-{first:016d}.log"


def _record(seq: int, parts: list[bytes]) -> bytes:
    lengths = struct.pack(f"!{len(parts)}Q", *map(len, parts))
    payload = b"".join([lengths, *parts])
    checksum = _checksum(seq, len(parts), payload)
    return _HEAD.pack(_MARK, seq, len(payload), checksum, len(parts)) + payload


def _checksum(seq: int, count: int, payload: bytes) -> int:
    """Over all that a record says: its number and its parts."""
    return zlib.crc32(payload, zlib.crc32(struct.pack("!QI", seq, count)))


def read(
    folder: Path, after: int = 0, *, start: tuple[int, Path, int] | None = None
) -> Iterator[Event | Gap]:
    """The events of a journal after a sequence number, with a :class:`Gap` where some are missing.

    Works beside the writer, and for the journal of a dead session. ``start``: a known
    (sequence number, segment, offset) at or before the first wanted event.
    """
    expected = after + 1
    reason = None
    for path, offset in _segments(folder, after, start):
        first = _first_of(path)
        if first > expected:  # numbers before a segment's first were given
            yield Gap(expected, first - 1, reason or "it could not be written")
            expected, reason = first, None
        for item in _read_segment(path, offset):
            if isinstance(item, str):
                reason = item
            elif item.seq >= expected:
                if item.seq > expected:
                    yield Gap(expected, item.seq - 1, reason or "it could not be written")
                yield item
                expected, reason = item.seq + 1, None
    if reason is not None:
        yield Gap(expected, None, reason)


def _first_of(path: Path) -> int:
    try:
        return int(path.stem.split("-")[1])
    except (IndexError, ValueError):
        raise JournalError(f"{path} is no segment of a journal: its name has no number.") from None


def _before_last_segment(folder: Path) -> int:
    """The last sequence number before the newest segment: what is earlier needs no reading."""
    return max((_first_of(path) - 1 for path in folder.glob("events-*.log")), default=0)


def _segments(
    folder: Path, after: int, start: tuple[int, Path, int] | None
) -> list[tuple[Path, int]]:
    paths = sorted(folder.glob("events-*.log"), key=_first_of)
    firsts = [_first_of(path) for path in paths]
    at = max(0, bisect_right(firsts, after + 1) - 1)
    offset = {start[1]: start[2]} if start is not None else {}
    return [(path, offset.get(path, 0)) for path in paths[at:]]


def _read_segment(path: Path, offset: int) -> Iterator[Event | str]:
    """The events of a segment, and a sentence in the place of each damage."""
    try:
        stream = path.open("rb")
    except OSError as error:
        yield f"{path.name} cannot be read: {error.strerror}"
        return
    with stream:
        size = os.fstat(stream.fileno()).st_size
        while offset < size:
            stream.seek(offset)
            while isinstance(item := _read_record(stream, size - offset), Event):
                yield item
                offset = stream.tell()
            if item is None:
                return
            yield f"{path.name} {item}"
            offset = _next_mark(stream, offset + 1)


def _read_record(stream: BinaryIO, left: int) -> Event | str | None:
    """The record that begins here; what is wrong with it; None at the end."""
    head = stream.read(_HEAD.size)
    if not head:
        return None
    if len(head) < _HEAD.size:
        return "ends inside a record"
    mark, seq, length, checksum, count = _HEAD.unpack(head)
    if mark != _MARK or count * 8 > length:
        return "is damaged"
    if length > left:
        return "ends inside a record"
    payload = stream.read(length)
    if len(payload) < length:
        return "ends inside a record"
    if _checksum(seq, count, payload) != checksum:
        return f"is damaged at event {seq}"
    return Event(seq, _split(payload, count))


def _next_mark(stream: BinaryIO, offset: int) -> int:
    """Where the next record may begin: only damage makes anyone look for it."""
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = data.find(_MARK, offset)
        return found if found >= 0 else len(data)


def _split(payload: bytes, count: int) -> list[bytes]:
    lengths = struct.unpack_from(f"!{count}Q", payload)
    parts = []
    position = count * 8
    for length in lengths:
        parts.append(payload[position : position + length])
        position += length
    return parts
