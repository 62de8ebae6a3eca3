"""Errors of runs as diagnostics on the failing line, with the frames as related information."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ...parallel.messages import RunRecord
from ..anchors import Anchor
from ..sessions import path_of

if TYPE_CHECKING:
    from .presenter import Presenter

_MAXIMUM_RELATED = 20


def diagnostics_of(presenter: Presenter, uri: str) -> list[types.Diagnostic]:
    """The diagnostics of a document."""
    anchors = presenter.documents.get(uri)
    if anchors is None:
        return []
    found = []
    for anchor in anchors.anchors:
        if anchor.record.error is not None and not anchor.is_stale:
            found.append(_error(presenter, uri, anchor))
    if presenter.values_by == "diagnostics":
        for _, line, label, _ in presenter.labelled(uri):
            found.append(
                types.Diagnostic(
                    range=presenter.range_of(uri, line, line + 1),
                    message=label,
                    severity=types.DiagnosticSeverity.Hint,
                    source="vivo",
                )
            )
    return found


def _error(presenter: Presenter, uri: str, anchor: Anchor) -> types.Diagnostic:
    record = anchor.record
    assert record.error is not None
    line = anchor.start if record.error.line is None else anchor.line_of(record.error.line)
    where = presenter.range_of(uri, line, line + 1)
    where.start.character = _indentation(presenter, uri, line)
    message = f"{record.error.name}: {record.error.message}".rstrip(": ")
    return types.Diagnostic(
        range=where,
        message=message,
        severity=types.DiagnosticSeverity.Error,
        source="vivo",
        code=record.error.name,
        related_information=_related(presenter, record, uri) or None,
    )


def _indentation(presenter: Presenter, uri: str, line: int) -> int:
    document = presenter.documents[uri]
    text = document.lines[line] if line < len(document.lines) else ""
    return len(text) - len(text.lstrip())


def _related(
    presenter: Presenter, record: RunRecord, uri: str
) -> list[types.DiagnosticRelatedInformation]:
    """The frames in files, innermost first."""
    session = presenter.session_of(record)
    report: dict[str, Any] = (session.reports.get(record.id) if session else None) or {}
    notebooks = presenter.server.notebooks
    own = path_of(uri) if not notebooks.is_cell(uri) else None
    related = []
    for frame in reversed(report.get("frames", ())):
        path = Path(frame["path"])
        if not path.is_absolute():
            continue
        line = max(0, frame["line"] - 1)
        place = types.Range(types.Position(line, 0), types.Position(line, 0))
        target = notebooks.uri_of(frame["path"]) or path.as_uri()
        if own is not None and path == own:
            target = uri
        related.append(
            types.DiagnosticRelatedInformation(
                types.Location(target, place), f"in {frame['function'] or 'module'}"
            )
        )
    return related[:_MAXIMUM_RELATED]
