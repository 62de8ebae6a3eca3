"""The errors that are shown, and where the frames of each stand in the documents as they are now.

Rules:

1. An error is shown until its cell is edited or run again.
2. A frame stands on a line only if that line says what ran: by the result that is anchored
   there, else by the frame's own text.
3. User's files are those that are open, and those of the workspace that no package manager put
   there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ...parallel.messages import RunRecord
from ..anchors import Anchor
from ..sessions import path_of

if TYPE_CHECKING:
    from ..live import LiveSession
    from .presenter import Presenter

_NOT_THE_USERS = frozenset({"site-packages", "dist-packages", ".venv", "venv", "node_modules"})


@attrs.frozen
class Failure:
    """The error of a result that is fresh."""

    uri: str
    anchor: Anchor
    report: dict[str, Any]
    session: LiveSession | None

    @property
    def record(self) -> RunRecord:
        """Its run."""
        return self.anchor.record


def failures(presenter: Presenter) -> Iterator[Failure]:
    """The errors that are shown (rule 1)."""
    for uri, anchors in list(presenter.documents.items()):
        for anchor in anchors.anchors:
            if anchor.record.error is not None and not anchor.is_stale:
                session = presenter.session_of(anchor.record)
                report = (session.reports.get(anchor.record.id) if session else None) or {}
                yield Failure(uri, anchor, report, session)


def text_of_frame(frame: dict[str, Any]) -> str | None:
    """The failing line of a frame, stripped; None if it is not known."""
    index = frame["line"] - frame["first_source_line"]
    source = frame["source"]
    return source[index].strip() if 0 <= index < len(source) else None


def line_of_frame(
    presenter: Presenter, failure: Failure, frame: dict[str, Any], uri: str
) -> int | None:
    """The 0-based line of a document on which a frame stands; None if it does not (rule 2)."""
    return line_of_place(
        presenter, uri, frame["path"], frame["line"], text_of_frame(frame), failure.anchor
    )


def line_of_place(
    presenter: Presenter,
    uri: str,
    path: str,
    line: int,
    text: str | None,
    first: Anchor | None = None,
) -> int | None:
    """The 0-based line of a document where a 1-based line of a file, as it ran, is now.

    ``text`` is what stood on it; the result ``first`` is looked at before others.
    """
    anchors = presenter.documents.get(uri)
    own = path_of(uri)
    if anchors is None or line < 1:
        return None
    is_file = own is not None and Path(path) == own
    ordered = sorted(anchors.anchors, key=lambda each: each is not first)
    for anchor in ordered:
        record = anchor.record
        is_unnamed = record.path is None
        named = path == (f"<cell {record.execution_count}>" if is_unnamed else record.path)
        offset = line - record.first_line
        if not named or not 0 <= offset < len(anchor.text) or anchor.is_stale:
            continue
        if text is None or anchor.text[offset].strip() == text:
            return anchor.line_of(line)
    if not is_file:
        return None
    lines = presenter.lines_of(uri)
    stands = line <= len(lines) and (text is None or lines[line - 1].strip() == text)
    return line - 1 if stands else None


def innermost(presenter: Presenter, failure: Failure) -> tuple[str, dict[str, Any]] | None:
    """The document of the innermost frame in a file of the user's, and the frame (rule 3)."""
    for frame in reversed(failure.report.get("frames", ())):
        uri = uri_of_users(presenter, frame["path"])
        if uri is not None:
            return uri, frame
        if frame["path"].startswith("<cell"):
            return failure.uri, frame
    return None


def uri_of_users(presenter: Presenter, path: str) -> str | None:
    """The document of a file if it is the user's (rule 3), or a notebook's cell."""
    if (cell := presenter.server.notebooks.uri_of(path)) is not None:
        return cell
    file = Path(path)
    if not file.is_absolute():
        return None
    for uri in presenter.documents:
        if path_of(uri) == file:
            return uri
    for folder in presenter.server.sessions.folders:
        if file.is_relative_to(folder):
            inside = file.relative_to(folder).parts
            return None if _NOT_THE_USERS.intersection(inside) else file.as_uri()
    return None


def elsewhere(presenter: Presenter) -> dict[str, list[tuple[Failure, dict[str, Any]]]]:
    """By document: the errors of cells of other documents that failed in it."""
    found: dict[str, list[tuple[Failure, dict[str, Any]]]] = {}
    for failure in failures(presenter):
        place = innermost(presenter, failure)
        if place is not None and place[0] != failure.uri:
            found.setdefault(place[0], []).append((failure, place[1]))
    return found
