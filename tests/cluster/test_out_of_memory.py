"""Engines that run out of memory: Python says so, or the system ends them.

Where the system ends a process it does so by SIGKILL, which is sent here in its stead; what Python
says is brought about by a real limit of the engine's process.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from vivo.parallel import Cluster
from vivo.parallel.cluster.errors import EngineErrors, EngineLostError, RemoteError

from tests.cluster.conftest import RunningCluster

MAY_BE_MEMORY = r"killed by SIGKILL \(the system may have run out of memory\)"


@pytest.fixture
def client(cluster: RunningCluster) -> Iterator[Cluster]:
    """A client of a cluster of two."""
    cluster.up(2)
    made = Cluster.connect("test")
    yield made
    made.close()


def is_killed() -> None:
    """End as the system ends a process that takes the last memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def takes_too_much(room: int) -> None:
    """Ask for more than ``room`` bytes beyond what the process has, which is all that it may."""
    import resource

    kept = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as stream:
        taken = int(stream.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + room, kept[1]))
    try:
        bytearray(4 * room)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, kept)


def killed_once(path: str) -> int:
    """Be killed the first time; the second time, the engine's process."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return os.getpid()
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


class TooLarge:
    """A value that memory does not suffice to send."""

    def __reduce__(self) -> tuple[object, ...]:
        takes_too_much(2**28)
        return TooLarge, ()


for _each in (is_killed, takes_too_much, killed_once, TooLarge, TooLarge.__reduce__):
    _each.__module__ = "__main__"  # they are sent whole: engines have no tests


def test_a_call_whose_engine_is_killed_says_so_and_that_memory_may_be_why(
    client: Cluster, cluster: RunningCluster
) -> None:
    """With the engine's number; the other engine's call ends well, and a fresh process comes."""
    with pytest.raises(EngineErrors) as caught:
        client[:].apply(lambda pid: os.getpid() == pid and is_killed(), _pid(cluster, 1))
    assert list(caught.value.by_engine) == [1]
    error = caught.value.by_engine[1]
    assert isinstance(error, EngineLostError)
    with pytest.raises(EngineLostError, match=MAY_BE_MEMORY):
        raise error
    told = cluster.until(lambda told: told[1]["state"] == "dead")
    assert "may have run out of memory" in told[1]["reason"]
    assert client[0].apply(len, "abc") == 3
    client.restart(1)
    cluster.up(2)
    assert client[1].apply(len, "abc") == 3


def _pid(cluster: RunningCluster, engine: int) -> int:
    return int(cluster.engines()[engine]["engine_pid"])


def test_a_cell_whose_engine_is_killed_says_so(client: Cluster) -> None:
    """And that memory may be why."""
    with pytest.raises(Exception, match=MAY_BE_MEMORY):
        client[0].execute("import os\nos.kill(os.getpid(), 9)")


def test_a_task_whose_engine_is_killed_runs_on_another(
    client: Cluster, cluster: RunningCluster, home: os.PathLike[str]
) -> None:
    """And its result counts. (That too many such ends are its own end is a test of the farm.)"""
    pids = {_pid(cluster, each) for each in (0, 1)}
    path = os.path.join(home, "killed")
    assert client.load_balanced().aapply(killed_once, path).get(timeout=30) in pids
    cluster.until(lambda told: [each["state"] for each in told].count("dead") == 1)


def test_a_memory_error_is_an_error_like_any_other(
    client: Cluster, cluster: RunningCluster
) -> None:
    """Of a call, of a task and of a cell. The engine lives, and has its variables."""
    pids = {_pid(cluster, each) for each in (0, 1)}
    client[:].push({"kept": 3})
    room = 2**28
    with pytest.raises(MemoryError):
        client[0].apply(takes_too_much, room)
    with pytest.raises(MemoryError):
        client.load_balanced().apply(takes_too_much, room)
    client[1].push({"takes_too_much": takes_too_much})
    with pytest.raises(RemoteError, match="MemoryError"):
        client[1].execute(f"takes_too_much({room})")
    assert client[:].pull("kept") == [3, 3]
    assert {_pid(cluster, each) for each in (0, 1)} == pids
    assert client.status()["queue"]["failed"] == 1


def test_a_result_that_memory_does_not_suffice_to_send_is_an_error_that_says_so(
    client: Cluster, cluster: RunningCluster
) -> None:
    """Of a call and of a task; the engine lives."""
    pids = [_pid(cluster, each) for each in (0, 1)]
    for view in (client[0], client.load_balanced()):
        with pytest.raises(Exception, match="MemoryError") as caught:
            view.apply(lambda: TooLarge())  # noqa: PLW0108 - made there
        assert not isinstance(caught.value, EngineLostError)
    assert client[:].apply(os.getpid) == pids
