"""`Cluster` as its users have it: started, used, found, left and stopped."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from vivo.parallel import Cluster
from vivo.parallel.cluster.errors import ClusterError
from vivo.parallel.cluster.places import all_entries

from tests.cluster.conftest import end
from tests.core.test_every_python import pythons
from tests.parallel.engines import sessions, view_of


@pytest.fixture(params=["local", "dask"])
def users(home: Path, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster of two engines."""
    with Cluster(request.param, n=2, name="mine", cwd=str(home)) as made:
        yield made


def test_engines_are_views_by_number_slice_list_and_host(users: Cluster) -> None:
    """One gives single values, several give lists."""
    import socket

    assert users.engines == [0, 1]
    assert users[0].apply(len, "abc") == 3
    assert users[-1].engines == [1]
    assert users[:].apply(len, "abc") == [3, 3]
    assert users[::2].engines == [0]
    assert users[[1, 0]].engines == [1, 0]
    assert users[socket.gethostname()].engines == [0, 1]
    with pytest.raises(ClusterError, match="those that are: 0, 1"):
        users[7]


def test_a_cluster_grows_and_shrinks(users: Cluster) -> None:
    """New engines take calls; those that were taken out are no part of later views."""
    assert users.add() == [2]
    assert users[:].apply(len, "abc") == [3, 3, 3]
    users.remove(0)
    assert users.engines == [1, 2]
    assert users[:].apply(len, "abc") == [3, 3]


def test_an_engine_that_was_killed_gets_a_fresh_process(users: Cluster) -> None:
    """And the same view has it."""
    view = users[:]
    view.push({"a": 1})
    pid = view[0].apply(__import__("os").getpid)
    end(pid)
    if users.status()["launcher"] == "dask":
        with pytest.raises(ClusterError, match=r"cannot be restarted alone: .* add another"):
            users.restart(0)
        users.remove(0)
        number = users.add()[0]
        assert users[number].apply(__import__("os").getpid) != pid
        assert users[1].pull("a") == 1
        return
    users.restart(0)
    assert view[0].apply(__import__("os").getpid) != pid
    assert view[1].pull("a") == 1


def test_another_process_finds_it_by_name(users: Cluster) -> None:
    """And leaves it running."""
    program = (
        "from vivo.parallel import Cluster\n"
        "with Cluster.connect('mine') as found: print(found[:].apply(lambda: 5))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout == "[5, 5]\n"
    assert users[:].apply(len, "abc") == [3, 3]


def test_what_cannot_be_is_said(home: Path) -> None:
    """In a sentence that tells what to do."""
    with pytest.raises(ClusterError, match="No cluster runs: `vivo cluster start"):
        Cluster.connect()
    with pytest.raises(ClusterError, match="cannot be named"):
        Cluster(n=1, name="../x", cwd=str(home))
    with pytest.raises(ClusterError, match=r"did not start.*/bin/true"):
        Cluster(n=1, python="/bin/true", cwd=str(home))
    assert all_entries() == []


def test_a_script_that_ends_takes_its_cluster_along(home: Path) -> None:
    """Unless it has detached it."""
    program = (
        "from vivo.parallel import Cluster\nimport sys\n"
        "cluster = Cluster(n=1, name='scripts')\n"
        "if sys.argv[1:]: cluster.detach()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert all_entries() == []
    subprocess.run([sys.executable, "-c", program, "stay"], check=True)
    with Cluster.connect() as found:
        assert found[0].apply(len, "abc") == 3
        found.stop()
    assert all_entries() == []


@pytest.mark.parametrize("version", sorted({min(pythons()), max(pythons())}), ids=str)
def test_a_session_of_a_bare_python_has_clusters(home: Path, version: tuple[int, ...]) -> None:
    """Nothing is installed in it: neither vivo nor what it stands on; names of cells are known."""
    code = (
        "from vivo.parallel import Cluster\n"
        "import importlib.util\n"
        "assert not importlib.util.find_spec('zmq')\n"
        "offset = 40\n"
        "def add(number): return number + offset\n"
        "cluster = Cluster(n=2)\n"
        "try: answer = cluster[:].map(add, [1, 2])\n"
        "finally: cluster.stop()\n"
    )
    with sessions(home, 1, python=pythons()[version]) as entries, view_of(entries) as views:
        views[0].execute(code)
        assert views[0]["answer"] == [41, 42]
