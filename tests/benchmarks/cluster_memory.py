"""What a cluster's processes take after few tasks, after many, and after as many direct calls.

``cluster_memory.py FEW MANY`` prints JSON: resident megabytes of each process at those three times.
"""

from __future__ import annotations

import json
import os
import sys

import psutil
from vivo.parallel import Cluster


def nothing(*given: object) -> None:
    """The call that is made."""


def processes(cluster: Cluster) -> dict[str, psutil.Process]:
    """This process, the controller, and the keeper and the engine's own of the first engine."""
    first = cluster.status()["engines"][0]
    return {
        "client": psutil.Process(os.getpid()),
        "controller": psutil.Process(cluster._entry["pid"]),
        "keeper": psutil.Process(first["keeper_pid"]),
        "engine": psutil.Process(first["engine_pid"]),
    }


def main() -> None:
    few, many = (int(word) for word in sys.argv[1:])
    with Cluster(n=1) as cluster:
        watched = processes(cluster)
        found: dict[str, list[float]] = {name: [] for name in watched}

        def look() -> None:
            for name, process in watched.items():
                found[name].append(process.memory_info().rss / 1e6)

        pool, view = cluster.load_balanced(), cluster[0]
        pool.map(nothing, range(few))
        view.apply(nothing)
        look()
        pool.map(nothing, range(many))
        look()
        for _ in range(many):
            view.apply(nothing)
        look()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
