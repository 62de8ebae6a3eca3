"""Cells that display more than anyone looks at: bounded everywhere, and the rest in files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import psutil
import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.engine.display_files import DisplayFiles
from vivo.parallel.registry import SessionEntry
from vivo.parallel.transcripts import transcript
from vivo.parallel.wire import Message

LIMIT = 100_000


def text_of(entry: SessionEntry, run: str) -> str:
    """What a run has printed, vivo's words too."""
    told = [e for e in transcript(Path(entry.journal)) if e.run == run and e.kind == "stream"]
    return "".join(each.content["text"] for each in told)


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions whose cells show a hundred thousand characters, and displays of four times that."""
    monkeypatch.setenv("VIVO_OUTPUT_LIMIT", str(LIMIT))


def journal_size(entry: SessionEntry) -> int:
    """Bytes of a session's journal."""
    return sum(each.stat().st_size for each in Path(entry.journal).glob("events-*"))


async def events_of(client: SessionClient, code: str) -> tuple[str, list[Message]]:
    """Run a cell that ends well: its id and all of its events."""
    after = (await client.session())["last"]
    execution = await client.execute(code)
    found = []
    async for event in client.events(after=after):
        if event.vivo.get("run") == execution.id:
            found.append(event)
            if event.content.get("execution_state") == "idle":
                break
    record = await execution.finished()
    assert record.status == "ok", record.error
    return execution.id, found


@pytest.mark.sessions
@pytest.mark.usefixtures("limited")
async def test_the_first_and_last_of_ten_thousand_displays_are_shown_the_rest_is_in_files(
    entry: SessionEntry, client: SessionClient
) -> None:
    """Where the rest is stands at the cut, and how many at the end."""
    code = "for i in range(10_000): display({'text/html': f'<b>{i}</b>'}, raw=True)"
    run, events = await events_of(client, code)
    folder = Path(entry.journal) / "displays-0001"
    assert journal_size(entry) < 10 * LIMIT
    displays = [each for each in events if each.type == "display_data"]
    shown = [each.content["data"]["text/html"] for each in displays]
    files = sorted(folder.iterdir())
    everything = {*shown, *(each.read_text() for each in files)}
    assert everything == {f"<b>{number}</b>" for number in range(10_000)}
    assert len(shown) + len(files) == 10_000
    assert shown[0] == "<b>0</b>"
    assert shown[-20:] == [f"<b>{number}</b>" for number in range(9_980, 10_000)]
    assert files[0].stat().st_mode & 0o777 == 0o600
    text = text_of(entry, run)
    assert text.count(str(folder)) == 2
    assert f"{len(files):,} displays of this cell are not shown" in text


@pytest.mark.sessions
async def test_one_huge_display_reaches_no_keeper(
    entry: SessionEntry, client: SessionClient
) -> None:
    """Two hundred megabytes of HTML: in a file that the cell names; the next cell shows again."""
    keeper = psutil.Process(entry.keeper_pid)
    before = keeper.memory_info().rss
    code = "display({'text/html': 'x' * 200_000_000}, raw=True)"
    execution = await client.execute(code)
    assert (await execution.finished()).status == "ok"
    assert keeper.memory_info().rss - before < 50 * 2**20
    (path,) = (Path(entry.journal) / "displays-0001").iterdir()
    assert path.stat().st_size == 200_000_000
    assert str(path.parent) in text_of(entry, execution.id)
    record = await (await client.execute("6 * 7")).finished()
    assert record.values[-1].data["text/plain"] == "42"


@pytest.mark.sessions
@pytest.mark.usefixtures("limited")
async def test_updates_in_a_loop_are_bounded_and_the_last_is_seen_while_the_cell_goes_on(
    entry: SessionEntry, client: SessionClient
) -> None:
    """Twenty thousand updates; the cell then waits, and its display is at its last state."""
    code = (
        "handle = display('begins', display_id=True)\n"
        "for i in range(20_000): handle.update(f'step {i}')\n"
        "input()"
    )
    answer = asyncio.Event()

    async def on_input(prompt: str, password: bool, run: str | None) -> str:
        await answer.wait()
        return ""

    client.on_input = on_input
    after = (await client.session())["last"]
    execution = await client.execute(code)
    async for event in client.events(after=after):
        if event.type == "update_display_data" and "step 19999" in str(event.content):
            break
    answer.set()
    assert (await execution.finished()).status == "ok"
    assert journal_size(entry) < 10 * LIMIT
    assert "updates and messages to widgets of this cell are left out" in text_of(
        entry, execution.id
    )
    assert not (Path(entry.journal) / "displays-0001").exists()


@pytest.mark.sessions
@pytest.mark.usefixtures("limited")
async def test_an_animation_ends_with_its_last_picture(
    entry: SessionEntry, client: SessionClient
) -> None:
    """Five thousand times a clearing and a display: bounded, in order, no file is left."""
    code = (
        "from IPython.display import clear_output\n"
        "for i in range(5_000):\n"
        "    clear_output(wait=True)\n"
        "    display({'text/html': f'<b>{i}</b>' + 'x' * 1000}, raw=True)"
    )
    screen: list[str] = []
    for each in (await events_of(client, code))[1]:
        if each.type == "clear_output":
            screen = []
        elif each.type == "display_data":
            screen.append(each.content["data"]["text/html"])
    assert screen == ["<b>4999</b>" + "x" * 1000]
    assert journal_size(entry) < 20 * LIMIT
    assert not (Path(entry.journal) / "displays-0001").exists()


