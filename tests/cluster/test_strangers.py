"""Strangers on a cluster's ports, and on the wires between its parts."""

from __future__ import annotations

import json
import os
import pickle
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import zmq
from vivo.parallel import Cluster
from vivo.parallel.wire import Codec

from tests.cluster.conftest import RunningCluster, change_entry, run_controller, until
from tests.cluster.taps import Frames, Tap, tap, unchanged


class Trap:
    """Writes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def log_of(cluster: RunningCluster) -> str:
    return (Path(cluster.entry.state) / "controller.log").read_text()


@pytest.fixture
def open_cluster(home: Path) -> Iterator[RunningCluster]:
    """Two engines, whose controller serves by TCP."""
    words = ["--name", "test", "--engines", "2", "--listen", "127.0.0.1", "--cwd", str(home)]
    told = run_controller(*words)
    assert told["status"] == "ready", told
    made = RunningCluster("test")
    made.up(2)
    yield made
    made.stop()


@contextmanager
def stranger_at(address: str, name: bytes = b"") -> Iterator[zmq.Socket[bytes]]:
    context: zmq.Context[Any] = zmq.Context()
    made: zmq.Socket[bytes] = context.socket(zmq.DEALER)
    made.linger = 1000
    if name:
        made.setsockopt(zmq.ROUTING_ID, name)
    made.connect(address)
    yield made
    made.close()
    context.term()


@pytest.mark.parametrize("sockets", ["open_cluster", "cluster"])
def test_a_stranger_on_the_ports_gets_nothing_and_changes_nothing(
    sockets: str, request: pytest.FixtureRequest, home: Path
) -> None:
    """Whatever is sent without the key is refused and logged, in few lines however much it is; no
    byte of it is unpickled."""
    cluster: RunningCluster = request.getfixturevalue(sockets)
    codec, engines = Codec(b"another key"), cluster.up(2)
    trap = home / "trapped"
    buffers = [pickle.dumps(Trap(trap))] * 2
    task = {"id": "stranger", "function": "0" * 64, "buffers": 1}
    hello = {**engines[0]["connection"], "state": "idle", "number": 0, "engine_pid": 1}
    requests: list[tuple[str, Any, Any]] = [
        ("vivo_submit_request", {"tasks": [task], "functions": {"0" * 64: 0}}, buffers),
        ("vivo_engine_hello", hello, None),
        ("vivo_call_results", {"results": [{"call": "x", "status": "ok", "buffers": 1}]}, buffers),
        ("vivo_scale_request", {"remove": [0, 1]}, None),
        ("vivo_stop_request", {}, None),
    ]
    for address in (cluster.entry.clients, cluster.entry.engines):
        with stranger_at(address) as stranger:
            for _ in range(400):
                for kind, content, more in requests:
                    stranger.send_multipart(codec.encode(kind, content, buffers=more or []))
            stranger.send_multipart([b"\x80\x04", b"", *buffers])
            assert not stranger.poll(200)
    until(lambda: "on engines is refused" in log_of(cluster))
    told = log_of(cluster)
    assert "on clients is refused, the 1.: its signature is wrong" in told
    assert told.count("is refused") < 100
    assert not trap.exists()
    assert [each["engine_pid"] for each in cluster.engines()] == [
        each["engine_pid"] for each in engines
    ]
    client = Cluster.connect("test")
    assert client.load_balanced().map(abs, range(-50, 0)) == list(range(50, 0, -1))
    assert client.status()["queue"]["done"] == 50
    client.close()


def test_whoever_does_not_speak_zeromq_is_let_go_of(open_cluster: RunningCluster) -> None:
    """Noise, half a greeting, silence: the connection ends, the memory stays, the log says it."""
    cluster = open_cluster
    before = psutil.Process(cluster.entry.pid).memory_info().rss
    for address in (cluster.entry.clients, cluster.entry.engines):
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        ends = []
        for said in (b"\xff" * 10_000, b"\xff" + b"\0" * 8, b""):
            made = socket.create_connection((host, int(port)))
            made.settimeout(20)
            made.sendall(said)
            ends.append(made)
        # A browser is taken for a peer of ZeroMQ's first protocol, which had no greeting: it stays,
        # and nothing that it says is a message of anybody's.
        browser = socket.create_connection((host, int(port)))
        browser.sendall(b"GET / HTTP/1.1\r\n\r\n" * 1000)
        for each in ends:
            try:
                while each.recv(4096):
                    pass
            except ConnectionResetError:
                pass
            each.close()
        browser.close()
    assert "A connection on clients is refused" in log_of(cluster)
    assert psutil.Process(cluster.entry.pid).memory_info().rss - before < 20e6
    cluster.up(2)


def first_buffer_changed(kind: str) -> tuple[Callable[[Frames], Frames], list[int]]:
    """Changes a byte in the first message of a kind that has buffers; counts those."""
    count = [0]

    def change(frames: Frames) -> Frames:
        at = frames.index(b"<IDS|MSG>") if b"<IDS|MSG>" in frames else len(frames)
        is_meant = len(frames) > at + 6 and json.loads(frames[at + 2])["msg_type"] == kind
        if is_meant and not count[0]:
            count[0] += 1
            frames[-1] = frames[-1][:-1] + bytes([frames[-1][-1] ^ 1])
        return frames

    return change, count


@contextmanager
def tapped_client(cluster: RunningCluster) -> Iterator[tuple[Cluster, Tap]]:
    """A client whose wire to the controller has a tap."""
    with tap(cluster.entry.clients) as wire:
        change_entry(cluster, clients=wire.address)
        client = Cluster.connect("test")
        yield client, wire
        client.close()
        change_entry(cluster)


@pytest.mark.parametrize(
    ("direction", "kind"), [("inward", "vivo_submit_request"), ("outward", "vivo_results")]
)
def test_a_buffer_that_is_altered_between_client_and_controller_is_refused(
    cluster: RunningCluster, direction: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And logged by whoever gets it. Once the wire is good again, the true one comes."""
    cluster.up(2)
    with tapped_client(cluster) as (client, wire):
        change, count = first_buffer_changed(kind)
        setattr(wire, direction, change)
        result = client.load_balanced().amap(abs, [-1, -2])
        until(lambda: count[0])
        sentence = "its buffers are not those that were sent"
        until(lambda: sentence in (log_of(cluster) if direction == "inward" else caplog.text))
        assert not all(each.done() for each in result.futures)
        wire.cut()
        assert result.get(timeout=20) == [1, 2]


