"""Documents: opened, edited, closed. Their results follow the text."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lsprotocol import types

from ...parallel.errors import SessionError
from . import static_answers

if TYPE_CHECKING:
    from .server import VivoServer

_log = logging.getLogger(__name__)


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.presenter.opened(uri, params.text_document.text)
        server.arriving.opened(uri)
        server.in_background(attach(server, uri))
        server.in_background(_attach_cluster(server, uri))
        server.in_background(static_answers.warm(server, uri))
        server.finding.begin()

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        # Each edit was followed as it was done (see ``Presenter.edited``).
        server.presenter.settled(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        anchors = server.presenter.documents.get(uri)
        server.trimming.after(sum(map(len, anchors.lines)) if anchors is not None else 0)
        server.presenter.closed(uri)
        server.sessions.closed(uri)
        server.static.closed(uri)
        server.cluster_targets.closed(uri)


async def attach(server: VivoServer, uri: str) -> None:
    """Show at once what a running session knows of a document."""
    session = await server.sessions.attach(uri)
    if session is not None:
        server.presenter.adopt(uri, session)


async def _attach_cluster(server: VivoServer, uri: str) -> None:
    """The same of a running cluster, unless one session alone was shared with the client."""
    if server.sessions.confined_to is not None:
        return
    try:
        cluster = await server.clusters.attach(uri)
    except SessionError as error:
        _log.info("The cluster of %s cannot be attached: %s", uri, error)
        return
    if cluster is not None:
        server.presenter.adopt(uri, cluster)
