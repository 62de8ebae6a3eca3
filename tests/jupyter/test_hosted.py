"""ipykernel hosted as a session: for the same client, the console and the journal it is one."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.errors import SessionError
from vivo.parallel.hosted.start import start_hosted
from vivo.parallel.launch import SessionOptions, end_session
from vivo.parallel.messages import RunOrigin
from vivo.parallel.registry import SessionEntry
from vivo.parallel.wire import Message

from .conftest import VIVO
from .test_lab import BIN

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def entry(jupyter_home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SessionEntry]:
    """A session that hosts it."""
    monkeypatch.setenv("JUPYTER_PATH", str(BIN.parent / "share/jupyter"))
    options = SessionOptions(cwd=str(jupyter_home), workspace=str(jupyter_home))
    made = await start_hosted("python3", options)
    yield made
    await end_session(made.id)


@pytest.fixture
async def client(entry: SessionEntry) -> AsyncIterator[SessionClient]:
    made = await SessionClient.connect(entry.connection_file, name="test")
    yield made
    await made.close()


async def test_cells_errors_and_displays_are_journaled_with_their_runs(
    entry: SessionEntry, client: SessionClient
) -> None:
    """Origins, values, errors; a client that comes later gets the very stream, and so does show."""
    origin = RunOrigin(uri="file:///a.py", path="/a.py", first_line=5)
    run = await client.execute("print('hi')\n6 * 7", origin=origin)
    record = await run.finished()
    assert (record.status, record.uri, record.execution_count) == ("ok", "file:///a.py", 1)
    assert [(each.last_line, each.data) for each in record.values] == [(6, {"text/plain": "42"})]
    failed = await (await client.execute("1 / 0")).finished()
    assert failed.error is not None
    assert failed.error.name == "ZeroDivisionError"
    shows = "from IPython.display import HTML, display\ndisplay(HTML('<b>'))"
    await (await client.execute(shows)).finished()
    seen = [event async for event in _until(client, 0, 3)]
    later = await SessionClient.connect(entry.connection_file, name="later")
    again = [event async for event in _until(later, 0, 3)]
    assert [each.header for each in again] == [each.header for each in seen]
    assert {"stream", "execute_result", "error", "display_data"} <= {each.type for each in seen}
    assert [each.client for each in await later.runs()] == ["test"] * 3
    await later.close()
    shown = await asyncio.to_thread(
        subprocess.run, [VIVO, "sessions", "show", entry.id], capture_output=True, text=True
    )
    assert "hi\n" in shown.stdout
    assert "ZeroDivisionError" in shown.stdout


async def _until(client: SessionClient, after: int, ends: int) -> AsyncIterator[Message]:
    async for event in client.events(after=after):
        yield event
        ends -= bool(event.vivo.get("record", {}).get("finished"))
        if not ends:
            return


async def test_it_is_asked_interrupted_and_restarted_as_a_session_is(client: SessionClient) -> None:
    """Completion when idle and at once when busy; input; queue; interrupt by id; restart."""
    assert "print" in (await client.complete("pri", timeout=60))["matches"]

    async def answer(prompt: str, password: bool, run: str | None) -> str:
        return f"{prompt}typed"

    client.on_input = answer
    asked = await client.execute("kept = input('? ')\nkept")
    assert (await asked.finished()).values[0].data == {"text/plain": "'? typed'"}
    after = (await client.session())["last"]
    busy = await client.execute("print('on')\nimport time\nwhile True: time.sleep(0.01)")
    waiting = await client.execute("never = 1")
    async for event in client.events(after=after):
        if event.type == "stream":
            break
    assert (await client.complete("pri"))["matches"] == ["print"]
    assert (await client.session())["running"] == busy.id
    assert await client.interrupt("another") == "mismatch"
    assert await client.interrupt(waiting.id) == "removed_from_queue"
    assert await client.interrupt(busy.id) == "interrupted"
    error = (await busy.finished()).error
    assert error is not None
    assert error.name == "KeyboardInterrupt"
    assert (await waiting.finished()).status == "aborted"
    with pytest.raises(SessionError, match="stacks"):
        await client.stack()
    told = await client.restart()
    assert told["state"] == "idle"
    lost = await (await client.execute("kept")).finished()
    assert lost.error is not None
    assert lost.error.name == "NameError"


async def test_a_widgets_comm_reaches_the_client(client: SessionClient) -> None:
    """What a cell opens is an event of its run, as in any session."""
    code = "from ipykernel.comm import Comm\ncomm = Comm(target_name='test', data={'a': 1})"
    run = await client.execute(code)
    await run.finished()
    async for event in client.events(after=0):
        if event.type == "comm_open":
            break
    assert event.content["data"] == {"a": 1}
    assert event.vivo["run"] == run.id


def test_the_console_shows_what_it_lacks(entry: SessionEntry) -> None:
    """And runs its cells as any session's."""
    result = subprocess.run(
        [VIVO, "console", "--session", entry.id],
        check=True, input="6 * 7\n", capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "Out[1]: 42" in result.stdout
    assert "the kernel ipython" in result.stderr
    assert "no list of variables" in result.stderr
