"""Some thousand calls and tasks leave everything at its size; ``make soak`` has a hundred thousand.

A client remembers the last messages and the controller how the last tasks ended, so that nothing
counts twice: these may grow by that here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from vivo.parallel import Cluster

from .sizes import calls, check, tasks

COUNT = 5000
MOST_GROWTH = {"client": 4.0, "controller": 4.0, "keeper": 2.5, "engine": 2.5}


@pytest.fixture
def cluster(home: Path) -> Iterator[Cluster]:
    """A cluster of one engine."""
    with Cluster(n=1) as made:
        yield made


def test_calls_leave_everything_at_its_size(cluster: Cluster) -> None:
    """Memory, descriptors, threads and files of shared memory; of all four processes."""
    check(cluster, calls(cluster), 3000, COUNT, MOST_GROWTH)


def test_tasks_leave_everything_at_its_size(cluster: Cluster) -> None:
    """And none of them is waiting to be collected."""
    check(cluster, tasks(cluster), 3000, COUNT, MOST_GROWTH)
    assert cluster.status()["queue"]["uncollected"] == 0
