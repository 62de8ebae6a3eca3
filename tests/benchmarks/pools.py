"""A contestant of the benchmark of clusters, a pool of two workers, in a process of its own.

``pools.py CONTESTANT COUNTS`` prints JSON: the values of each measure, seconds of calls and starts,
tasks and bytes a second. ``COUNTS`` is JSON too; see :class:`Counts`. Each contestant does what its
documentation has for the purpose, in the form that was the fastest of those tried:

* ipyparallel: a cluster of two engines; ``apply_sync`` on a direct view; a load-balanced ``map``,
  one task for each item, as is its default.
* Dask: a ``LocalCluster`` of two processes of one thread; ``client.run``, which goes past the
  scheduler's queue and is faster than ``submit`` to a named worker; ``client.map`` and ``gather``.
* Ray: two actors for what goes to one worker or to all, plain tasks for many.
* loky: an executor of two; it cannot name a worker.

The functions that are called are this script's own, as those of a user's session are.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

ENGINES = 2


@dataclass
class Counts:
    """How often each thing is measured."""

    trips: int = 400
    warm: int = 50
    tasks: int = 10_000
    many: int = 0
    """Tasks of a second map, of those that are asked for one."""
    pushes: int = 5
    megabytes: int = 100


def nothing(*given: Any) -> None:
    """The call that is timed."""


class Pool(Protocol):
    """Two workers; each call waits for its result."""

    def start(self) -> None:
        """Start, until both have answered a call."""

    def one(self) -> None:
        """Call on one."""

    def all(self) -> None:
        """Call on both."""

    def map(self, count: int) -> int:
        """So many tasks; how many results came."""

    def pushes(self) -> Iterator[tuple[str, Callable[[Any], object]]]:
        """Ways to give a value to one worker, where later calls find it."""

    def stop(self) -> None:
        """End what was started."""


class Vivo:
    """vivo."""

    def start(self) -> None:
        from vivo.parallel import Cluster

        self.cluster = Cluster(n=ENGINES)
        self.every = self.cluster[:]
        self.every.apply(nothing)
        self.first = self.cluster[0]
        self.balanced = self.cluster.load_balanced()

    def one(self) -> None:
        self.first.apply(nothing)

    def all(self) -> None:
        self.every.apply(nothing)

    def map(self, count: int) -> int:
        return len(self.balanced.map(nothing, range(count)))

    def pushes(self) -> Iterator[tuple[str, Callable[[Any], object]]]:
        yield "shared memory", self._push_to(self.first)
        entry = self.cluster.status()["engines"][0]
        connection = {**entry["connection"], "key": self.cluster._entry["key"]}
        with view_of(connection) as view:
            yield "Unix sockets", self._push_to(view)
        with tcp_engine() as connection, view_of(connection) as view:
            yield "loopback", self._push_to(view)

    @staticmethod
    def _push_to(view: Any) -> Callable[[Any], object]:
        def push(value: Any) -> None:
            view.push({"pushed": value})

        return push

    def stop(self) -> None:
        self.cluster.stop()


@contextlib.contextmanager
def view_of(connection: dict[str, Any]) -> Iterator[Any]:
    """A view of an engine that is not known to be on this host: nothing is shared with it."""
    from vivo.parallel.cluster import loop
    from vivo.parallel.cluster.engine_link import EngineLink
    from vivo.parallel.cluster.views import DirectView

    own = loop.acquire()
    link = EngineLink(connection)
    try:
        yield DirectView(own, [link], is_single=True)
    finally:
        own.call(link.close)
        loop.release()


@contextlib.contextmanager
def tcp_engine() -> Iterator[dict[str, Any]]:
    """An engine that listens on the loopback device, as one of another host would on its own."""
    from vivo.parallel.connection import make_tcp

    with tempfile.TemporaryDirectory(prefix="vb-") as folder:
        path = Path(folder) / "engine.json"
        make_tcp().write(path)
        words = [str(Path(sys.executable).parent / "vivo"), "kernel", "-f", str(path)]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        try:
            yield json.loads(path.read_text())
        finally:
            process.terminate()
            process.wait()


class Ipyparallel:
    """ipyparallel."""

    def start(self) -> None:
        import ipyparallel

        self.cluster = ipyparallel.Cluster(n=ENGINES, log_level=40)
        self.client = self.cluster.start_and_connect_sync()
        self.every = self.client[:]
        self.every.apply_sync(nothing)
        self.first = self.client[0]
        self.balanced = self.client.load_balanced_view()

    def one(self) -> None:
        self.first.apply_sync(nothing)

    def all(self) -> None:
        self.every.apply_sync(nothing)

    def map(self, count: int) -> int:
        return len(self.balanced.map_sync(nothing, range(count)))

    def pushes(self) -> Iterator[tuple[str, Callable[[Any], object]]]:
        yield "push", lambda value: self.first.push({"pushed": value}, block=True)

    def stop(self) -> None:
        self.client.close()
        self.cluster.stop_cluster_sync()


class Dask:
    """Dask's distributed."""

    def start(self) -> None:
        import distributed

        self.cluster = distributed.LocalCluster(
            n_workers=ENGINES, threads_per_worker=1, dashboard_address=None, silence_logs=50
        )
        self.client = distributed.Client(self.cluster)
        self.client.wait_for_workers(ENGINES)
        self.first = list(self.client.run(nothing))[:1]

    def one(self) -> None:
        self.client.run(nothing, workers=self.first)

    def all(self) -> None:
        self.client.run(nothing)

    def map(self, count: int) -> int:
        return len(self.client.gather(self.client.map(nothing, range(count), pure=False)))

    def pushes(self) -> Iterator[tuple[str, Callable[[Any], object]]]:
        def scatter(value: Any) -> None:
            self.pushed = self.client.scatter(value, workers=self.first, hash=False, direct=True)

        yield "push", scatter

    def stop(self) -> None:
        self.client.close()
        self.cluster.close()


