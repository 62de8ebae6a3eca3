"""The ladder of interrupts, to its end: what does not end is shown, and ended with force."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.wire import Message

from .dialogues import Dialogue

ENDLESS = "collections.deque(itertools.repeat(0), maxlen=0)"
LOCKED = "libc.pthread_mutex_lock(lock)"
# Each is one call in C that holds the interpreter's lock and looks for no signal.
BESIDE_C = {
    "an iterator in C": ENDLESS,
    "a lock that is taken twice": LOCKED,
    "a sum": "sum(range(10 ** 12))",
    "a sort of a library's": "libc.qsort(letters, 2**25, 1, ctypes.CDLL(None).strcmp)",
    "a power, which looks": "10 ** 10 ** 9",
    "a pattern, which looks": "re.match(r'(a+)+$', 'a' * 60 + 'b')",
    "a sleep that a signal cuts short": "libc.sleep(1000)",
}
PREPARED = """
import collections, ctypes, itertools, re
libc = ctypes.PyDLL(None)
lock = ctypes.create_string_buffer(64)
letters = ctypes.create_string_buffer(b"ab" * 2**24)
libc.pthread_mutex_lock(lock)
print("begun")
"""


async def begun(client: SessionClient, code: str) -> Any:
    """A cell that has printed, and goes on."""
    after = (await client.session())["last"]
    cell = await client.execute(PREPARED + code)
    async for event in client.events(after=after):
        if event.type == "stream" and event.metadata["vivo"].get("run") == cell.id:
            return cell
    return None


async def until_locked(client: SessionClient) -> None:
    """Until the engine's lane does not answer."""
    while not (await client.variables()).busy:
        continue


async def told(client: SessionClient, run: str, kind: str, words: str) -> Message:
    """The first event of a run that says something."""
    async for event in client.events(after=0):
        if event.type == kind and event.metadata["vivo"].get("run") == run:
            content = event.content
            text = content["text"] if kind == "stream" else "\n".join(content["traceback"])
            if words in text:
                return event
    raise AssertionError(words)


@pytest.mark.parametrize("code", [ENDLESS, LOCKED], ids=["iterator", "lock"])
async def test_code_in_c_is_ended_with_its_stack_shown(
    client: SessionClient, dialogue: Dialogue, code: str
) -> None:
    """Interrupt, again, force: what it is doing, its end, a fresh engine; what ran is kept."""
    await dialogue.run("kept = 1\nprint('printed')")
    engine = (await client.session())["engine_pid"]
    cell = await begun(client, f"def deep():\n    {code}\ndeep()")
    await until_locked(client)
    assert await client.interrupt(cell.id) == "interrupted"
    assert await client.interrupt(cell.id) == "interrupted"
    shown = (await told(client, cell.id, "stream", "still runs")).content["text"]
    assert "in deep" in shown
    assert code in shown
    assert "vivo/parallel" not in shown
    waiting = await client.execute("never = 1")
    assert await client.interrupt(cell.id, force=True) == "engine_ended"
    record = await cell.finished()
    assert (record.status, record.error.name) == ("error", "EngineEnded")
    assert "vivo sessions rerun" in record.error.message
    error = await told(client, cell.id, "error", "in deep")
    assert error.content["ename"] == "EngineEnded"
    assert (await waiting.finished()).status == "aborted"
    assert await dialogue.value("'kept' in globals(), 6 * 7") == "(False, 42)"
    assert (await client.session())["engine_pid"] != engine
    events = [event async for event in _until_now(client) if event.type == "stream"]
    assert "".join(event.content["text"] for event in events).startswith("printed\nbegun\n")


async def _until_now(client: SessionClient) -> Any:
    last = (await client.session())["last"]
    async for event in client.events(after=0):
        yield event
        if event.metadata["vivo"]["seq"] >= last:
            return


async def test_force_spares_what_ends_with_the_interrupt(
    client: SessionClient, dialogue: Dialogue
) -> None:
    """The variables stay; and so does an engine in which nothing runs."""
    await dialogue.run("kept = 1")
    cell = await begun(client, "while True: pass")
    assert await client.interrupt(cell.id, force=True) == "interrupted"
    assert (await cell.finished()).error.name == "KeyboardInterrupt"
    assert await client.interrupt(force=True) == "idle"
    assert await client.interrupt("nobody", force=True) == "idle"
    assert await dialogue.value("kept") == "1"


async def test_however_many_interrupts_end_no_engine(
    client: SessionClient, dialogue: Dialogue
) -> None:
    """A cell that will not end is shown once, and goes on: the user decides."""
    await dialogue.run("kept = 1")
    cell = await begun(client, ENDLESS)
    await until_locked(client)
    for _ in range(10):
        assert await client.interrupt(cell.id) == "interrupted"
        await client.session()
    await told(client, cell.id, "stream", ENDLESS)
    stacks = await client.stack()
    assert ENDLESS in stacks
    assert await client.interrupt(cell.id, force=True) == "engine_ended"
    assert (await cell.finished()).error.name == "EngineEnded"
    assert await dialogue.value("'kept' in globals()") == "False"


@pytest.mark.sessions
@pytest.mark.parametrize("code", BESIDE_C.values(), ids=BESIDE_C)
async def test_the_stack_is_told_beside_any_code_in_c(client: SessionClient, code: str) -> None:
    """On request too, with the line of the cell; then it is ended."""
    cell = await begun(client, code)
    await until_locked(client)
    stack = await client.stack()
    assert code in stack
    outcome = await client.interrupt(cell.id, force=True)
    record = await cell.finished()
    if record.error is None:
        assert (outcome, code) == ("idle", "libc.sleep(1000)")  # the signal has cut it short
    else:
        assert (outcome, record.error.name) in [
            ("engine_ended", "EngineEnded"),
            ("interrupted", "KeyboardInterrupt"),
        ]
    assert (await (await client.execute("1")).finished()).status == "ok"


async def test_a_second_client_may_restart_while_another_forces(client: SessionClient) -> None:
    """Both are answered, and one fresh engine is there."""
    cell = await begun(client, ENDLESS)
    await until_locked(client)
    forced = asyncio.create_task(client.interrupt(cell.id, force=True))
    again = asyncio.create_task(client.interrupt(cell.id, force=True))
    await asyncio.sleep(0)  # they are sent in this order
    state = await client.restart()
    assert state["state"] == "idle"
    assert await forced in ("engine_ended", "interrupted")
    assert await again in ("engine_ended", "interrupted")
    assert (await (await client.execute("1")).finished()).status == "ok"
