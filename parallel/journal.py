"""The journal: every event of a session, appended and checksummed before it is published.

A journal is a folder of segments, ``events-<first sequence number>.log``. A record is a header
(sequence number, length, checksum, number of parts), the parts' lengths, the parts.

Rules:

1. One writer, kept by a lock. An append is one ``write`` to the file: what was appended survives
   the death of the process at once, and a power failure once the system has written it out.
2. Sequence numbers are contiguous, and none is given twice. A record that is torn or altered is
   passed over, and the reader says so by a :class:`Gap`: nothing is ever missing silently.
3. A disk that is full is told once; the session goes on, and what could not be written shows
   as a gap. The last number that was given then stands in the lock's file, whose room was taken
   when there was some: a writer that goes on after this one's death gives none of them again.
4. Memory is bounded: the writer keeps one place for every 64 KiB, and these of the newest alone;
   the reader keeps one record. What is older is read from where its segment begins.
5. The reader believes nothing: whatever a folder holds, each thing in it is an event, a gap, or
   passed by, and the time that damage costs is bounded by what there is to read.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import struct
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from ..core.private_files import make_folder, open_file, open_to_read, sync_folder
from .errors import JournalError
from .logs import Log

_log = Log(__name__)
SEGMENT_BYTES = 4 * 2**20  # what a new keeper reads, at most, to go on with a journal
_HEAD = struct.Struct("!4sQQII")  # mark, sequence, length, checksum, parts
_MARK = b"vivo"
_NAME = re.compile("events-[0-9]{16}[.]log")
_LARGEST = 10**16  # sequence number: one more digit than a segment's name has
_DIGITS = 16  # of the number in the lock's file
_PATIENCE = 16  # how often, at most, a damaged segment is read over in search of the next record
_INDEX_STEP = 2**16
_PLACES = 1024  # at most; the older half goes at once
_ROOM = 2**20  # bytes written since a failure, after which there is room again


class Event(msgspec.Struct, frozen=True):
    """An event of the journal."""

    seq: int
    parts: list[bytes]


class Gap(msgspec.Struct, frozen=True):
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
        is_synced: bool = False,
    ) -> None:
        """``is_synced``: somebody calls :meth:`sync`, and it counts for segments of before too."""
        self.folder = folder
        self._is_synced = is_synced
        self.last = 0
        self.segments = 0
        """How many segments this writer has begun."""
        self.holes = 0
        """How often it could write again after it could not."""
        self._misses = False
        self._segment_bytes = segment_bytes
        self._report = report
        self._is_failing = False
        self._written = 0
        self._index: list[tuple[int, Path, int]] = []
        self._descriptor = -1
        self._size = 0
        self._indexed = 0
        make_folder(folder)
        self._lock = _locked(folder)
        self.last = _before_last_segment(folder)  # also if nothing can be read of the newest
        for item in read(folder, self.last):
            # An end that is torn takes a number, so that it shows as a gap (rule 2).
            self.last = item.seq if isinstance(item, Event) else (item.last or item.first)
        if (given := _given(self._lock)) > self.last:  # the disk was full, and that was told
            self.last, self._is_failing, self._misses = given, True, True

    def append(self, parts: list[bytes]) -> int:
        """Append an event; its sequence number. Never raises for a failing disk (rule 3)."""
        return self.append_all([parts])

    def append_all(self, events: list[list[bytes]]) -> int:
        """Append events at once; the sequence number of the last one. As :meth:`append`."""
        first = self.last + 1
        self.last += len(events)
        record = b"".join([_record(first + at, parts) for at, parts in enumerate(events)])
        try:
            if self._descriptor < 0 or self._size >= self._segment_bytes:
                self._begin_segment(first)
            self._write(record, first)
        except OSError as error:
            self._fail(error)
        else:
            self._written += len(record)
            self.holes += self._misses
            self._misses = False
            # A disk that is nearly full takes small records and refuses large ones.
            if self._is_failing and self._written >= _ROOM:
                self._is_failing = False
        return self.last

    @property
    def is_failing(self) -> bool:
        """Whether the newest events could not be written."""
        return self._misses

    def sync(self) -> None:
        """Have what was appended on the disk itself. Raises ``OSError``."""
        if self._descriptor >= 0:
            os.fdatasync(self._descriptor)

    def _write(self, record: bytes, first: int) -> None:
        begin = self._size
        written = os.write(self._descriptor, record)
        while written < len(record):
            written += os.write(self._descriptor, memoryview(record)[written:])
        self._size += written
        if not self._index or begin - self._indexed >= _INDEX_STEP or begin == 0:
            self._index.append((first, self._path, begin))
            self._indexed = begin
            if len(self._index) > _PLACES:
                del self._index[: _PLACES // 2]

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
        self._is_failing, self._misses, self._written = True, True, 0
        _note_given(self._lock, self.last)

    def _begin_segment(self, first: int) -> None:
        self._close_segment()
        path = _segment_path(self.folder, first)
        # Not through a link, and without waiting for who would read from a pipe.
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
        self._descriptor = open_file(path, flags)
        self._path, self._size, self._indexed = path, os.fstat(self._descriptor).st_size, 0
        self.segments += 1
        if self._is_synced:
            sync_folder(self.folder)

    def _close_segment(self) -> None:
        if self._descriptor >= 0:
            if self._is_synced:
                with suppress(OSError):  # what is not on the disk is told by the next sync
                    os.fdatasync(self._descriptor)
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
    descriptor = open_file(folder / "lock", os.O_RDWR)
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


def _given(lock: int) -> int:
    """The last number that was given while the disk was full; 0 if none is known (rule 5)."""
    told = os.pread(lock, _DIGITS + 1, 0) if lock >= 0 else b""
    if len(told) != _DIGITS or not told.isdigit():
        _note_given(lock, 0)  # takes the room that it needs
        return 0
    return int(told) if int(told) < _LARGEST // 10 else 0


def _note_given(lock: int, number: int) -> None:
    try:
        os.pwrite(lock, b"%0*d" % (_DIGITS, number), 0)
    except OSError as error:
        _log.info("The lock of a journal cannot be written: %s", error)


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
    segments = _segments(folder, after, start)
    firsts = [_first_of(path) for path, _ in segments]
    for (path, offset), first, end in zip(segments, firsts, [*firsts[1:], _LARGEST], strict=False):
        if first > expected:  # numbers before a segment's first were given
            yield Gap(expected, first - 1, reason or "it could not be written")
            expected, reason = first, None
        for item in _read_segment(path, offset):
            if isinstance(item, str):
                reason = item
            elif not first <= item.seq < end:
                reason = f"{path.name} holds events of another place"
            elif item.seq >= expected:
                if item.seq > expected:
                    yield Gap(expected, item.seq - 1, reason or "it could not be written")
                yield item
                expected, reason = item.seq + 1, None
    if reason is not None:
        yield Gap(expected, None, reason)


def _paths(folder: Path) -> list[Path]:
    """The segments of a journal, the oldest first; what else lies there is none of them."""
    return sorted(path for path in folder.glob("events-*.log") if _NAME.fullmatch(path.name))


def _first_of(path: Path) -> int:
    return int(path.stem.removeprefix("events-"))


def _before_last_segment(folder: Path) -> int:
    """The last sequence number before the newest segment: what is earlier needs no reading."""
    return max((_first_of(path) - 1 for path in _paths(folder)), default=0)


def _segments(
    folder: Path, after: int, start: tuple[int, Path, int] | None
) -> list[tuple[Path, int]]:
    paths = _paths(folder)
    firsts = [_first_of(path) for path in paths]
    at = max(0, bisect_right(firsts, after + 1) - 1)
    offset = {start[1]: start[2]} if start is not None else {}
    return [(path, offset.get(path, 0)) for path in paths[at:]]


def _read_segment(path: Path, offset: int) -> Iterator[Event | str]:
    """The events of a segment, and a sentence in the place of each damage."""
    try:
        stream = open_to_read(path)
    except OSError as error:
        yield f"{path.name} cannot be read: {error.strerror}"
        return
    with stream:
        told = os.fstat(stream.fileno())
        if not stat.S_ISREG(told.st_mode):
            yield f"{path.name} is no file"
            return
        patience = _PATIENCE * told.st_size
        while offset < told.st_size:
            stream.seek(offset)
            while isinstance(item := _read_record(stream, told.st_size - offset), Event):
                yield item
                offset = stream.tell()
            if item is None:
                return
            yield f"{path.name} {item}"
            patience -= stream.tell() - offset + _HEAD.size
            if patience < 0:
                yield f"{path.name} is damaged in more places than are worth reading"
                return
            offset = _next_head(stream, offset + 1, told.st_size)


def _read_record(stream: BinaryIO, left: int) -> Event | str | None:
    """The record that begins here; what is wrong with it; None at the end."""
    head = stream.read(_HEAD.size)
    if not head:
        return None
    if len(head) < _HEAD.size:
        return "ends inside a record"
    mark, seq, length, checksum, count = _HEAD.unpack(head)
    if mark != _MARK or count * 8 > length or seq > _LARGEST:
        return "is damaged"
    if length > left:
        return "ends inside a record"
    payload = stream.read(length)
    if len(payload) < length:
        return "ends inside a record"
    if _checksum(seq, count, payload) != checksum:
        return f"is damaged at event {seq}"
    return Event(seq, _split(payload, count))


def _next_head(stream: BinaryIO, offset: int, size: int) -> int:
    """Where the next record may begin: only damage makes anyone look for it."""
    stream.seek(offset)
    held, begin = b"", offset
    while piece := stream.read(_INDEX_STEP):
        held += piece
        at = held.find(_MARK)
        while 0 <= at <= len(held) - _HEAD.size:
            if _is_head(held, at, size - begin - at):
                return begin + at
            at = held.find(_MARK, at + 1)
        done = at if at >= 0 else max(0, len(held) - len(_MARK) + 1)
        held, begin = held[done:], begin + done
    return size


def _is_head(data: bytes, at: int, left: int) -> bool:
    """Whether what begins with a mark says what a record can."""
    _, seq, length, _, count = _HEAD.unpack_from(data, at)
    return bool(seq <= _LARGEST and count * 8 <= length <= left - _HEAD.size)


def _split(payload: bytes, count: int) -> list[bytes]:
    lengths = struct.unpack_from(f"!{count}Q", payload)
    parts = []
    position = count * 8
    for length in lengths:
        parts.append(payload[position : position + length])
        position += length
    return parts
