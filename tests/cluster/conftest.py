"""Clusters for a test, stopped with it. Everything here is run by ``make test-cluster``."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from vivo.parallel.controller.files import ClusterEntry, find, is_live, path_of

from tests.cluster.asking import Asker


def run_controller(*words: str, python: str = sys.executable) -> dict[str, Any]:
    """Start a controller as clients and the command do; what it says of itself."""
    command = [python, "-E", "-P", "-m", "vivo.parallel.controller", *words]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, timeout=60)
    answer: dict[str, Any] = json.loads(told.stdout)
    return answer


class RunningCluster:
    """A cluster, and what a test does to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        found = find(name)
        assert found is not None
        self.entry: ClusterEntry = found
        self._asker = Asker(found)

    def close(self) -> None:
        """Let go of the controller; the cluster goes on."""
        self._asker.__exit__()

    def ask(self, kind: str, **content: Any) -> dict[str, Any]:
        """Ask the controller."""
        return self._asker.ask(kind, content)

    def engines(self) -> list[dict[str, Any]]:
        """Its engines as the controller knows them."""
        engines: list[dict[str, Any]] = self.ask("vivo_status_request")["engines"]
        return engines

    def until(self, is_so: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Wait until something is so of the engines."""
        while True:
            told = self.ask("vivo_status_request", wait=True)
            assert not told["problems"], told["problems"]
            if is_so(told["engines"]):
                engines: list[dict[str, Any]] = told["engines"]
                return engines

    def up(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many engines are up."""
        return self.until(lambda told: sum(each["state"] == "up" for each in told) == count)

    def kill(self) -> None:
        """End the controller as a failure of the machine would."""
        os.kill(self.entry.pid, signal.SIGKILL)
        while is_live(self.entry):
            time.sleep(0.01)

    def resume(self) -> None:
        """Take the cluster up again."""
        told = run_controller("--resume", "--name", self.name)
        assert told["status"] == "ready", told
        found = find(self.name)
        assert found is not None
        self.entry = found

    def stop(self) -> None:
        """Stop it, if it runs, and what is left of its engines."""
        entry = find(self.name)
        if entry is not None:
            if not is_live(entry):
                self.resume()
                self.until(lambda told: True)
            self.ask("vivo_stop_request")
        self.close()
        while find(self.name) is not None:
            time.sleep(0.01)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """The launcher of a test's cluster; tests that run on several are parametrised by it."""
    return str(getattr(request, "param", "local"))


@pytest.fixture
def cluster(home: Path, backend: str) -> Iterator[RunningCluster]:
    """A cluster of two engines on this machine."""
    words = ["--name", "test", "--engines", "2", "--cwd", str(home), "--launcher", backend]
    told = run_controller(
        *words, "--options", '{"dashboard": false}' if backend == "dask" else "{}"
    )
    assert told["status"] == "ready", told
    made = RunningCluster("test")
    yield made
    made.stop()


@pytest.fixture
def encrypted(home: Path) -> Iterator[RunningCluster]:
    """Two engines; both they and clients come by TLS."""
    words = ["--name", "test", "--engines", "2", "--listen", "127.0.0.1", "--encrypt"]
    told = run_controller(*words, "--cwd", str(home))
    assert told["status"] == "ready", told
    made = RunningCluster("test")
    made.up(2)
    yield made
    made.stop()


def wait_until_ended(pid: int) -> None:
    """Wait for the end of a process that is not ours."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = select.select([descriptor], [], [], 20)[0]
    os.close(descriptor)
    assert ended, f"{pid} runs on"


def end(pid: int) -> None:
    """End a process that a test's cluster has started, at once."""
    psutil.Process(pid).kill()


def change_entry(cluster: RunningCluster, **changes: str) -> None:
    """Have the cluster's entry say something else."""
    told = msgspec.structs.replace(cluster.entry, **changes)
    path_of(cluster.name).write_bytes(msgspec.json.encode(told))


def until(is_so: Callable[[], Any]) -> None:
    """Wait until something is so."""
    while not is_so():
        time.sleep(0.01)
