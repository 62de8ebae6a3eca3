"""Clusters that are reached from other hosts: encrypted, both ends proved, all else refused."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import stat
from collections.abc import Callable
from pathlib import Path

import numpy
import psutil
import pytest
from vivo.parallel import Cluster, tls
from vivo.parallel.cluster.errors import ClusterError
from vivo.parallel.controller.certificates import make_certificate
from vivo.parallel.controller.files import wants_encryption

from tests.cluster.conftest import RunningCluster, change_entry, run_controller, until
from tests.cluster.proxies import proxy

SECRET = "a sentence that nobody on the wire may read"


def log_of(cluster: RunningCluster) -> str:
    return (Path(cluster.entry.state) / "controller.log").read_text()


def test_everything_works_over_tls(encrypted: RunningCluster) -> None:
    """Views, tasks, cells, large arrays that go through the controller, a controller that is killed
    and taken up again."""
    cluster = Cluster.connect("test", through_controller=True)
    view, pool = cluster[:], cluster.load_balanced()
    assert cluster._entry["clients"].startswith("tls://127.0.0.1:")
    data = os.urandom(5_000_000)
    view.push({"data": data})
    assert view.pull("data") == [data, data]
    assert pool.map(abs, range(-500, 0)) == list(range(500, 0, -1))
    result = view.aexecute("print('hello')")
    result.get(timeout=20)
    assert result.stdout == ["hello\n"] * 2
    waiting = pool.amap(lambda x: __import__("time").sleep(0.01) or x, range(200))
    encrypted.kill()
    encrypted.resume()
    assert waiting.get(timeout=40) == list(range(200))
    cluster.close()


def test_the_wire_shows_nothing(encrypted: RunningCluster) -> None:
    """Neither what is sent nor what kind of message it is."""
    heard = bytearray()
    host, port, file = tls.split(encrypted.entry.clients)
    with proxy(f"tcp://{host}:{port}") as between:
        between.listen(heard.extend)
        seen = between.address.removeprefix("tcp://").rpartition(":")
        change_entry(encrypted, clients=tls.joined(seen[0], int(seen[2]), file))
        cluster = Cluster.connect("test", through_controller=True)
        assert cluster[0].apply(lambda text: text.upper(), SECRET) == SECRET.upper()
        assert cluster.load_balanced().apply(lambda text: text.upper(), SECRET) == SECRET.upper()
        cluster.close()
    change_entry(encrypted)
    assert len(heard) > 2000
    for shown in (SECRET, SECRET.upper(), "vivo_", "IDS|MSG", encrypted.entry.key, "NULL"):
        assert shown.encode() not in heard


def _plain(address: tuple[str, int]) -> None:
    """As ZeroMQ greets."""
    with socket.create_connection(address, 10) as made:
        made.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48))
        while made.recv(100):
            continue


def _by(context: ssl.SSLContext, address: tuple[str, int]) -> None:
    """By TLS; the refusal of what was shown comes with the first reading."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(address, 10) as made,
        context.wrap_socket(made) as wrapped,
    ):
        wrapped.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48))
        assert wrapped.recv(100) == b""


def _nothing_shown(address: tuple[str, int]) -> None:
    _by(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), address)


