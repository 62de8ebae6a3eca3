"""Errors of runs as diagnostics on the failing line, with the frames as related information.

An error that was raised in another file of the user's is told on that file's line too. Warnings
stand on the lines that they name; values, where the client has no better channel.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ...parallel.messages import RunError, RunWarning
from ..sessions import path_of, source_name
from .failures import Failure, elsewhere, failures, line_of_frame, line_of_place, uri_of_users
from .shown import shown_in

if TYPE_CHECKING:
    from .presenter import Presenter

_MAXIMUM_RELATED = 20


def diagnostics_of(presenter: Presenter, uri: str) -> list[types.Diagnostic]:
    """The diagnostics of a document."""
    found = [_error(presenter, each) for each in failures(presenter) if each.uri == uri]
    for failure, frame in elsewhere(presenter).get(uri, ()):
        raised = _raised_here(presenter, uri, failure, frame)
        if raised is not None:
            found.append(raised)
    found += _warnings(presenter, uri)
    if presenter.values_by == "diagnostics":
        for shown in shown_in(presenter, uri):
            found.append(
                types.Diagnostic(
                    range=presenter.range_of(uri, shown.line, shown.line + 1),
                    message=shown.label,
                    severity=types.DiagnosticSeverity.Hint,
                    source="vivo",
                )
            )
    return found


def documents_elsewhere(presenter: Presenter) -> set[str]:
    """The documents that have diagnostics for what cells of others did."""
    found = set(elsewhere(presenter))
    for _, _, uri in _warned(presenter):
        found.add(uri)
    return found


def line_of_error(presenter: Presenter, failure: Failure) -> int:
    """The 0-based line of its document on which a cell's error stands: in the cell itself."""
    record, anchor = failure.record, failure.anchor
    for frame in reversed(failure.report.get("frames", ())):
        inside = 0 <= frame["line"] - record.first_line < len(anchor.text)
        line = line_of_frame(presenter, failure, frame, failure.uri) if inside else None
        if line is not None and anchor.start <= line < anchor.end:
            return line
    assert record.error is not None
    return anchor.start if record.error.line is None else anchor.line_of(record.error.line)


def _error(presenter: Presenter, failure: Failure) -> types.Diagnostic:
    line = line_of_error(presenter, failure)
    where = presenter.range_of(failure.uri, line, line + 1)
    where.start.character = _indentation(presenter, failure.uri, line)
    return _diagnostic(presenter, failure, where)


def _diagnostic(
    presenter: Presenter, failure: Failure, where: types.Range, *, is_caller_told: bool = False
) -> types.Diagnostic:
    error = failure.record.error
    assert error is not None
    related = _related(presenter, failure)
    if is_caller_told and not related:
        place = presenter.range_of(failure.uri, failure.anchor.start, failure.anchor.start + 1)
        location = types.Location(failure.uri, place)
        related = [types.DiagnosticRelatedInformation(location, "run by this cell")]
    return types.Diagnostic(
        range=where,
        message=cause_of(error),
        severity=types.DiagnosticSeverity.Error,
        source="vivo",
        code=error.name.partition(" on engine")[0],
        related_information=related or None,
        data={"run": failure.record.id},
    )


def cause_of(error: RunError) -> str:
    """The short cause of an error."""
    return f"{error.name}: {error.message}".rstrip(": ")


def _raised_here(
    presenter: Presenter, uri: str, failure: Failure, frame: dict[str, Any]
) -> types.Diagnostic | None:
    if uri in presenter.documents:
        line = line_of_frame(presenter, failure, frame, uri)
        if line is None:
            return None  # the file has changed there since
        where = presenter.range_of(uri, line, line + 1)
        where.start.character = _indentation(presenter, uri, line)
    else:
        line = max(0, frame["line"] - 1)
        index = frame["line"] - frame["first_source_line"]
        source = frame["source"][index] if 0 <= index < len(frame["source"]) else ""
        start = len(source) - len(source.lstrip())
        where = types.Range(types.Position(line, start), types.Position(line, len(source)))
    return _diagnostic(presenter, failure, where, is_caller_told=True)


def _indentation(presenter: Presenter, uri: str, line: int) -> int:
    document = presenter.documents[uri]
    text = document.lines[line] if line < len(document.lines) else ""
    return len(text) - len(text.lstrip())


def _related(presenter: Presenter, failure: Failure) -> list[types.DiagnosticRelatedInformation]:
    """The frames in files, innermost first."""
    related = []
    for frame in reversed(failure.report.get("frames", ())):
        found = location_of(presenter, failure, frame)
        if found is not None:
            told = f"in {frame['function'] or 'module'}"
            related.append(types.DiagnosticRelatedInformation(found, told))
    return related[:_MAXIMUM_RELATED]


def location_of(
    presenter: Presenter, failure: Failure, frame: dict[str, Any]
) -> types.Location | None:
    """Where a frame stands: in an open document as it is now, else in its file."""
    path = Path(frame["path"])
    line = max(0, frame["line"] - 1)
    if not path.is_absolute():
        placed = line_of_frame(presenter, failure, frame, failure.uri)
        return _location(failure.uri, placed) if placed is not None else None
    target = presenter.server.notebooks.uri_of(frame["path"]) or next(
        (uri for uri in presenter.documents if path_of(uri) == path), path.as_uri()
    )
    placed = line_of_frame(presenter, failure, frame, target)
    return _location(target, line if placed is None else placed)


def _location(uri: str, line: int) -> types.Location:
    return types.Location(uri, types.Range(types.Position(line, 0), types.Position(line, 0)))


# --- Warnings --------------------------------------------------------------------------------


def _warned(presenter: Presenter) -> list[tuple[Any, RunWarning, str]]:
    """The warnings of fresh results: the result, the warning, the document that it is about."""
    if not presenter.server.settings.warnings:
        return []
    found = []
    for own, anchors in presenter.documents.items():
        for anchor in anchors.anchors:
            for warning in () if anchor.is_stale else anchor.record.warnings:
                is_cell = warning.path in (source_name(own), anchor.record.path)
                is_cell = is_cell or warning.path.startswith("<cell")
                uri = own if is_cell else uri_of_users(presenter, warning.path)
                if uri is not None:
                    found.append((anchor, warning, uri))
    return found


def _warnings(presenter: Presenter, uri: str) -> list[types.Diagnostic]:
    found = []
    for anchor, warning, about in _warned(presenter):
        if about != uri:
            continue
        line: int | None = warning.line - 1
        if uri in presenter.documents:
            line = line_of_place(presenter, uri, warning.path, warning.line, None, anchor)
        if line is None or line < 0:
            continue
        where = _location(uri, line).range
        if uri in presenter.documents:
            where = presenter.range_of(uri, line, line + 1)
            where.start.character = _indentation(presenter, uri, line)
        found.append(
            types.Diagnostic(
                range=where,
                message=f"{warning.category}: {warning.message}",
                severity=types.DiagnosticSeverity.Warning,
                source="vivo",
                code=warning.category,
            )
        )
    return found
