"""Sessions through their real processes: keeper, engine, sockets."""

from __future__ import annotations

import asyncio
import os
import signal
from itertools import groupby
from pathlib import Path
from typing import Any

import psutil
import pytest
import zmq
from vivo.parallel.client import SessionClient
from vivo.parallel.connection import read_connection
from vivo.parallel.errors import ConnectionFileError, SessionError
from vivo.parallel.journal import Event, read
from vivo.parallel.launch import SessionOptions, end_session, find_session, start_session
from vivo.parallel.messages import RunOrigin, RunRecord
from vivo.parallel.registry import Registry, SessionEntry
from vivo.parallel.wire import Codec, Message, decode_event


async def run(client: SessionClient, code: str, **options: Any) -> RunRecord:
    return await (await client.execute(code, **options)).finished()


async def value(client: SessionClient, code: str) -> str:
    record = await run(client, code)
    assert record.status == "ok", record.error
    return str(record.values[-1].data["text/plain"])


async def outputs(client: SessionClient, code: str) -> list[Message]:
    """The events of a cell, from its start to its end."""
    after = (await client.session())["last"]
    execution = await client.execute(code)
    found = []
    async for event in client.events(after=after):
        if event.metadata["vivo"].get("run") == execution.id:
            found.append(event)
            if event.type == "status" and event.content["execution_state"] == "idle":
                break
    return found


def text_of(events: list[Message], name: str = "stdout") -> str:
    streams = [e.content for e in events if e.type == "stream"]
    return "".join(content["text"] for content in streams if content["name"] == name)


async def running(client: SessionClient, code: str) -> Any:
    """A cell that has begun: its execution."""
    execution = await client.execute(code)
    while (await client.session())["running"] != execution.id:
        await asyncio.sleep(0)
    return execution


