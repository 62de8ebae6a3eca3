"""Consoles of editors: opened on a session, its history, and whether an input is complete."""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import TYPE_CHECKING

from ...parallel.errors import SessionError
from ..consoles import as_typed, console_of, console_uri, judged_here, pattern_of
from ..protocol.consoles import (
    CompletenessParams,
    CompletenessResult,
    ConsoleInfo,
    HistoryInputs,
    HistoryParams,
    OpenConsoleParams,
)
from ..session_listing import session_info

if TYPE_CHECKING:
    from ..live import LiveSession
    from .handling import Handler
    from .server import VivoServer

_log = logging.getLogger(__name__)
_DEADLINE = 0.3  # seconds that a key waits for the session, before this process answers
_MOST = 100_000


async def open_console(server: VivoServer, params: OpenConsoleParams) -> ConsoleInfo:
    """Open a console on a session that runs, or is started."""
    opened_from = console_of(params.uri)
    document = opened_from.document if opened_from is not None else params.uri
    session = await _session(server, params, document)
    await session.check()
    await session.ready()
    if session.entry is None:
        raise SessionError("The session has ended: open the console again to start another.")
    uri = console_uri(session.id, document, uuid.uuid4().hex[:8])
    return ConsoleInfo(uri, await session_info(session.entry), session.next_count)


async def _session(server: VivoServer, params: OpenConsoleParams, document: str) -> LiveSession:
    if params.new:
        return await server.sessions.start_another(document, name=params.name)
    if params.session_id is not None:
        return server.sessions.of_id(params.session_id)
    return server.sessions.of(params.uri)


async def history(server: VivoServer, params: HistoryParams) -> HistoryInputs:
    """The newest inputs, or the newest in which a text stands."""
    session = server.sessions.known(params.uri)
    if session is None or session.client is None:
        return HistoryInputs([])
    wanted = {"hist_access_type": "tail", "n": max(1, min(params.count, _MOST))}
    if params.text:
        wanted |= {"hist_access_type": "search", "pattern": pattern_of(params.text), "unique": True}
    texts = [str(entry[2]) for entry in await session.client.history(**wanted)]
    return HistoryInputs(
        [text for at, text in enumerate(texts) if at == 0 or text != texts[at - 1]]
    )


async def is_complete(server: VivoServer, params: CompletenessParams) -> CompletenessResult:
    """Whether an input is complete, by the session's own rules while it answers."""
    source = as_typed(params.text)
    session = server.sessions.known(params.uri)
    if session is not None and session.client is not None:
        try:
            wanted = {"code": source}
            asked = session.client.request(
                "shell", "is_complete_request", wanted, timeout=_DEADLINE
            )
            reply = (await asked).content
        except SessionError as error:
            _log.info("The session does not say whether an input is complete: %s", error)
        else:
            if reply.get("status") in ("complete", "incomplete", "invalid"):
                return CompletenessResult(reply["status"], str(reply.get("indent", "")))
    status, indent = await asyncio.to_thread(judged_here, source)
    return CompletenessResult(status, indent)  # type: ignore[arg-type]


HANDLERS: dict[str, Handler] = {
    "vivo.server.openConsole": open_console,
    "vivo/history": history,
    "vivo/isComplete": is_complete,
}
