"""What a new keeper takes over beside the running cell: subshells, questions, spill files; and
how little of the journal it reads."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jupyter_client import AsyncKernelClient
from vivo.parallel.client import SessionClient
from vivo.parallel.journal import Event
from vivo.parallel.keeper.checkpoints import Checkpoint, checkpoint_of, decode, write
from vivo.parallel.keeper.instructions import Publish
from vivo.parallel.keeper.restoring import restore
from vivo.parallel.keeper.state import SessionState
from vivo.parallel.registry import SessionEntry
from vivo.parallel.transcripts import transcript
from vivo.parallel.wire import Codec

from .test_keeper_state import MAGIC, Session
from .test_succession import killed

COUNTING = """
import pathlib, time
for number in range(300):
    print("line", number)
    if number == 50:
        pathlib.Path("begun").touch()
    time.sleep(0.002)
"""


class Plain:
    """Jupyter's own client, with a subshell."""

    def __init__(self, client: AsyncKernelClient) -> None:
        self.client = client
        self.subshell = ""

    async def open(self) -> None:
        """Make the subshell."""
        asked = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(asked)
        reply = await self.client.control_channel.get_msg(timeout=20)
        self.subshell = reply["content"]["subshell_id"]

    def execute(self, code: str) -> str:
        """Run a cell in the subshell; its id."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        content |= {"allow_stdin": True, "stop_on_error": True}
        sent = self.client.session.msg("execute_request", content)
        sent["header"]["subshell_id"] = self.subshell
        self.client.shell_channel.send(sent)
        return str(sent["header"]["msg_id"])

    async def reply(self) -> dict[str, Any]:
        """The next reply."""
        return dict(await self.client.shell_channel.get_msg(timeout=20))


@pytest.fixture
async def plain(entry: SessionEntry) -> AsyncIterator[Plain]:
    """A plain client with a subshell in the session."""
    client = AsyncKernelClient(connection_file=entry.connection_file)
    client.load_connection_file()
    client.start_channels()
    await client.wait_for_ready(timeout=30)
    made = Plain(client)
    await made.open()
    yield made
    client.stop_channels()
    client.context.destroy(linger=0)


def text_of(entry: SessionEntry, run: str) -> str:
    """What a run has printed, but for vivo's own marks."""
    texts = [
        each.content["text"]
        for each in transcript(Path(entry.journal))
        if each.kind == "stream" and each.run == run
    ]
    return "".join(text for text in texts if "[vivo: the keeper" not in text)


async def until(path: Path, client: SessionClient) -> None:
    """Wait for a file, asking the session meanwhile."""
    while not path.exists():
        await client.session()


@pytest.mark.sessions
async def test_a_subshells_cell_goes_on_under_a_new_keeper(
    plain: Plain, client: SessionClient, entry: SessionEntry, home: Path
) -> None:
    """Every line of it, the cell that waits behind it, and what comes later."""
    first, second = plain.execute(COUNTING), plain.execute("print('second')")
    await until(home / "begun", client)
    await killed(client)
    replies = [await plain.reply() for _ in range(2)]
    assert [each["parent_header"]["msg_id"] for each in replies] == [first, second]
    assert [each["content"]["status"] for each in replies] == ["ok", "ok"]
    assert text_of(entry, first) == "".join(f"line {number}\n" for number in range(300))
    assert text_of(entry, second) == "second\n"
    plain.execute("number")
    assert (await plain.reply())["content"]["execution_count"] == 3


@pytest.mark.sessions
async def test_a_subshell_without_a_cell_is_still_there(
    plain: Plain, client: SessionClient
) -> None:
    """The engine knows it from the moment it was made."""
    await killed(client)
    plain.execute("6 * 7")
    assert (await plain.reply())["content"]["status"] == "ok"


@pytest.mark.sessions
async def test_a_question_is_asked_again_though_the_cell_printed_since(
    client: SessionClient, home: Path
) -> None:
    """A thread prints errors while the cell waits: the question has an earlier number than they."""
    asked = []

    async def answer(prompt: str, password: bool, run: str | None) -> str:
        asked.append(prompt)
        while not (home / "killed").exists():
            await client.session()
        return "Ada"

    client.on_input = answer
    code = (
        "import sys, threading, pathlib, time\n"
        "def chatter():\n"
        "    while not pathlib.Path('asked').exists(): time.sleep(0.01)\n"
        "    for number in range(20): print('chatter', number, file=sys.stderr)\n"
        "    pathlib.Path('begun').touch()\n"
        "threading.Thread(target=chatter).start()\n"
        "input('who? ')"
    )
    execution = await client.execute(code)
    while not asked:
        await client.session()
    (home / "asked").touch()
    await until(home / "begun", client)
    await killed(client)
    (home / "killed").touch()
    record = await execution.finished()
    assert record.values[-1].data["text/plain"] == "'Ada'"
    assert await client.take_input() is False


