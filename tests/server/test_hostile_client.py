"""Malformed, oversized, reordered and cancelled requests: each is answered once, none is fatal.

The long form, of ten minutes, is in ``tests/soak``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.parallel.launch import end_session
from vivo.parallel.registry import Registry
from vivo.server.message_stream import MessageStream, Unfit

from .fuzzing import HostileClient

pytestmark = pytest.mark.sessions


async def _end_sessions() -> None:
    for entry in Registry().listing().entries:
        await end_session(entry.id)


@pytest.mark.timeout(300)  # jedi may take all the time that it is given, again and again
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_hostile_client_gets_each_answer_once(home: Path, seed: int) -> None:
    """Some thousand messages, many of them no messages at all."""
    client = await HostileClient.start(seed, str(home))
    try:
        for number in (1, 2):
            client.ask("textDocument/hover", {"number": number})  # before initialize
        client.send({"method": "textDocument/didOpen", "params": None})
        await client.initialize()
        for _ in range(15):
            for _ in range(60):
                client.step()
            await client.drained()
            await client.settled()
        await client.shut_down()
    finally:
        await client.close()
        await _end_sessions()


async def test_fifty_megabytes_are_taken_and_what_is_over_the_limit_passed_over(
    home: Path,
) -> None:
    """A document that large can be edited; a message over the limit costs no memory."""
    client = await HostileClient.start(0, str(home))
    try:
        await client.initialize()
        uri = f"file://{home}/large.py"
        text = "value = 1  # some words\n" * (50 * 2**20 // 24)
        item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        client.send({"method": "textDocument/didOpen", "params": {"textDocument": item}})
        place = {"line": 1_000_000, "character": 3}
        change = {"range": {"start": place, "end": place}, "text": "# %%\n"}
        client.send({"method": "textDocument/didChange", "params": {
            "textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]}})  # fmt: skip
        await client.answered(
            client.ask("textDocument/foldingRange", {"textDocument": {"uri": uri}})
        )
        nameless = client.nameless
        client.raw(b"Content-Length: %d\r\n\r\n" % (300 * 2**20))
        for _ in range(300):
            client.raw(b" " * 2**20)
            await client.drained()
        await client.settled()
        assert client.nameless == nameless + 1
        await client.shut_down()
    finally:
        await client.close()


async def test_exit_without_shutdown_is_status_one(home: Path) -> None:
    """As LSP wants it, also before ``initialize``."""
    client = await HostileClient.start(0, str(home))
    try:
        client.send({"method": "exit"})
        assert await client.process.wait() == 1
    finally:
        await client.close()


def framed(message: object) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([b"x", b"\r\n", b"Content-Length: x\r\n\r\n", b"\r\n\r\n",
                                 b"Content-Length: 3\r\n\r\n{}", b"\xff", b":"]), max_size=6),
       st.integers(1, 40))  # fmt: skip
def test_after_any_rubbish_a_message_is_found(rubbish: list[bytes], size: int) -> None:
    """However the bytes are cut: what follows is read, at the latest the second message."""
    data = b"".join(rubbish) + framed({"id": 1}) + framed({"id": 2}) + framed({"id": 3})
    stream, found = MessageStream(), []
    for start in range(0, len(data), size):
        for body in stream.feed(data[start : start + size]):
            if isinstance(body, Unfit):
                continue
            try:
                found.append(json.loads(body)["id"])
            except (ValueError, TypeError, KeyError):
                before = stream.give_back(body)
                if before:
                    continue
    assert found[-2:] == [2, 3]


def test_what_is_too_large_is_passed_over() -> None:
    """As it comes, without being held; the next message is read."""
    stream = MessageStream(maximum=100)
    found = []
    for data in (b"Content-Length: 1000\r\n\r\n", b"a" * 600, b"b" * 400 + framed({"id": 1})):
        found += list(stream.feed(data))
    assert isinstance(found[0], Unfit)
    assert found[1:] == [b'{"id": 1}']
