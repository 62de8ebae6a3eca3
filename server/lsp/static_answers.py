"""When the server asks the analysis, and for which document.

Rules:

1. jedi's answers are off where the client has a static server of its own (the setting ``static``
   decides; ``auto`` asks what the client said of itself). The structure of a document is told in
   any case: it is no second answer to what another server says.
2. Nothing waits for the process at the start: it is started once the client is ready.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ...core.errors import VivoError
from ..interpreters import choose_interpreter
from ..sessions import path_of
from ..static import STATIC_DEADLINE, Source

if TYPE_CHECKING:
    from .server import VivoServer


_HEAD_START = 0.04
"""Seconds that a session has for its answer before jedi begins: most take a few milliseconds."""
_NOTHING = Source("", None, "", None, "/", sys.executable)
"""No document: what every one needs is loaded for it."""


def register(server: VivoServer) -> None:
    """Start the analysis when the client is ready."""

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        if is_on(server):
            server.in_background(server.static.ask("warm", _NOTHING))


def is_on(server: VivoServer) -> bool:
    """Whether jedi's answers are wanted (rule 1)."""
    wanted = server.settings.static
    if wanted != "auto":
        return wanted == "on"
    told = server.client_capabilities.experimental
    ours = told.get("vivo") if isinstance(told, dict) else None
    return not (isinstance(ours, dict) and ours.get("static") is False)


def source_of(server: VivoServer, uri: str) -> Source:
    """A document for the analysis. Raises ``JsonRpcInvalidParams`` if it is not open."""
    text = server.text_of(uri)
    path = path_of(uri)
    session = server.sessions.known(uri)
    return Source(
        uri,
        server.workspace.text_documents[uri].version,
        text,
        str(path) if path is not None else None,
        str(server.sessions.folder_of(uri)),
        session.python if session is not None and not session.is_far else _python(server, uri),
    )


def _python(server: VivoServer, uri: str) -> str:
    """The interpreter that a session of the document would have; read, never run."""
    try:
        return choose_interpreter(server.sessions.file_of(uri), server.settings.python)
    except VivoError:
        return sys.executable


async def ask(
    server: VivoServer,
    method: str,
    uri: str,
    place: tuple[int, int] | None = None,
    *,
    deadline: float = STATIC_DEADLINE,
    **asked: Any,
) -> Any | None:
    """What jedi tells of a place (in characters) of a document; None for nothing, or too late."""
    if not is_on(server) or uri not in server.workspace.text_documents:
        return None
    if place is not None:
        asked["line"], asked["column"] = place
    return await server.static.ask(method, source_of(server, uri), deadline=deadline, **asked)


async def after_live(
    server: VivoServer, method: str, uri: str, place: tuple[int, int], *, may_be_live: bool
) -> Any | None:
    """The same, begun only when a session that may know more has not answered at once."""
    if may_be_live:
        await asyncio.sleep(_HEAD_START)
    return await ask(server, method, uri, place)


async def structure(
    server: VivoServer, method: str, uri: str, *, deadline: float = STATIC_DEADLINE, **asked: Any
) -> Any | None:
    """What parso tells of a document's structure; None if it came too late."""
    return await server.static.ask(method, source_of(server, uri), deadline=deadline, **asked)


async def warm(server: VivoServer, uri: str) -> None:
    """Have what a document imports parsed, before somebody asks."""
    if is_on(server) and uri in server.workspace.text_documents:
        await server.static.ask("warm", source_of(server, uri))