class Ray:
    """Ray."""

    def start(self) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        import ray

        ray.init(
            num_cpus=ENGINES, include_dashboard=False, log_to_driver=False, logging_level="ERROR"
        )

        class Holder:
            def nothing(self) -> None:
                """The call that is timed."""

            def hold(self, value: Any) -> None:
                self.pushed = value

        self.ray: Any = ray
        self.actors = [ray.remote(Holder).remote() for _ in range(ENGINES)]
        self.task = ray.remote(nothing)
        self.all()

    def one(self) -> None:
        self.ray.get(self.actors[0].nothing.remote())

    def all(self) -> None:
        self.ray.get([each.nothing.remote() for each in self.actors])

    def map(self, count: int) -> int:
        return len(self.ray.get([self.task.remote(number) for number in range(count)]))

    def pushes(self) -> Iterator[tuple[str, Callable[[Any], object]]]:
        yield "push", lambda value: self.ray.get(self.actors[0].hold.remote(self.ray.put(value)))

    def stop(self) -> None:
        self.ray.shutdown()


class Loky:
    """loky."""

    def start(self) -> None:
        import loky

        self.executor: Any = loky.get_reusable_executor(max_workers=ENGINES, timeout=None)
        for each in [self.executor.submit(nothing) for _ in range(ENGINES)]:
            each.result()

    def one(self) -> None:
        self.executor.submit(nothing).result()

    def all(self) -> None:
        raise NotImplementedError  # it cannot be told to

    def map(self, count: int) -> int:
        return len(list(self.executor.map(nothing, range(count))))

    def pushes(self) -> Iterator[tuple[str, Callable[[Any], object]]]:
        yield "push", lambda value: self.executor.submit(hold, value).result()

    def stop(self) -> None:
        self.executor.shutdown()


def hold(value: Any) -> None:
    """Keep a value in this process."""
    globals()["pushed"] = value


POOLS: dict[str, type[Any]] = {
    "vivo": Vivo,
    "ipyparallel": Ipyparallel,
    "dask": Dask,
    "ray": Ray,
    "loky": Loky,
}


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def trips(action: Callable[[], object], counts: Counts) -> list[float]:
    """Seconds of each call, once the first are over."""
    every = [timed(action) for _ in range(counts.warm + counts.trips)]
    return every[counts.warm :]


def tasks_a_second(pool: Pool, count: int) -> float:
    came = []
    seconds = timed(lambda: came.append(pool.map(count)))
    assert came == [count]
    return count / seconds


def measured(pool: Pool, counts: Counts) -> dict[str, list[float]]:
    """Everything, of a pool that was not started."""
    found = {"start": [timed(pool.start)]}
    try:
        found["one"] = trips(pool.one, counts)
        with contextlib.suppress(NotImplementedError):
            found["all"] = trips(pool.all, counts)
        pool.map(100)
        found["tasks"] = [tasks_a_second(pool, counts.tasks)]
        if counts.many:
            found["many"] = [tasks_a_second(pool, counts.many)]
        import numpy

        size = counts.megabytes * 10**6
        value = numpy.frombuffer(bytearray(random.Random(1).randbytes(size)), numpy.uint8)
        for name, push in pool.pushes() if counts.pushes else ():
            push(value)
            seconds = [timed(lambda push=push: push(value)) for _ in range(counts.pushes)]  # type: ignore[misc]
            found[name] = [size / each for each in seconds]
    finally:
        pool.stop()
    return found


def main() -> None:
    name, told = sys.argv[1:]
    print(json.dumps(measured(POOLS[name](), Counts(**json.loads(told)))))


if __name__ == "__main__":
    main()
