"""A link that is cut, stalls and comes back; a client that slept: nothing is missing after it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.registry import SessionEntry
from vivo.parallel.wire import Message

from .links import Link, linked
from .survivors import Survivor, journaled

pytestmark = pytest.mark.sessions

LINES = """
import pathlib, sys
for i in range(2000):
    print('line', i)
    if i % 40 == 7: display({'number': i})
    if i == 300: pathlib.Path('begun').touch()
    while i == 400 and not pathlib.Path('go').exists(): pass
raise ValueError('the end')
"""


@pytest.fixture(params=["ipc", "tcp"])
async def link(
    request: pytest.FixtureRequest, entry: SessionEntry, home: Path
) -> AsyncIterator[Link]:
    """A link to the session."""
    async with linked(entry.connection_file, home, request.param) as made:
        yield made


@pytest.fixture
async def far(link: Link) -> AsyncIterator[SessionClient]:
    """A client at the other end of the link."""
    made = await SessionClient.connect(link.connection, name="far")
    yield made
    await made.close()


async def begun(home: Path) -> None:
    while not (home / "begun").exists():
        await asyncio.sleep(0.01)


async def all_of(client: SessionClient, run: str, seen: list[list[object]]) -> None:
    """Note the events of a session until a run's end."""
    async for event in client.events(after=0):
        vivo = event.metadata["vivo"]
        seen.append([vivo["seq"], event.type, event.content])
        if vivo.get("run") == run and "finished" in str(vivo.get("record")) and _is_idle(event):
            return


def _is_idle(event: Message) -> bool:
    return bool(event.content.get("execution_state") == "idle")


async def test_a_client_behind_a_cut_link_gets_all_and_its_cells_end(
    link: Link, far: SessionClient, entry: SessionEntry, home: Path
) -> None:
    """The end of its cell comes while nothing passes; then come every event, reply and record."""
    seen: list[list[object]] = []
    execution = await far.execute(LINES)
    reading = asyncio.create_task(all_of(far, execution.id, seen))
    await begun(home)
    link.cut()
    (home / "go").touch()
    near = await SessionClient.connect(entry.connection_file)
    while (await near.session())["state"] != "idle":
        continue
    await near.close()
    link.mend()
    record = await execution.finished()
    assert record.error is not None
    assert record.error.name == "ValueError"
    assert (await execution.reply()).content["status"] == "error"
    await reading
    assert seen == journaled(entry, 0, len(seen))


async def test_what_is_asked_while_the_link_is_down_is_answered_when_it_is_back(
    link: Link, far: SessionClient, entry: SessionEntry
) -> None:
    """A completion, a cell, a look at the session: none is lost, and no cell runs twice."""
    await (await far.execute("count = 0; variable = 1")).finished()
    for _ in range(3):
        link.cut()
        asked = asyncio.create_task(far.complete("varia", timeout=30))
        execution = await far.execute("count += 1; count")
        look = asyncio.create_task(far.session(timeout=30))
        refused = link.accepted
        while link.accepted < refused + 3:
            await asyncio.sleep(0.01)
        link.mend()
        assert "variable" in (await asked)["matches"]
        assert (await look)["id"] == entry.id
        record = await execution.finished()
        await execution.reply()
    assert record.values[-1].data["text/plain"] == "3"


async def test_an_answer_and_a_question_survive_a_cut_link(
    link: Link, far: SessionClient, home: Path
) -> None:
    """Asked while the link is down, it is asked when that is back; the user answers once."""
    asked: list[str] = []
    is_asked = asyncio.Event()

    async def answer(prompt: str, password: bool, run: str | None) -> str:
        asked.append(prompt)
        is_asked.set()
        return "Ada"

    far.on_input = answer
    cut, asks = home / "cut", home / "asks"
    execution = await far.execute(
        "import pathlib, time\n"
        f"while not pathlib.Path({str(cut)!r}).exists(): time.sleep(0.01)\n"
        f"pathlib.Path({str(asks)!r}).touch(); first = input('1? '); first"
    )
    async for event in far.events(after=0):
        if event.metadata["vivo"].get("run") == execution.id:
            break
    link.cut()
    cut.touch()
    while not asks.exists():
        await asyncio.sleep(0.01)
    refused = link.accepted
    while link.accepted < refused + 8:
        await asyncio.sleep(0.01)
    link.mend()
    record = await execution.finished()
    assert record.values[-1].data["text/plain"] == "'Ada'"
    assert asked == ["1? "]


async def test_a_link_that_stalls_is_found_out(
    entry: SessionEntry, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over TCP nobody says that a link is dead: signs of life are missed, and another is made."""
    monkeypatch.setattr("vivo.parallel.client._BEAT", 200)
    monkeypatch.setattr("vivo.parallel.client._DEAD", 600)
    async with linked(entry.connection_file, home, "tcp") as link:
        far = await SessionClient.connect(link.connection, name="far")
        seen: list[list[object]] = []
        execution = await far.execute(LINES)
        reading = asyncio.create_task(all_of(far, execution.id, seen))
        await begun(home)
        before = link.accepted
        link.stall()
        (home / "go").touch()
        while link.accepted < before + 4:
            await asyncio.sleep(0.01)
        link.mend()
        assert (await execution.finished()).error is not None
        await reading
        assert seen == journaled(entry, 0, len(seen))
        await far.close()


async def test_a_client_that_slept_gets_what_it_overslept(
    entry: SessionEntry, client: SessionClient, home: Path
) -> None:
    """Stopped while more events come than anyone keeps for it; then it has the journal."""
    survivor = Survivor(entry, home / "sleeper", 0, until="over")
    survivor.start()
    assert survivor.process is not None
    execution = await client.execute("for i in range(100): display(i)")
    while survivor.lines() < 20:
        await asyncio.sleep(0.01)
    os.kill(survivor.process.pid, signal.SIGSTOP)
    await execution.finished()
    for _ in range(3):
        await (await client.execute("for i in range(4000): display(i)")).finished()
    await (await client.execute("'over'")).finished()
    os.kill(survivor.process.pid, signal.SIGCONT)
    transcript = await survivor.ended()
    assert transcript == journaled(entry, 0, len(transcript))
    assert len(transcript) > 12_000
