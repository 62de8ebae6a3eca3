"""Engines in Dask's workers beside plain Dask, on the same machine, one after the other.

``python tests/benchmarks/dask_beside.py``: medians of what both can; what Dask has no word for
stands alone. The engines' clusters start two workers, and so does Dask's own ``LocalCluster``.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import distributed
import numpy
from kernels import own_folders
from vivo.parallel import Cluster

TRIPS, PUSHES, TASKS = 200, 5, 10_000
BYTES = 100 * 2**20


def timed(call: Callable[[], Any], count: int) -> float:
    """The median of the seconds that a call takes."""
    call()
    found = []
    for _ in range(count):
        begun = time.perf_counter()
        call()
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


def of_vivo(data: Any) -> dict[str, float]:
    """What engines in workers take."""
    with Cluster("dask", n=2, dashboard=False) as cluster:
        view, one, pool = cluster[:], cluster[0], cluster.load_balanced()
        found = {
            "call on one": timed(lambda: one.apply(int), TRIPS),
            "cell on one": timed(lambda: one.aexecute("1").get(), TRIPS),
            "call on all": timed(lambda: view.apply(int), TRIPS),
            "push 100 MB": timed(lambda: one.push({"data": data}), PUSHES),
        }
        busy = one.aexecute("while True: pass")
        found["completion while busy"] = timed(lambda: one.complete("dat"), TRIPS // 4)
        busy.cancel()
        _ended(busy)
        found["interrupt"] = timed(lambda: _interrupted(one), 10)
        pool.map(int, range(200))
        begun = time.perf_counter()
        pool.map(int, range(TASKS))
        found["task"] = (time.perf_counter() - begun) / TASKS
    return found


def _interrupted(one: Any) -> None:
    busy = one.aexecute("while True: pass")
    busy.cancel()
    _ended(busy)


def _ended(busy: Any) -> None:
    try:
        busy.get(20)
    except Exception as error:  # noqa: BLE001 - the interrupt, in a group or alone
        assert "KeyboardInterrupt" in str(error)  # noqa: PT017


def of_dask(data: Any) -> dict[str, float]:
    """What Dask takes by itself."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as local,
        distributed.Client(local) as client,
    ):
        worker = [next(iter(client.scheduler_info()["workers"]))]
        found = {
            "call on one": timed(
                lambda: client.submit(int, pure=False, workers=worker).result(), TRIPS
            ),
            "call on all": timed(lambda: client.run(int), TRIPS),
            "push 100 MB": timed(
                lambda: client.scatter(data, workers=worker, direct=True, hash=False), PUSHES
            ),
        }
        client.gather(client.map(int, range(200), pure=False))
        begun = time.perf_counter()
        client.gather(client.map(int, range(TASKS), pure=False))
        found["task"] = (time.perf_counter() - begun) / TASKS
    return found


def main() -> None:
    """Measure, and print a table."""
    data = numpy.random.default_rng(0).random(BYTES // 8)
    with own_folders():
        vivo, dask = of_vivo(data), of_dask(data)
    print(f"distributed {distributed.__version__}, Python {sys.version.split()[0]}")
    print(f"{'':24}{'vivo':>12}{'Dask':>12}")
    for name, value in vivo.items():
        beside = f"{dask[name] * 1000:9.2f} ms" if name in dask else "–".rjust(12)
        print(f"{name:24}{value * 1000:9.2f} ms{beside}")
    print(f"{TASKS} tasks: {1 / vivo['task']:.0f} a second, Dask {1 / dask['task']:.0f}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
