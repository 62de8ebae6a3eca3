"""Subscribers that read no more: what is held for them is bounded, and nobody else loses."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.parallel.client import SessionClient
from vivo.parallel.keeper.publishing import Backlog
from vivo.parallel.registry import SessionEntry

from .jupyter import Kernel
from .subscribers import OURS, PLAIN, Subscriber

MEGABYTES = 2**20
CELLS = 30
CELL = "for i in range(7): display({'text/plain': 'x' * 1_000_000}, raw=True)"


@pytest.fixture
def subscribers(
    entry: SessionEntry, client: SessionClient
) -> Iterator[tuple[Subscriber, Subscriber, Subscriber]]:
    """A healthy plain client, a plain one and one of ours that will be stopped."""
    programs = (PLAIN, PLAIN, OURS)
    made = tuple(Subscriber(program, entry.connection_file) for program in programs)
    yield made
    for each in made:
        each.close()


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions whose cells may display 8 MiB; then at most 32 MiB are held for who is behind."""
    monkeypatch.setenv("VIVO_OUTPUT_LIMIT", str(2 * MEGABYTES))


@pytest.mark.sessions
@pytest.mark.usefixtures("limited")
async def test_what_is_held_for_stopped_clients_is_bounded_by_bytes(
    entry: SessionEntry,
    client: SessionClient,
    subscribers: tuple[Subscriber, Subscriber, Subscriber],
) -> None:
    """Two hundred megabytes of displays beside two stopped clients: the keeper stays small, who
    reads misses nothing, and what vivo's client has missed it gets when it goes on."""
    healthy, plain, ours = subscribers
    assert ours.first() == 1
    for each in (healthy, plain):  # a subscription takes a moment; the cells say when it is there
        while not each.has_printed:
            await (await client.execute("pass", silent=True)).reply()
            await (await client.execute("pass")).finished()
    begin = healthy.first()
    for each in (plain, ours):
        os.kill(each.process.pid, signal.SIGSTOP)
    keeper = psutil.Process(entry.keeper_pid)
    before = peak = keeper.memory_info().rss
    for _ in range(CELLS):
        assert (await (await client.execute(CELL)).finished()).status == "ok"
        peak = max(peak, keeper.memory_info().rss)
    execution = await client.execute("'all is over'")
    await execution.finished()
    assert peak - before < 100 * MEGABYTES
    numbers = healthy.rest()
    assert numbers == list(range(begin + 1, begin + 1 + len(numbers)))
    assert len(numbers) > 7 * CELLS
    os.kill(ours.process.pid, signal.SIGCONT)
    missed = ours.rest()
    assert missed == list(range(2, len(missed) + 2))
    assert missed[-1] == numbers[-1]


@pytest.mark.sessions
@pytest.mark.usefixtures("limited")
def test_what_is_held_for_a_stopped_client_is_bounded_by_tcp_too(jupyter: Kernel) -> None:
    """A kernel that Jupyter has started; its own client gets every display."""
    stopped = Subscriber(PLAIN, jupyter.manager.connection_file)
    try:
        while not stopped.has_printed:
            jupyter.events(jupyter.execute("pass"))
        os.kill(stopped.process.pid, signal.SIGSTOP)
        told = jupyter.ask("vivo_session_request", channel="control")
        keeper = psutil.Process(told["keeper_pid"])
        before = peak = keeper.memory_info().rss
        for _ in range(CELLS):
            events = jupyter.events(jupyter.execute(CELL))
            assert [each["msg_type"] for each in events].count("display_data") == 7
            peak = max(peak, keeper.memory_info().rss)
        assert peak - before < 100 * MEGABYTES
    finally:
        stopped.close()


class Lent:
    """A frame that was lent to ZeroMQ, until every queue that it is in has let go of it."""

    def __init__(self, holders: int) -> None:
        self.holders = holders

    @property
    def done(self) -> bool:
        """Whether it is given back."""
        return self.holders == 0


class Peer:
    """A connection: the events that it has not taken."""

    def __init__(self) -> None:
        self.queue: deque[Lent] = deque()
        self.taken = 0

    def take(self, count: int) -> None:
        """Read events."""
        for _ in range(min(count, len(self.queue))):
            self.queue.popleft().holders -= 1
            self.taken += 1

    @property
    def waiting(self) -> int:
        """What a look at its buffer gives."""
        return 1000 + self.taken if self.queue else 0


@given(st.lists(st.integers(0, 7), min_size=1, max_size=100), st.integers(0, 3))
def test_only_who_does_not_read_is_cut(taken: list[int], stopped: int) -> None:
    """However unevenly a client reads that is behind by half of the bound at most, beside others
    that do not read: what is held is bounded, and it is kept."""
    limit, size = 100, 10
    backlog = Backlog(limit)
    reader = Peer()
    peers = {0: reader} | {number: Peer() for number in range(1, stopped + 1)}
    for count in taken:
        event = Lent(len(peers))
        for each in peers.values():
            each.queue.append(event)
        backlog.sent(event, size)
        backlog.validate()
        reader.take(max(count, len(reader.queue) - limit // size // 2))
        if backlog.is_worth_a_look:
            for key in backlog.looked({key: each.waiting for key, each in peers.items()}):
                assert key != 0, "a subscriber that reads was cut"
                gone = peers.pop(key)
                gone.take(len(gone.queue))
        assert backlog.bytes <= limit + 2 * size


def test_of_two_that_read_the_slower_one_is_cut() -> None:
    """Where both are behind by more than the bound."""
    backlog = Backlog(1000)
    fast, slow = Peer(), Peer()
    peers = {1: fast, 2: slow}
    cut: list[int] = []
    for number in range(200):
        event = Lent(2)
        for each in peers.values():
            each.queue.append(event)
        backlog.sent(event, 10)
        if len(fast.queue) > 5:
            fast.take(1)
        if number % 10 == 0:
            slow.take(1)
        if backlog.is_worth_a_look and not cut:
            cut = backlog.looked({key: each.waiting for key, each in peers.items()})
    assert cut == [2]
