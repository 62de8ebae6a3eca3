"""What the processes of a cluster take, and whether work leaves them at their size."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil
from vivo.parallel import Cluster, sharing

MEBIBYTE = 2**20


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


def _grown(watched: Watched, work: Callable[[int], None], count: int) -> dict[str, float]:
    """By how many MiB each process grows with so much work."""
    memory = watched.memory()
    work(count)
    sizes = {name: round(size / MEBIBYTE, 1) for name, size in memory.items()}
    grown = {
        name: round((size - memory[name]) / MEBIBYTE, 1) for name, size in watched.memory().items()
    }
    print(f"MiB before: {sizes}; grown with {count:,} more: {grown}")
    return grown


def check(
    cluster: Cluster, work: Callable[[int], None], before: int, count: int, most: dict[str, float]
) -> None:
    """Work ``before`` times, then ``count`` times more: by these no process may grow by more than
    its ``most``, in MiB, nor have more of anything that is open.

    The C library takes memory in pieces of megabytes, once: who has grown by one is made to work as
    much again, and by that it may not. A leak grows each time.
    """
    watched = Watched(cluster)
    work(before)
    holdings = watched.holdings()
    grown = _grown(watched, work, count)
    if any(grown[name] > most[name] for name in most):
        grown = _grown(watched, work, count)
    assert all(grown[name] <= most[name] for name in most), grown
    deadline = time.monotonic() + 10  # the last results are confirmed beside
    while watched.holdings() != holdings and time.monotonic() < deadline:
        time.sleep(0.01)
    assert watched.holdings() == holdings


def nothing(*given: object) -> None:
    """The call that is made."""


def calls(cluster: Cluster) -> Callable[[int], None]:
    """Direct calls, some of them with arguments and results that go by shared memory."""
    view = cluster[0]

    def work(count: int) -> None:
        for _ in range(count // 100):
            results = [view.aapply(nothing, number) for number in range(100)]
            assert [each.get() for each in results] == [None] * 100
            view.push({"data": bytearray(2 * MEBIBYTE)})
            assert len(view.pull("data")) == 2 * MEBIBYTE

    return work


def tasks(cluster: Cluster) -> Callable[[int], None]:
    """Tasks, by the thousand."""
    pool = cluster.load_balanced()

    def work(count: int) -> None:
        for _ in range(count // 1000):
            assert pool.map(nothing, range(1000)) == [None] * 1000

    return work
