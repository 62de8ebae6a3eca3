"""The sessions of this machine: listed, chosen, restarted, renamed, ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from pygls.exceptions import JsonRpcInvalidParams

from ...parallel.client import SessionClient
from ...parallel.errors import SessionError
from ...parallel.registry import Registry
from ...parallel.remote.places import names_place
from ...parallel.transcripts import describe
from ..consoles import is_console
from ..live import LiveSession
from ..protocol.declaring import NoParams
from ..protocol.sessions import (
    RenameParams,
    RestartParams,
    SessionInfo,
    SessionList,
    SessionParams,
    UseSessionParams,
    UseSessionResult,
)
from ..session_listing import list_sessions, session_info
from .documents import attach

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer

_LONGEST_NAME = 100


async def restart(server: VivoServer, params: RestartParams) -> SessionInfo:
    """Start a fresh engine."""
    if params.session_id is None:
        if params.uri is None:
            raise JsonRpcInvalidParams(message="vivo.server.restart wants a uri or a sessionId.")
        session = server.sessions.of(params.uri)
    else:
        known = server.sessions.by_id(params.session_id)
        if known is None:
            return await _restart_elsewhere(params.session_id)
        session = known
    await session.restart()
    return await info_of(session)


async def _restart_elsewhere(session_id: str) -> SessionInfo:
    """Restart a session that no document uses here."""
    entry = Registry().get(session_id)
    if entry is None:
        raise SessionError(f"There is no session {session_id}; `vivo sessions` lists them.")
    client = await SessionClient.connect(entry.connection_file, name="restart")
    try:
        await client.restart()
    finally:
        await client.close()
    return await session_info(entry)


async def info_of(session: LiveSession) -> SessionInfo:
    """What is known of a session that documents use."""
    if session.entry is None:
        raise SessionError("The session has ended: run something to start another.")
    return await session_info(session.entry)


async def sessions(server: VivoServer, params: NoParams) -> SessionList:
    """List the sessions; the documents that are open here with those that they use."""
    listed = await list_sessions()
    for uri in server.presenter.documents:
        server.sessions.of(uri)
    for info in listed:
        session = server.sessions.by_id(info.session_id)
        if session is not None:
            used = sorted(uri for uri in session.uris if not is_console(uri))
            info.serves = used
            info.documents = list(dict.fromkeys([*info.documents, *used]))
    return SessionList(listed)


async def end_session(server: VivoServer, params: SessionParams) -> None:
    """End a session."""
    await server.sessions.end(params.session_id)


async def rename_session(server: VivoServer, params: RenameParams) -> SessionInfo:
    """Give a session another name, also in its transcript."""
    name = " ".join(params.name.split())
    if not name or len(name) > _LONGEST_NAME:
        raise JsonRpcInvalidParams(
            message=f"A session's name has between 1 and {_LONGEST_NAME} letters."
        )
    entry = Registry().change(
        params.session_id, lambda entry: msgspec.structs.replace(entry, name=name)
    )
    describe(entry)
    session = server.sessions.by_id(entry.id)
    if session is not None:
        session.entry = entry
        server.presenter.state_changed(session, None)
    return await session_info(entry)


async def use_session(server: VivoServer, params: UseSessionParams) -> UseSessionResult:
    """Choose the session of a document or of its folder."""
    manager, is_folder = server.sessions, params.scope == "folder"
    if params.new:
        session = await manager.use_new(
            params.uri, folder=is_folder, name=params.name, python=params.python, on=params.on
        )
    elif params.session_id is not None and names_place(params.session_id):
        session = await manager.use_linked(params.uri, params.session_id, folder=is_folder)
    elif params.session_id is not None:
        session = manager.use(params.uri, params.session_id, folder=is_folder)
    else:
        session = manager.use_no_choice(params.uri, folder=is_folder)
    await attach_all(server)
    if session.entry is None:
        return UseSessionResult(None)
    return UseSessionResult(await session_info(session.entry))


async def attach_all(server: VivoServer) -> None:
    """Show of the open documents what their sessions know of them, and in which state they are."""
    for uri in list(server.presenter.documents):
        if server.sessions.known(uri) is None:
            await attach(server, uri)
    for session in server.sessions.all():
        if session.client is not None and session.uris:
            server.presenter.state_changed(session, None)


HANDLERS: dict[str, Handler] = {
    "vivo.server.restart": restart,
    "vivo.server.sessions": sessions,
    "vivo.server.endSession": end_session,
    "vivo.server.renameSession": rename_session,
    "vivo.server.useSession": use_session,
}
