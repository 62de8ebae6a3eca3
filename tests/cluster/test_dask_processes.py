"""The processes of a Dask cluster of the user's own, by themselves."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

from vivo.parallel.controller.launchers import Order
from vivo.parallel.controller.launchers.dask_processes import Processes

SCHEDULER = "tcp://127.0.0.1:9"  # nobody listens there: a worker goes on trying


async def test_the_end_of_a_worker_is_not_that_of_the_next_one_of_its_number(home: Path) -> None:
    """An engine that was killed is removed, and another gets its number before its end is told."""
    ended: list[tuple[int, int]] = []
    processes = Processes(lambda number, status: ended.append((number, status)))
    order = Order(
        cluster="c", numbers=[0], controller="", key="", python=sys.executable, cwd=str(home),
        state=str(home),
    )  # fmt: skip
    await processes.start_worker(order, SCHEDULER, 0)
    pid, _ = processes._started["0"]
    os.kill(pid, signal.SIGKILL)
    # It has ended, which nobody here has been told: this loop has not turned since.
    with contextlib.suppress(ChildProcessError):  # asyncio's thread has seen it first
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    await processes.start_worker(order, SCHEDULER, 0)
    again, _ = processes._started["0"]
    assert again != pid
    await processes.end()
    assert ended == []
