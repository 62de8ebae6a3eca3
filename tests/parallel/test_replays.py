"""Which messages have come already: beyond what is remembered one by one, and over a new keeper."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import zmq
from jupyter_client.session import Session as JupyterSession
from vivo.parallel import replays
from vivo.parallel.client import SessionClient
from vivo.parallel.connection import read_connection
from vivo.parallel.errors import WireError
from vivo.parallel.registry import SessionEntry
from vivo.parallel.wire import Codec

KEY = b"secret"
NOW = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


class Plain:
    """A client of Jupyter's own making, whose clock a test may change."""

    def __init__(self, original: JupyterSession | None = None) -> None:
        self.session = JupyterSession(key=KEY) if original is None else original.clone()
        self.now = NOW

    def message(self) -> list[bytes]:
        """The frames of its next request."""
        self.now += timedelta(seconds=1)
        told: dict[str, Any] = self.session.msg("shutdown_request", {})
        told["header"]["date"] = self.now
        frames: list[bytes] = self.session.serialize(told)
        return frames


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Codec:
    """One that remembers three messages."""
    monkeypatch.setattr(replays, "_SIGNATURES", 3)
    return Codec(KEY, is_asked=True)


def refused(codec: Codec, frames: list[bytes]) -> bool:
    try:
        codec.decode(frames)
    except WireError as error:
        return "it was seen before" in str(error)
    return False


def test_a_forgotten_message_of_a_plain_client_is_no_new_one(keeper: Codec) -> None:
    """However much came since: its number and its date are both behind what was forgotten."""
    client = Plain()
    sent = [client.message() for _ in range(10)]
    assert [refused(keeper, each) for each in sent] == [False] * 10
    assert [refused(keeper, each) for each in sent] == [True] * 10
    assert not refused(keeper, client.message())


def test_a_clock_that_is_set_back_costs_an_honest_client_nothing(keeper: Codec) -> None:
    """Its numbers go on, so its messages are new."""
    client = Plain()
    sent = [client.message() for _ in range(10)]
    assert not any(refused(keeper, each) for each in sent)
    client.now = NOW - timedelta(days=365)
    assert not any(refused(keeper, client.message()) for _ in range(10))


def test_a_cloned_session_that_counts_anew_is_heard(keeper: Codec) -> None:
    """It has the name of the one that it was cloned from; its dates go on."""
    client = Plain()
    other = Plain(client.session)
    assert not any(refused(keeper, client.message()) for _ in range(10))
    other.now = client.now
    assert not any(refused(keeper, other.message()) for _ in range(10))


def test_clients_whose_messages_have_no_numbers_are_heard_as_ever(keeper: Codec) -> None:
    """JupyterLab gives random ids; what is remembered of it is refused alone."""
    client = Plain()
    sent = []
    for number in range(10):
        told: dict[str, Any] = client.session.msg("shutdown_request", {})
        told["header"]["msg_id"] = f"{number:08x}-1111-4111-8111-111111111111"
        sent.append(client.session.serialize(told))
    assert not any(refused(keeper, each) for each in sent)
    assert refused(keeper, sent[-1])


def test_how_far_clients_went_is_known_of_the_last_ones_alone(
    keeper: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded, whatever names are made up."""
    monkeypatch.setattr(replays, "_CLIENTS", 5)
    for _ in range(20):
        assert not refused(keeper, Plain().message())
    assert len(keeper._replays._forgotten) == 5


@pytest.mark.parametrize("is_plain", [True, False], ids=["Jupyter's client", "vivo's client"])
def test_a_keeper_that_takes_over_knows_how_far_each_client_went(is_plain: bool) -> None:
    """From the headers of their cells; the last few requests may still be on their way."""
    plain, ours = Plain(), Codec(KEY)
    sent = [plain.message() if is_plain else ours.encode("shutdown_request", {}) for _ in range(90)]
    first, later = Codec(KEY, is_asked=True), Codec(KEY, is_asked=True)
    headers = [first.decode(each).raw_header for each in sent]
    later.resume([headers[80], b"", headers[70]])
    assert all(refused(later, each) for each in sent[:15])
    assert not any(refused(later, each) for each in sent[81:])
    assert not refused(later, sent[60]), "it may have been on its way"


@pytest.mark.sessions
async def test_what_one_keeper_took_in_the_next_one_refuses(
    entry: SessionEntry, client: SessionClient
) -> None:
    """An old request to shut down, sent again by somebody without the key, ends nothing."""
    connection = read_connection(Path(entry.connection_file))
    recorded: list[list[bytes]] = []
    send = type(client._sockets["control"]).send_multipart

    async def record(frames: list[bytes]) -> None:
        recorded.append(frames)
        await send(client._sockets["control"], frames)

    client._sockets["control"].send_multipart = record  # type: ignore[method-assign,assignment]
    await client.interrupt()
    (old,) = recorded
    for number in range(replays.MARGIN + 10):
        await (await client.execute(str(number))).finished()
    before = await client.session()
    os.kill(before["keeper_pid"], signal.SIGKILL)
    while (await client.session())["keeper_pid"] == before["keeper_pid"]:
        continue
    running = await client.execute("import time\nwhile True: time.sleep(0.01)")
    events = client.events(after=0)
    async for event in events:
        if event.parent_id == running.id:
            break
    await events.aclose()  # type: ignore[attr-defined]
    attacker = zmq.Context()
    socket = attacker.socket(zmq.DEALER)
    socket.linger = 1000
    socket.connect(connection.address("control"))
    socket.send_multipart(old)
    socket.close()
    await asyncio.to_thread(attacker.term)
    assert json.loads(old[2])["msg_type"] == "vivo_interrupt_request"
    await client.complete("tim")
    assert (await client.session())["running"] == running.id
    assert await client.interrupt(running.id) == "interrupted"
    assert (await running.finished()).status == "error"
