"""The task farm through its real processes: each result right, and once, whatever is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from vivo.parallel import Cluster
from vivo.parallel.cluster.errors import EngineLostError, TaskError

from tests.cluster.conftest import RunningCluster, end

pytestmark = pytest.mark.parametrize("backend", ["local", "dask"], indirect=True)


@pytest.fixture
def client(cluster: RunningCluster) -> Iterator[Cluster]:
    """A client of a cluster of two."""
    cluster.up(2)
    made = Cluster.connect("test")
    yield made
    made.close()


def test_values_come_in_order_whoever_made_them(client: Cluster) -> None:
    """And functions of scripts, with what they refer to, are called."""
    factor = 3
    assert client.load_balanced().map(lambda x: factor * x, range(100)) == [
        3 * x for x in range(100)
    ]


def test_four_thousand_tasks_outlive_three_controllers_and_an_engine(
    client: Cluster, cluster: RunningCluster, home: Path, backend: str
) -> None:
    """Every result is right, and comes once; only what ran on the engine that ended ran twice.

    Through Dask a quarter of them, each of which takes four times as long on its way.
    """
    many = 1000 if backend == "dask" else 4000
    traces = home / "traces"
    traces.mkdir()

    def noted(folder: str, number: int) -> int:
        descriptor = os.open(f"{folder}/{number}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, b"x")
        os.close(descriptor)
        time.sleep(0.001)
        return number * number

    result = client.load_balanced().amap(noted, [str(traces)] * many, range(many))

    def done() -> int:
        return sum(1 for _ in traces.iterdir())

    for part in (1, 3, 5):
        while done() < part * many // 8:
            time.sleep(0.005)
        cluster.kill()
        cluster.resume()
        if part == 3:
            end(cluster.up(2)[0]["engine_pid"])
    assert result.get(timeout=80) == [number * number for number in range(many)]
    again = [path.name for path in traces.iterdir() if path.stat().st_size > 1]
    assert len(again) <= 130, "more ran twice than one engine can have had"


def test_a_client_that_went_away_collects_its_results_by_id(
    client: Cluster, cluster: RunningCluster, home: Path
) -> None:
    """From another process, also after the controller was killed."""
    code = (
        "from vivo.parallel import Cluster\n"
        "import json, os\n"
        "cluster = Cluster.connect('test')\n"
        "view = cluster.load_balanced()\n"
        "slow = view.amap(lambda x: __import__('time').sleep(0.3) or x, range(4))\n"
        "cluster.close()\n"
        "print(json.dumps(slow.ids), flush=True)\n"
        "os._exit(0)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ids = json.loads(told.stdout)
    cluster.kill()
    cluster.resume()
    assert client.collect(ids).get(timeout=30) == [0, 1, 2, 3]


def test_closing_waits_until_the_cluster_has_the_tasks(cluster: RunningCluster, home: Path) -> None:
    """Also if the thread that sends them is late, and the controller is."""
    cluster.up(2)
    client = Cluster.connect("test")
    view = client.load_balanced()
    assert view.map(abs, [-1]) == [1]
    controller = psutil.Process(cluster.entry.pid)
    controller.suspend()
    try:
        client._loop.call(time.sleep, 0.1)
        ids = view.amap(abs, [-2, -3]).ids
        closing = threading.Thread(target=client.close)
        closing.start()
        closing.join(0.5)
        assert closing.is_alive()
    finally:
        controller.resume()
    closing.join(20)
    cluster.kill()
    cluster.resume()
    with Cluster.connect("test") as again:
        assert again.collect(ids).get(timeout=30) == [2, 3]


def test_a_task_that_raises_is_not_tried_again_unless_asked(client: Cluster, home: Path) -> None:
    """And then as often as was asked."""
    trace = home / "attempts"

    def fail(path: str) -> None:
        with open(path, "a") as stream:
            stream.write("x")
        raise ValueError("always")

    view = client.load_balanced()
    with pytest.raises(ValueError, match="always"):
        view.apply(fail, str(trace))
    assert trace.read_text() == "x"
    with pytest.raises(ValueError, match="always"):
        view.options(retries=5).apply(fail, str(trace))
    assert trace.read_text() == "x" * 7


def test_a_task_that_kills_engines_is_given_up_and_named(
    client: Cluster, cluster: RunningCluster, backend: str
) -> None:
    """The others end well, once engines are there again."""

    def poison() -> None:
        os.kill(os.getpid(), 9)

    view = client.load_balanced()
    result = view.aapply(poison)
    others = view.amap(lambda x: x, range(20))
    stop = threading.Event()

    watcher = RunningCluster("test")

    seen: set[int] = set()

    def restart_what_died() -> None:
        while not stop.is_set():
            dead = [each for each in watcher.engines() if each["state"] == "dead"]
            new = [each for each in dead if each["engine_pid"] not in seen]
            if new:
                seen.update(each["engine_pid"] for each in new)
                numbers = [each["number"] for each in new]
                if backend == "dask":  # whose engines are not restarted, but replaced
                    watcher.ask("vivo_scale_request", remove=numbers, add=len(numbers))
                else:
                    watcher.ask("vivo_restart_engines_request", engines=numbers)
            stop.wait(0.05)

    restarter = threading.Thread(target=restart_what_died)
    restarter.start()
    try:
        with pytest.raises(EngineLostError, match="given up: 3 engines have ended"):
            result.get(timeout=60)
        assert others.get(timeout=30) == list(range(20))
    finally:
        stop.set()
        restarter.join()
        watcher.close()


def test_short_tasks_go_on_beside_a_long_one(client: Cluster) -> None:
    """None waits behind it."""
    view = client.load_balanced()
    slow = view.aapply(lambda: __import__("time").sleep(60))
    assert view.map(lambda x: x, range(200)) == list(range(200))
    assert not slow.done()
    slow.cancel()
    with pytest.raises(TaskError, match="cancelled"):
        slow.get(timeout=10)


def test_dependencies_timeouts_and_targets(client: Cluster) -> None:
    """``after`` waits, ``follow`` goes where the other ran, a timeout interrupts."""
    view = client.load_balanced()
    first = view.aapply(lambda: __import__("time").sleep(0.3) or os.getpid())
    then = view.options(after=first, follow=first).aapply(os.getpid)
    assert then.get(timeout=10) == first.get(timeout=10)
    failing = view.aapply(lambda: 1 / 0)
    with pytest.raises(TaskError, match="did not run"):
        view.options(after=failing).aapply(os.getpid).get(timeout=10)
    with pytest.raises(TaskError, match="timeout"):
        view.options(timeout=0.2).aapply(lambda: __import__("time").sleep(60)).get(timeout=10)
    numbers = {each["engine_pid"]: each["number"] for each in client.status()["engines"]}
    ran: list[Any] = view.options(targets=[1]).map(lambda x: os.getpid(), range(20))
    assert {numbers[pid] for pid in ran} == {1}


def test_a_task_that_is_deaf_to_interrupts_ends_all_the_same(client: Cluster) -> None:
    """As what it was interrupted for; the others go on beside it."""

    def deaf() -> None:
        import time

        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                time.sleep(20)
            except KeyboardInterrupt:
                continue

    view = client.load_balanced()
    with pytest.raises(TaskError, match="timeout"):
        view.options(timeout=0.2).aapply(deaf).get(timeout=15)
    assert view.map(lambda x: x, range(50)) == list(range(50))


def test_targets_hold_over_a_resumed_controller(client: Cluster, cluster: RunningCluster) -> None:
    """Engines are known by number, and one that is not there is said at once."""
    view = client.load_balanced()
    with pytest.raises(TaskError, match="no engine 7, which targets names; it has 0, 1"):
        view.options(targets=[7]).apply(os.getpid)
    blocked = view.options(targets=[1]).aapply(lambda: __import__("time").sleep(1.5))
    waiting = view.options(targets=[1]).aapply(os.getpid)
    cluster.kill()
    cluster.resume()
    blocked.get(timeout=20)
    numbers = {each["engine_pid"]: each["number"] for each in cluster.up(2)}
    assert numbers[waiting.get(timeout=20)] == 1


def test_a_result_that_was_collected_can_still_be_come_after(
    client: Cluster, cluster: RunningCluster
) -> None:
    """Also when the controller is another by then."""
    view = client.load_balanced()
    first = view.aapply(os.getpid)
    first.get(timeout=10)
    cluster.kill()
    cluster.resume()
    assert view.options(after=first).aapply(lambda: 7).get(timeout=20) == 7


def test_large_data_of_tasks_stays_out_of_the_log(client: Cluster, cluster: RunningCluster) -> None:
    """And is removed with the task."""
    data = os.urandom(3 * 2**20)
    assert client.load_balanced().apply(lambda given: given[::-1], data) == data[::-1]
    state = Path(cluster.entry.state)
    logs = sum(path.stat().st_size for path in state.rglob("events-*.log"))
    assert logs < 2**20
    while list((state / "payloads").iterdir()):
        time.sleep(0.01)
