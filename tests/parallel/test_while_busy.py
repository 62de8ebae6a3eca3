"""What is asked while a cell runs: answered by the engine, or by the keeper with what it knows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.keeper.last_known import MAXIMUM_OVERDUE
from vivo.parallel.messages import VariablesReply
from vivo.parallel.wire import Message

pytestmark = pytest.mark.sessions

# One call in C that does not let go of the interpreter's lock, until it is interrupted.
HELD = "print('held')\n__import__('re').match(r'(a+)+$', 'a' * 50 + 'b')"


async def begun(client: SessionClient, code: str) -> Any:
    """A cell that has printed something: its execution."""
    after = (await client.session())["last"]
    execution = await client.execute(code)
    async for event in client.events(after=after):
        if event.type == "stream" and event.metadata["vivo"].get("run") == execution.id:
            break
    return execution


async def held(client: SessionClient) -> tuple[Any, VariablesReply]:
    """A cell that holds the lock: its execution, and the first page that the keeper told."""
    cell = await begun(client, HELD)
    while not (page := await client.variables()).busy:
        continue  # it has printed, and is on its way into C
    return cell, page


async def ask(client: SessionClient, kind: str, content: dict[str, Any]) -> Message:
    return await client.request("shell", kind, content)


async def test_all_that_is_asked_is_answered_by_the_engine_beside_a_loop(
    client: SessionClient,
) -> None:
    """Completion, inspection, variables, history: none is marked as what was known last."""
    await (await client.execute("alpha = [1, 2]")).finished()
    cell = await begun(client, "print('on')\nwhile True: pass")
    completed = await ask(client, "complete_request", {"code": "alpha.app", "cursor_pos": 9})
    assert completed.content["matches"] == ["append"]
    inspected = await ask(client, "inspect_request", {"code": "alpha", "cursor_pos": 5})
    assert "list" in inspected.content["data"]["text/plain"]
    past = await ask(client, "history_request", {"hist_access_type": "tail", "n": 2})
    assert past.content["history"][0][2] == "alpha = [1, 2]"
    for reply in (completed, inspected, past):
        assert "vivo" not in reply.metadata
    assert not (await client.variables()).busy
    await client.interrupt()
    await cell.finished()


async def test_beside_c_code_the_keeper_tells_what_was_known_last(client: SessionClient) -> None:
    """Names, inspection, variables, history: with the time; afterwards the engine answers again."""
    await (await client.execute("alpha = [1, 2]\nalpine = 3")).finished()
    before = await client.variables()
    told = await ask(client, "inspect_request", {"code": "alpha", "cursor_pos": 5})
    await ask(client, "complete_request", {"code": "alpha.", "cursor_pos": 6})
    cell, kept = await held(client)
    assert [(each.name, each.text) for each in kept.variables] == [
        (each.name, each.text) for each in before.variables
    ]
    assert kept.known is not None
    names = await ask(client, "complete_request", {"code": "alp", "cursor_pos": 3})
    assert names.content["matches"] == ["alpha", "alpine"]
    assert names.content["metadata"]["vivo"]["busy"]
    members = await ask(client, "complete_request", {"code": "alpha.app", "cursor_pos": 9})
    assert members.content["matches"] == ["append"]
    inspected = await ask(client, "inspect_request", {"code": "alpha", "cursor_pos": 5})
    assert inspected.content["data"] == told.content["data"]
    assert inspected.metadata["vivo"]["known"] is not None
    row = await ask(client, "inspect_request", {"code": "alpine", "cursor_pos": 2})
    assert row.content["data"]["text/plain"] == "alpine: int\n3"
    past = await ask(client, "history_request", {"hist_access_type": "tail", "n": 2})
    assert (past.content["history"], past.metadata["vivo"]) == ([], {"busy": True, "known": None})
    assert (await client.is_complete("x =")) == {"status": "unknown", "indent": ""}
    assert (await client.session())["running"] == cell.id
    await client.interrupt()
    await cell.finished()
    fresh = await client.variables()
    assert not fresh.busy
    assert [each.name for each in fresh.variables] == ["alpha", "alpine"]


async def test_late_answers_reach_nobody(client: SessionClient) -> None:
    """However many were asked beside C code, each has one answer, and later ones are their own."""
    cell, _ = await held(client)
    count = MAXIMUM_OVERDUE + 20
    replies: dict[str, int] = {}
    received = client._replied

    def counted(message: Message) -> None:
        replies[message.parent_id or ""] = replies.get(message.parent_id or "", 0) + 1
        received(message)

    client._replied = counted  # type: ignore[method-assign]
    asked = [client.complete(f"name{number}") for number in range(count)]
    assert all(each["matches"] == [] for each in await asyncio.gather(*asked))
    await client.interrupt()
    await cell.finished()
    assert (await client.complete("impor"))["matches"] == ["import"]
    assert sorted(set(replies.values())) == [1]
