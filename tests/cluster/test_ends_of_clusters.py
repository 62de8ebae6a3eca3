"""How clusters end, and what is said to who uses one that has."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from vivo.core.errors import UsageError
from vivo.parallel import Cluster
from vivo.parallel.cluster import link
from vivo.parallel.cluster.errors import ClusterError, EngineErrors, EngineLostError, TaskError

from tests.cluster.conftest import RunningCluster, until, wait_until_ended

PROGRAM = """
from vivo.parallel import Cluster
cluster = Cluster(n=1, name="owned")
print([each["engine_pid"] for each in cluster.status()["engines"]][0], flush=True)
input()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_cluster_ends_with_its_program_however_that_ends(home: Path, number: int) -> None:
    """A job's time limit, a terminal that is closed: no engine is left."""
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    engine = int(program.stdout.readline())
    program.send_signal(number)
    program.communicate()
    wait_until_ended(engine)


def test_a_cluster_that_was_detached_outlives_its_program(home: Path) -> None:
    """Until it is stopped."""
    code = PROGRAM.replace("input()", "cluster.detach()")
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    found = Cluster.connect("owned")
    assert found.engines == [0]
    found.stop()


def test_who_uses_a_cluster_that_was_stopped_is_told_at_once(
    cluster: RunningCluster,
) -> None:
    """By somebody else, meanwhile: not after a long silence."""
    cluster.up(2)
    used = Cluster.connect("test")
    view, pool = used[0], used.load_balanced()
    assert view.apply(abs, -1) == 1
    waiting = pool.aapply(lambda: __import__("time").sleep(60))
    cluster.ask("vivo_stop_request")
    with pytest.raises((TaskError, EngineLostError), match="stopped"):
        waiting.get(timeout=30)
    with pytest.raises(EngineLostError):
        view.apply(abs, -1)
    used.stop()
    for use in (lambda: view.apply(abs, -1), lambda: pool.apply(abs, -1), lambda: used[0]):
        with pytest.raises(ClusterError, match="closed here"):
            use()


def test_a_controller_that_was_killed_is_said_with_what_to_do(cluster: RunningCluster) -> None:
    """And a client that resumes it goes on."""
    cluster.up(2)
    used = Cluster.connect("test")
    cluster.kill()
    with pytest.raises(ClusterError, match="vivo cluster resume test"):
        used.status()
    with pytest.raises(ClusterError, match="vivo cluster resume test"):
        Cluster.connect("test")
    with Cluster.resume("test") as again:
        again.wait_for(2)
    assert used.load_balanced().map(abs, [-1, -2]) == [1, 2]
    used.close()


def test_engines_that_die_are_restarted_if_that_was_asked_for(home: Path) -> None:
    """So a task that kills them gets its verdict, and others go on."""
    with Cluster(n=1, restarts=True) as made:
        pool = made.load_balanced()
        with pytest.raises(EngineLostError, match="3 engines have ended"):
            pool.aapply(lambda: os._exit(1)).get(timeout=40)
        assert pool.aapply(abs, -4).get(timeout=20) == 4


def test_one_of_two_dead_engines_is_restarted_alone(cluster: RunningCluster) -> None:
    """Nobody waits for the other; one that is not there is said."""
    engines = cluster.up(2)
    for each in engines:
        os.kill(each["engine_pid"], signal.SIGKILL)
    cluster.until(lambda told: all(each["state"] == "dead" for each in told))
    used = Cluster.connect("test")
    used.restart(0)
    assert used.engines == [0]
    for wrong in (lambda: used.restart(9), lambda: used.remove(9)):
        with pytest.raises(ClusterError, match="no engine 9; it has 0, 1"):
            wrong()
    used.close()


