"""A hundred thousand calls, and as many tasks, leave everything at its size.

What is remembered on purpose, so that nothing counts twice, is bounded: 65,536 signatures on each
link of a client, how the last 100,000 to 200,000 tasks ended at the controller. That many go first,
and so many that the log of the tasks has been written again, which takes room for a moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from vivo.parallel import Cluster

from tests.cluster.sizes import calls, check, tasks

COUNT = 100_000
MOST_GROWTH = dict.fromkeys(("client", "controller", "keeper", "engine"), 4.0)


@pytest.fixture
def cluster(home: Path) -> Iterator[Cluster]:
    """A cluster of one engine."""
    with Cluster(n=1) as made:
        yield made


@pytest.mark.timeout(1800)
def test_a_hundred_thousand_calls_leave_everything_at_its_size(cluster: Cluster) -> None:
    """Some of them with arguments and results that go by shared memory."""
    check(cluster, calls(cluster), 150_000, COUNT, MOST_GROWTH)


@pytest.mark.timeout(1800)
def test_a_hundred_thousand_tasks_leave_everything_at_its_size(cluster: Cluster) -> None:
    """And none of them is waiting to be collected."""
    check(cluster, tasks(cluster), 410_000, COUNT, MOST_GROWTH)
    assert cluster.status()["queue"]["uncollected"] == 0
