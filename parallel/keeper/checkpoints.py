"""Where a new keeper may begin to read: what the journal tells up to an event, in one file.

A keeper that takes over folds the journal into runs, comms and the rest. Without this it would read
all of it; with it, what came since the newest segment began.

Rules:

1. The journal alone is the truth: a checkpoint that is missing, damaged, or ahead of its journal
   costs time and nothing else.
2. It is written between two events' instructions, where state and journal agree, once a segment,
   whole or not at all; and once more when a full disk has room again: the journal then lacks ends
   of cells, and who believed it would run them a second time.
3. It holds what :mod:`.restoring` folds, and no text but a cell's that may still have to begin a
   spill file.
4. It is never whole in memory where it is written: the allocator would keep that room, some
   20 MiB, as long as the keeper lives.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from ..directories import private_file
from ..logs import Log
from ..messages import RunRecord
from ..wire import to_json

if TYPE_CHECKING:
    from ..journal import Journal
    from .state import SessionState

_log = Log(__name__)
FILE_NAME = "checkpoint.json"
PARENTS = 1000
"""Requests of runs that have ended whose late output still finds its place."""
_AT_ONCE = 50  # runs that are made JSON together
_CHECKSUM = b"%08x\n"
_encoder = msgspec.json.Encoder()


class PrintedSoFar(msgspec.Struct):
    """What a cell has printed, as far as its spill file needs to know."""

    path: str
    shown: int
    """Characters."""
    is_cut: bool = False
    early: str | None = None
    """All of it, while it is little; None once it is more."""


class Checkpoint(msgspec.Struct):
    """What the journal tells up to the event ``after``."""

    after: int = 0
    number: int = 0
    """The last of the engine's numbers among events with a place in the text."""
    aside: int = 0
    """The last among those without."""
    count: int = 1
    """The number of the next cell."""
    runs: list[RunRecord] = []
    requests: dict[str, dict[str, Any]] = {}
    """The content of the requests of runs that have not ended."""
    parents: dict[str, str] = {}
    """The headers of the requests of runs."""
    comms: dict[str, tuple[str, str | None]] = {}
    """The open comms: target, and the run that opened it."""
    printed: dict[str, PrintedSoFar] = {}
    """Of the runs that may print more."""


def checkpoint_of(state: SessionState, after: int) -> Checkpoint:
    """What there is to say of a session."""
    running = [state.running] if state.running is not None else []
    beside = (*state.subshells.running(), *state.subshells.waiting())
    open_runs = (*running, *state.queue, *beside)
    parents = dict(list(state.parents.items())[-PARENTS:])
    parents |= {run.record.id: run.request.raw_header for run in open_runs}
    return Checkpoint(
        after=after,
        number=state.told_number,
        aside=state.told_aside,
        count=state.count,
        runs=state.runs.all(),
        requests={run.record.id: run.request.content for run in open_runs},
        parents={run: header.decode() for run, header in parents.items() if header},
        comms={comm: (each.target, each.run) for comm, each in state.comms.open.items()},
        printed={run: printed for run, printed in state.floods.printed().items() if run},
    )


def write(checkpoint: Checkpoint, stream: BinaryIO) -> None:
    """Write a checksum, then JSON: a line of all but the runs, then a line for each run (rule 4).

    Raises ``OSError``.
    """
    stream.write(_CHECKSUM % 0)
    checksum = 0
    for piece in _pieces(checkpoint):
        checksum = zlib.crc32(piece, checksum)
        stream.write(piece)
    stream.seek(0)
    stream.write(_CHECKSUM % checksum)


def _pieces(checkpoint: Checkpoint) -> Iterator[bytes]:
    runs = checkpoint.runs
    yield _lines([msgspec.structs.replace(checkpoint, runs=[])])
    for first in range(0, len(runs), _AT_ONCE):
        yield _lines(runs[first : first + _AT_ONCE])


def _lines(parts: Sequence[msgspec.Struct]) -> bytes:
    try:
        return _encoder.encode_lines(parts)
    except (ValueError, TypeError, OverflowError, RecursionError):  # what a client sent is no JSON
        return b"".join([to_json(msgspec.to_builtins(each)) + b"\n" for each in parts])


def decode(data: bytes) -> Checkpoint | None:
    """The checkpoint of some bytes; None if they are none (rule 1)."""
    told, _, body = data.partition(b"\n")
    if told + b"\n" != _CHECKSUM % zlib.crc32(body):
        return None
    first, _, rest = body.partition(b"\n")
    try:
        found = msgspec.json.decode(first, type=Checkpoint)
        found.runs += msgspec.json.Decoder(RunRecord).decode_lines(rest)
    except (msgspec.MsgspecError, ValueError):
        return None
    return found


def load(folder: Path, last: int) -> Checkpoint:
    """The checkpoint of a journal whose last event is ``last``; an empty one if there is none."""
    try:
        data = (folder / FILE_NAME).read_bytes()
    except OSError as error:
        _log.info("The journal in %s is read from its beginning: %s", folder, error.strerror)
        return Checkpoint()
    found = decode(data)
    if found is None or found.after > last:
        _log.warning("The checkpoint in %s is damaged: the whole journal is read.", folder)
        return Checkpoint()
    return found


class Checkpoints:
    """Writes the checkpoint of a journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        # What begins a journal is little: a checkpoint comes with its second segment.
        self._segments = journal.segments + (journal.last == 0)
        self._holes = journal.holes
        self._path = journal.folder / FILE_NAME

    def keep(self, state: SessionState) -> None:
        """Write one if a segment has begun since the last, or a hole has ended (rule 2)."""
        journal = self._journal
        if journal.segments <= self._segments and journal.holes == self._holes:
            return
        self._segments, self._holes = max(self._segments, journal.segments), journal.holes
        try:
            with private_file(self._path) as stream:
                write(checkpoint_of(state, journal.last), stream)
        except OSError as error:  # a full disk: the one before stands, and the journal tells
            _log.warning("The checkpoint %s stays as it was: %s", self._path, error.strerror)
