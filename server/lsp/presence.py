"""Who is in the sessions, for the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...parallel.client import SessionClient
from ...parallel.errors import SessionError
from ...parallel.presence import ask
from ...parallel.registry import Registry
from ..protocol.sessions import PersonHere, Presence, SessionParams

if TYPE_CHECKING:
    from ...parallel.messages import Person
    from ..live import LiveSession
    from .handling import Handler
    from .server import VivoServer


def presence_of(session: LiveSession) -> Presence:
    """Who is in a session that is used here, as it told last."""
    running = session.runs.get(session.running) if session.running else None
    own = session.client.codec.session if session.client is not None else None
    names = {running.client} if running is not None else set()
    return Presence(
        session.id,
        [_person(each, own=own, is_running=each.name in names) for each in session.people],
    )


def _person(told: Person, *, own: str | None, is_running: bool) -> PersonHere:
    kind: Any = told.kind  # the session lets no other words through
    role: Any = told.role
    is_own = told.id == own
    return PersonHere(told.name, kind, role, told.since, told.heard, is_own, is_running)


async def people(server: VivoServer, params: SessionParams) -> Presence:
    """Ask a session who is there."""
    session = server.sessions.by_id(params.session_id)
    if session is not None and session.client is not None:
        return await _asked(session.client, session.id)
    entry = Registry().get(params.session_id)
    if entry is None:
        raise SessionError(f"There is no session {params.session_id}; `vivo sessions` lists them.")
    client = await SessionClient.connect(entry.connection_file, name="people", timeout=5)
    try:
        return await _asked(client, entry.id)
    finally:
        await client.close()


async def _asked(client: SessionClient, session: str) -> Presence:
    told = await ask(client)
    own = client.codec.session
    return Presence(
        session,
        [_person(each, own=own, is_running=each.id == told.running) for each in told.people],
    )


HANDLERS: dict[str, Handler] = {"vivo/people": people}
