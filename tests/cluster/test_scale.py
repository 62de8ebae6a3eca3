"""Many engines: they come, they work, they go; what that takes is printed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import zmq
from vivo.parallel.controller.files import find
from vivo.parallel.wire import Codec

from tests.cluster.conftest import RunningCluster, run_controller

COUNT = 128
STORM = 200
PROGRAM = """
import array, json, os, signal, time, psutil
from vivo.parallel import Cluster
told, began = {}, time.monotonic()

def done(name):
    global began
    told[name], began = round(time.monotonic() - began, 2), time.monotonic()

free = psutil.virtual_memory().available
cluster = Cluster(n=128, name="many")
done("up")
told["MiB for each engine"] = round((free - psutil.virtual_memory().available) / 2**20 / 128, 1)
controller = psutil.Process(cluster._entry["pid"])
data = bytes(range(256)) * 4000
cluster[:].push({"data": data})
assert cluster[:].apply(lambda: hash(data) == hash(bytes(range(256)) * 4000)) == [True] * 128
done("broadcast")
assert cluster.load_balanced().map(lambda x: x * x, range(10_000)) == [x * x for x in range(10_000)]
done("10,000 tasks")
assert len({*cluster.load_balanced().map(lambda _: __import__("os").getpid(), range(2000))}) > 100
done("2,000 tasks")
cluster[:].scatter("part", list(range(100_000)))
cluster[:].execute("part = [2 * each for each in part]")
assert cluster[:].gather("part") == list(range(0, 200_000, 2))
done("scatter and gather")
told["controller, MiB"] = controller.memory_info().rss >> 20
cluster.detach()
controller.send_signal(signal.SIGKILL)
controller.wait()
done("killed")
with Cluster.resume("many") as again:
    again.wait_for(128)
    done("all back")
    assert again[:].apply(len, "abc") == [3] * 128
    again.stop()
cluster.close()
done("down")
print(json.dumps(told))
"""


def _few_descriptors() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))


@pytest.mark.timeout(240)
def test_a_hundred_and_twenty_eight_engines(home: Path) -> None:
    """In a shell that allows few open files; the controller is killed and taken up again meanwhile,
    so that all engines come back at once."""
    program = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        preexec_fn=_few_descriptors,
        capture_output=True,
        text=True,
        check=False,
    )
    assert program.returncode == 0, program.stderr
    print(json.loads(program.stdout))


class Peers:
    """So many peers that say what engines say."""

    def __init__(self, address: str, key: str, first: int, count: int) -> None:
        self._context = zmq.Context()
        self._context.set(zmq.MAX_SOCKETS, 4 * count)
        self.sockets = []
        self._codecs = [Codec(key.encode(), session=f"peer{first + n:04}") for n in range(count)]
        for _ in range(count):
            made = self._context.socket(zmq.DEALER)
            made.linger = 0
            made.setsockopt(zmq.ROUTING_ID, os.urandom(16))
            self.sockets.append(made)
        self._address, self._first = address, first

    def connect(self) -> None:
        """All at once, each with its hello right behind."""
        for number, (each, codec) in enumerate(zip(self.sockets, self._codecs, strict=True)):
            each.connect(self._address)
            each.send_multipart(codec.encode("vivo_engine_hello", self._hello(number)))

    def beat(self) -> None:
        """A sign of life of each."""
        for each, codec in zip(self.sockets, self._codecs, strict=True):
            told = {"engine_pid": None, "memory": 0, "is_stopped": False, "asks": False}
            each.send_multipart(codec.encode("vivo_heartbeat", told))

    def _hello(self, number: int) -> dict[str, Any]:
        return {
            "session": f"peer{self._first + number:04}",
            "number": self._first + number,
            "state": "idle",
            "connection": {},
            "host": "elsewhere",
            "cwd": "/",
            "python": "python",
            "python_version": "3",
            "engine_pid": 1,
            "keeper_pid": 1,
            "calls": {"given": [], "results": []},
        }

    def close(self) -> None:
        for each in self.sockets:
            each.close()
        self._context.term()


@pytest.fixture
def empty(home: Path) -> Iterator[RunningCluster]:
    """A cluster without engines, which serves by TCP."""
    words = ["--name", "test", "--engines", "0", "--listen", "127.0.0.1", "--cwd", str(home)]
    assert run_controller(*words)["status"] == "ready"
    made = RunningCluster("test")
    yield made
    made.stop()


def test_two_hundred_engines_that_register_at_once_all_succeed(empty: RunningCluster) -> None:
    """By four threads, each with fifty; and once more when all are cut off and come back."""
    entry = find("test")
    assert entry is not None
    for _ in range(2):
        peers = [Peers(entry.engines, entry.key, 50 * part, 50) for part in range(STORM // 50)]
        threads = [threading.Thread(target=each.connect) for each in peers]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        while sum(each["state"] == "up" for each in empty.engines()) < STORM:
            for each in peers:
                each.beat()
        told = empty.engines()
        assert [each["number"] for each in told] == list(range(STORM))
        for each in peers:
            each.close()
    memory = psutil.Process(entry.pid).memory_info().rss
    print(f"{STORM} engines: the controller has {memory >> 20} MiB")
    assert memory < 100 << 20