def test_a_result_that_is_altered_on_its_way_from_an_engine_is_refused(home: Path) -> None:
    """The engine has kept it, and gives it again."""
    with tap() as wire:
        words = ["--name", "test", "--engines", "0", "--listen", "127.0.0.1", "--cwd", str(home)]
        assert run_controller(*words, "--reach", wire.address)["status"] == "ready"
        cluster = RunningCluster("test")
        wire.target = cluster.entry.engines
        cluster.ask("vivo_scale_request", add=1)
        cluster.up(1)
        wire.inward, _ = first_buffer_changed("vivo_call_results")
        client = Cluster.connect("test")
        path = home / "ran"
        result = client.load_balanced().aapply(_note, str(path))
        until(lambda: "its buffers are not those that were sent" in log_of(cluster))
        assert not result.done()
        wire.cut()
        assert result.get(timeout=20) == "noted"
        assert path.read_text() == "x"
        client.close()
        cluster.stop()


def test_results_of_an_impostor_are_not_believed(
    cluster: RunningCluster, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody answers in the controller's place, without the key: nothing is unpickled of it."""
    cluster.up(2)
    trap, codec, count = home / "trapped", Codec(b"another key"), [0]

    def impostor(frames: Frames) -> Frames:
        at = frames.index(b"<IDS|MSG>")
        if json.loads(frames[at + 2])["msg_type"] != "vivo_results" or count[0]:
            return frames
        count[0] += 1
        buffers = [pickle.dumps(Trap(trap)) for _ in frames[at + 6 :]]
        return codec.encode("vivo_results", json.loads(frames[at + 5]), buffers=buffers)

    with tapped_client(cluster) as (client, wire):
        wire.outward = impostor
        result = client.load_balanced().aapply(abs, -1)
        until(lambda: "its signature is wrong" in caplog.text)
        assert not result.done()
        assert not trap.exists()
        wire.cut()
        assert result.get(timeout=20) == 1
    assert not trap.exists()


def test_what_an_engine_has_sent_and_is_sent_again_is_refused(home: Path) -> None:
    """Its hello, its signs of life, its results."""
    with tap() as wire:
        words = ["--name", "test", "--engines", "0", "--listen", "127.0.0.1", "--cwd", str(home)]
        assert run_controller(*words, "--reach", wire.address)["status"] == "ready"
        cluster = RunningCluster("test")
        wire.target = cluster.entry.engines
        cluster.ask("vivo_scale_request", add=1)
        before = cluster.up(1)
        client = Cluster.connect("test")
        assert client.load_balanced().apply(abs, -1) == 1

        def kinds() -> set[str]:
            told = [each for _, each in wire.heard if b"<IDS|MSG>" in each]
            return {json.loads(each[each.index(b"<IDS|MSG>") + 2])["msg_type"] for each in told}

        wanted = {"vivo_engine_hello", "vivo_heartbeat", "vivo_call_results"}
        until(lambda: wanted <= kinds())
        with stranger_at(cluster.entry.engines) as stranger:
            for _, frames in list(wire.heard):
                stranger.send_multipart(frames)
            assert not stranger.poll(300)
        until(lambda: "on engines is refused" in log_of(cluster))
        assert "it is a replay" in log_of(cluster)
        assert cluster.up(1)[0]["engine_pid"] == before[0]["engine_pid"]
        assert client.load_balanced().apply(abs, -2) == 2
        assert client.status()["queue"]["done"] == 2
        client.close()
        cluster.stop()


def _note(path: str) -> str:
    with open(path, "a") as stream:
        stream.write("x")
    return "noted"


_note.__module__ = "__main__"  # it is sent whole: engines have no tests


def send_again(cluster: RunningCluster, heard: list[tuple[bytes, Frames]]) -> None:
    """All that was heard, to the clients' port, under the name that it had and under another."""
    refused = log_of(cluster).count("it is a replay")
    for name in (heard[0][0], b""):
        with stranger_at(cluster.entry.clients, name) as stranger:
            for _, frames in heard:
                stranger.send_multipart(frames)
            stranger.poll(300)
    until(lambda: log_of(cluster).count("it is a replay") > refused)


def test_what_was_heard_and_is_sent_again_is_taken_once(
    open_cluster: RunningCluster, home: Path
) -> None:
    """All that a client has sent, by another connection; also by a controller that was resumed."""
    cluster = open_cluster
    with tapped_client(cluster) as (client, wire):
        path = home / "ran"
        assert client.load_balanced().apply(_note, str(path)) == "noted"
        client.add(1)
        client.restart(2)
        until(lambda: len(wire.heard) >= 4)
        heard = list(wire.heard)
        wire.inward = wire.outward = unchanged
    engines = cluster.up(3)
    send_again(cluster, heard)
    cluster.kill()
    cluster.resume()
    cluster.up(3)
    send_again(cluster, heard)
    assert [each["engine_pid"] for each in cluster.up(3)] == [e["engine_pid"] for e in engines]
    assert path.read_text() == "x"
    kinds = {json.loads(frames[2])["msg_type"] for _, frames in heard if len(frames) > 2}
    assert {"vivo_submit_request", "vivo_scale_request", "vivo_restart_engines_request"} <= kinds