async def test_a_cell_has_a_value_a_record_and_its_events(client: SessionClient) -> None:
    """The events are Jupyter's, in Jupyter's order, numbered."""
    events = await outputs(client, "print('hi')\n6 * 7")
    assert [kind for kind, _ in groupby(event.type for event in events)] == [
        "status", "execute_input", "stream", "execute_result", "status",
    ]  # fmt: skip
    numbers = [event.metadata["vivo"]["seq"] for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    record = (await client.runs())[-1]
    assert (record.status, record.values[0].data) == ("ok", {"text/plain": "42"})
    origin = RunOrigin(uri="file:///w/a.py", path="/w/a.py", first_line=11, version=3)
    failed = await run(client, "x = 1\nx / 0", origin=origin)
    assert failed.error is not None
    assert (failed.error.name, failed.error.line) == ("ZeroDivisionError", 12)
    assert [r.id for r in await client.runs("file:///w/a.py")] == [failed.id]


async def test_everything_a_cell_prints_is_in_order_and_in_its_cell(
    client: SessionClient,
) -> None:
    """print, os.write, children, C's own stdout, stderr, threads and pools."""
    code = (
        "import os, sys, subprocess, threading\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "for i in range(50):\n"
        "    print(3 * i)\n"
        "    os.write(1, f'{3 * i + 1}\\n'.encode())\n"
        "    subprocess.run(['echo', str(3 * i + 2)]) if i % 10 == 0 else print(3 * i + 2)\n"
        "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
        "with ThreadPoolExecutor() as pool: pool.submit(print, 'pool').result()\n"
        "print('error', file=sys.stderr)"
    )
    events = await outputs(client, code)
    lines = text_of(events).split()
    assert lines == [*map(str, range(150)), "thread", "pool"]
    assert text_of(events, "stderr") == "error\n"


async def test_a_thread_prints_into_the_cell_that_started_it(client: SessionClient) -> None:
    """Also while another cell runs; a child that outlives its cell too."""
    first = await run(
        client,
        "import threading, subprocess\ngo = threading.Event()\n"
        "t = threading.Thread(target=lambda: (go.wait(), print('from one')))\nt.start()\n"
        "child = subprocess.Popen('read x; echo child', shell=True, stdin=subprocess.PIPE)",
    )
    second = await run(client, "print('from two'); go.set(); t.join()")
    await run(client, "child.communicate(b'\\n');")
    found: dict[str, str] = {first.id: "", second.id: ""}
    async for event in client.events(after=0):
        run_id = event.metadata["vivo"].get("run")
        if event.type == "stream" and run_id in found:
            found[run_id] += event.content["text"]
        if found[first.id].count("\n") == 2:
            break
    assert found == {first.id: "from one\nchild\n", second.id: "from two\n"}


async def test_a_large_write_from_one_call_does_not_deadlock(client: SessionClient) -> None:
    """Ten megabytes in one os.write."""
    events = await outputs(client, "import os\nn = os.write(1, b'x' * 10_000_000)")
    assert len(text_of(events)) == 10_000_000


async def test_the_lane_answers_while_a_cell_runs(client: SessionClient) -> None:
    """Completion, inspection, completeness and history, long before the cell ends."""
    await run(client, "array = list(range(5))")
    execution = await running(client, "while True: pass")
    assert (await client.complete("arr"))["matches"] == ["array"]
    told = await client.inspect("array")
    assert told["data"]["application/vnd.vivo.inspection+json"]["length"] == 5
    assert (await client.is_complete("if x:"))["status"] == "incomplete"
    assert (await client.history(n=2))[0][2] == "array = list(range(5))"
    assert "<cell" in await client.stack()
    assert (await client.session())["running"] == execution.id
    assert await client.interrupt(execution.id) == "interrupted"
    assert (await execution.finished()).error.name == "KeyboardInterrupt"


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "import asyncio; await asyncio.sleep(60)",
        "while True: print('x' * 100)",
        "import subprocess; subprocess.run(['sleep', '60'])",
        "!sleep 60",
        "import threading; threading.Event().wait()",
    ],
)
async def test_interrupt_ends_the_cell_and_hurts_nothing(client: SessionClient, code: str) -> None:
    """A loop, a sleep, an await, a flood, a child, a wait; the session goes on."""
    await run(client, "kept = 1")
    execution = await running(client, code)
    record = None
    while record is None:
        await client.interrupt(execution.id)
        try:
            record = await asyncio.wait_for(execution.finished(), 2)
        except asyncio.TimeoutError:
            continue
    assert record.error is not None
    assert record.error.name == "KeyboardInterrupt"
    assert await value(client, "kept + 1") == "2"


async def test_interrupts_between_cells_hurt_nothing(client: SessionClient) -> None:
    """A storm of them over short cells: each cell ends, well or interrupted."""
    for number in range(60):
        execution = await client.execute(f"{number}")
        await client.interrupt()
        record = await asyncio.wait_for(execution.finished(), 10)
        assert record.status == "ok" or record.error.name == "KeyboardInterrupt"  # type: ignore[union-attr]
    assert await value(client, "6 * 7") == "42"


async def test_a_waiting_cell_is_taken_out_of_the_queue(client: SessionClient) -> None:
    """By its id; what runs goes on."""
    first = await running(client, "import time\nwhile True: time.sleep(0.01)")
    second = await client.execute("never = 1")
    while (await client.session())["queue"] != [second.id]:
        await asyncio.sleep(0)
    assert await client.interrupt(second.id) == "removed_from_queue"
    assert (await second.finished()).status == "aborted"
    assert await client.interrupt("nobody") == "mismatch"
    await client.interrupt(first.id)
    await first.finished()
    assert await client.interrupt() == "idle"
    assert await value(client, "'never' in globals()") == "False"


