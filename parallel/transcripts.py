"""The transcript of a session, read from its journal: also of a session that has ended.

Rules:

1. Nothing is asked of the session: it may be busy, dead, or of another boot.
2. A transcript is read event by event: memory does not grow with the journal.
3. What the journal does not hold is an entry of its own, never silence.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from ..core.private_files import read_small
from .directories import journals_folder, private, write_private
from .errors import SessionError, WireError
from .journal import Event, read
from .messages import RunRecord
from .registry import SessionEntry
from .wire import Message, decode_event

_log = logging.getLogger(__name__)
_DESCRIPTION = "session.json"

EntryKind = Literal["input", "stream", "display", "value", "error", "end", "gap", "news"]
_KINDS: dict[str, EntryKind] = {
    "execute_input": "input",
    "stream": "stream",
    "display_data": "display",
    "execute_result": "value",
    "error": "error",
}
_NEWS = {
    "restarting": "The session was restarted: the variables of the cells above are gone.",
    "dead": "The session's Python process ended: the variables of the cells above are gone.",
}


class TranscriptEntry(msgspec.Struct, frozen=True):
    """One thing that a session was given or showed."""

    kind: EntryKind
    seq: int
    """Its number in the journal; of a gap, the first number that is missing."""
    run: str | None
    content: dict[str, Any]
    """Of a message as Jupyter has it; of ``end``: status; of ``gap``: first, last, reason; of
    ``news``: text."""
    record: RunRecord | None = None
    """Of ``input`` and ``end``: the run as it was then."""


def transcript(folder: Path, after: int = 0) -> Iterator[TranscriptEntry]:
    """What the journal in a folder tells, from the event after a sequence number on."""
    for item in read(folder, after):
        if not isinstance(item, Event):
            told = {"first": item.first, "last": item.last, "reason": item.reason}
            yield TranscriptEntry("gap", item.first, None, told)
            continue
        try:
            message = decode_event(item.parts)
        except WireError as error:
            told = {"first": item.seq, "last": item.seq, "reason": str(error)}
            yield TranscriptEntry("gap", item.seq, None, told)
            continue
        entry = entry_of(item.seq, message)
        if entry is not None:
            yield entry


def entry_of(seq: int, message: Message) -> TranscriptEntry | None:
    """What an event of a session adds to its transcript; None for nothing."""
    vivo = message.metadata.get("vivo") or {}
    run, record = vivo.get("run"), vivo.get("record")
    kept = msgspec.convert(record, RunRecord) if record is not None else None
    if (kind := _KINDS.get(message.type)) is not None:
        return TranscriptEntry(kind, seq, run, message.content, kept)
    if message.type != "status":
        return None
    state = message.content["execution_state"]
    if kept is not None:
        return TranscriptEntry("end", seq, run, {"status": kept.status}, kept)
    if state in _NEWS and run is None:
        return TranscriptEntry("news", seq, None, {"text": _NEWS[state]})
    return None


def inputs(folder: Path) -> list[RunRecord]:
    """The runs that a session began, oldest first, as they are now.

    One that has not ended, or whose keeper was killed with it, is ``running``.
    """
    runs: dict[str, RunRecord] = {}
    for entry in transcript(folder):
        if entry.record is not None and (entry.kind == "input" or entry.record.id in runs):
            runs[entry.record.id] = entry.record
    return list(runs.values())


# --- Which sessions have one ------------------------------------------------------------------


def describe(entry: SessionEntry) -> None:
    """Keep what a session is beside its journal, for when the registry has forgotten it."""
    try:
        write_private(Path(entry.journal) / _DESCRIPTION, msgspec.json.encode(entry))
    except OSError as error:  # a full disk: the session goes on without
        _log.warning("The journal in %s gets no description: %s", entry.journal, error.strerror)


def description(folder: Path) -> SessionEntry | None:
    """What the session of a journal was; None if nothing readable tells."""
    try:
        return msgspec.json.decode(read_small(folder / _DESCRIPTION), type=SessionEntry)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return None


def journals() -> list[Path]:
    """The folders of this user's journals that hold an event, the oldest first."""
    found = [path.parent for path in private(journals_folder()).glob("*/events-*.log")]
    return sorted(set(found), key=lambda path: path.stat().st_mtime)


def find_journal(session: str) -> Path:
    """The journal of a session, by its id or a beginning of it that no other has.

    Raises :class:`SessionError`.
    """
    found = [path for path in journals() if session and path.name.startswith(session)]
    exact = [path for path in found if path.name == session]
    if len(found) == 1 or exact:
        return (exact or found)[0]
    if found:
        names = ", ".join(path.name for path in found[:5])
        raise SessionError(f"{session} may be {names}: give more of the id.")
    raise SessionError(
        f"No session {session} has left a journal: `vivo sessions show` lists those that have."
    )
