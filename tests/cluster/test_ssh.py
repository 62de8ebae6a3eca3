"""Engines on hosts by ssh: three names of an sshd that the test has started, one behind another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import psutil
import pytest
from vivo.parallel import Cluster
from vivo.parallel.cluster.errors import ClusterError, EngineLostError

from tests.cluster.conftest import RunningCluster, until, wait_until_ended
from tests.cluster.sshd import Server, server, serving
from tests.cluster.test_cluster_command import vivo
from tests.conftest import processes_of

__all__ = ["server"]


def work(folder: str, name: str) -> tuple[str, int]:
    """Note that this has begun, and end when the test says so."""
    import os
    import time

    with open(os.path.join(folder, f"{name}.begun"), "a") as stream:
        stream.write("x")
    while not os.path.exists(os.path.join(folder, "go")):
        time.sleep(0.01)
    with open(os.path.join(folder, f"{name}.ended"), "w"):
        return name, os.getpid()


work.__module__ = "__main__"  # it is sent whole: engines have no tests

COUNT = """
import os, time
step = 0
while not os.path.exists(os.path.join({folder!r}, "go")) or step < 100:
    print(step, flush=True)
    step += 1
    time.sleep(0.01)
print("end")
"""


@pytest.fixture
def python(home: Path) -> str:
    """An interpreter of an environment that has nothing."""
    venv.create(home / "bare", symlinks=True)
    return str(home / "bare" / "bin" / "python")


@pytest.fixture
def cluster(server: Server, home: Path) -> Iterator[Cluster]:
    """An engine on each of two hosts."""
    with Cluster(
        "ssh", hosts=["alpha", "beta"], ssh=server.ssh, name="test", cwd=str(home)
    ) as made:
        yield made


def pids_of_ssh(cluster: Cluster) -> dict[str, int]:
    """The process of ssh for each host, as a resumed controller would find it."""
    told = json.loads((Path(cluster._entry["state"]) / "ssh.json").read_text())
    return {name: pid for name, (pid, _) in told.items()}


def tunnels(home: Path) -> list[Path]:
    """The sockets that engines connect to."""
    return [each.readlink() for each in (home / "run" / "vivo").glob("ssh-*/c")]


def states(cluster: Cluster) -> list[str]:
    return [each["state"] for each in cluster.status()["engines"]]


def test_engines_on_three_hosts_each_with_its_own_python(
    server: Server, home: Path, python: str
) -> None:
    """One host is behind another. Views, arrays, tasks; engines are added, removed and restarted;
    nothing listens, the key is nowhere to be seen, and in the end nothing is left."""
    for name in ("work", "here"):
        (home / name).mkdir()
    hosts = ["alpha", {"host": "beta", "n": 2, "python": python, "cwd": "~/work"}, "far"]
    with Cluster(
        "ssh", hosts=hosts, ssh=server.ssh, name="test", cwd=str(home / "here")
    ) as cluster:
        told = cluster.status()["engines"]
        assert [each["host"] for each in told] == ["alpha", "beta", "far", "beta"]
        assert [each["python"] for each in told] == [sys.executable, python, sys.executable, python]
        assert cluster["beta"].apply(os.getcwd) == [str(home / "work")] * 2
        assert cluster["far"].apply(os.getcwd) == [str(home / "here")]
        with pytest.raises(ClusterError, match="the hosts are: alpha, beta, far"):
            cluster["gamma"]

        made = numpy.arange(1_000_000.0)
        with_numpy = cluster[[0, 2]]
        with_numpy.push({"made": made})
        for back in with_numpy.pull("made * 2"):
            assert numpy.array_equal(back, made * 2)
        with_numpy.push({"common": made}, shared=True)
        assert with_numpy.pull("float(common.sum())") == [made.sum()] * 2

        far = Cluster.connect("test", through_controller=True)
        assert far[:].apply(os.getpid) == [each["engine_pid"] for each in told]
        far.close()
        pool = cluster.load_balanced()
        assert pool.map(lambda number: number**2, range(200)) == [each**2 for each in range(200)]

        assert cluster.add(2) == [4, 5]
        assert [each["host"] for each in cluster.status()["engines"]][4:] == ["alpha", "beta"]
        cluster.remove([0, 3])
        wait_until_ended(told[0]["engine_pid"])
        assert cluster.engines == [1, 2, 4, 5]
        cluster.restart(2)
        assert cluster["far"].apply(os.getpid) != [told[2]["engine_pid"]]
        (home / "here").rmdir()
        assert cluster.add() == [0]
        assert cluster[0].apply(os.getcwd) == str(home)

        key = cluster._entry["key"].encode()
        running = {each.pid for each in processes_of(home)} - {os.getpid()}
        assert set(pids_of_ssh(cluster).values()) < running
        for pid in running:
            for name in ("cmdline", "environ"):
                assert key not in Path(f"/proc/{pid}/{name}").read_bytes()
        listening = [each for each in psutil.net_connections("tcp") if each.status == "LISTEN"]
        ours = [each.laddr for each in listening if each.pid in running]
        assert [each for each in ours if each.port != server.port] == []
        there = tunnels(home)
        assert [each.stat().st_mode & 0o777 for each in there] == [0o600] * 3
    assert not any(each.exists() for each in there)
    assert not list((home / "run" / "vivo").glob("ssh-*"))
    servers = {each.pid for each in server.processes()}
    until(lambda: {each.pid for each in processes_of(home)} <= servers)


@pytest.mark.parametrize("what", ["ssh", "sshd", "the processes there"])
def test_a_link_that_ends_is_made_anew_and_nothing_is_lost(
    cluster: Cluster, server: Server, home: Path, what: str
) -> None:
    """Calls, tasks and cells go on; each has one result, and each line comes once."""
    pids = cluster[:].apply(os.getpid)
    cell = cluster[1].aexecute(COUNT.format(folder=str(home)))
    until(lambda: "5" in str(cell.cells[0].outputs))
    tasks = cluster.load_balanced([0]).amap(work, [str(home)] * 20, map(str, range(20)))
    until((home / "0.begun").exists)
    before, there = pids_of_ssh(cluster), tunnels(home)
    if what == "ssh":
        ended = list(before.values())
    elif what == "sshd":
        ended = [each.pid for each in server.connections()]
    else:
        words = {each.pid: each.cmdline() for each in processes_of(home)}
        ended = [p for p, w in words.items() if w[0] == "/bin/sh" or w[-1].endswith("ssh_there")]
    assert len(ended) == (4 if what == "the processes there" else 2)
    for pid in ended:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not set(pids_of_ssh(cluster).values()) & set(before.values()))
    until(lambda: len([each for each in tunnels(home) if each.exists()]) == 2)
    until(lambda: states(cluster) == ["up", "up"] and not cluster.status()["launching"])
    (home / "go").touch()
    assert tasks.get(timeout=20) == [(str(number), pids[0]) for number in range(20)]
    assert (home / "0.begun").read_text() == "x"
    cell.get(timeout=20)
    lines = cell.stdout.split()
    assert lines == [*map(str, range(len(lines) - 1)), "end"]
    until(lambda: not any(each.exists() for each in there))


def test_hosts_that_cannot_be_reached_for_long_are_told_and_come_back(
    cluster: Cluster, server: Server, home: Path
) -> None:
    """Who waits for a cell there is told so; it goes on, and so do tasks, with one result each."""
    pids = cluster[:].apply(os.getpid)
    tasks = cluster.load_balanced([0]).amap(work, [str(home)] * 3, "abc")
    cell = cluster[1].aexecute(COUNT.format(folder=str(home)))
    until((home / "a.begun").exists)
    server.refuse()
    until(lambda: "beta cannot be reached" in cluster.status()["launching"])
    with pytest.raises(EngineLostError, match="Engine 1 is lost: it cannot be reached"):
        cell.get(timeout=20)
    until(lambda: states(cluster) == ["silent", "silent"])
    (home / "go").touch()
    until((home / "a.ended").exists)
    server.let_in()
    until(lambda: states(cluster) == ["up", "up"])
    until(lambda: cluster.status()["launching"] == "")
    assert tasks.get(timeout=20) == [(name, pids[0]) for name in "abc"]
    assert [(home / f"{name}.begun").read_text() for name in "abc"] == ["x"] * 3
    assert cluster[:].apply(os.getpid) == pids
    assert cluster[1].pull("step") >= 100


def test_a_link_that_carries_nothing_is_given_up(server: Server, home: Path) -> None:
    """Though nobody says that it has ended. What is asked meanwhile is answered over the next."""
    ssh = f"{server.ssh} -o ServerAliveInterval=1 -o ServerAliveCountMax=1"
    with Cluster("ssh", hosts=["alpha"], ssh=ssh, name="test", cwd=str(home)) as cluster:
        pid = cluster[0].apply(os.getpid)
        [connection], [there] = server.connections(), tunnels(home)
        connection.suspend()
        try:
            tasks = cluster.load_balanced().amap(abs, range(10))
            until(lambda: states(cluster) == ["silent"])
            assert tasks.get(timeout=30) == [*range(10)]
            assert cluster[0].apply(os.getpid) == pid
        finally:
            connection.resume()
        until(lambda: server.connections() and connection not in server.connections())
        assert not there.exists()


def test_a_resumed_controller_has_its_links_anew(cluster: Cluster, home: Path) -> None:
    """Those of the killed one end; engines, tasks and cells go on, and more engines are added."""
    pids = cluster[:].apply(os.getpid)
    tasks = cluster.load_balanced([0, 1]).amap(work, [str(home)] * 4, "abcd")
    until(lambda: (home / "a.begun").exists() and (home / "b.begun").exists())
    before = pids_of_ssh(cluster)
    os.kill(before["beta"], signal.SIGSTOP)  # it does not notice
    running = RunningCluster("test")
    running.kill()
    running.resume()
    running.up(2)
    for pid in before.values():
        wait_until_ended(pid)
    (home / "go").touch()
    done = tasks.get(timeout=20)
    assert [name for name, _ in done] == [*"abcd"]
    assert {pid for _, pid in done} == set(pids)
    assert [(home / f"{name}.begun").read_text() for name in "ab"] == ["x"] * 2
    assert cluster.add() == [2]
    assert cluster[2].apply(os.getpid) not in pids
    assert len(cluster["alpha"].apply(os.getpid)) == 2
    running.close()


def test_the_links_of_a_killed_controller_end_with_it(cluster: Cluster, home: Path) -> None:
    """Nobody connects to a tunnel that leads nowhere; the engines wait for the next."""
    before, there = pids_of_ssh(cluster), tunnels(home)
    assert len(there) == 2
    running = RunningCluster("test")
    running.kill()
    for pid in before.values():
        wait_until_ended(pid)
    until(lambda: not any(each.exists() for each in there))
    running.resume()
    running.up(2)
    running.close()


def test_what_is_not_heard_to_end_is_ended(cluster: Cluster, home: Path) -> None:
    """An engine whose keeper does not hear it: where it is, it is seen to."""
    engine = cluster.status()["engines"][1]
    os.kill(engine["keeper_pid"], signal.SIGSTOP)
    cluster.stop()
    wait_until_ended(engine["engine_pid"])
    wait_until_ended(engine["keeper_pid"])


def test_engines_end_though_their_link_was_lost_when_the_cluster_was_stopped(
    cluster: Cluster, server: Server, home: Path
) -> None:
    """It is made once more for that."""
    told = cluster.status()["engines"]
    server.refuse()
    until(lambda: "beta cannot be reached" in cluster.status()["launching"])
    server.let_in()
    cluster.stop()
    for each in told:
        wait_until_ended(each["keeper_pid"])
    until(lambda: not list((home / "run" / "vivo").glob("ssh-*")))


def test_the_command_line_names_hosts_in_a_text(server: Server, home: Path) -> None:
    """As many engines as they are to have; the table has their names."""
    words = ["--launcher", "ssh", "--option", "hosts=alpha,beta:2", "--option", f"ssh={server.ssh}"]
    assert vivo("start", "--name", "work", "--cwd", str(home), *words).stdout == "work\n"
    rows = [row.split() for row in vivo("status").stdout.splitlines()]
    named = [(row[0], row[1], row[3]) for row in rows if row[0].isdecimal()]
    assert named == [("0", "up", "alpha"), ("1", "up", "beta"), ("2", "up", "beta")]
    assert vivo("stop").stdout == "stopped work\n"


def _script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


def refused(**options: Any) -> str:
    """Why a cluster is not to be had."""
    with pytest.raises(ClusterError) as raised:
        Cluster("ssh", cwd="/", **options)
    return str(raised.value)


def test_what_is_missing_there_is_said(server: Server, home: Path) -> None:
    """The interpreter of engines or vivo's own, or one that is too old; nothing is left."""

    def of(**told: str) -> str:
        return refused(hosts=[{"host": "beta", **told}], ssh=server.ssh)

    said = refused(hosts=["alpha", {"host": "beta", "cwd": "/no/such"}], ssh=server.ssh)
    assert "On beta: There is no folder /no/such" in said
    said = of(python="/no/such")
    assert 'On beta: There is no interpreter /no/such: name another with "python" of beta' in said
    old = _script(home / "old", "echo vivo-probe 2.7.18")
    assert f"On beta: {old} is Python 2.7.18; sessions need 3.10 or newer" in of(python=old)
    venv.create(home / "bare", symlinks=True)
    bare = str(home / "bare" / "bin" / "python")
    assert f"There is no vivo on beta ({bare} has no vivo): install it" in of(vivo=bare)
    assert "There is no vivo on beta (/no/such is not there)" in of(vivo="/no/such")
    assert "is older than Python 3.11" in of(vivo=_script(home / "older", "exit 9"))
    other = _script(home / "other", f"test $1 = -E && test $2 = -c && exit 0; {bare} -m nothing.of")
    assert "The vivo on beta is another than this one" in of(vivo=other)


