"""What the cells of a notebook did, for a client that writes their outputs into it.

Rules:

1. A cell's runs are those that are anchored in it: whichever cell has the text now.
2. Outputs are read from the session's journal, whole: what an editor missed is in it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ...parallel.errors import SessionError
from ...parallel.messages import RunRecord
from ...parallel.wire import Message
from ..live import LiveSession
from ..protocol.notebooks import NotebookParams, NotebookRun, NotebookRuns
from ..protocol.outputs import Output
from .output_events import SHOWN, output_of

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer

_log = logging.getLogger(__name__)
_MAXIMUM_EVENTS = 50_000
_UNDONE = ("queued", "running")


async def notebook(server: VivoServer, params: NotebookParams) -> NotebookRuns:
    """The last runs of a notebook's cells, and those that are not done."""
    told = server.notebooks.get(params.uri)
    if told is None:
        return NotebookRuns([])
    session = await server.sessions.attach(params.uri)
    if session is None:
        return NotebookRuns([])
    for uri in told.code():
        server.presenter.adopt(uri, session)
    seen = params.seen.get(session.id, 0)
    events = await _events(session, [record for _, record in _places(server, told.code(), session)])
    runs = []
    # Looked at once more: what has begun or ended meanwhile was told.
    for uri, record in _places(server, told.code(), session):
        found = events.get(record.id, [])
        if record.status in _UNDONE or (found and _is_new(record, found, seen)):
            runs.append(_run(server, session, uri, record, found))
    runs.sort(key=lambda each: each.started or float("inf"))
    return NotebookRuns(runs, session.id, session.python, session.python_version)


def _is_new(record: RunRecord, events: list[Message], seen: int) -> bool:
    """Whether it began, or showed something, after an event."""
    shown: list[int] = [each.metadata["vivo"]["seq"] for each in events if _shown(each)]
    return max([record.seq or 0, *shown[-1:]]) > seen


def _places(
    server: VivoServer, uris: list[str], session: LiveSession
) -> Iterable[tuple[str, RunRecord]]:
    """The cells and what they ran last; and all of theirs that is not done."""
    for uri in uris:
        anchors = server.presenter.documents.get(uri)
        held = [each.record.id for each in anchors.anchors] if anchors is not None else []
        records = [record for run in held if (record := session.runs.get(run)) is not None]
        records.sort(key=lambda each: each.queued)
        done = [each for each in records if each.status in ("ok", "error")]
        for record in [*done[-1:], *(each for each in records if each.status in _UNDONE)]:
            yield uri, record


async def _events(session: LiveSession, records: Iterable[RunRecord]) -> dict[str, list[Message]]:
    """By run, its events in order; the last tells when it changed last."""
    begun = [record for record in records if record.seq is not None]
    if not begun or session.client is None:
        return {}
    events: dict[str, list[Message]] = {record.id: [] for record in begun}
    displays: dict[str, str] = {}
    try:
        last = (await session.client.session())["last"]
        first = max(min(record.seq or 1 for record in begun) - 1, last - _MAXIMUM_EVENTS)
        if last <= first:
            return {}
        async for event in session.client.events(after=first):
            vivo = event.metadata["vivo"]
            owner = vivo.get("run")
            display = (event.content.get("transient") or {}).get("display_id")
            if event.type == "update_display_data" and display in displays:
                owner = displays[display]
            if owner in events:
                events[owner].append(event)
                if display is not None and event.type == "display_data":
                    displays[display] = owner
            if vivo["seq"] >= last:
                break
    except SessionError as error:
        _log.info("The runs of a notebook cannot be read again: %s", error)
    return {run: found for run, found in events.items() if found}


def _run(
    server: VivoServer, session: LiveSession, uri: str, record: RunRecord, events: list[Message]
) -> NotebookRun:
    outputs: list[Output] = []
    for event in events:
        for kind, content in _shown(event):
            output = output_of(server.presenter, session, event, kind, content)
            output.execution_id, output.uri = record.id, uri
            outputs.append(output)
    return NotebookRun(
        execution_id=record.id,
        session_id=session.id,
        uri=uri,
        status=record.status,
        execution_count=record.execution_count,
        started=record.started,
        finished=record.finished,
        outputs=outputs,
    )


def _shown(event: Message) -> list[tuple[str, dict[str, Any]]]:
    if event.type == "status":
        payload = event.metadata["vivo"].get("payload") or ()
        return [("page", each) for each in payload if each.get("source") == "page"]
    return [(SHOWN[event.type], event.content)] if event.type in SHOWN else []


HANDLERS: dict[str, Handler] = {"vivo/notebook": notebook}
