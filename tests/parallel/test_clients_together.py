"""Several clients on one session at once: one stream, and everyone knows whose cell runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from jupyter_client.asynchronous.client import AsyncKernelClient
from vivo.parallel.client import SessionClient
from vivo.parallel.registry import SessionEntry
from vivo.parallel.wire import Message

pytestmark = pytest.mark.sessions


async def seen(client: SessionClient, after: int, ends: int) -> list[Message]:
    """The events of a client until so many cells have ended."""
    found = []
    async for event in client.events(after=after):
        found.append(event)
        record = event.metadata["vivo"].get("record") or {}
        if record.get("finished"):
            ends -= 1
            if not ends:
                break
    return found


async def test_all_see_one_stream_and_whose_cell_runs(
    entry: SessionEntry, client: SessionClient
) -> None:
    """Two of vivo's clients and Jupyter's, each with a cell of its own."""
    second = await SessionClient.connect(entry.connection_file, name="console")
    third = AsyncKernelClient()
    third.load_connection_file(str(Path(entry.connection_file)))
    third.start_channels()
    await third.wait_for_ready(timeout=30)
    after = (await client.session())["last"]
    watching = [asyncio.create_task(seen(each, after, 3)) for each in (client, second)]
    await client.execute("print('from test')")
    await second.execute("print('from console')")
    plain = third.execute("print('from jupyter')")
    texts, inputs, is_over = "", 0, False
    while True:
        message = await third.get_iopub_msg(timeout=30)
        inputs += message["msg_type"] == "execute_input"
        if message["msg_type"] == "stream":
            texts += message["content"]["text"]
        is_mine = message["parent_header"].get("msg_id") == plain
        is_over |= is_mine and message["content"].get("execution_state") == "idle"
        if is_over and texts.count("\n") == 3:  # cells of several clients run as they arrive
            break
    one, other = await asyncio.gather(*watching)
    streams = [
        [(e.metadata["vivo"]["seq"], e.type, e.content) for e in each] for each in (one, other)
    ]
    assert streams[0] == streams[1]
    begun = {
        event.content["code"]: event.metadata["vivo"]["record"]["client"]
        for event in one
        if event.type == "execute_input"
    }
    assert begun["print('from test')"] == "test"
    assert begun["print('from console')"] == "console"
    assert begun["print('from jupyter')"] == "Jupyter"
    assert inputs == 3
    assert sorted(texts.splitlines()) == ["from console", "from jupyter", "from test"]
    third.stop_channels()
    await second.close()


async def test_a_question_is_offered_to_a_client_that_reattaches(
    entry: SessionEntry, client: SessionClient
) -> None:
    """The client that ran the cell is asked, and goes; another takes the question and answers."""
    asked = asyncio.Event()

    async def never(prompt: str, password: bool, run: str | None) -> str | None:
        asked.set()
        await asyncio.Event().wait()
        return None

    second = await SessionClient.connect(entry.connection_file, name="second")
    disturbed: list[str] = []

    async def disturb(prompt: str, password: bool, run: str | None) -> str | None:
        disturbed.append(prompt)
        return "theirs"

    second.on_input = disturb
    assert await second.take_input() is False
    client.on_input = never
    execution = await client.execute("name = input('who? ')\nname * 2")
    await asked.wait()
    assert disturbed == []
    await client.close()
    third = await SessionClient.connect(entry.connection_file, name="third")
    prompts: list[tuple[str, str | None]] = []

    async def answer(prompt: str, password: bool, run: str | None) -> str | None:
        prompts.append((prompt, run))
        return "ab"

    third.on_input = answer
    assert await third.take_input() is True
    async for event in third.events(after=0):
        record = event.metadata["vivo"].get("record") or {}
        if record.get("id") == execution.id and record.get("finished"):
            break
    assert record["values"][-1]["data"] == {"text/plain": "'abab'"}
    assert prompts == [("who? ", execution.id)]
    assert disturbed == []
    assert await third.take_input() is False
    await third.close()
    await second.close()