@pytest.mark.sessions
@pytest.mark.usefixtures("limited")
async def test_messages_to_widgets_in_a_loop_are_bounded_and_their_last_state_arrives(
    entry: SessionEntry, client: SessionClient
) -> None:
    """With buffers: of each value the last; a closed comm's are let go of."""
    code = (
        "import comm\n"
        "from comm import create_comm\n"
        "one = create_comm(target_name='one', data={'state': {'a': 0}})\n"
        "two = create_comm(target_name='two', data={})\n"
        "one.send({'method': 'update', 'state': {'first': 1}, 'buffer_paths': []})\n"
        "for i in range(3000):\n"
        "    state = {'value': i, 'odd' if i % 2 else 'even': i}\n"
        "    one.send({'method': 'update', 'state': state, 'buffer_paths': [['picture']]},\n"
        "             buffers=[b'%06d' % i * 100])\n"
        "    two.send({'step': i})\n"
        "one.comm_id"
    )
    run, events = await events_of(client, code)
    (name,) = [
        each.content["comm_id"]
        for each in events
        if each.type == "comm_open" and each.content["target_name"] == "one"
    ]
    state: dict[str, Any] = {}
    picture, last = b"", None
    for each in events:
        if each.type != "comm_msg":
            continue
        if each.content["comm_id"] == name:
            state |= each.content["data"]["state"]
            picture = each.buffers[-1] if each.buffers else picture
        else:
            last = each.content["data"]
    assert state == {"first": 1, "value": 2999, "odd": 2999, "even": 2998}
    assert picture == b"002999" * 100
    assert last == {"step": 2999}
    assert journal_size(entry) < 20 * LIMIT
    assert "has sent" in text_of(entry, run)
    assert "messages to widgets of this cell are left out" in text_of(entry, run)


@pytest.mark.sessions
@pytest.mark.usefixtures("limited")
async def test_an_interrupt_ends_a_cell_that_displays_without_end(
    entry: SessionEntry, client: SessionClient
) -> None:
    """Beyond its limit too; what came last before it is shown, and the next cell shows again."""
    execution = await client.execute("number = 0\nwhile True: number += 1; display(number)")
    while not list(Path(entry.journal).glob("displays-*/*")):
        await client.variables()  # it goes on
    assert await client.interrupt(execution.id) == "interrupted"
    record = await execution.finished()
    assert record.error is not None
    assert record.error.name == "KeyboardInterrupt"
    _, events = await events_of(client, "display(number)")
    (shown,) = [each for each in events if each.type == "display_data"]
    told = [each for each in transcript(Path(entry.journal)) if each.run == execution.id]
    last = [each for each in told if each.kind == "display"][-1]
    difference = int(shown.content["data"]["text/plain"]) - int(last.content["data"]["text/plain"])
    assert difference in (0, 1)  # it may come between counting and showing


@pytest.mark.sessions
@pytest.mark.usefixtures("limited")
async def test_tracebacks_in_a_loop_are_bounded_and_the_cells_own_error_is_shown(
    entry: SessionEntry, client: SessionClient
) -> None:
    """Those between have files, as displays have."""
    code = (
        "for i in range(1_000):\n"
        "    try: raise ValueError(f'number {i}.')\n"
        "    except ValueError: get_ipython().showtraceback()\n"
        "raise KeyError('its own')"
    )
    execution = await client.execute(code)
    assert (await execution.finished()).status == "error"
    told = [each for each in transcript(Path(entry.journal)) if each.run == execution.id]
    errors = [each.content["evalue"] for each in told if each.kind == "error"]
    assert errors[0] == "number 0."
    assert errors[-2:] == ["number 999.", "'its own'"]
    assert journal_size(entry) < 20 * LIMIT
    files = list(Path(entry.journal).glob("displays-0001/*.txt"))
    assert len(files) + len(errors) == 1_001


@pytest.mark.sessions
@pytest.mark.usefixtures("limited")
async def test_no_display_is_lost_with_an_engine_that_is_killed(
    entry: SessionEntry, client: SessionClient
) -> None:
    """Those that were held for the cell's end have files."""
    code = (
        "import os, signal\n"
        "for i in range(2_000): display({'text/html': f'<b>{i}</b>'}, raw=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    execution = await client.execute(code)
    assert (await execution.finished()).status == "error"
    told = [each for each in transcript(Path(entry.journal)) if each.run == execution.id]
    shown = [each.content["data"]["text/html"] for each in told if each.kind == "display"]
    files = [each.read_text() for each in sorted(Path(entry.journal).glob("displays-*/*"))]
    assert shown + files == [f"<b>{number}</b>" for number in range(2_000)]


def test_a_picture_that_is_left_out_is_a_file_that_opens(tmp_path: Path) -> None:
    """In its own format; a folder that cannot be written is said, and nothing raises."""
    files = DisplayFiles(str(tmp_path))
    files.write({"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"})
    assert (tmp_path / "displays-0001" / "000001.png").read_bytes() == b"\x89PNG\r\n\x1a\n"
    gone = DisplayFiles(str(tmp_path / "missing"))
    assert gone.write({"text/plain": "x"}) == ""
    assert "could not be written" in gone.where
