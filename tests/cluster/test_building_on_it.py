"""What others build: launchers, policies and transports of their own, in real clusters."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel import Cluster
from vivo.parallel.cluster import transport
from vivo.parallel.cluster.errors import ClusterError
from vivo.parallel.cluster.transport import ZmtpTransport
from vivo.parallel.controller import naming
from vivo.parallel.controller.launchers.local import LocalLauncher
from vivo.parallel.errors import SessionError

from tests.cluster.conftest import RunningCluster, change_entry

PAGE = Path(__file__).parents[2] / "docs" / "building-on-it.md"

OWN = '''
import asyncio, os, subprocess
from vivo.parallel.errors import SessionError
from vivo.parallel.controller.launchers import start_engine

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
        return 1000

    def patience(self, load):
        return 1000.0

class Broken:
    pass

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
        # vivo's own policy would have the other engine do what waits behind a long task.
        pool = cluster.load_balanced([0, 1])
        slow = pool.aapply(lambda: __import__("time").sleep(0.5) or __import__("os").getpid())
        made = pool.amap(lambda number: __import__("os").getpid(), range(20))
        assert slow.get(timeout=30) in made.get(timeout=30)
        os.kill(running.engines()[1]["engine_pid"], 9)
        told = running.until(lambda told: told[1]["state"] == "dead")
        assert "The shell has no other." in told[1]["reason"]
        running.close()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"launcher": "lokal"}, "There is no launcher 'lokal': there is local, mpi."),
        ({"launcher": "own:Nothing"}, "The launcher own:Nothing cannot be made: AttributeError"),
        ({"launcher": "absent:Nothing"}, "No module named 'absent'. vivo's own interpreter"),
        ({"launcher": "own:Broken"}, "The launcher own:Broken has no start and no stop"),
        ({"launcher": "own:Failing"}, "RuntimeError: no licence"),
        ({"policy": "own:Broken"}, "The policy own:Broken has no credit and no patience"),
        ({"policy": "lazy"}, "There is no policy 'lazy': there is ahead."),
        ({"launcher": "own:Shell", "mark": "never"}, "The shell does not want to."),
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
    with pytest.raises(SessionError, match="there is local, mpi, batch"):
        naming.launcher_named("other")


class Counted(ZmtpTransport):
    """Counts what comes; its addresses may have a scheme of their own."""

    opened: list[str] = []  # noqa: RUF012 - one for all
    messages = 0

    async def open(self, receive: Any, closed: Any) -> None:
        """Connect as the address says."""
        Counted.opened.append(self._address)
        self._address = self._address.replace("own://", "ipc://")

        def count(frames: list[Any]) -> None:
            Counted.messages += 1
            receive(frames)

        await super().open(count, closed)


def test_a_transport_of_ones_own(cluster: RunningCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls, cells and tasks go by it."""
    cluster.up(2)
    monkeypatch.setitem(transport.TRANSPORTS, "own", Counted)
    monkeypatch.setitem(transport.TRANSPORTS, "ipc", Counted)
    change_entry(cluster, clients=cluster.entry.clients.replace("ipc", "own"))
    client = Cluster.connect("test")
    assert client[:].apply(len, "abc") == [3, 3]
    cell = client[0].aexecute("print('shown')")
    cell.get(timeout=10)
    assert cell.stdout == "shown\n"
    assert client.load_balanced().map(abs, [-1, -2]) == [1, 2]
    assert Counted.opened[0].startswith("own://")
    assert len(Counted.opened) > 4
    assert Counted.messages > 8
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
    assert lines[3] == "3 tasks done, 2 engines, True kilobytes counted"
