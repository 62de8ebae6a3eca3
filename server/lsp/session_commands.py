"""The sessions of this machine: listed, restarted, ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...parallel.errors import SessionError
from ..protocol.declaring import DocumentParams, NoParams
from ..protocol.sessions import SessionInfo, SessionList, SessionParams
from ..sessions import list_sessions

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer


async def restart(server: VivoServer, params: DocumentParams) -> SessionInfo:
    """Start a fresh engine."""
    session = server.sessions.of(params.uri)
    await session.restart()
    for info in await list_sessions():
        if info.session_id == session.id:
            return info
    raise SessionError("The session has ended: run something to start another.")


async def sessions(server: VivoServer, params: NoParams) -> SessionList:
    """List the sessions."""
    return SessionList(await list_sessions())


async def end_session(server: VivoServer, params: SessionParams) -> None:
    """End a session."""
    await server.sessions.end(params.session_id)


HANDLERS: dict[str, Handler] = {
    "vivo.server.restart": restart,
    "vivo.server.sessions": sessions,
    "vivo.server.endSession": end_session,
}
