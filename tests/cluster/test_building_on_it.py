"""What others build: launchers, policies and transports of their own, in real clusters."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import time
import venv
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel import Cluster
from vivo.parallel.cluster import transport
from vivo.parallel.cluster.errors import ClusterError
from vivo.parallel.controller import naming
from vivo.parallel.controller.files import find
from vivo.parallel.controller.launchers.local import LocalLauncher
from vivo.parallel.errors import SessionError

from tests.cluster.conftest import RunningCluster, change_entry, run_controller, until
from tests.cluster.test_cluster_command import vivo
from tests.cluster.tunnels import TunnelTransport, gateway

PAGE = Path(__file__).parents[2] / "docs" / "building-on-it.md"

OWN = '''
import os, subprocess
from vivo.parallel.controller.launchers import start_engine
from vivo.parallel.errors import SessionError

class Shell:
    """Has the engines started by a shell, as a batch system would."""

    meaning_of_loss = "The shell has no other."

    async def start(self, order, report):
        order.check_options("mark")
        if order.options.get("mark") == "never":
            raise SessionError("The shell does not want to.")
        mark, program = order.options["mark"], order.program("number {rank} of a shell")
        for rank in range(len(order.numbers)):
            environment = {**os.environ, "VIVO_RANK": str(rank), "MARK": mark}
            subprocess.Popen(
                ["sh", "-c", 'exec "$@"', "sh", *program],
                env=environment, start_new_session=True, stdin=subprocess.DEVNULL,
            )

    async def stop(self):
        """Nothing is held."""

class Patient:
    """As far ahead as can be; what waits behind a long task stays there."""

    def credit(self, load):
        return float("inf")

    def patience(self, load):
        return 1000.0

class OneEach:
    """No task waits at an engine."""

    def credit(self, load):
        return 1

    def patience(self, load):
        return 1000.0

class Broken:
    pass

class Faulty:
    """Fails whenever it is asked."""

    async def start(self, order, report):
        for number in order.numbers:
            await start_engine(order, number)

    async def stop(self):
        raise RuntimeError("not now")

    def credit(self, load):
        return None

    def patience(self, load):
        raise RuntimeError("no idea")

class Failing:
    def __init__(self):
        raise RuntimeError("no licence")
'''


def test_a_launcher_and_a_policy_of_ones_own(home: Path) -> None:
    """They serve a cluster, also when it is resumed."""
    (home / "own.py").write_text(OWN)
    with Cluster(
        "own:Shell", n=2, name="test", cwd=str(home), policy="own:Patient", mark="red"
    ) as cluster:
        assert cluster[:].apply(os.getenv, "MARK") == ["red", "red"]
        running = RunningCluster("test")
        running.kill()
        running.resume()
        running.up(2)
        assert cluster.add() == [2]
        assert cluster[2].apply(os.getenv, "MARK") == "red"
        os.kill(running.engines()[1]["engine_pid"], 9)
        told = running.until(lambda told: told[1]["state"] == "dead")
        assert "The shell has no other." in told[1]["reason"]
        running.close()


@pytest.mark.parametrize(
    ("policy", "waits_there"), [("own:Patient", True), ("own:OneEach", False), ("", False)]
)
def test_a_policy_decides_which_engine_gets_what(
    home: Path, policy: str, waits_there: bool
) -> None:
    """Whether tasks wait behind a long one or go to the other engine."""
    (home / "own.py").write_text(OWN)
    os.mkfifo(home / "go")
    with Cluster(n=2, cwd=str(home), policy=policy) as cluster:
        pids = cluster[:].apply(os.getpid)
        held = cluster.load_balanced([0]).aapply(Path.read_text, home / "go")
        with (home / "go").open("w"):  # once the task has opened it
            made = cluster.load_balanced().amap(lambda number: (number, os.getpid()), range(20))
            if waits_there:

                def has_its_share() -> bool:
                    tasks = [each.get("tasks", 0) for each in cluster.status()["engines"]]
                    return tasks[0] > 1 and not tasks[1]

                until(lambda: has_its_share() or made.done())
                cluster.load_balanced([1]).map(time.sleep, [0.2] * 2)  # ours is patient for less
                assert has_its_share()
            else:
                made.get(timeout=30)
        held.get(timeout=30)
        numbers, ran_by = zip(*made.get(timeout=30), strict=True)
    assert list(numbers) == list(range(20))
    assert set(ran_by) == (set(pids) if waits_there else {pids[1]})


def test_a_cluster_works_and_ends_whatever_ones_own_do(home: Path) -> None:
    """No task is lost; the log has what they raised."""
    (home / "own.py").write_text(OWN)
    with Cluster("own:Faulty", n=2, name="test", cwd=str(home), policy="own:Faulty") as cluster:
        assert cluster.load_balanced().map(abs, range(-300, 0)) == list(range(300, 0, -1))
        log = (Path(cluster._entry["state"]) / "controller.log").open()
    with log:
        told = log.read()
    assert told.count("The policy has failed") == 1
    assert "RuntimeError: not now" in told


def test_installed_packages_enter_short_names(home: Path) -> None:
    """In the environment that the controller runs in."""
    venv.create(home / "env")
    [site] = (home / "env" / "lib").glob("python*/site-packages")
    (site / "ours.pth").write_text(
        f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"
    )
    (site / "own.py").write_text(OWN)
    (site / "own-1.0.dist-info").mkdir()
    (site / "own-1.0.dist-info" / "METADATA").write_text("Name: own\nVersion: 1.0\n")
    (site / "own-1.0.dist-info" / "entry_points.txt").write_text(
        "[vivo.launchers]\nshell = own:Shell\n[vivo.policies]\npatient = own:Patient\n"
    )
    words = ["--name", "test", "--cwd", str(home), "--engines", "1", "--options", '{"mark": "red"}']
    python = str(home / "env" / "bin" / "python")
    told = run_controller(*words, "--launcher", "shelf", python=python)
    assert told["message"].startswith(
        "There is no launcher 'shelf': there is local, mpi, dask, shell."
    )
    told = run_controller(*words, "--launcher", "shell", "--policy", "patient", python=python)
    assert told["status"] == "ready", told
    with Cluster.connect("test") as cluster:
        cluster.wait_for(1)
        assert cluster[0].apply(os.getenv, "MARK") == "red"
        cluster.stop()


def test_the_command_names_them_too(home: Path) -> None:
    """And resumes with what it was told."""
    (home / "own.py").write_text(OWN)
    words = ["-n", "1", "--name", "test", "--cwd", str(home), "--launcher", "own:Shell"]
    assert "'mark' is no option" in vivo("start", *words, "--option", "mark").stderr
    assert "There is no policy 'lazy'" in vivo("start", *words, "--policy", "lazy").stderr
    more = ["--policy", "own:Patient", "--option", "mark=a=b"]
    assert vivo("start", *words, *more).stdout == "test\n"
    running = RunningCluster("test")
    running.kill()
    assert vivo("resume", "test").returncode == 0
    found = find("test")
    assert found is not None
    assert found.policy == "own:Patient"
    with Cluster.connect("test") as cluster:
        [number] = cluster.add()
        assert cluster[number].apply(os.getenv, "MARK") == "a=b"
    running.close()
    assert vivo("stop", "test").stdout == "stopped test\n"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"launcher": "lokal"}, "There is no launcher 'lokal': there is local, mpi, dask."),
        ({"launcher": "own:Nothing"}, "The launcher own:Nothing cannot be made: AttributeError"),
        ({"launcher": "absent:Nothing"}, "No module named 'absent'. vivo's own interpreter"),
        ({"launcher": "own:Broken"}, "The launcher own:Broken has no start and no stop"),
        ({"launcher": "own:Failing"}, "RuntimeError: no licence"),
        ({"policy": "own:Broken"}, "The policy own:Broken has no credit and no patience"),
        ({"policy": "lazy"}, "There is no policy 'lazy': there is ahead."),
        ({"launcher": "own:Shell", "mark": "never"}, "The shell does not want to."),
        ({"launcher": "own:Shell"}, "The launcher own:Shell failed with KeyError: 'mark'."),
        ({"launcher": "own:Shell", "colour": 1}, "The launcher has no option colour: it knows"),
        ({"colour": 1}, "The launcher has no option colour: it knows none."),
    ],
)
def test_what_is_wrong_with_ones_own_is_said(home: Path, more: Any, sentence: str) -> None:
    """In one sentence, and nothing is left."""
    (home / "own.py").write_text(OWN)
    with pytest.raises(ClusterError, match=re.escape(sentence)):
        Cluster(**more, n=1, cwd=str(home))


def test_an_installed_packages_launcher_has_a_short_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is named among those there are."""

    def entered(group: str) -> list[EntryPoint]:
        value = "vivo.parallel.controller.launchers.local:LocalLauncher"
        return [EntryPoint("batch", value, group)] if group == "vivo.launchers" else []

    monkeypatch.setattr(naming, "entry_points", entered)
    assert isinstance(naming.launcher_named("batch"), LocalLauncher)
    with pytest.raises(SessionError, match="there is local, mpi, dask, batch"):
        naming.launcher_named("other")


