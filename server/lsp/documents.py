"""Documents: opened, edited, closed. Their results follow the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from ..anchors import Edit
from . import static_answers

if TYPE_CHECKING:
    from .server import VivoServer


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.presenter.opened(uri, params.text_document.text)
        server.in_background(_attach(server, uri))
        server.in_background(static_answers.warm(server, uri))

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        anchors = server.presenter.documents.get(uri)
        if anchors is None or not anchors.anchors:
            if anchors is not None:
                anchors.lines = server.text_of(uri).split("\n")
            return
        before = [(each.start, each.is_stale) for each in anchors.anchors]
        # pygls has applied every change already: the intermediate texts are made here again.
        for number, change in enumerate(params.content_changes):
            is_last = number == len(params.content_changes) - 1
            if isinstance(change, types.TextDocumentContentChangeWholeDocument):
                anchors.replace(change.text.split("\n"))
                continue
            start, end = change.range.start, change.range.end
            edit = Edit((start.line, start.character), (end.line, end.character), change.text)
            lines = server.text_of(uri).split("\n") if is_last else _applied(anchors.lines, edit)
            anchors.edit(edit, lines)
        if [(each.start, each.is_stale) for each in anchors.anchors] != before:
            server.presenter.refresh(uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.presenter.closed(uri)
        server.sessions.closed(uri)
        server.static.closed(uri)


async def _attach(server: VivoServer, uri: str) -> None:
    """Show at once what a running session knows of a document."""
    session = await server.sessions.attach(uri)
    if session is not None:
        server.presenter.adopt(uri, session)


def _applied(lines: list[str], edit: Edit) -> list[str]:
    """The lines after an edit; columns in the client's units are near enough between edits."""
    before = lines[edit.start[0]][: edit.start[1]] if edit.start[0] < len(lines) else ""
    after = lines[edit.end[0]][edit.end[1] :] if edit.end[0] < len(lines) else ""
    middle = (before + edit.text + after).split("\n")
    return [*lines[: edit.start[0]], *middle, *lines[edit.end[0] + 1 :]]
