"""Engines that a client reaches through the controller alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import psutil
import pytest
import zmq
from vivo.parallel import Cluster
from vivo.parallel.cluster.engine_link import is_reached
from vivo.parallel.cluster.errors import EngineErrors, EngineLostError, RemoteError
from vivo.parallel.relays import CLOSED, MESSAGE, OPEN, Envelope

from tests.cluster.conftest import RunningCluster, end, until


@pytest.fixture
def far(cluster: RunningCluster) -> Iterator[Cluster]:
    """A client of a cluster of two that connects to no engine."""
    cluster.up(2)
    client = Cluster.connect("test", through_controller=True)
    yield client
    assert not any(link.is_direct for link in client._engines.values())
    client.close()


def test_calls_and_arrays_are_carried(far: Cluster) -> None:
    """Large ones whole, either way; not through this host's shared memory."""
    view = far[:]
    assert view.apply(lambda number: number + 1, 4) == [5, 5]
    made = numpy.arange(6_000_000.0)
    view.push({"made": made})
    assert view.apply(lambda: float(made.sum())) == [float(made.sum())] * 2
    for back in view.pull("made * 2"):
        assert numpy.array_equal(back, made * 2)
    view.scatter("part", made)
    assert numpy.array_equal(view.gather("part"), made)
    with pytest.raises(EngineErrors, match="ZeroDivisionError"):
        view.apply(lambda: 1 / 0)


def test_cells_questions_and_interrupts_are_carried(
    far: Cluster, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Output as it is printed, `input()`, what is asked beside a cell, its end."""
    view = far[0]
    cell = view.aexecute(
        "import os, time\nprint('began')\n"
        f"while not os.path.exists({str(home / 'go')!r}): time.sleep(0.01)\nprint('ended')\n21 * 2"
    )
    until(lambda: "began" in str(cell.cells[0].outputs))
    assert "time" in view.complete("ti")
    (home / "go").touch()
    cell.get(timeout=10)
    assert cell.stdout.split() == ["began", "ended"]
    assert "42" in str(cell.cells[0].outputs)
    monkeypatch.setattr("builtins.input", lambda prompt: f"answer to {prompt}")
    view.execute("name = input('who? ')")
    assert "answer to" in view.pull("name")
    endless = view.aexecute("print('on')\nwhile True: pass")
    until(lambda: "on" in str(endless.cells[0].outputs))
    view.interrupt()
    with pytest.raises(RemoteError, match="KeyboardInterrupt"):
        endless.get(timeout=10)


@pytest.mark.parametrize("is_far", [True, False])
def test_a_call_goes_on_over_a_killed_keeper_and_a_killed_controller(
    cluster: RunningCluster, home: Path, *, is_far: bool
) -> None:
    """It runs once, and its result comes."""

    def work(folder: str) -> int:
        import os

        with open(os.path.join(folder, "begun"), "a") as stream:
            stream.write("x")
        while not os.path.exists(os.path.join(folder, "go")):
            time.sleep(0.01)
        return os.getpid()

    told = cluster.up(2)[0]
    client = Cluster.connect("test", through_controller=is_far)
    call = client[0].aapply(work, str(home))
    until((home / "begun").exists)
    cluster.kill()
    cluster.resume()
    cluster.up(2)
    os.kill(told["keeper_pid"], signal.SIGKILL)
    (home / "go").touch()
    assert call.get(timeout=20) == told["engine_pid"]
    assert (home / "begun").read_text() == "x"
    client.close()


def test_an_engine_that_is_gone_is_said(far: Cluster, cluster: RunningCluster) -> None:
    """By its number, also where it has begun another keeper; the others' calls come through."""
    first = cluster.engines()[0]
    lost, other = far[0], far[1]
    assert lost.apply(os.getpid) == first["engine_pid"]
    for pid in (first["keeper_pid"], first["engine_pid"]):
        end(pid)
    with pytest.raises(EngineLostError, match=r"(?i)engine 0"):
        lost.aapply(len, "abc").get(timeout=20)
    assert other.apply(len, "abc") == 3


_DISPLAYS = """
import sys
from vivo.parallel import Cluster
client = Cluster.connect("test", through_controller=True)
code = "for step in range(5): display({'text/html': str(step) * 8_000_000}, raw=True)"
cells = [client[0].aexecute(code) for _ in range(12)]
while not cells[0].cells[0].outputs: pass
print("began", flush=True)
for each in cells: each.get(timeout=60)
print("ended", flush=True)
client.close()
"""


@pytest.mark.parametrize("sockets", ["cluster", "encrypted"])
def test_a_client_that_is_stopped_fills_nobodys_memory(
    sockets: str, request: pytest.FixtureRequest
) -> None:
    """What it does not take is bounded in the controller; its cell goes on, and it hears of the end
    when it is let go on."""
    cluster: RunningCluster = request.getfixturevalue(sockets)
    cluster.up(2)
    here = Cluster.connect("test")
    beside = here[0]
    client = subprocess.Popen([sys.executable, "-c", _DISPLAYS], stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    assert client.stdout.readline() == "began\n"
    client.send_signal(signal.SIGSTOP)
    controller = psutil.Process(cluster.entry.pid)
    beside.execute("1")  # it waits for its turn behind the cells
    assert controller.memory_info().rss < 200e6
    client.send_signal(signal.SIGCONT)
    assert client.communicate(timeout=60)[0] == "ended\n"
    assert client.returncode == 0
    here.close()


def test_a_stranger_has_nothing_carried(cluster: RunningCluster) -> None:
    """Who has sent nothing authentic reaches no engine; the log says so."""
    engine = cluster.up(2)[0]["id"].encode()
    context: zmq.Context[Any] = zmq.Context()
    stranger: zmq.Socket[bytes] = context.socket(zmq.DEALER)
    stranger.linger = 0
    stranger.connect(cluster.entry.clients)
    log = Path(cluster.entry.state) / "controller.log"
    for each in (
        Envelope(engine, b"iopub", OPEN, [b"stranger"]).parts(),
        Envelope(engine, b"iopub", MESSAGE, [b"\x01"]).parts(),
        Envelope(engine, b"nothing", OPEN, [b"stranger"]).parts(),
        Envelope(engine, b"iopub", CLOSED).parts()[:2],
    ):
        stranger.send_multipart(each)
    until(lambda: "client that is not known" in log.read_text())
    assert stranger.poll(0) == 0
    assert cluster.engines()[0]["state"] == "up"
    stranger.close()
    context.term()


@pytest.mark.parametrize(
    ("transport", "address", "host", "expected"),
    [
        ("ipc", "/run/x", "here", True),
        ("ipc", "/run/x", "elsewhere", False),
        ("tcp", "127.0.0.1", "elsewhere", False),
        ("tcp", "127.0.0.1", "here", True),
        ("tcp", "10.0.0.1", "elsewhere", True),
        ("ipc", "/run/x", "", True),
    ],
)
def test_what_cannot_be_reached_is_known(
    transport: str, address: str, host: str, *, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another host's own sockets, and its loopback."""
    monkeypatch.setattr("socket.gethostname", lambda: "here")
    assert is_reached({"transport": transport, "ip": address}, host) is expected
