"""Calls: functions that are sent to a session, through real processes.

The caller here is the least that speaks the wire: what vivo's own views do is tried with them.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
import zmq
import zmq.asyncio
from vivo.parallel.client import SessionClient
from vivo.parallel.connection import read_connection
from vivo.parallel.registry import SessionEntry
from vivo.parallel.wire import Codec, Message

pytestmark = pytest.mark.sessions


class Caller:
    """Sends calls to a session."""

    def __init__(self, entry: SessionEntry) -> None:
        connection = read_connection(entry.connection_file)
        self._codec = Codec(connection.key.encode())
        self._context = zmq.asyncio.Context()
        self.sockets = {}
        for channel in ("shell", "control"):
            each = self._context.socket(zmq.DEALER)
            each.linger = 0
            each.connect(connection.address(channel))
            self.sockets[channel] = each

    def close(self) -> None:
        for each in self.sockets.values():
            each.close()
        self._context.term()

    async def send(
        self, function: Callable[..., Any] | str, *arguments: Any, call: str = "", **more: Any
    ) -> str:
        call = call or uuid.uuid4().hex
        buffers: list[pickle.PickleBuffer] = []
        given = pickle.dumps((arguments, {}), protocol=5, buffer_callback=buffers.append)
        first = [] if isinstance(function, str) else [cloudpickle.dumps(function)]
        name = function if isinstance(function, str) else uuid.uuid4().hex
        content = {"call": call, "function": name, "has_function": bool(first), **more}
        payload = [*first, given, *(each.raw().tobytes() for each in buffers)]
        await self._send("shell", "vivo_call_request", content, payload)
        return call

    async def _send(
        self, channel: str, kind: str, content: Any, buffers: list[bytes] | None = None
    ) -> None:
        frames = self._codec.encode(kind, content, buffers=buffers or [])
        await self.sockets[channel].send_multipart(frames)

    async def reply(self, channel: str = "shell") -> Message:
        frames = await asyncio.wait_for(self.sockets[channel].recv_multipart(), 20)
        return self._codec.decode(frames)

    async def interrupt(self, call: str) -> str:
        await self._send("control", "vivo_interrupt_request", {"run": call})
        return str((await self.reply("control")).content["outcome"])


def value_of(message: Message) -> Any:
    assert message.content["status"] == "ok", message.content
    first, *rest = message.buffers
    return pickle.loads(first, buffers=rest)


@pytest.fixture
async def caller(entry: SessionEntry) -> AsyncIterator[Caller]:
    made = Caller(entry)
    yield made
    made.close()


async def test_a_function_of_a_script_is_called_and_its_value_comes_back(caller: Caller) -> None:
    """Also one that nobody could import, with an argument that pickles out of band."""
    await caller.send(lambda data: data[::-1], b"abc")
    assert value_of(await caller.reply()) == b"cba"


async def test_what_is_pushed_is_seen_by_cells_and_pulled_again(
    caller: Caller, client: SessionClient
) -> None:
    """Names are the session's: cells and calls share them."""
    await caller.send("vivo:push", {"a": 20, "b": 1})
    value_of(await caller.reply())
    record = await (await client.execute("c = a * 2 + 2 * b")).finished()
    assert record.status == "ok"
    await caller.send("vivo:pull", ["c", "a + b"])
    assert value_of(await caller.reply()) == [42, 21]


async def test_a_function_finds_the_names_of_the_session(
    caller: Caller, client: SessionClient
) -> None:
    """What it did not bring along it looks up where it runs, each time anew."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec("def more(n):\n    return base + n", namespace)
    await (await client.execute("base = 40")).finished()
    await caller.send(namespace["more"], 2)
    assert value_of(await caller.reply()) == 42


async def test_calls_and_cells_take_turns(
    caller: Caller, client: SessionClient, home: Path
) -> None:
    """A cell waits for the calls before it, and calls that come then wait for the cell."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec("def note(text):\n    order.append(text)\n    return list(order)", namespace)
    os.mkfifo(home / "gate")
    await (await client.execute("order = []")).finished()
    await caller.send("vivo:pull", [f"open({str(home / 'gate')!r}).read()"])
    await caller.send(namespace["note"], "first")
    with await asyncio.to_thread(open, home / "gate", "w"):  # the call is there, and waits
        execution = await client.execute("order.append('cell')")
        while execution.id not in (await client.session())["queue"]:
            continue
        await caller.send(namespace["note"], "last")
    replies = [value_of(await caller.reply()) for _ in range(3)]
    assert replies == [[""], ["first"], ["first", "cell", "last"]]


