"""The Cluster view of ``vivo web`` in a browser: of a real cluster, and of a simulated one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from vivo.parallel.controller.files import find

from tests.cluster.conftest import RunningCluster, run_controller
from tests.web.driving import ROOT, Driver, driven, web_server
from tests.web.pictures import CELL

FAILING = (
    f"""
PICTURE = {CELL!r}
"""
    + """
from vivo.parallel import Cluster
def divide(one, other):
    return one / other
with Cluster.connect("cluster") as cluster:
    cluster[:].execute("print('hello from engine', __import__('os').getpid())")
    for engine in (0, 1):
        cluster[engine].execute(f"print('hello from engine {engine}')")
    cluster[1].execute(PICTURE + "display(red)\\nprint('below the picture')")
    tasks = cluster.load_balanced()
    assert list(tasks.map(abs, range(50))) == list(range(50))
    try:
        tasks.apply(divide, 1, 0)
    except ZeroDivisionError:
        pass
    else:
        raise AssertionError("it did not fail")
"""
)
ENDLESS = """
import sys
from vivo.parallel import Cluster
with Cluster.connect("cluster") as cluster:
    view = cluster[0] if sys.argv[1] == "one" else cluster[:]
    try:
        view.execute("while True: pass")
    except BaseException as error:
        assert "KeyboardInterrupt" in repr(error) or "KeyboardInterrupt" in str(error), error
    else:
        raise AssertionError("it was not interrupted")
"""
BUSY = """
import random, sys, threading
from vivo.parallel import Cluster
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set())).start()
with Cluster.connect("thousand") as cluster:
    tasks = cluster.load_balanced()
    while not ended.wait(0.4):
        try:
            tasks.map(abs, range(random.randrange(200, 400)))
        except Exception:
            pass  # some fail
"""
COUNT = 1000


def program(text: str, *words: str, **more: Any) -> subprocess.Popen[bytes]:
    """A program of the user's."""
    command = [sys.executable, "-c", text, *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, **more)


def ends_well(running: subprocess.Popen[bytes]) -> None:
    """Wait until a program has ended as it should."""
    assert running.wait(30) == 0


@pytest.fixture
def folder(home: Path) -> Iterator[Path]:
    """Where ``vivo web`` is started."""
    made = home / "project"
    made.mkdir()
    yield made
    if find("cluster") is not None:  # the test has failed
        RunningCluster("cluster").stop()


def test_a_cluster_from_its_start_to_its_stop(folder: Path) -> None:
    """It is started from the page, scaled, interrupted and stopped there; a failing task's
    traceback and what engines print is seen, also by who comes late."""
    with web_server(folder) as (_, link), driven("browse_cluster.py", "small", link, "") as driver:
        assert driver.until("started") == {"name": "cluster"}
        ends_well(program(FAILING))
        driver.go_on()
        driver.until("scaled")
        one = program(ENDLESS, "one")
        driver.until("one is interrupted")
        ends_well(one)
        everyone = program(ENDLESS, "all")
        driver.go_on()
        driver.until("all are interrupted")
        ends_well(everyone)
        cluster = RunningCluster("cluster")
        pids = {each["number"]: each["engine_pid"] for each in cluster.engines()}
        os.kill(pids[1], signal.SIGKILL)
        cluster.close()
        driver.go_on()
        driver.until("stopped")
        assert find("cluster") is None


@contextmanager
def simulated(folder: Path) -> Iterator[tuple[RunningCluster, subprocess.Popen[str]]]:
    """A real controller with so many engines that are simulated, and what simulates them."""
    words = ["--name", "thousand", "--engines", "0", "--listen", "127.0.0.1"]
    assert run_controller(*words, "--cwd", str(folder))["status"] == "ready"
    cluster = RunningCluster("thousand")
    command = [sys.executable, "-m", "tests.web.simulated_engines", "thousand", str(COUNT)]
    engines = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True)
    try:
        cluster.up(COUNT)
        yield cluster, engines
    finally:
        engines.kill()
        engines.wait()
        assert engines.stdin is not None
        engines.stdin.close()
        cluster.stop()


@pytest.mark.timeout(280)
def test_a_thousand_engines_are_shown_live(folder: Path) -> None:
    """While tasks run, the table scrolls and sorts, a change is seen soon, and it costs little.

    The bounds are for a machine that does other things besides; docs/performance.md has figures.
    """
    pictures = str(ROOT / "docs/images") if os.environ.get("VIVO_PICTURES") else ""
    with (
        simulated(folder) as (cluster, engines),
        web_server(folder) as (server, link),
        program(BUSY, stdin=subprocess.PIPE) as busy,
    ):
        assert busy.stdin is not None
        try:
            with driven("browse_cluster.py", "large", link, pictures) as driver:
                told = _watched(driver, engines, [server.pid, cluster.entry.pid])
                driver.until("ended")
        finally:
            busy.stdin.close()
    print(told)
    assert told["seen after"] < 10
    assert told["bytes/s"] < 100_000
    assert told["two frames, ms"] < 1000


def _watched(driver: Driver, engines: subprocess.Popen[str], pids: list[int]) -> dict[str, Any]:
    driver.until("watching")
    assert engines.stdin is not None
    began = time.time()
    engines.stdin.write("die 700 the node has failed\n")
    engines.stdin.flush()
    seen = driver.until("seen")["at"] - began
    driver.go_on()
    driver.until("measuring")
    processes = [psutil.Process(pid) for pid in pids]
    before, at = [_busy(each) for each in processes], time.monotonic()
    measured = driver.until("measured")
    lasted = time.monotonic() - at
    server, controller = (
        (_busy(each) - was) / lasted for each, was in zip(processes, before, strict=True)
    )
    driver.go_on()
    scrolled = driver.until("scrolled")
    assert not scrolled["empty"], "the table was empty while it was scrolled"
    return {
        "seen after": round(seen, 2),
        "bytes/s": round(measured["bytes"]),
        "largest messages": measured["largest"],
        "connections": measured["connections"],
        "processor, web server": round(server, 3),
        "processor, controller": round(controller, 3),
        "processor, page": round(measured["page"], 3),
        "two frames, ms": round(scrolled["median"]),
        "slowest, ms": round(scrolled["slowest"]),
    }


def _busy(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