def _another_cluster(address: tuple[str, int]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    other = Path(os.environ["HOME"], "other.pem")
    make_certificate(other, "other")
    context.load_cert_chain(other)
    _by(context, address)


def _older(address: tuple[str, int]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    _by(context, address)


@pytest.mark.parametrize(
    ("come", "reason"),
    [
        (_plain, "what is spoken there is not TLS"),
        (_nothing_shown, "no certificate was shown"),
        (_another_cluster, "the certificate there is not this cluster's"),
        (_older, "TLS 1.3 is not spoken there"),
    ],
)
def test_who_has_not_the_clusters_certificate_reaches_nothing(
    encrypted: RunningCluster, come: Callable[[tuple[str, int]], None], reason: str
) -> None:
    """It is logged in a line, and nobody else notices."""
    for name, address in (
        ("clients", encrypted.entry.clients),
        ("engines", encrypted.entry.engines),
    ):
        host, port, _ = tls.split(address)
        with contextlib.suppress(OSError):
            come((host, port))
        told = f"A connection on {name} is refused, the 1.: {reason}"
        until(lambda told=told: told in log_of(encrypted))
    cluster = Cluster.connect("test")
    assert cluster.load_balanced().map(abs, [-1, -2]) == [1, 2]
    cluster.close()


def test_who_proves_nothing_holds_nobody_up(encrypted: RunningCluster) -> None:
    """Hundreds who connect and are silent, more than are waited for at once: who has the
    certificate comes in while they are there. They are let go of."""
    host, port, _ = tls.split(encrypted.entry.clients)
    silent = [socket.create_connection((host, port), 10) for _ in range(400)]
    cluster = Cluster.connect("test")
    assert cluster[:].apply(abs, -1) == [1, 1]
    assert not select.select(silent[-200:], [], [], 0)[0]
    cluster.close()
    assert "too many others have come since" in log_of(encrypted)
    for each in silent:
        each.settimeout(30)
        with contextlib.suppress(ConnectionResetError):
            assert each.recv(1) == b""
        each.close()


def test_a_client_with_another_certificate_is_told_why(encrypted: RunningCluster) -> None:
    """In a sentence; so is one to whom somebody else answers."""
    host, port, file = tls.split(encrypted.entry.clients)
    other = Path(os.environ["HOME"], "other.pem")
    make_certificate(other, "other")
    change_entry(encrypted, clients=tls.joined(host, port, str(other)))
    with pytest.raises(ClusterError, match="the certificate there is not this cluster's"):
        Cluster.connect("test")
    change_entry(encrypted, clients=tls.joined(host, port, file + ".missing"))
    with pytest.raises(ClusterError, match="No such file"):
        Cluster.connect("test")
    change_entry(encrypted)


def test_an_engine_with_another_certificate_is_refused_and_it_is_said_why(home: Path) -> None:
    """On both sides, and to who waits for the engine. With the right one it comes by itself."""
    words = ["--name", "test", "--engines", "0", "--listen", "127.0.0.1", "--encrypt"]
    assert run_controller(*words, "--cwd", str(home))["status"] == "ready"
    cluster = RunningCluster("test")
    file = Path(tls.split(cluster.entry.engines)[2])
    own = file.read_bytes()
    make_certificate(file, "test")
    cluster.ask("vivo_scale_request", add=1)
    sentence = "is not this cluster's"
    until(lambda: sentence in cluster.ask("vivo_status_request")["refused"])
    until(lambda: any(sentence in each.read_text() for each in keeper_logs(home)))
    file.write_bytes(own)
    cluster.up(1)
    assert not cluster.ask("vivo_status_request")["refused"]
    cluster.stop()


def keeper_logs(home: Path) -> list[Path]:
    return list(home.glob("state/vivo/sessions/*/keeper.log"))


def test_engines_come_by_what_lies_between(home: Path) -> None:
    """Which they were told as an address; it carries bytes, and they are encrypted."""
    heard = bytearray()
    with proxy() as between:
        between.listen(heard.extend)
        words = ["--name", "test", "--listen", "127.0.0.1", "--encrypt", "--engines", "0"]
        told = run_controller(*words, "--reach", between.address, "--cwd", str(home))
        assert told["status"] == "ready", told
        cluster = RunningCluster("test")
        host, port, _ = tls.split(cluster.entry.engines)
        between.target = f"tcp://{host}:{port}"
        cluster.ask("vivo_scale_request", add=1)
        cluster.up(1)
        client = Cluster.connect("test", through_controller=True)
        made = numpy.arange(100_000.0)
        assert client[0].apply(lambda made: float(made.sum()), made) == float(made.sum())
        client.close()
        cluster.stop()
    assert len(heard) > made.nbytes
    assert b"vivo_" not in heard


def test_a_client_waits_while_another_answers_in_its_controllers_place(
    encrypted: RunningCluster, home: Path
) -> None:
    """One that it had reached before: it believes nothing, and its results come in the end."""
    words = ["--name", "other", "--engines", "0", "--listen", "127.0.0.1", "--encrypt"]
    assert run_controller(*words, "--cwd", str(home))["status"] == "ready"
    other = RunningCluster("other")
    host, port, file = tls.split(encrypted.entry.clients)
    there = tls.split(other.entry.clients)
    with proxy() as between:
        between.target = f"tcp://{host}:{port}"
        seen = between.address.removeprefix("tcp://").rpartition(":")
        change_entry(encrypted, clients=tls.joined(seen[0], int(seen[2]), file))
        cluster = Cluster.connect("test")
        result = cluster.load_balanced().aapply(_wait_for, str(home / "go"))
        until(lambda: encrypted.ask("vivo_status_request")["queue"]["running"])
        between.target = f"tcp://{there[0]}:{there[1]}"
        between.cut()
        until(lambda: "certificate is not this cluster's" in log_of(other))
        (home / "go").touch()
        between.target = f"tcp://{host}:{port}"
        between.cut()
        assert result.get(timeout=20) == "went"
        cluster.close()
    change_entry(encrypted)
    other.stop()


def _wait_for(path: str) -> str:
    import os
    import time

    while not os.path.exists(path):
        time.sleep(0.01)
    return "went"


_wait_for.__module__ = "__main__"  # it is sent whole: engines have no tests


def test_a_connection_whose_host_is_gone_does_not_stay(encrypted: RunningCluster) -> None:
    """The system itself sees after each one, on both sides, also when nothing is said."""
    cluster = Cluster.connect("test", through_controller=True)
    assert cluster[0].apply(abs, -1) == 1
    addresses = encrypted.entry.clients, encrypted.entry.engines
    ports = {f"{tls.split(each)[1]:04X}" for each in addresses}

    def unwatched() -> tuple[int, int]:
        """How many connections there are, and of how many the system keeps no timer."""
        rows = [each.split() for each in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ends = [
            row[5]
            for row in rows
            if row[3] == "01" and {row[1][-4:], row[2][-4:]} & ports  # established
        ]
        return len(ends), sum(each.startswith("00:") for each in ends)

    assert unwatched() == (6, 0)  # both ends of a client's, and of two engines'
    cluster.close()


def test_keys_are_the_users_alone_and_on_no_command_line(encrypted: RunningCluster) -> None:
    """And gone with the cluster."""
    file = Path(tls.split(encrypted.entry.clients)[2])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    secret = file.read_text().split("\n")[1]
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            assert secret not in " ".join(each.cmdline())
    encrypted.stop()
    assert not file.exists()


@pytest.mark.parametrize(
    ("address", "told", "is_so"),
    [
        ("10.0.0.5", None, True),
        ("fd00::5", None, True),
        ("127.0.0.1", None, False),
        ("::1", None, False),
        ("127.0.0.1", True, True),
        ("10.0.0.5", False, False),
    ],
)
def test_what_leaves_the_host_is_encrypted_unless_that_is_refused(
    address: str, *, told: bool | None, is_so: bool
) -> None:
    """By itself; within a host when it is asked for."""
    assert wants_encryption(address, told) is is_so
