"""ipykernel behind the client of sessions: what it can do is the same, what it lacks is said."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.errors import SessionError
from vivo.parallel.messages import RunOrigin
from vivo.parallel.wire import Message

from .test_lab import BIN

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def client(jupyter_home: Path) -> AsyncIterator[SessionClient]:
    """A client of an ipykernel."""
    file = jupyter_home / "ipykernel.json"
    words = [str(BIN / "python"), "-m", "ipykernel_launcher", "-f", str(file)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not file.exists() or not file.read_text().endswith("}"):
            await asyncio.sleep(0.05)
        made = await SessionClient.connect(file, name="test", timeout=30)
        yield made
        await made.shutdown()
        await made.close()
        process.wait(20)


async def events_of(client: SessionClient, after: int, run: str) -> list[Message]:
    found = []
    async for event in client.events(after=after):
        found.append(event)
        is_idle = event.content.get("execution_state") == "idle"
        if is_idle and event.vivo["run"] == run:
            return found
    raise AssertionError("the events ended")


async def test_a_cell_runs_and_leaves_its_record(client: SessionClient) -> None:
    """With the origin, the value, the error; the events are numbered, also afterwards."""
    origin = RunOrigin(uri="file:///a.py", path="/a.py", first_line=5)
    execution = await client.execute("print('hi')\n6 * 7", origin=origin)
    record = await execution.finished()
    assert (record.status, record.uri, record.source) == (
        "ok",
        "file:///a.py",
        "print('hi')\n6 * 7",
    )
    assert [(value.last_line, value.data) for value in record.values] == [(6, {"text/plain": "42"})]
    events = await events_of(client, 0, execution.id)
    kinds = [event.type for event in events]
    assert kinds == ["status", "execute_input", "stream", "execute_result", "status"]
    assert [event.vivo["seq"] for event in events] == [1, 2, 3, 4, 5]
    behind = []

    async def send_another(prompt: str, password: bool, run: str | None) -> str:
        behind.append(await client.execute("2"))
        return ""

    client.on_input = send_another
    # Whatever the kernel reads within that time after an error is aborted.
    aborting = "get_ipython().kernel.stop_on_error_timeout = 30"
    failing = await client.execute(f"{aborting}\ninput()\n1 / 0")
    record = await failing.finished()
    assert record.status == "error"
    assert record.error is not None
    assert record.error.name == "ZeroDivisionError"
    assert (await behind[0].finished()).status == "aborted"
    assert [each.status for each in await client.runs()] == ["ok", "error", "aborted"]


async def test_it_is_asked_as_a_session_is(client: SessionClient) -> None:
    """Completion, inspection, input, interrupt."""
    assert "print" in (await client.complete("pri", timeout=60))["matches"]
    assert (await client.inspect("print", timeout=60))["found"]

    async def answer(prompt: str, password: bool, run: str | None) -> str:
        return f"{prompt}typed"

    client.on_input = answer
    asked = await client.execute("input('? ')")
    assert (await asked.finished()).values[0].data == {"text/plain": "'? typed'"}
    assert await client.interrupt() == "idle"
    busy = await client.execute("import time\nwhile True: time.sleep(0.01)")
    while (await client.session())["running"] != busy.id:
        await asyncio.sleep(0.01)
    assert await client.interrupt("another") == "mismatch"
    assert await client.interrupt(busy.id) == "interrupted"
    error = (await busy.finished()).error
    assert error is not None
    assert error.name == "KeyboardInterrupt"


async def test_what_it_lacks_is_said(client: SessionClient) -> None:
    """In sentences, and at once: nothing waits for an answer that does not come."""
    assert len(client.lacks) == 5
    assert (await client.session())["id"] == "ipython"
    with pytest.raises(SessionError, match="ipython"):
        await client.restart()
    with pytest.raises(SessionError, match="stacks"):
        await client.stack()
