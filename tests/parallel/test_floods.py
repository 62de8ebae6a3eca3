"""Cells that print more than anyone reads: bounded everywhere, and whole in a file."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.parallel.client import SessionClient
from vivo.parallel.keeper.gate import Gate
from vivo.parallel.keeper.instructions import Publish
from vivo.parallel.keeper.state import SessionState
from vivo.parallel.launch import SessionOptions, start_session
from vivo.parallel.limits import DEFAULT_LIMIT
from vivo.parallel.registry import SessionEntry
from vivo.parallel.wire import Message

pytestmark = pytest.mark.sessions

LIMIT = 100_000
MEGABYTES = 2**20


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions whose cells show a hundred thousand characters."""
    monkeypatch.setenv("VIVO_OUTPUT_LIMIT", str(LIMIT))


async def outputs(client: SessionClient, code: str) -> list[Message]:
    """The stream events of a cell that ends well."""
    after = (await client.session())["last"]
    execution = await client.execute(code)
    found = []
    async for event in client.events(after=after):
        if event.metadata["vivo"].get("run") != execution.id:
            continue
        if event.type == "stream":
            found.append(event)
        elif event.type == "status" and event.content["execution_state"] == "idle":
            break
    assert (await execution.finished()).status == "ok"
    return found


def spilled(entry: SessionEntry) -> list[Path]:
    """The spill files of a session."""
    return sorted(Path(entry.journal).glob("output-*.txt"))


@pytest.mark.usefixtures("limited")
async def test_head_and_tail_are_shown_and_the_whole_is_in_a_file(
    entry: SessionEntry, client: SessionClient
) -> None:
    """The place of the cut names the file; the tail comes before the cell's end; 30 MB."""
    count = 30 * MEGABYTES // 100
    code = (
        f"import sys\nfor i in range({count}): print(f'{{i:099d}}')\nprint('end', file=sys.stderr)"
    )
    events = await outputs(client, code)
    shown = "".join(event.content["text"] for event in events)
    (path,) = spilled(entry)
    head, _, tail = shown.partition("\n[vivo: this cell has printed ")
    numbers = [int(line) for line in head.split("\n")]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > LIMIT // 100 * 0.9
    assert str(path) in tail
    last = [int(line) for line in tail.split("\n") if line.isdigit() and len(line) == 99]
    assert last[-1] == count - 1
    assert last == list(range(last[0], count))
    assert len(shown) < LIMIT + 1000
    whole = path.read_text().replace("end\n", "")
    assert whole == "".join(f"{i:099d}\n" for i in range(count))
    assert path.stat().st_mode & 0o777 == 0o600
    journal = sum(each.stat().st_size for each in Path(entry.journal).glob("events-*"))
    assert journal < 10 * LIMIT


@pytest.mark.usefixtures("limited")
async def test_a_cell_within_its_limit_is_whole_and_leaves_no_file(
    entry: SessionEntry, client: SessionClient
) -> None:
    """Also one that came near; the next cell has a limit of its own."""
    for _ in range(2):
        events = await outputs(client, f"print('x' * {LIMIT * 9 // 10})")
        assert "".join(e.content["text"] for e in events) == "x" * (LIMIT * 9 // 10) + "\n"
    await (await client.execute("1")).finished()
    while spilled(entry):  # the pipes of a cell end after it, and its file with them
        await client.session()


async def test_a_flood_and_a_stopped_client_leave_everyone_else_as_they_were(
    home: Path, entry: SessionEntry, client: SessionClient
) -> None:
    """Fifty megabytes beside a client that is stopped: the keeper's memory is bounded."""
    program = (
        "import asyncio, sys\nfrom vivo.parallel.client import SessionClient\n"
        "async def main():\n"
        f"    client = await SessionClient.connect({entry.connection_file!r})\n"
        "    print('here', flush=True)\n"
        "    async for event in client.events(after=0):\n"
        "        vivo = event.metadata['vivo']\n"
        "        print(vivo['seq'], flush=True)\n"
        "        if 'over' in str(event.content): break\n"
        "    await client.close()\n"
        "asyncio.run(main())"
    )
    stopped = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert stopped.stdout is not None
        assert stopped.stdout.readline() == "here\n"
        assert int(stopped.stdout.readline()) == 1  # it is live from here on
        os.kill(stopped.pid, signal.SIGSTOP)
        keeper = psutil.Process(entry.keeper_pid)
        before = keeper.memory_info().rss
        for _ in range(3):
            events = await outputs(client, "for i in range(500): print('x' * 100_000)")
            assert sum(len(e.content["text"]) for e in events) < DEFAULT_LIMIT + 1000
        assert keeper.memory_info().rss - before < 12 * DEFAULT_LIMIT
        await (await client.execute("for i in range(8000): display(i)")).finished()
        await (await client.execute("print('over')")).finished()
        os.kill(stopped.pid, signal.SIGCONT)
        numbers = [int(line) for line in stopped.stdout]
        assert numbers == list(range(2, len(numbers) + 2))
        assert len(numbers) > 8000
    finally:
        stopped.kill()
        stopped.communicate()


@given(
    st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.text(max_size=700)), max_size=60),
    st.integers(1024, 8000),
)
def test_whatever_is_printed_head_and_tail_are_its_ends(
    pieces: list[tuple[str, str]], limit: int
) -> None:
    """What is shown is the beginning and the end of the whole; the spilled text is the whole."""
    gate = Gate("PATH", limit)
    shown: list[str] = []
    spill = ""
    for name, text in pieces:
        passed = gate.feed(name, text)
        gate.validate()
        shown += [each for _, each in passed.shown if not each.lstrip("\n").startswith("[vivo: ")]
        spill += passed.spilled
    whole = "".join(text for _, text in pieces)
    tail = "".join(text for _, text in gate.take_tail() if not text.startswith("[vivo: "))
    gate.validate()
    head = "".join(shown)
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert len(head) + len(tail) <= limit
    assert spill == (whole if gate.is_spilling else "")
    assert gate.is_cut or head == whole
    assert gate.is_spilling or not gate.is_cut


