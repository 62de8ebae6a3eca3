"""Queues, shown and emptied: ``vivo/queue`` whenever one changes, and the commands.

Rules:

1. A change is told at once, and those that follow at most ten times a second: a long queue that is
   worked off quickly must not become a message of all that waits for each cell. What is the same as
   before is no message.
2. Nothing is taken out here by looking and then asking: the session itself says what it took out.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from pygls.exceptions import JsonRpcInvalidParams

from ...parallel.client import SessionClient
from ...parallel.errors import SessionError
from ...parallel.messages import RunRecord
from ...parallel.registry import Registry
from ..live import LiveSession
from ..protocol.queue import (
    CancelParams,
    CancelResult,
    QueueChanged,
    QueuedExecution,
    QueueList,
    QueueParams,
)
from .progress import first_line

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer

_PAUSE = 0.1  # seconds


class Queues:
    """Tells the client of the queues of the sessions that it uses."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self._due: dict[str, LiveSession] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0
        self._told: dict[str, list[tuple[object, ...]]] = {}

    def changed(self, session: LiveSession) -> None:
        """A session's queue may have changed."""
        if not session.id:
            return
        self._due[session.id] = session
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(self._last + _PAUSE, loop.time()), self._tell)

    def edited(self, uri: str) -> None:
        """What is shown of a document has changed: a waiting cell may be stale now."""
        for session in self._server.sessions.all():
            if any(each.uri == uri for each in session.queue.waiting):
                self.changed(session)

    def _tell(self) -> None:
        due, self._due, self._timer = self._due, {}, None
        self._last = asyncio.get_running_loop().time()
        for session_id, session in due.items():
            executions = self.of(session)
            told = [
                (each.execution_id, each.status, each.stale, each.range is None)
                for each in executions
            ]
            if told != self._told.get(session_id, []):
                self._told[session_id] = [*told]
                self._server.tell("vivo/queue", QueueChanged(session_id, executions))

    def of(self, session: LiveSession) -> list[QueuedExecution]:
        """What runs and waits in a session."""
        records = [*session.queue.running, *session.queue.waiting]
        return self.told(session.id, records)

    def told(self, session_id: str, records: list[RunRecord]) -> list[QueuedExecution]:
        """Records that have not ended, in their order, for the client."""
        found, position = [], 0
        places = self._server.presenter.places({each.uri for each in records if each.uri})
        for record in records:
            place, stale = places.get(record.id, (None, False))
            is_running = record.status == "running"
            position += not is_running
            elapsed = time.time() - record.started if is_running and record.started else None
            found.append(
                QueuedExecution(
                    execution_id=record.id,
                    session_id=session_id,
                    position=0 if is_running else position,
                    status="running" if is_running else "waiting",
                    uri=record.uri,
                    client=record.client,
                    title=first_line(record.source),
                    range=place,
                    stale=stale,
                    queued=record.queued,
                    started=record.started,
                    elapsed=max(0.0, elapsed) if elapsed is not None else None,
                )
            )
        return found


async def queue(server: VivoServer, params: QueueParams) -> QueueList:
    """What runs and waits."""
    if params.session_id is not None:
        session = server.sessions.by_id(params.session_id)
        if session is None or session.client is None:
            return QueueList(await _queue_elsewhere(server, params.session_id))
        return QueueList(server.queues.of(session))
    sessions = server.sessions.all()
    if params.uri is not None:
        sessions = [server.sessions.of(params.uri)]
    return QueueList([each for session in sessions for each in server.queues.of(session)])


async def _queue_elsewhere(server: VivoServer, session_id: str) -> list[QueuedExecution]:
    """The queue of a session that no document uses here."""
    client = await _connected(session_id)
    try:
        told = await client.session()
        running = [told["running"]] if told["running"] else []
        records = await client.runs(ids=[*running, *told["queue"]])
        return server.queues.told(session_id, records)
    finally:
        await client.close()


async def _connected(session_id: str) -> SessionClient:
    entry = Registry().get(session_id)
    if entry is None:
        raise SessionError(f"There is no session {session_id}; `vivo sessions` lists them.")
    return await SessionClient.connect(entry.connection_file, name="queue", timeout=5)


async def cancel_all(server: VivoServer, params: CancelParams) -> CancelResult:
    """Take out what waits; interrupt what runs, if that is wanted."""
    if params.uri is None and (params.session_id is None or params.document_only):
        raise JsonRpcInvalidParams(message="vivo.server.cancelAll wants a uri or a sessionId.")
    document = params.uri if params.document_only else None
    if params.session_id is not None:
        session = server.sessions.by_id(params.session_id)
    else:
        session = server.sessions.of(params.uri or "")
    if session is None:
        client = await _connected(params.session_id or "")
        try:
            removed = await client.cancel_waiting(document)
            outcome = await client.interrupt() if params.interrupt else None
        finally:
            await client.close()
    else:
        removed = await session.cancel_waiting(document)
        outcome = None
        if params.interrupt:
            outcome = await server.insisting.interrupt(session, None, force=False)
    return CancelResult(removed, outcome)  # type: ignore[arg-type]


HANDLERS: dict[str, Handler] = {
    "vivo.server.queue": queue,
    "vivo.server.cancelAll": cancel_all,
}