async def test_input_is_asked_of_the_client_that_ran_the_cell(client: SessionClient) -> None:
    """A line, a password, and end of file when nobody answers; it can be interrupted."""
    asked: list[tuple[str, bool]] = []

    async def answer(prompt: str, password: bool, run_id: str | None) -> str | None:
        asked.append((prompt, password))
        return None if prompt == "none" else "ab"

    client.on_input = answer
    assert await value(client, "input('who? ') * 2") == "'abab'"
    assert await value(client, "import getpass; getpass.getpass('secret? ')") == "'ab'"
    assert (await run(client, "input('none')")).error.name == "EOFError"  # type: ignore[union-attr]
    assert asked == [("who? ", False), ("secret? ", True), ("none", False)]
    waiting: asyncio.Event = asyncio.Event()

    async def never(prompt: str, password: bool, run_id: str | None) -> str | None:
        waiting.set()
        await asyncio.sleep(3600)
        return None

    client.on_input = never
    execution = await client.execute("input('?')")
    await waiting.wait()
    assert await client.interrupt(execution.id) == "interrupted"
    assert (await execution.finished()).error.name == "KeyboardInterrupt"  # type: ignore[union-attr]


async def test_a_client_that_was_away_gets_exactly_what_it_missed(
    entry: SessionEntry, client: SessionClient
) -> None:
    """Replay, then live: the transcript of every client equals the journal."""
    first = await run(client, "print('one')\n1")
    await client.close()
    second = await SessionClient.connect(entry.connection_file)
    third = await SessionClient.connect(entry.connection_file)
    execution = await second.execute("for i in range(300): print(i)\n2")
    transcripts = []
    for each in (second, third):
        found = []
        async for event in each.events(after=0):
            found.append((event.metadata["vivo"]["seq"], event.type, event.content))
            vivo = event.metadata["vivo"]
            if vivo.get("run") == execution.id and "record" in vivo and event.type == "status":
                break
        transcripts.append(found)
        await each.close()
    journal = [
        (item.seq, decode_event(item.parts).type, decode_event(item.parts).content)
        for item in read(Path(entry.journal))
        if isinstance(item, Event)
    ]
    assert transcripts[0] == transcripts[1] == journal[: len(transcripts[0])]
    assert any(content.get("data") == {"text/plain": "1"} for _, _, content in journal)
    assert first.status == "ok"


async def test_a_killed_engine_loses_no_line_and_can_be_restarted(
    client: SessionClient, entry: SessionEntry
) -> None:
    """Every print that returned is in the journal; the news names the signal and what to do."""
    code = "import os, signal\nfor i in range(1000): print(i)\nos.kill(os.getpid(), signal.SIGKILL)"
    record = await run(client, code)
    assert record.error is not None
    assert "killed by SIGKILL" in record.error.message
    printed = ""
    for item in read(Path(entry.journal)):
        event = decode_event(item.parts) if isinstance(item, Event) else None
        if event is not None and event.type == "stream":
            printed += event.content["text"]
    assert printed.split() == [str(number) for number in range(1000)]
    refused = await (await client.execute("1")).reply()
    assert "Restart the session" in refused.content["evalue"]
    assert (await client.restart())["state"] == "idle"
    assert await value(client, "6 * 7") == "42"


async def test_a_wrong_signature_is_refused_and_the_session_intact(
    client: SessionClient, entry: SessionEntry
) -> None:
    """A stranger's message does nothing; one line in the log says so."""
    await run(client, "kept = 1")
    connection = read_connection(entry.connection_file)
    with zmq.Context() as context, context.socket(zmq.DEALER) as stranger:
        stranger.linger = 0
        stranger.connect(connection.address("shell"))
        stranger.send_multipart(
            Codec(b"another key").encode("execute_request", {"code": "kept = 2"})
        )
        stranger.send_multipart([b"rubbish"])
        assert await value(client, "kept") == "1"
        assert stranger.poll(100) == 0
    log = (Path(entry.journal) / "keeper.log").read_text()
    assert "signature is wrong" in log
    assert "no <IDS|MSG> delimiter" in log


