"""A cluster on two hosts: over a link that is slow and loses packets, over one that is cut."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel.controller.files import find
from vivo.parallel.controller.launchers import Order
from vivo.parallel.processes import process_started

from tests.cluster.conftest import RunningCluster, until
from tests.cluster.two_hosts import ADDRESSES, TwoHosts

pytestmark = pytest.mark.timeout(200)  # TCP waits for long after a partition

PROGRAM = """
import json, sys, time
from vivo.parallel import Cluster

cluster = Cluster.connect("test")
pool = cluster.load_balanced()
print("begun", flush=True)

def work(number):
    time.sleep({seconds})
    with open({trace!r}, "a") as stream:
        stream.write(f"{{number}}\\n")
    return number * number

import time
result = pool.amap(work, range({count}))
got = result.get(timeout=150)
assert got == [number * number for number in range({count})], got
data = bytes(range(256)) * 400
assert cluster[:].apply(lambda data: len(data), data) == [len(data)] * {engines}
cluster[:].push({{"data": data}})
assert cluster[0].pull("data") == data
cluster.close()
print("ended", flush=True)
"""


class Elsewhere:
    """A controller on host 0, its engines on host 1."""

    def __init__(self, hosts: TwoHosts, home: Path) -> None:
        self.hosts, self._home = hosts, home
        base = ["--name", "test", "--engines", "0", "--listen", ADDRESSES[0], "--cwd", str(home)]
        assert self._controller(*base)["status"] == "ready"
        self.cluster = RunningCluster("test")
        self.engines: list[subprocess.Popen[bytes]] = []

    def _controller(self, *words: str) -> dict[str, Any]:
        python = [sys.executable, "-E", "-P", "-m", "vivo.parallel.controller", *words]
        told = subprocess.run(
            self.hosts.on(0, python),
            stdout=subprocess.PIPE,
            env=self.hosts.environment(0),
            check=False,
            timeout=60,
        )
        answer: dict[str, Any] = json.loads(told.stdout)
        return answer

    def start_engines(self, count: int) -> None:
        entry = self.cluster.entry
        home = str(self._home)
        order = Order(
            "test", list(range(count)), entry.engines, entry.key, sys.executable, home, entry.state
        )
        *program, file = order.elsewhere("A process of host 1")
        command = self.hosts.on(1, [*program, "-"])  # that host has not got the file
        for rank in range(count):
            environment = {**self.hosts.environment(1), "VIVO_RANK": str(rank)}
            log = self._home / f"engine-{rank}.log"
            with log.open("ab") as output, open(file, "rb") as told:
                made = subprocess.Popen(
                    command, env=environment, stdin=told, stdout=output, stderr=output
                )
            self.engines.append(made)
        self.cluster.up(count)

    def kill_and_resume(self) -> None:
        """A failure of host 0, as far as it concerns the controller."""
        entry = find("test")
        assert entry is not None
        os.kill(entry.pid, signal.SIGKILL)
        until(lambda: process_started(entry.pid) is None)
        told = self._controller("--resume", "--name", "test")
        assert told["status"] == "ready", (told, self.log()[-3000:])

    def client(self, host: int, **values: Any) -> subprocess.Popen[str]:
        """A program of a user's on a host, which has begun."""
        code = PROGRAM.format(engines=len(self.engines), **values)
        # The entry, and the key with it, is host 0's; the user has taken it along.
        program = subprocess.Popen(
            self.hosts.on(host, [sys.executable, "-c", code], is_closed=False),
            env=self.hosts.environment(0),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert program.stdout is not None
        told = program.stdout.readline()
        assert told == "begun\n", program.communicate()[1]
        return program

    def stop(self) -> None:
        if find("test") is not None:
            self.cluster.ask("vivo_stop_request")
        self.wait_until_ended()
        self.cluster.close()

    def wait_until_ended(self) -> None:
        """Wait for the end of the cluster, and of its engines."""
        until(lambda: find("test") is None)
        for each in self.engines:
            each.wait(20)

    def log(self) -> str:
        return Path(self.cluster.entry.state, "controller.log").read_text()


@pytest.fixture
def elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    """Two hosts, no engine yet."""
    with TwoHosts(home) as hosts:
        monkeypatch.setenv("XDG_RUNTIME_DIR", hosts.environment(0)["XDG_RUNTIME_DIR"])
        made = Elsewhere(hosts, home)
        yield made
        made.stop()


def ended(program: subprocess.Popen[str]) -> None:
    out, err = program.communicate(timeout=160)
    assert (program.returncode, out) == (0, "ended\n"), err


def test_engines_of_another_host_work_over_a_bad_link(elsewhere: Elsewhere, home: Path) -> None:
    """A twentieth of the packets is lost, and each takes up to a tenth of a second; the user is on
    one host, then on the other."""
    elsewhere.start_engines(3)
    assert elsewhere.cluster.entry.engines.startswith(f"tls://{ADDRESSES[0]}:")
    assert {each["host"] for each in elsewhere.cluster.engines()} == {"host1"}
    elsewhere.hosts.delay, elsewhere.hosts.loss = 0.05, 0.05
    for host in (0, 1):
        trace = home / f"trace{host}"
        ended(elsewhere.client(host, seconds=0.0, count=600, trace=str(trace)))
        assert set(trace.read_text().split()) == set(map(str, range(600)))
    queue = elsewhere.cluster.ask("vivo_status_request")["queue"]
    assert (queue["done"], queue["failed"], queue["uncollected"]) == (1200, 0, 0)
    assert elsewhere.hosts.lost > 20


def test_no_task_is_lost_and_none_counts_twice_over_partitions(
    elsewhere: Elsewhere, home: Path
) -> None:
    """One for a moment, one for longer than a peer may be silent, one in which the controller is
    killed and taken up again."""
    elsewhere.start_engines(3)
    elsewhere.hosts.delay, elsewhere.hosts.loss = 0.02, 0.02
    trace = home / "trace"
    program = elsewhere.client(0, seconds=0.005, count=3000, trace=str(trace))

    def done() -> int:
        return int(elsewhere.cluster.ask("vivo_status_request")["queue"]["done"])

    def states() -> set[str]:
        return {each["state"] for each in elsewhere.cluster.engines()}

    for reached, seconds in ((200, 1.0), (900, 0.0)):
        until(lambda reached=reached: done() >= reached)
        elsewhere.hosts.is_cut = True
        if seconds:
            time.sleep(seconds)  # how long the partition is
        else:
            until(lambda: states() == {"silent"})
        elsewhere.hosts.is_cut = False
        until(lambda: states() == {"up"})
    until(lambda: done() >= 1600)
    elsewhere.hosts.is_cut = True
    elsewhere.kill_and_resume()
    elsewhere.hosts.is_cut = False
    ended(program)
    assert set(trace.read_text().split()) == set(map(str, range(3000)))
    queue = elsewhere.cluster.ask("vivo_status_request")["queue"]
    assert (queue["failed"], queue["uncollected"]) == (0, 0)


def test_a_user_on_the_other_side_of_a_partition_gets_all_results(
    elsewhere: Elsewhere, home: Path
) -> None:
    """Tasks go on meanwhile, and their results wait."""
    elsewhere.start_engines(2)
    program = elsewhere.client(1, seconds=0.02, count=300, trace=str(home / "trace"))
    until(lambda: elsewhere.cluster.ask("vivo_status_request")["queue"]["done"] >= 50)
    elsewhere.hosts.is_cut = True
    until(lambda: {each["state"] for each in elsewhere.cluster.engines()} == {"silent"})
    elsewhere.hosts.is_cut = False
    ended(program)


def test_engines_hear_of_the_end_of_their_cluster_over_a_link_that_is_cut(
    elsewhere: Elsewhere,
) -> None:
    """It is said until they have heard it: none stays behind on its host."""
    elsewhere.start_engines(3)
    elsewhere.hosts.is_cut = True
    elsewhere.cluster.ask("vivo_stop_request")
    time.sleep(1.5)  # how long the partition is
    elsewhere.hosts.is_cut = False
    elsewhere.wait_until_ended()
    assert "have not ended yet" not in elsewhere.log()
