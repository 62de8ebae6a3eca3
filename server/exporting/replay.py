"""Which session ran a file, and what its journal tells of it. Nothing is asked of the session."""

from __future__ import annotations

import logging
from pathlib import Path

from ...core.errors import VivoError
from ...parallel.errors import WireError
from ...parallel.journal import Event, read
from ...parallel.messages import RunRecord
from ...parallel.transcripts import description, find_journal, journals
from ...parallel.wire import decode_event
from .outputs import OutputFold

_log = logging.getLogger(__name__)
_LOOKED_AT = 20
"""How many journals are searched for a file, the likeliest first."""


def folded(folder: Path) -> OutputFold:
    """The runs of a journal with what they showed."""
    fold = OutputFold()
    for item in read(folder, 0):
        if not isinstance(item, Event):
            continue  # a gap: what was there cannot be shown
        try:
            fold.add(decode_event(item.parts))
        except (WireError, KeyError, TypeError) as error:
            _log.warning("An event of %s is passed over: %s", folder, error)
    return fold


def runs_of(
    fold: OutputFold, path: Path | None, uri: str | None = None, *, or_in_no_file: bool = False
) -> list[RunRecord]:
    """The runs of a file's or a document's text, of a notebook its cells', oldest first.

    ``or_in_no_file`` takes those too that came without a file, as from a plain Jupyter client.
    """
    found = []
    for record in fold.runs.all():
        files = (record.path, (record.path or "").rpartition("#")[0])
        is_its = (path is not None and str(path) in files) or (
            uri is not None and record.uri == uri
        )
        if is_its or (or_in_no_file and record.path is None):
            found.append(record)
    return found


def session_that_ran(
    path: Path | None, uri: str | None, session: str | None
) -> tuple[str, OutputFold] | None:
    """The id of the session that ran a document last, and its runs; None if none did.

    A session that is named is taken; else those whose folder holds the file are looked at first,
    then the newest. Raises :class:`SessionError` for a name that no session has.
    """
    if session is not None:
        folder = find_journal(session)
        return folder.name, folded(folder)
    for folder in _likely(path)[:_LOOKED_AT]:
        try:
            fold = folded(folder)
        except (VivoError, OSError) as error:
            _log.warning("The journal %s is passed over: %s", folder, error)
            continue
        if runs_of(fold, path, uri):
            return folder.name, fold
    return None


def _likely(path: Path | None) -> list[Path]:
    def is_near(folder: Path) -> bool:
        entry = description(folder)
        if entry is None or path is None:
            return False
        return path.is_relative_to(entry.workspace or entry.cwd)

    newest = journals()[::-1]
    near = [folder for folder in newest if is_near(folder)]
    return near + [folder for folder in newest if folder not in near]