def test_an_engine_that_had_nothing_to_say_for_long_is_not_lost(
    cluster: RunningCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence counts from the question on, not from the last answer."""
    cluster.up(2)
    monkeypatch.setattr(link, "SILENCE", 0.8)
    monkeypatch.setattr(link, "_PROBE", 0.2)
    used = Cluster.connect("test")
    view = used[0]
    assert view.apply(abs, -1) == 1
    waiting = used[1].aapply(lambda: __import__("time").sleep(1.2))
    waiting.get()  # meanwhile engine 0 has said nothing
    assert view.apply(lambda: __import__("time").sleep(0.6)) is None
    used.close()


def test_a_function_with_large_data_is_called_whole(cluster: RunningCluster) -> None:
    """Also over the size from which on shared memory is used."""
    cluster.up(2)
    used = Cluster.connect("test")
    data = os.urandom(2 * 2**20)
    assert used[0].apply(lambda: len(data)) == len(data)
    assert used.load_balanced().apply(lambda: len(data)) == len(data)
    used.close()


def test_what_was_submitted_is_there_though_the_client_ends_at_once(
    cluster: RunningCluster,
) -> None:
    """Letting go of a cluster waits until the controller has the tasks."""
    cluster.up(2)
    first = Cluster.connect("test")
    result = first.load_balanced().amap(lambda x: x + 1, range(300))
    first.close()
    second = Cluster.connect("test")
    assert second.collect(result.ids).get(timeout=30) == list(range(1, 301))
    second.close()


def test_a_result_is_kept_until_it_was_read_or_nobody_can_ask_for_it(
    cluster: RunningCluster,
) -> None:
    """That it has reached a process is not enough: that may end before its user has it."""

    def kept() -> int:
        return int(cluster.ask("vivo_status_request")["queue"]["uncollected"])

    cluster.up(2)
    first = Cluster.connect("test")
    pool = first.load_balanced()
    arrived = pool.amap(abs, range(-20, 0))
    assert arrived.wait(30)
    for _ in range(20):
        pool.aapply(abs, -1)  # and nothing is kept of these
    assert pool.map(abs, range(-20, 0)) == list(range(20, 0, -1))
    until(lambda: kept() == 20)
    first.close()
    second = Cluster.connect("test")
    for value in second.collect(arrived.ids):
        assert value > 0
    until(lambda: kept() == 0)
    with pytest.raises(EngineErrors, match="its result was collected"):
        second.collect(arrived.ids).get(timeout=30)
    second.close()


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (lambda c: c[0].execute(3), "execute runs a cell, which is a text"),
        (lambda c: c[0].apply(3), "A function is called first"),
        (lambda c: c[1.5], "give a number, a slice"),
        (lambda c: c[0].push({"a": (each for each in ())}), "cannot be sent"),
        (lambda c: c.load_balanced().options(timeout="1"), "timeout is '1'"),
        (lambda c: c.load_balanced().options(priority="high"), "priority is 'high'"),
        (lambda c: c.load_balanced().options(targets=[]), "targets names no engine"),
        (lambda c: c.load_balanced().options(after=c[0].aapply(abs, 1)), "load-balanced view"),
        (lambda c: c.load_balanced().map(pow), "map needs a sequence"),
        (lambda c: c.add(0), "give 1 or more"),
    ],
)
def test_a_mistake_is_said_in_a_sentence(
    many_uses: Cluster, use: Callable[[Cluster], Any], told: str
) -> None:
    """Here, and not by an engine."""
    with pytest.raises(UsageError, match=told) as caught:
        use(many_uses)
    assert caught.value.__cause__ is None


@pytest.fixture
def many_uses(home: Path) -> Any:
    """A cluster of one engine."""
    with Cluster(n=1) as made:
        yield made


def test_values_among_errors_stand_as_they_are(cluster: RunningCluster) -> None:
    """Of a map and of a pull."""
    cluster.up(2)
    used = Cluster.connect("test")
    found = used.load_balanced().amap(lambda x: 1 / x, [1, 0]).get(return_exceptions=True)
    assert found[0] == 1.0
    assert isinstance(found[1], ZeroDivisionError)
    used[0].push({"only": 7})
    found = used[:].apull("only").get(return_exceptions=True)
    assert found[0] == 7
    assert isinstance(found[1], NameError)
    used.close()


def test_remote_tracebacks_tell_the_values(cluster: RunningCluster) -> None:
    """Whoever reads them cannot look."""
    cluster.up(2)
    used = Cluster.connect("test")

    def divide(top: int) -> float:
        bottom = top - 41
        return top / (bottom - 1)

    with pytest.raises(ZeroDivisionError) as caught:
        used[0].apply(divide, 42)
    note = "\n".join(caught.value.__notes__)
    assert "top" in note
    assert "42" in note
    assert "bottom" in note
    used.close()