async def test_a_wrong_limit_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence that names the variable."""
    monkeypatch.setenv("VIVO_OUTPUT_LIMIT", "much")
    with pytest.raises(Exception, match="VIVO_OUTPUT_LIMIT is 'much': give a number"):
        await start_session(SessionOptions(cwd=str(home)))


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["stdout", "stderr"]), st.text(max_size=300)),
            st.booleans(),
            st.floats(0, 100),
        ),
        max_size=80,
    ),
    st.integers(1024, 8000),
)
def test_whatever_is_cleared_the_last_state_is_seen_at_the_end(
    steps: list[tuple[str, str] | bool | float], limit: int
) -> None:
    """Texts, clearings and time that passes: what a reader sees in the end ends as it would without
    a limit, and all of it is bounded."""
    state = SessionState("id", "python", "/", magic=b"m" * 16, foreign=False)
    state.floods.limit, state.floods.folder = limit, "FOLDER"
    now, wanted, seen, cost = 0.0, "", "", 0

    def show() -> None:
        nonlocal seen, cost
        state.floods.validate()
        for each in state._taken():
            if isinstance(each, Publish) and each.kind == "stream":
                seen += each.content["text"]
                cost += len(each.content["text"])
            elif isinstance(each, Publish) and each.kind == "clear_output":
                seen = ""

    for step in steps:
        if isinstance(step, tuple):
            wanted += step[1]
            state.stream(None, *step)
        elif isinstance(step, bool):
            wanted = ""
            state.floods.clear(None, wait=step)
        else:
            now += step
            state._out += state.time_passed(now)
        show()
    state.pipes.clear()
    state.floods.settle(None)
    show()
    if "[vivo: " not in seen:
        assert seen == wanted
    else:
        last = seen[seen.rindex("[vivo: ") :].partition("]\n")[2]
        assert wanted.endswith(last)
        assert last or not wanted or seen.startswith(wanted)
    assert state.floods.deadline is None


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("wait", [True, False])
async def test_a_cell_that_clears_its_output_again_and_again_is_bounded(
    entry: SessionEntry, client: SessionClient, wait: bool
) -> None:
    """Twenty thousand times: its last state is shown at the end, with what was left out; while it
    goes on a state is shown from time to time."""
    code = (
        "from IPython.display import clear_output\n"
        f"for i in range(20_000): clear_output(wait={wait}); print('step', i)\n"
        "clear_output(wait=True); print('all done')\n"
        "input()\n"
        "clear_output(wait=True); print('the end')"
    )
    answer = asyncio.Event()

    async def on_input(prompt: str, password: bool, run: str | None) -> str:
        await answer.wait()
        return ""

    client.on_input = on_input
    after = (await client.session())["last"]
    execution = await client.execute(code)
    screen, screens, count = "", [], 0
    async for event in client.events(after=after):
        count += 1
        if event.type == "clear_output":
            screen = ""
        elif event.type == "stream":
            screen += event.content["text"]
            screens.append(screen)
            if "all done" in screen:
                answer.set()  # seen while the cell goes on
        elif event.content.get("execution_state") == "idle":
            break
    assert (await execution.finished()).status == "ok"
    assert screen.endswith("the end\n")
    assert "characters that were cleared are left out here" in screen
    assert any(
        "clears its output again and again" in each or "More is not shown" in each
        for each in screens
    )
    assert count < 2000
    (path,) = spilled(entry)
    whole = path.read_text()
    assert "step 0\n" in whole
    assert "step 19999\nall done\nthe end\n" in whole
    journal = sum(each.stat().st_size for each in Path(entry.journal).glob("events-*"))
    assert journal < 10 * LIMIT
