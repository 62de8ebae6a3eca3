"""Documents: opened, edited, closed. Their results follow the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from .server import VivoServer


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.presenter.opened(uri, params.text_document.text)
        server.in_background(attach(server, uri))
        server.finding.begin()

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        # Each edit was followed as it was done (see ``Presenter.edited``).
        server.presenter.settled(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.presenter.closed(uri)
        server.sessions.closed(uri)


async def attach(server: VivoServer, uri: str) -> None:
    """Show at once what a running session knows of a document."""
    session = await server.sessions.attach(uri)
    if session is not None:
        server.presenter.adopt(uri, session)
