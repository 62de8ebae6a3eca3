"""However many clients come and however many cells run, what a session remembers is bounded."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import zmq.asyncio
from vivo.parallel.client import SessionClient
from vivo.parallel.connection import read_connection
from vivo.parallel.registry import SessionEntry
from vivo.parallel.runs import RunTable

from .test_keeper_state import Session

pytestmark = pytest.mark.sessions

COMERS = 50


async def test_a_flood_of_clients_makes_nobody_ask_again_for_each(
    entry: SessionEntry, client: SessionClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who runs a cell makes up for all greetings at once; the cell and its events are as ever."""
    asked: list[str] = []
    send = SessionClient._send

    async def counted(self: SessionClient, channel: str, kind: str, *rest: Any, **more: Any) -> Any:
        asked.append(kind)
        return await send(self, channel, kind, *rest, **more)

    execution = await client.execute("import time\nwhile True: time.sleep(0.01)")
    events = client.events(after=0)
    await anext(events)
    monkeypatch.setattr(SessionClient, "_send", counted)
    connection = read_connection(Path(entry.connection_file))
    context = zmq.asyncio.Context()
    comers = []
    for _ in range(COMERS):
        comer = context.socket(zmq.SUB)
        comer.linger = 0
        comer.subscribe(b"")
        comer.connect(connection.address("iopub"))
        comers.append(comer)
    await asyncio.gather(*[comer.recv_multipart() for comer in comers])
    await client.interrupt(execution.id)
    assert (await execution.finished()).status == "error"
    await (await client.execute("'after'")).finished()
    async for event in events:
        if "after" in str(event.content):
            break
    for kind in ("vivo_runs_request", "vivo_replay_request"):
        assert asked.count(kind) < 10, f"{kind} was made {asked.count(kind)} times"
    await events.aclose()  # type: ignore[attr-defined]
    for comer in comers:
        comer.close()
    context.term()


def test_a_session_of_many_cells_forgets_the_oldest() -> None:
    """Their records and their requests; a cell that runs on and on keeps its own, and no other."""
    session = Session()
    state = session.state
    state.runs = RunTable(10, on_drop=lambda run: state.parents.pop(run, None))
    session.ready()
    first = session.execute()
    session.finish()
    session.send("create_subshell_request")
    subshell = session.replies("create_subshell_reply")[-1].content["subshell_id"]
    endless = session.send("execute_request", {"code": "1"}, subshell=subshell)
    for _ in range(50):
        last = session.execute()
        session.finish()
    assert len(state.runs) == 10
    assert state.parents.keys() == {record.id for record in state.runs.all()}
    assert first.id not in state.parents
    assert {endless.id, last.id} <= state.parents.keys()
