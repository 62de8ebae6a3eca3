"""The journal: every event of a session, appended and checksummed before it is published.

A journal is a folder of segments, ``events-<first sequence number>.log``. A record is a header
(sequence number, length, checksum, number of parts), the parts' lengths, the parts.

Rules:

1. One writer. An append is one ``write`` to the file: what was appended survives the death of the
   process at once, and a power failure once the system has written it out.
2. Sequence numbers are contiguous. A record that is torn or altered ends its segment, and the
   reader says so by a :class:`Gap`: nothing is ever missing silently.
3. A disk that is full is told once; the session goes on, and what could not be written shows
   as a gap.
"""

from __future__ import annotations

import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import JournalError

SEGMENT_BYTES = 16 * 2**20
_HEAD = struct.Struct("!4sQQII")  # mark, sequence, length, checksum, parts
_MARK = b"vivo"
_INDEX_STEP = 64
_MAXIMUM_RECORD = 2**33


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
    """The writer of a journal. Opening a folder that holds one goes on after its last event."""

    def __init__(
        self,
        folder: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        report: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._report = report
        self._is_failing = False
        self._index: list[tuple[int, Path, int]] = []
        self._descriptor = -1
        self._size = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.last = max((item.seq for item in read(folder) if isinstance(item, Event)), default=0)

    def append(self, parts: list[bytes]) -> int:
        """Append an event; its sequence number. Never raises for a failing disk (rule 3)."""
        self.last += 1
        record = _record(self.last, parts)
        try:
            if self._descriptor < 0 or self._size >= self._segment_bytes:
                self._begin_segment()
            if self.last % _INDEX_STEP == 1 or not self._index:
                self._index.append((self.last, self._path, self._size))
            self._write(record)
        except OSError as error:
            self._fail(error)
        else:
            self._is_failing = False
        return self.last

    def _write(self, record: bytes) -> None:
        view = memoryview(record)
        while view:
            written = os.write(self._descriptor, view)
            self._size += written
            view = view[written:]

    def _fail(self, error: OSError) -> None:
        self._close_segment()  # a torn record ends its segment
        if not self._is_failing:
            self._report(
                f"The journal in {self.folder} cannot be written ({error.strerror}). The session "
                "goes on, but what it prints until then will be missing after a reconnect: free "
                "some space."
            )
        self._is_failing = True

    def _begin_segment(self) -> None:
        self._close_segment()
        self._path = _segment_path(self.folder, self.last)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open(self._path, flags, 0o600)
        self._size = os.fstat(self._descriptor).st_size
        self._index.append((self.last, self._path, self._size))

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
        """Close the file. The journal stays."""
        self._close_segment()


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
    segments = _segments(folder, after, start)
    for number, (path, offset) in enumerate(segments, 1):
        broken = None
        for item in _read_segment(path, offset):
            if isinstance(item, str):
                broken = item
                break
            if item.seq < expected:
                continue
            if item.seq > expected:
                yield Gap(expected, item.seq - 1, "not in the journal")
            yield item
            expected = item.seq + 1
        if broken is not None and number == len(segments):
            # In an earlier segment the next one's first number says what is missing.
            yield Gap(expected, None, broken)


def _first_of(path: Path) -> int:
    try:
        return int(path.stem.split("-")[1])
    except (IndexError, ValueError):
        raise JournalError(f"{path} is no segment of a journal: its name has no number.") from None


def _segments(
    folder: Path, after: int, start: tuple[int, Path, int] | None
) -> list[tuple[Path, int]]:
    paths = sorted(folder.glob("events-*.log"), key=_first_of)
    firsts = [_first_of(path) for path in paths]
    at = max(0, bisect_right(firsts, after + 1) - 1)
    offset = {start[1]: start[2]} if start is not None else {}
    return [(path, offset.get(path, 0)) for path in paths[at:]]


def _read_segment(path: Path, offset: int) -> Iterator[Event | str]:
    """The events of a segment; a sentence where it breaks off."""
    try:
        stream = path.open("rb")
    except OSError as error:
        yield f"{path.name} cannot be read: {error.strerror}"
        return
    with stream:
        stream.seek(offset)
        while head := stream.read(_HEAD.size):
            if len(head) < _HEAD.size:
                yield f"{path.name} ends inside a record"
                return
            mark, seq, length, checksum, count = _HEAD.unpack(head)
            if mark != _MARK or length > _MAXIMUM_RECORD or count * 8 > length:
                yield f"{path.name} is damaged"
                return
            payload = stream.read(length)
            if len(payload) < length:
                yield f"{path.name} ends inside a record"
                return
            if _checksum(seq, count, payload) != checksum:
                yield f"{path.name} is damaged at event {seq}"
                return
            yield Event(seq, _split(payload, count))


def _split(payload: bytes, count: int) -> list[bytes]:
    lengths = struct.unpack_from(f"!{count}Q", payload)
    parts = []
    position = count * 8
    for length in lengths:
        parts.append(payload[position : position + length])
        position += length
    return parts
