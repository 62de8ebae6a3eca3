"""A hundred thousand calls, and as many tasks, leave everything at its size.

What is remembered on purpose, so that nothing counts twice, is bounded: 65,536 signatures on each
link of a client, how the last 100,000 to 200,000 tasks ended at the controller. That many go first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from vivo.parallel import Cluster, sharing

MEBIBYTE = 2**20
COUNT = 100_000
MOST_GROWTH = 4  # MiB of each process, for COUNT


def nothing(*given: object) -> None:
    """The call that is made."""


class Watched:
    """The processes of a cluster with one engine, and what they have."""

    def __init__(self, cluster: Cluster) -> None:
        told = cluster.status()["engines"][0]
        self._session: str = told["id"]
        self._processes = {
            "client": psutil.Process(),
            "controller": psutil.Process(cluster._entry["pid"]),
            "keeper": psutil.Process(told["keeper_pid"]),
            "engine": psutil.Process(told["engine_pid"]),
        }

    def memory(self) -> dict[str, int]:
        """Resident bytes of each."""
        return {name: each.memory_info().rss for name, each in self._processes.items()}

    def holdings(self) -> dict[str, tuple[int, int]]:
        """Open descriptors and threads of each; files of shared memory of the engine's session."""
        folder = sharing.folder()
        shared = list(folder.glob(f"{self._session}-*")) if folder is not None else []
        found = {
            name: (each.num_fds(), each.num_threads()) for name, each in self._processes.items()
        }
        return found | {"shared memory": (len(shared), 0)}


@pytest.fixture
def cluster(home: Path) -> Iterator[Cluster]:
    """A cluster of one engine."""
    with Cluster(n=1) as made:
        yield made


def check(cluster: Cluster, work: Callable[[int], None], before: int) -> None:
    """Work, then work on: from there on nothing may grow."""
    watched = Watched(cluster)
    work(before)
    memory, holdings = watched.memory(), watched.holdings()
    work(COUNT)
    grown = {
        name: round((size - memory[name]) / MEBIBYTE, 1) for name, size in watched.memory().items()
    }
    sizes = {name: round(size / MEBIBYTE, 1) for name, size in memory.items()}
    print(f"MiB after {before:,}: {sizes}; grown with {COUNT:,} more: {grown}")
    assert max(grown.values()) <= MOST_GROWTH, grown
    deadline = time.monotonic() + 10  # the last results are confirmed beside
    while watched.holdings() != holdings and time.monotonic() < deadline:
        time.sleep(0.01)
    assert watched.holdings() == holdings


@pytest.mark.timeout(1800)
def test_a_hundred_thousand_calls_leave_everything_at_its_size(cluster: Cluster) -> None:
    """Some of them with arguments and results that go by shared memory."""
    view = cluster[0]

    def work(count: int) -> None:
        for _ in range(count // 100):
            results = [view.aapply(nothing, number) for number in range(100)]
            assert [each.get() for each in results] == [None] * 100
            view.push({"data": bytearray(2 * MEBIBYTE)})
            assert len(view.pull("data")) == 2 * MEBIBYTE

    check(cluster, work, 150_000)


@pytest.mark.timeout(1800)
def test_a_hundred_thousand_tasks_leave_everything_at_its_size(cluster: Cluster) -> None:
    """And none of them is waiting to be collected."""
    pool = cluster.load_balanced()

    def work(count: int) -> None:
        for _ in range(count // 1000):
            assert pool.map(nothing, range(1000)) == [None] * 1000

    check(cluster, work, 210_000)
    assert cluster.status()["queue"]["uncollected"] == 0
