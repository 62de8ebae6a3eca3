"""One interrupt ends a cell, whatever it does, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import psutil
import pytest
from vivo.parallel.client import SessionClient

from ..benchmarks.interruptible import KINDS, PREPARED, cell
from ..conftest import processes_of
from .dialogues import Dialogue

pytestmark = pytest.mark.sessions


# A debugger that is quit ends the cell by its own words; a pool of processes whose workers are
# gone, as they have the interrupt too, may be faster than it with its own.
ENDS = ("KeyboardInterrupt", "UsageError", "BrokenProcessPool")


class Interrupted:
    """A session whose cells are interrupted."""

    def __init__(self, client: SessionClient) -> None:
        self.client = client
        self.dialogue = Dialogue(client)
        client.on_input = self._never
        self.asked = asyncio.Event()

    async def _never(self, prompt: str, password: bool, run: str | None) -> str | None:
        self.asked.set()
        return await asyncio.get_running_loop().create_future()

    async def begun(self, code: str) -> Any:
        """A cell that has begun what it does for ever."""
        self.asked.clear()
        execution = await self.client.execute(code)
        await self.dialogue.text_of(execution.id, "begun")
        if any(word in code for word in ("input(", "getpass(", "readline(", "breakpoint(")):
            await self.asked.wait()
        await self.client.stack()
        return execution

    async def ends(self, execution: Any) -> None:
        """One interrupt ends a cell, with a ``KeyboardInterrupt``."""
        assert await self.client.interrupt(execution.id) == "interrupted"
        record = await execution.finished()
        assert record.error is not None, record
        assert record.error.name in ENDS, record.error


@pytest.fixture
async def session(client: SessionClient) -> Interrupted:
    """A session with what the cells need."""
    made = Interrupted(client)
    record = await (await client.execute(PREPARED)).finished()
    assert record.error is None, record.error
    return made


@pytest.mark.parametrize("kind", KINDS)
async def test_one_interrupt_ends_any_cell(session: Interrupted, home: Path, kind: str) -> None:
    """At whatever it is; the next cell is untouched, and the variables are there."""
    for _ in range(2):
        execution = await session.begun(cell(KINDS[kind]))
        await session.ends(execution)
        assert await session.dialogue.value("6 * 7, len(million)") == "(42, 1000000)"
    asleep = [each for each in processes_of(home) if each.name() == "sleep"]
    left = psutil.wait_procs(asleep, timeout=10)[1]  # one that was told may not have had its turn
    assert not left


async def test_an_interrupt_ends_the_expressions_behind_a_cell(session: Interrupted) -> None:
    """The one that is evaluated, and those that wait; the next cell is untouched."""
    asked = {
        "first": "6 * 7",
        "endless": "print('begun') or any(False for _ in iter(int, 1))",
        "never": "print('no')",
    }
    execution = await session.client.execute("1", user_expressions=asked)
    await session.dialogue.text_of(execution.id, "begun")
    assert await session.client.interrupt(execution.id) == "interrupted"
    told = (await execution.reply()).content["user_expressions"]
    assert told["first"]["data"]["text/plain"] == "42"
    assert [told[each]["ename"] for each in ("endless", "never")] == ["KeyboardInterrupt"] * 2
    assert (await execution.finished()).status == "ok"
    assert await session.dialogue.value("6 * 7") == "42"


async def test_a_long_call_of_numpy_ends_when_it_returns(session: Interrupted) -> None:
    """numpy looks for no interrupt within a call: the cell ends right after it."""
    execution = await session.begun("print('begun')\nx = np.sort(np.tile(million, 4))\nnever = 1")
    await session.ends(execution)
    assert await session.dialogue.value("'never' in globals()") == "False"


async def test_code_that_catches_an_interrupt_goes_on_once(session: Interrupted) -> None:
    """It has had its interrupt; the next one ends it."""
    code = (
        "try:\n    print('begun')\n    while True: time.sleep(0.01)\nexcept KeyboardInterrupt:\n"
        "    print('caught')\nwhile True: pass"
    )
    execution = await session.begun(code)
    assert await session.client.interrupt(execution.id) == "interrupted"
    await session.dialogue.text_of(execution.id, "caught")
    await session.ends(execution)


async def test_an_end_of_a_with_block_runs_on_and_is_interrupted_too(session: Interrupted) -> None:
    """What tidies up has the time it wants, until the user is impatient."""
    code = (
        "class Slow:\n    def __enter__(self): pass\n    def __exit__(self, *error):\n"
        "        print('leaving')\n        while True: pass\n"
        "with Slow():\n    print('begun')\n    while True: pass"
    )
    execution = await session.begun(code)
    assert await session.client.interrupt(execution.id) == "interrupted"
    await session.dialogue.text_of(execution.id, "leaving")
    await session.ends(execution)


async def test_a_waiting_cell_is_removed_and_what_runs_goes_on(session: Interrupted) -> None:
    """Also one of several, by its id; those behind it keep their order."""
    first = await session.begun("print('begun')\nhalt = False\nwhile not halt: time.sleep(0.01)")
    second, third = [await session.client.execute(f"order.append({n})") for n in (2, 3)]
    while len((await session.client.session())["queue"]) < 2:
        continue
    assert await session.client.interrupt(second.id) == "removed_from_queue"
    assert (await second.finished()).status == "aborted"
    assert await session.client.interrupt(third.id) == "removed_from_queue"
    await session.ends(first)
    assert await session.dialogue.value("'order' in globals()") == "False"


async def test_tasks_of_other_cells_go_on(session: Interrupted) -> None:
    """An interrupt of an await cancels that cell alone, not what runs in the background."""
    code = (
        "count = 0\nasync def ticking():\n    global count\n    while True:\n"
        "        await asyncio.sleep(0.001)\n        count += 1\n"
        "ticker = asyncio.create_task(ticking())"
    )
    await session.dialogue.run(code)
    execution = await session.begun("print('begun')\nawait asyncio.sleep(1000)")
    await session.ends(execution)
    code = "before = count\nwhile count < before + 5: await asyncio.sleep(0.001)\nticker.done()"
    assert await session.dialogue.value(code) == "False"
    await session.dialogue.run("ticker.cancel()")


async def test_an_interrupt_spares_a_session_beside(session: Interrupted) -> None:
    """Children that the user has put into a session of their own are not signalled."""
    await session.dialogue.run(
        "child = subprocess.Popen(['sleep', '1000'], start_new_session=True)"
    )
    execution = await session.begun("print('begun')\ntime.sleep(1000)")
    await session.ends(execution)
    assert await session.dialogue.value("child.poll()  is None") == "True"
    await session.dialogue.run("child.kill(); child.wait()")


async def test_an_interrupt_loads_no_module(session: Interrupted) -> None:
    """Another one that comes meanwhile would find half of it, and fail in the user's cell."""
    await session.dialogue.run("import sys\nbefore = {*sys.modules}")
    execution = await session.begun("print('begun')\nwhile True: pass")
    assert await session.client.interrupt(execution.id) == "interrupted"
    await session.ends(execution)
    loaded = "[each for each in {*sys.modules} - before if each.endswith('engine.calls')]"
    record = await (await session.client.execute(loaded)).finished()
    assert record.values[-1].data["text/plain"] == "[]"