def test_a_transport_of_ones_own(cluster: RunningCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls, cells and tasks go by it, and it may be cut."""
    cluster.up(2)
    monkeypatch.setitem(transport.TRANSPORTS, "tunnel", TunnelTransport)
    monkeypatch.delitem(transport.TRANSPORTS, "ipc")  # nothing else is left to go by
    monkeypatch.delitem(transport.TRANSPORTS, "tcp")
    with gateway(cluster.entry.clients) as tunnels:
        change_entry(cluster, clients=tunnels.address)
        client = Cluster.connect("test", through_controller=True)
        text = "abc" * 1_000_000
        assert client[:].apply(lambda given: given.upper(), text) == [text.upper()] * 2
        cell = client[0].aexecute("print('shown')")
        cell.get(timeout=10)
        assert cell.stdout == "shown\n"
        assert client.load_balanced().map(abs, [-1, -2]) == [1, 2]
        carried = tunnels.carried
        assert carried > 6
        tunnels.cut()
        assert client[0].apply(abs, -3) == 3
        assert client.load_balanced().map(abs, [-4]) == [4]
        assert tunnels.carried > carried
        client.close()
    change_entry(cluster)


def test_the_pages_example_runs(home: Path) -> None:
    """As it stands there."""
    launcher, study = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    (home / "nightly.py").write_text(launcher)
    (home / "study.py").write_text(study)
    told = subprocess.run(
        [sys.executable, "study.py"], cwd=home, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["10", "100", "1000"]
    assert all(line.endswith("at level 10") for line in lines[:3])
    found = re.fullmatch(r"3 tasks done by 2 engines; (\d+) bytes were sent", lines[3])
    assert found is not None
    assert int(found[1]) > 1000