def test_why_there_is_no_link_is_said(server: Server, home: Path) -> None:
    """No such host, no sshd, no key, no forwarding; no ssh at all."""
    ssh = server.ssh
    said = refused(hosts=["unknown.invalid", "alpha"], ssh=ssh)
    assert "There is no host unknown.invalid (" in said
    assert "no.such.ssh cannot be started" in refused(hosts=["alpha"], ssh="no.such.ssh")
    assert "host key" not in said
    changed = f"{ssh} -o UserKnownHostsFile=/dev/null"
    assert "alpha is not known to ssh" in refused(hosts=["alpha"], ssh=changed)
    closed = f"{ssh} -o Port=1"
    assert "alpha cannot be reached (" in refused(hosts=["alpha"], ssh=closed)
    server.change_key()
    assert "alpha does not let you in (" in refused(hosts=["alpha"], ssh=ssh)


def test_a_host_that_forwards_nothing_is_said(home: Path) -> None:
    """With what must be allowed there."""
    with serving(home, "AllowStreamLocalForwarding no") as server:
        said = refused(hosts=["alpha"], ssh=server.ssh)
    assert "alpha forwards no Unix sockets (" in said
    assert "AllowStreamLocalForwarding" in said


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "has no hosts: give hosts="),
        ({"hosts": "alpha", "port": 22}, "The launcher has no option port"),
        ({"hosts": ["-oProxyCommand=x"]}, "'-oProxyCommand=x' is no host of ssh's"),
        ({"hosts": "alpha", "ssh": "'"}, "is no command"),
    ],
)
def test_a_mistake_is_said_before_anything_is_started(
    home: Path, options: dict[str, Any], expected: str
) -> None:
    """In one sentence, whether or not a number of engines was given."""
    assert expected in refused(**options)
    assert expected in refused(n=1, **options)


def test_a_profile_that_talks_is_passed_over(server: Server, home: Path) -> None:
    """Whatever it prints as ssh runs a command."""
    (home / ".bashrc").write_text('echo "Welcome to {this host}"; echo oh >&2\n')
    told = subprocess.check_output([*server.ssh.split(), "alpha", "true"], text=True)
    assert "Welcome" in told
    with Cluster("ssh", hosts=["alpha"], ssh=server.ssh, cwd=str(home)) as cluster:
        assert cluster["alpha"].apply(len, "abc") == [3]
