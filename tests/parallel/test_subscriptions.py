"""Many clients of a session in one process, as a web server has them: one subscription."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.registry import SessionEntry
from vivo.parallel.subscriptions import Subscriptions

pytestmark = pytest.mark.sessions
LINES = "for number in range(2000): print(number, 'x' * 100)"


@pytest.fixture
async def entry(home: Path) -> AsyncIterator[SessionEntry]:
    """A session."""
    made = await start_session(SessionOptions(cwd=str(home)))
    SessionClient.subscriptions = Subscriptions()
    yield made
    SessionClient.subscriptions = None
    await end_session(made.id)


@asynccontextmanager
async def clients(entry: SessionEntry, count: int) -> AsyncIterator[list[SessionClient]]:
    found = [await SessionClient.connect(entry.connection_file) for _ in range(count)]
    yield found
    await asyncio.gather(*(each.close() for each in found))


async def text_of(client: SessionClient, after: int, last: int) -> list[tuple[int, str]]:
    """The events up to a number, and what they print."""
    found = []
    async for event in client.events(after=after):
        found.append((event.vivo["seq"], event.content.get("text", "")))
        if event.vivo["seq"] >= last:
            break
    return found


async def test_many_clients_of_a_process_are_one_subscriber(entry: SessionEntry) -> None:
    """Each hears everything once and in order; the keeper has no more sockets of events for it."""
    keeper = psutil.Process(entry.keeper_pid)
    async with clients(entry, 1) as (first,):
        one = len(keeper.net_connections("unix"))
        async with clients(entry, 20) as others:
            # Each has a shell, a control and a stdin channel; the events come by the first one's.
            assert len(keeper.net_connections("unix")) == one + 3 * len(others)
            assert all(each.welcomed for each in others)
            before = (await first.session())["last"]
            execution = await first.execute(LINES)
            record = await execution.finished()
            assert record.status == "ok"
            last = (await first.session())["last"]
            told = await asyncio.gather(*(text_of(each, before, last) for each in (first, *others)))
        assert all(each == told[0] for each in told)
        text = "".join(text for _, text in told[0])
        assert [int(line.split()[0]) for line in text.splitlines()] == list(range(2000))


async def test_who_comes_later_and_goes_earlier_disturbs_nobody(entry: SessionEntry) -> None:
    """The first client goes; the others hear on, and one that joins then too."""
    async with clients(entry, 2) as (first, second):
        await first.close()
        async with clients(entry, 1) as (third,):
            before = (await second.session())["last"]
            await (await third.execute("print('still here')")).finished()
            last = (await second.session())["last"]
            for each in (second, third):
                told = await text_of(each, before, last)
                assert "still here\n" in [text for _, text in told]


async def test_a_client_that_fails_keeps_nothing_from_the_others(
    entry: SessionEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """One that stumbles over an event is logged; the next one hears it."""
    async with clients(entry, 2) as (first, second):

        def fail(message: dict[str, object]) -> None:
            raise RuntimeError("stumbled")

        first.heard = fail  # type: ignore[assignment,method-assign]
        execution = await second.execute("1")
        assert (await execution.finished()).status == "ok"
        assert "A client failed over an event." in caplog.text


async def test_fast_text_is_told_in_fewer_pieces(entry: SessionEntry) -> None:
    """Clients that listen while a cell prints have its text whole, in fewer events than there are;
    one that comes while it prints has it whole as well."""
    async with clients(entry, 3) as (first, second, third):
        before = (await first.session())["last"]
        listening = [asyncio.create_task(until_idle(each, before)) for each in (first, second)]
        execution = await first.execute(
            "import time\nfor number in range(300):\n    print(number, flush=True)\n"
            "    time.sleep(0.002)"
        )
        async for event in third.events(after=before):
            if event.type == "stream":
                break
        listening.append(asyncio.create_task(until_idle(third, before)))
        assert (await execution.finished()).status == "ok"
        texts = await asyncio.gather(*listening)
        last = (await first.session())["last"]
        pieces = [text for _, text in await text_of(first, before, last) if text]
    for each in texts:
        assert [int(line) for line in "".join(each).split()] == list(range(300))
    assert len(texts[0]) < len(pieces) / 2


async def until_idle(client: SessionClient, after: int) -> list[str]:
    """The texts of a run, as they come."""
    found = []
    async for event in client.events(after=after):
        if event.type == "stream":
            found.append(event.content["text"])
        if event.type == "status" and event.content["execution_state"] == "idle":
            break
    return found