async def test_what_a_call_prints_comes_with_its_result(caller: Caller) -> None:
    """And with what it shows; each call has its own."""

    def speak(word: str) -> str:
        import sys

        print(word)
        print("warned", file=sys.stderr)
        return word.upper()

    await caller.send(speak, "one")
    await caller.send(speak, "two")
    first, second = await caller.reply(), await caller.reply()
    assert (value_of(first), first.content["stdout"]) == ("ONE", "one\n")
    assert (value_of(second), second.content["stdout"]) == ("TWO", "two\n")
    assert second.content["stderr"] == "warned\n"


async def test_an_error_comes_with_its_traceback_and_as_itself(caller: Caller) -> None:
    """The traceback shows the remote lines and values."""

    def divide(top: int, bottom: int) -> float:
        return top / bottom

    await caller.send(divide, 7, 0)
    reply = await caller.reply()
    assert reply.content["status"] == "error"
    assert reply.content["error"]["ename"] == "ZeroDivisionError"
    assert isinstance(pickle.loads(reply.buffers[0]), ZeroDivisionError)


async def test_a_call_that_runs_is_interrupted_and_one_that_waits_never_begins(
    caller: Caller, client: SessionClient
) -> None:
    """By its id, each; the session goes on."""
    await (await client.execute("seen = []")).finished()
    running = await caller.send("vivo:pull", ["[seen.append(1), __import__('time').sleep(60)]"])
    waiting = await caller.send("vivo:pull", ["seen.append('never')"])
    while not (await client.variables(prefix="seen")).variables[0].text.startswith("[1"):
        pass
    assert await caller.interrupt(waiting) == "removed_from_queue"
    assert await caller.interrupt(running) == "interrupted"
    ended = await caller.reply()
    assert ended.content["error"]["ename"] == "KeyboardInterrupt"
    assert (await caller.reply()).content["status"] == "aborted"
    await caller.send("vivo:pull", ["seen"])
    assert value_of(await caller.reply()) == [[1]]


async def test_a_call_that_is_sent_again_runs_once(caller: Caller, client: SessionClient) -> None:
    """While it runs, and after: both askers have the one result."""
    await (await client.execute("count = [0]")).finished()
    code = "count.__setitem__(0, count[0] + 1) or __import__('time').sleep(0.2) or count[0]"
    call = await caller.send("vivo:pull", [code])
    await caller.send("vivo:pull", [code], call=call)
    assert [value_of(await caller.reply()) for _ in range(2)] == [[1], [1]]
    await caller.send("vivo:pull", [code], call=call)
    assert value_of(await caller.reply()) == [1]


async def test_calls_end_with_their_engine_and_say_which_one_ran(caller: Caller) -> None:
    """The one that ended it, and those behind it."""

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    await caller.send(die)
    await caller.send("vivo:pull", ["1"])
    replies = [await caller.reply() for _ in range(2)]
    assert [each.content["status"] for each in replies] == ["lost", "lost"]
    told = [each.content["error"]["evalue"] for each in replies]
    assert told[0].startswith("It ran as")
    assert "SIGKILL" in told[0]
    assert told[1].startswith("It had not begun")


async def test_an_unknown_function_is_said(caller: Caller) -> None:
    """The caller sends it along then."""
    await caller.send("0" * 64)
    assert (await caller.reply()).content["status"] == "unknown_function"


async def test_large_arguments_and_results_arrive_whole(caller: Caller) -> None:
    """By shared memory within the host, and nothing of it is left behind."""
    data = bytearray(os.urandom(3 * 2**20))
    await caller.send("vivo:push", {"data": pickle.PickleBuffer(data)})
    value_of(await caller.reply())
    await caller.send(
        "vivo:pull", ["data[0]", "len(data)", "__import__('pickle').PickleBuffer(data)"]
    )
    first, length, whole = value_of(await caller.reply())
    assert (first, length, bytes(whole)) == (data[0], len(data), bytes(data))