async def test_a_damaged_history_is_told_and_the_session_goes_on(home: Path) -> None:
    """The sentence is in the output of the next cell; the old file is kept."""
    history = home / "data" / "vivo" / "history.sqlite"
    history.parent.mkdir(parents=True)
    history.write_bytes(b"no database " * 500)
    entry = await start_session(SessionOptions(cwd=str(home)))
    client = await SessionClient.connect(entry.connection_file)
    try:
        await outputs(client, "x = 1")
        await client.history(n=1)
        events = await outputs(client, "x += 1")
        assert "was damaged" in text_of(events, "stderr")
        assert await value(client, "x") == "2"
        assert len(await client.history(n=5)) == 3
    finally:
        await client.close()
        await end_session(entry.id)
    assert list(history.parent.glob("history-damaged-*.sqlite"))


async def test_sessions_are_found_listed_and_ended(entry: SessionEntry, home: Path) -> None:
    """By workspace and id; its files are the user's alone; its parent is nobody of ours."""
    found = find_session(workspace=str(home))
    assert found is not None
    assert found.id == entry.id
    assert Registry().get(entry.id[:5]) is not None
    folder = Path(entry.connection_file).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert Path(entry.connection_file).stat().st_mode & 0o777 == 0o600
    keeper = psutil.Process(entry.keeper_pid)
    assert os.getpid() not in [parent.pid for parent in keeper.parents()]
    assert os.getsid(entry.keeper_pid) != os.getsid(0)
    with pytest.raises(SessionError, match="There is no session nobody"):
        await end_session("nobody")


async def test_a_session_that_cannot_start_says_why(home: Path) -> None:
    """In one sentence, with nothing left behind."""
    with pytest.raises(SessionError, match="There is no interpreter /nowhere/python"):
        await start_session(SessionOptions(python="/nowhere/python", cwd=str(home)))
    with pytest.raises(SessionError, match="There is no folder /nowhere"):
        await start_session(SessionOptions(cwd="/nowhere"))
    with pytest.raises(ConnectionFileError, match="cannot be read"):
        await SessionClient.connect(home / "nowhere.json")
    assert Registry().listing().entries == []


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_users_pythonpath_reaches_the_user_and_not_our_processes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A types.py there breaks nothing of ours, and is what the user imports from."""
    (home / "types.py").write_text("raise SystemExit('the wrong types')")
    (home / "mine.py").write_text("value = 42")
    monkeypatch.setenv("PYTHONPATH", str(home))
    entry = await start_session(SessionOptions(cwd="/"))
    client = await SessionClient.connect(entry.connection_file)
    try:
        assert await value(client, "import mine, os; mine.value, os.environ['PYTHONPATH']") == (
            f"(42, {str(home)!r})"
        )
    finally:
        await client.close()
        await end_session(entry.id)


@pytest.mark.parametrize("busy", [False, True])
async def test_an_engine_that_can_start_no_keeper_ends(home: Path, busy: bool) -> None:
    """It does not stay behind unseen; ending the session tidies up."""
    entry = await start_session(SessionOptions(cwd=str(home)))
    client = await SessionClient.connect(entry.connection_file)
    engine = (await client.session())["engine_pid"]
    if busy:
        await running(client, "while True: pass")
    await client.close()
    for path in Path(entry.connection_file).parent.iterdir():
        path.unlink()
    Path(entry.connection_file).parent.rmdir()  # where the next one would find what it is to do
    os.kill(entry.keeper_pid, signal.SIGKILL)
    await asyncio.to_thread(psutil.wait_procs, [psutil.Process(engine)], 10)
    assert not _is_running(engine)
    await end_session(entry.id)
    assert Registry().get(entry.id) is None


async def test_matplotlib_draws_into_the_session(client: SessionClient) -> None:
    """Our backend, chosen without a word in the environment of child processes."""
    code = "import os, matplotlib.pyplot as plt\nplt.plot([1, 2, 4]);\n"
    events = await outputs(client, code + "print('MPLBACKEND' in os.environ)")
    pictures = [e.content["data"]["image/png"] for e in events if e.type == "display_data"]
    assert len(pictures) == 1
    assert pictures[0].startswith("iVBOR")
    assert text_of(events) == "False\n"
