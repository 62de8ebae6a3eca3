"""``vivo sessions show`` and ``rerun``, as a user types them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.registry import Registry, SessionEntry
from vivo.parallel.wire import Message

pytestmark = pytest.mark.sessions

VIVO = str(Path(sys.executable).parent / "vivo")


def vivo(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([VIVO, *words], capture_output=True, text=True, check=False)


async def started(home: Path, *cells: str) -> SessionEntry:
    """A session in which some cells have run."""
    entry = await start_session(SessionOptions(cwd=str(home), workspace=str(home)))
    client = await SessionClient.connect(entry.connection_file, name="test")
    for cell in cells:
        await (await client.execute(cell)).finished()
    await client.close()
    return entry


@pytest.fixture
def ends_all(home: Path) -> Iterator[None]:
    """End the sessions that a test leaves."""
    yield
    for entry in Registry().live():
        asyncio.run(end_session(entry.id))


@pytest.mark.usefixtures("ends_all")
def test_the_transcript_of_a_dead_session_has_all_it_was_given_and_showed(home: Path) -> None:
    """Inputs and whose they were, output, values, errors; after its keeper was killed too."""
    cells = ("import sys\nprint('out'); print('err', file=sys.stderr)", "6 * 7", "1 / 0")
    entry = asyncio.run(started(home, *cells))
    living = vivo("sessions", "show", entry.id).stdout
    for pid in (entry.keeper_pid, *[p.pid for p in psutil.Process(entry.keeper_pid).children()]):
        psutil.Process(pid).kill()
    shown = vivo("sessions", "show", entry.id[:6])
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(living)
    for part in ("In [1]:  # test\n    import sys", "\nout\n", "\nerr\n", "Out[2]: 42\n"):
        assert part in shown.stdout
    assert "ZeroDivisionError: division by zero" in shown.stdout
    assert "\x1b" not in shown.stdout
    entries = [
        json.loads(line)
        for line in vivo("sessions", "show", entry.id, "--json").stdout.splitlines()
    ]
    assert [e["record"]["source"] for e in entries if e["kind"] == "input"] == list(cells)
    assert [e["content"]["status"] for e in entries if e["kind"] == "end"] == ["ok", "ok", "error"]
    assert entry.id in vivo("sessions", "show").stdout
    unknown = vivo("sessions", "show", "nobody")
    assert (unknown.returncode, "No session nobody has left a journal" in unknown.stderr) == (
        2,
        True,
    )


@pytest.mark.usefixtures("ends_all")
def test_the_inputs_of_a_session_run_again_in_a_fresh_one(home: Path) -> None:
    """Those that ended well; the others are named; the first that fails now stops it."""
    switch = home / "switch"
    cells = (
        "x = 20",
        "1 / 0",
        "x += 1",
        f"import os\n\nif os.path.exists({str(switch)!r}): raise OSError('now')",
        "x * 2",
    )
    entry = asyncio.run(started(home, *cells))
    asyncio.run(end_session(entry.id))
    again = vivo("sessions", "rerun", entry.id)
    assert again.returncode == 0, again.stderr
    assert "left out: In [2], which ended with ZeroDivisionError" in again.stdout
    assert "4 inputs ran" in again.stdout
    fresh = Registry().live()[-1]
    assert fresh.cwd == str(home)
    assert "Out[4]: 42" in vivo("sessions", "show", fresh.id).stdout
    switch.touch()
    stopped = vivo("sessions", "rerun", entry.id)
    assert stopped.returncode == 1
    assert "In [4], line 3 failed: OSError: now\n2 of 4 inputs ran" in stopped.stdout


async def ended_by_force(home: Path) -> SessionEntry:
    """A session whose engine was ended with a cell that would not stop, and went on afresh."""
    entry = await started(home, "x = 20", "x += 1")
    client = await SessionClient.connect(entry.connection_file, name="test")
    deaf = await client.execute(DEAF)
    async with contextlib.aclosing(client.events(after=0)) as events:  # type: ignore[type-var]
        while "deaf" not in event_text(await anext(events)):
            continue
    assert await client.interrupt(deaf.id, force=True) == "engine_ended"
    assert (await deaf.finished()).status == "error"
    await client.close()
    return entry


DEAF = """
while True:
    try:
        while True: print('deaf')
    except KeyboardInterrupt:
        pass
"""


def event_text(event: Message) -> str:
    return str(event.content.get("text", ""))


@pytest.mark.usefixtures("ends_all")
@pytest.mark.parametrize("goes_on", [True, False], ids=["the session lives", "its keeper died too"])
def test_the_inputs_come_back_right_after_a_forced_end(home: Path, goes_on: bool) -> None:
    """All that ended well, in either engine; the cell that was ended is named."""
    entry = asyncio.run(ended_by_force(home))
    if goes_on:
        asyncio.run(one_more(entry, "x = 1; x"))
    else:
        for pid in (
            entry.keeper_pid,
            *[p.pid for p in psutil.Process(entry.keeper_pid).children()],
        ):
            psutil.Process(pid).kill()
    again = vivo("sessions", "rerun", entry.id)
    assert again.returncode == 0, again.stderr
    assert "left out: In [3]" in again.stdout
    assert f"{2 + goes_on} inputs ran" in again.stdout
    fresh = max(Registry().live(), key=lambda each: each.created)
    value = asyncio.run(one_more(fresh, "x"))
    assert value == ("1" if goes_on else "21")


async def one_more(entry: SessionEntry, code: str) -> str:
    """Run a cell; the text of its value."""
    client = await SessionClient.connect(entry.connection_file, name="test")
    record = await (await client.execute(code)).finished()
    await client.close()
    return str(record.values[0].data["text/plain"])