@pytest.mark.sessions
async def test_a_flooded_cell_has_one_spill_file_with_all_that_came(
    client: SessionClient, entry: SessionEntry, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new keeper appends to the file; it names none of its own, and shows the end."""
    code = (
        "import pathlib, time\n"
        "for number in range(30):\n"
        "    print(f'{number:9d}' * 100_000)\n"
        "pathlib.Path('begun').touch()\n"
        "while not pathlib.Path('go').exists(): time.sleep(0.01)\n"
        "for number in range(30, 40):\n"
        "    print(f'{number:9d}' * 100_000)\n"
    )
    execution = await client.execute(code)
    await until(home / "begun", client)
    await killed(client)
    (home / "go").touch()
    assert (await execution.finished()).status == "ok"
    (path,) = Path(entry.journal).glob("output-*.txt")
    with path.open() as stream:
        lines = [line for line in stream if line.strip() and not line.startswith("[vivo:")]
    assert [int(line[:9]) for line in lines] == list(range(40))
    shown = text_of(entry, execution.id)
    assert shown.count(str(path)) == 2  # where it was cut, and where the end begins
    assert shown.rstrip().endswith(f"{39:9d}")


@pytest.mark.sessions
async def test_a_new_keeper_passes_over_what_was_before_its_checkpoint(
    client: SessionClient, entry: SessionEntry, home: Path
) -> None:
    """The journal's first segment is not even opened; records, numbers and replay are whole."""
    folder = Path(entry.journal)
    first = await client.execute("kept = 1; print('first')", run="a" * 32)
    await first.finished()
    while not (folder / "checkpoint.json").exists():
        await (await client.execute("print('x' * 3_000_000)")).finished()
    count = (await client.session())["last"]
    oldest = min(folder.glob("events-*"))
    moved = home / "moved"
    oldest.rename(moved)
    await killed(client)
    moved.rename(oldest)
    execution = await client.execute("kept")
    record = await execution.finished()
    assert record.values[-1].data["text/plain"] == "1"
    runs = await client.runs()
    assert runs[0].id == first.id
    assert runs[0].status == "ok"
    assert record.execution_count == len(runs)
    numbers = []
    async for event in client.events(after=0):
        numbers.append(event.metadata["vivo"]["seq"])
        if event.metadata["vivo"].get("record", {}).get("id") == execution.id:
            break
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > count


def journaled(session: Session) -> list[Event]:
    """What the instructions so far have put into a journal."""
    codec = Codec(b"key")
    events = []
    for each in session.told:
        if isinstance(each, Publish):
            frames = codec.encode(
                each.kind, each.content, parent=each.parent, metadata=each.metadata
            )
            events.append(Event(each.seq, frames[2:]))
    return events


def steps(session: Session) -> None:
    """Cells that have ended, run and wait, in the main shell and beside it; a comm; text."""
    session.state.floods.folder = "/journal"
    session.ready()
    for number in range(3):
        run = session.execute(f"cell {number}")
        session.take(session.state.output(run.id, "stdout", b"text\n", 2.0))
        session.finish(status="error" if number == 1 else "ok")
    opened = {"comm_id": "c", "target_name": "t", "data": {}}
    subshell = session.state.subshells.create()
    session.take(session.state._taken())
    running = session.execute("running")
    session.execute("waiting")
    session.send("execute_request", {"code": "beside"}, subshell=subshell)
    session.send("execute_request", {"code": "behind"}, subshell=subshell)
    header = {"type": "comm", "run": running.id, "kind": "comm_open", "content": opened}
    session.take(session.state.engine_frame({**header, "metadata": {}, "m": 1}, 2.0))
    session.take(session.state.output(running.id, "stdout", b"printed\n", 2.0))


def encode(checkpoint: Checkpoint) -> bytes:
    stream = io.BytesIO()
    write(checkpoint, stream)
    return stream.getvalue()


def restored(checkpoint: Checkpoint, events: list[Event]) -> dict[str, Any]:
    """What a new keeper knows from a checkpoint and the events after it."""
    state = SessionState("id", "python", "/", magic=MAGIC, foreign=False)
    state.floods.folder = "/journal"
    late = [each for each in events if each.seq > checkpoint.after]
    restore(state, checkpoint, late, [("r", "stdout", 0)], {})
    told = checkpoint_of(state, 0)
    # The journal does not know what was asked of a cell that ran at once.
    told.requests = {run.record.id: run.request.content for run in state.queue}
    beside = [msgspec.to_builtins(run.record) for run in state.subshells._returned]
    return {**msgspec.to_builtins(told), "beside": beside}


def test_a_checkpoint_tells_what_the_whole_journal_tells() -> None:
    """Wherever it was written, with the events after it a new keeper knows the same."""
    session = Session()
    states: list[bytes] = []

    def take(instructions: list[Any]) -> list[Any]:
        Session.take(session, instructions)
        states.append(encode(checkpoint_of(session.state, session.state.seq)))
        return instructions

    session.take = take  # type: ignore[method-assign]
    steps(session)
    events = journaled(session)
    whole = restored(Checkpoint(), events)
    assert whole["comms"] == {"c": ("t", session.state.running.record.id)}  # type: ignore[union-attr]
    for data in states:
        found = decode(data)
        assert found is not None
        assert restored(found, events) == whole


def test_a_damaged_checkpoint_is_none() -> None:
    """Cut anywhere, altered, empty, or of something else: the journal is read instead."""
    data = encode(Checkpoint(after=7, parents={"r": "{}"}))
    assert decode(data) == Checkpoint(after=7, parents={"r": "{}"})
    for length in range(len(data)):
        assert decode(data[:length]) is None
    for place in range(len(data)):
        altered = bytearray(data)
        altered[place] ^= 1
        assert decode(bytes(altered)) is None
