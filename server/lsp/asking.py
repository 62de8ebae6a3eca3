"""Asking the session for what is live at a position, within the deadline."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ...parallel.errors import SessionError
from ..live import LiveSession

if TYPE_CHECKING:
    from .server import VivoServer

_log = logging.getLogger(__name__)


def session_that_ran(
    server: VivoServer, uri: str, position: types.Position | None = None
) -> LiveSession | None:
    """The session of a document, if that or its notebook has run there: else nothing is live.

    At a position in a cell for which an engine of a cluster was chosen, that engine.
    """
    session = server.sessions.known(uri)
    if position is not None:
        is_chosen, engine = server.cluster_targets.session_at(uri, position.line)
        session = engine if is_chosen else session
    if session is None or not server.notebooks.has_run(session.runs, uri):
        return None
    return session


def in_characters(server: VivoServer, uri: str, position: types.Position) -> tuple[int, int]:
    """A position of the client's, in characters."""
    document = server.workspace.text_documents[uri]
    place = document.position_codec.position_from_client_units(document.lines, position)
    return place.line, place.character


def in_client_units(server: VivoServer, uri: str, line: int, column: int) -> types.Position:
    """A position in characters, in the client's units."""
    document = server.workspace.text_documents[uri]
    units: types.Position = document.position_codec.position_to_client_units(
        document.lines, types.Position(line, column)
    )
    return units


async def inspect(
    server: VivoServer, session: LiveSession, expression: str
) -> dict[str, Any] | None:
    """What the session knows of an expression; None if nothing, or not within the deadline."""
    if session.client is None:
        return None
    try:
        reply = await session.client.inspect(expression, timeout=server.deadline)
    except SessionError as error:
        _log.info("No hover: %s", error)
        return None
    if not reply.get("found"):
        return None
    told: dict[str, Any] = reply["data"]["application/vnd.vivo.inspection+json"]
    return told
