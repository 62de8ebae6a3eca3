"""A keeper that is killed: its engine starts another one, and goes on with all it has."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client import BlockingKernelClient
from jupyter_core.utils import ensure_event_loop
from vivo.parallel.client import SessionClient
from vivo.parallel.frames import Ordering
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.registry import Registry, SessionEntry

from .dialogues import Dialogue

pytestmark = pytest.mark.sessions

NUMBERED = """
import time, pathlib
for number in range(400):
    print("line", number)
    if number == 100:
        pathlib.Path("begun").touch()
    time.sleep(0.001)
number
"""


@pytest.fixture
def kept_session(home: Path) -> Iterator[tuple[dict[str, Any], BlockingKernelClient]]:
    """A session that vivo started, and Jupyter's own client of it."""
    entry = asyncio.run(start_session(SessionOptions(cwd=str(home))))
    client = BlockingKernelClient(connection_file=entry.connection_file)
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=30)
    yield {"keeper_pid": entry.keeper_pid}, client
    client.stop_channels()
    client.context.destroy(linger=0)
    ensure_event_loop().close()  # the blocking client keeps one for good
    asyncio.run(end_session(entry.id))


async def killed(client: SessionClient) -> int:
    """Kill the session's keeper; give the next one's process id."""
    session = await client.session()
    os.kill(session["keeper_pid"], signal.SIGKILL)
    while (after := await client.session())["keeper_pid"] == session["keeper_pid"]:
        continue
    assert after["engine_pid"] == session["engine_pid"]
    return int(after["keeper_pid"])


async def lines_of(events: AsyncIterator[object], run: str) -> list[str]:
    """All that a run prints, once it has ended."""
    text = ""
    async for event in events:
        vivo = event.metadata["vivo"]  # type: ignore[attr-defined]
        content = event.content  # type: ignore[attr-defined]
        if vivo.get("run") == run:
            text += content.get("text", "")
            if content.get("execution_state") == "idle":
                return text.splitlines()
    raise AssertionError("the events ended")


async def test_a_running_cell_goes_on_under_a_new_keeper(
    dialogue: Dialogue, entry: SessionEntry, home: Path
) -> None:
    """Its lines, value and queue; the place is marked; the registry names the new keeper."""
    client = dialogue.client
    execution = await client.execute(NUMBERED)
    waiting = await client.execute("print('then', number)")
    while not (home / "begun").exists():
        await client.session()
    keeper = await killed(client)
    record = await execution.finished()
    assert (record.status, record.values[-1].data["text/plain"]) == ("ok", "399")
    assert (await waiting.finished()).status == "ok"
    lines = await lines_of(client.events(after=0), execution.id)
    marks = [line for line in lines if line and not line.startswith("line ")]
    assert [line for line in lines if line.startswith("line ")] == [f"line {n}" for n in range(400)]
    assert len(marks) == 1
    assert "keeper" in marks[0]
    assert await lines_of(client.events(after=0), waiting.id) == ["then 399"]
    kept = Registry().get(entry.id)
    assert kept is not None
    assert kept.keeper_pid == keeper


async def test_an_idle_session_keeps_its_values_through_many_keepers(dialogue: Dialogue) -> None:
    """And its numbers: the prompt goes on counting."""
    assert await dialogue.value("kept = 41; kept") == "41"
    for count in range(3):
        await killed(dialogue.client)
        execution = await dialogue.client.execute("kept += 1; kept")
        record = await execution.finished()
        assert record.values[-1].data["text/plain"] == str(42 + count)
        assert record.execution_count == count + 2
        assert (await execution.reply()).content["status"] == "ok"


async def test_a_question_outlives_the_keeper(dialogue: Dialogue, entry: SessionEntry) -> None:
    """Whoever thinks about it goes on; one that comes later is asked too; an answer arrives."""
    client = dialogue.client
    asked, answers = [], asyncio.Event()

    async def answer(prompt: str, password: bool, run: str | None) -> str:
        asked.append(prompt)
        is_asked.set()
        await answers.wait()  # the user thinks
        return "Ada"

    is_asked = asyncio.Event()
    client.on_input = answer
    execution = await client.execute("name = input('who? ')\nname")
    await is_asked.wait()
    await killed(client)
    other = await SessionClient.connect(entry.connection_file, name="other")
    other.on_input = answer
    assert await other.take_input()
    while len(asked) < 2:
        await client.session()
    answers.set()
    record = await execution.finished()
    assert record.values[-1].data["text/plain"] == "'Ada'"
    assert asked == ["who? ", "who? "]
    await other.close()


async def test_an_interrupt_and_an_error_reach_the_new_keeper(dialogue: Dialogue) -> None:
    """The session is whole: control and the queue work as before."""
    client = dialogue.client
    execution = await client.execute("print('on')\nwhile True:\n    pass")
    await dialogue.text_of(execution.id, "on\n")
    await killed(client)
    assert await client.interrupt() == "interrupted"
    record = await execution.finished()
    assert record.error is not None
    assert record.error.name == "KeyboardInterrupt"
    assert (await dialogue.run("1 / 0"))[0] == "error"


async def test_a_dead_engine_is_told_by_a_keeper_that_did_not_start_it(dialogue: Dialogue) -> None:
    """And a restart gives a fresh one."""
    client = dialogue.client
    await killed(client)
    execution = await client.execute("import os; os._exit(3)")
    record = await execution.finished()
    assert record.error is not None
    assert record.error.name == "EngineDied"
    await client.restart()
    assert await dialogue.value("6 * 7") == "42"


def test_a_plain_client_gets_its_reply_and_the_rest_from_the_new_keeper(
    kept_session: tuple[dict[str, Any], BlockingKernelClient], home: Path
) -> None:
    """One that knows nothing of keepers: replies wait until it is back; comms are still open."""
    session, client = kept_session
    opened = client.execute(
        "from comm import create_comm\ncomm = create_comm(target_name='of the test')"
    )
    assert client.get_shell_msg(timeout=20)["parent_header"]["msg_id"] == opened
    first = client.execute("import time, pathlib\npathlib.Path('begun').touch()\ntime.sleep(0.2)")
    second = client.execute("6 * 7", user_expressions={"x": "1 + 1"})
    while not (home / "begun").exists():
        time.sleep(0.01)
    os.kill(session["keeper_pid"], signal.SIGKILL)
    got = [client.get_shell_msg(timeout=20) for _ in range(2)]
    assert [each["parent_header"]["msg_id"] for each in got] == [first, second]
    assert got[1]["content"]["user_expressions"]["x"]["data"]["text/plain"] == "2"
    client.comm_info()
    info = client.get_shell_msg(timeout=20)["content"]["comms"]
    assert [each["target_name"] for each in info.values()] == ["of the test"]


MAGIC = Ordering.new_magic()


def test_markers_that_a_dead_reader_took_are_made_up_for() -> None:
    """A later marker stands for those before it; what comes twice is told once."""
    ordering = Ordering(MAGIC, passed=2)
    assert ordering.feed_event(2, "again") == []
    assert ordering.feed_event(3, "three") == []
    assert ordering.feed_event(4, "four") == []
    text = Ordering.marker(MAGIC, 2) + b"text" + Ordering.marker(MAGIC, 4)
    assert ordering.feed_text(text) == [b"text", (3, "three"), (4, "four")]
    assert ordering.feed_text(Ordering.marker(MAGIC, 4) + b"on") == [b"on"]
