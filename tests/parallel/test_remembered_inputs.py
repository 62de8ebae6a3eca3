"""Inputs reach the history, whatever becomes of their cell."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from vivo.core.history import History
from vivo.parallel.client import SessionClient

SECONDS = 20.0


def inputs(home: Path) -> list[str]:
    """The inputs in the user's history, as another session sees them."""
    history = History(home / "data" / "vivo" / "history.sqlite")
    try:
        return [entry.source for entry in history.tail(10)]
    finally:
        history.close()


async def seen(home: Path, source: str) -> None:
    """Wait until an input is in the history."""
    async with asyncio.timeout(SECONDS):
        while source not in inputs(home):
            await asyncio.sleep(0.05)  # the file tells nobody that it has changed


@pytest.mark.parametrize("end", ["os._exit(3)", "os.kill(os.getpid(), 9)", "os.abort()"])
async def test_the_input_that_ended_its_process_is_remembered_once(
    home: Path, client: SessionClient, end: str
) -> None:
    """A crash at once leaves no time to the engine: the keeper puts the input there."""
    crash = f"import os; {end}"
    before = await client.execute("before = 1")
    record = await (await client.execute(crash)).finished()
    assert record.status == "error"
    await before.finished()
    await seen(home, crash)
    await seen(home, "before = 1")
    assert inputs(home).count(crash) == inputs(home).count("before = 1") == 1


async def test_the_input_of_a_long_cell_is_remembered_while_it_runs(
    home: Path, client: SessionClient
) -> None:
    """Another session finds it before the cell has ended, and once."""
    loop = "import time\nwhile True: time.sleep(0.01)"
    execution = await client.execute(loop)
    await seen(home, loop)
    await client.interrupt()
    await execution.finished()
    assert inputs(home).count(loop) == 1


async def test_a_cell_finds_itself_and_those_before_it(client: SessionClient) -> None:
    """``%history`` shows the cell that asks, as ever."""
    await (await client.execute("first = 1")).finished()
    asking = "[entry.source for entry in get_ipython().history.tail(2)]"
    record = await (await client.execute(asking)).finished()
    assert record.values[0].data["text/plain"] == repr(["first = 1", asking])


async def test_a_restart_keeps_the_input_that_ran(home: Path, client: SessionClient) -> None:
    """What the restart ended is in the history, once."""
    source = "import time; print('begun', flush=True); time.sleep(100)"
    after = (await client.session())["last"]
    await client.execute(source)
    async for event in client.events(after):
        if event.type == "stream":
            break
    await client.restart()
    await seen(home, source)
    assert inputs(home).count(source) == 1
