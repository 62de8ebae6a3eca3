"""Engines in Dask's workers: whose they are, what Dask knows of them, what outlives what."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import distributed
import numpy
import pandas
import pytest
from vivo.core.errors import UsageError
from vivo.parallel import Cluster
from vivo.parallel.cluster.errors import ClusterError, EngineErrors, RemoteError
from vivo.parallel.controller.launchers.dask_plugin import make_run
from vivo.parallel.controller.naming import launcher_named
from vivo.parallel.errors import SessionError
from vivo.server.cluster_watch import lines

from tests.cluster.conftest import end, until, wait_until_ended

_SCRIPT = Path(sys.modules["vivo.parallel"].__path__[0]) / "engine" / "dask_process.py"


@pytest.fixture
def cluster(home: Path) -> Iterator[Cluster]:
    """Two engines in workers of the cluster's own."""
    with Cluster("dask", n=2, name="dasks", cwd=str(home)) as made:
        yield made


class Foreign:
    """A Dask cluster that is somebody else's."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler_address = self.start_scheduler(0)

    def start_scheduler(self, port: int) -> str:
        """Start a scheduler; its address."""
        told = {"host": "127.0.0.1", "port": port, "dashboard": False}
        return self._start(role="scheduler", **told)

    def _start(self, **told: Any) -> str:
        with (self._home / "dask.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(_SCRIPT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self._home,
            )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(told).encode())
        process.stdin.close()
        self.processes.append(process)
        address: str = json.loads(process.stdout.readline())["address"]
        process.stdout.close()
        return address

    def add(self, name: str) -> str:
        """Start a worker; its address."""
        return self._start(
            role="worker",
            scheduler=self.scheduler_address,
            name=name,
            threads=2,
            memory_limit=0,
            folder=str(self._home),
        )


@contextmanager
def foreign_dask(home: Path, workers: int) -> Iterator[Foreign]:
    """A scheduler with workers, ended in the end."""
    made = Foreign(home)
    try:
        for number in range(workers):
            made.add(f"somebody's-{number}")
        yield made
    finally:
        for each in reversed(made.processes):
            each.terminate()
            each.wait()


def looking() -> Any:
    """A function that tells what an engine takes of its host's, or adds to it; run in a worker."""

    def look() -> tuple[Any, ...]:
        import builtins

        paths = [f"/proc/self/fd/{each}" for each in os.listdir("/proc/self/fd")]
        pipes = [each for each in paths if os.path.lexists(each) and "pipe:" in os.readlink(each)]
        threads = [each.name for each in threading.enumerate() if each.name.startswith("vivo")]
        main = sys.modules["__main__"].__dict__.get("__file__")
        names = builtins.input.__name__, time.sleep.__name__, type(sys.stdout).__name__
        return len(pipes), threads, main, names, hasattr(builtins, "get_ipython")

    return look


def of_a_script(code: str, name: str) -> Any:
    """A function as one is that a script or a cell has made: it finds names in its engine."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(code, scope)
    return scope[name]


@contextmanager
def client_of(address: str) -> Iterator[Any]:
    """Dask's own client."""
    with distributed.Client(address, set_as_default=False) as made:
        yield made


def test_each_worker_hosts_an_engine_and_dask_works_beside(cluster: Cluster) -> None:
    """In its own process; tasks and functions of Dask's own come through while an engine works."""
    view = cluster[:]
    view.execute("import time, sys; here = 7")
    busy = view.aexecute("while True: pass")
    with client_of(cluster.scheduler_address) as client:
        assert set(client.run(os.getpid).values()) == {
            each["engine_pid"] for each in cluster.status()["engines"]
        }
        assert client.gather(client.map(lambda n: n + 1, range(10))) == list(range(1, 11))
    assert view.complete("her") == [["here"], ["here"]]
    busy.cancel()
    with pytest.raises(EngineErrors, match="KeyboardInterrupt"):
        busy.get(10)
    told = cluster.status()
    assert told["dask"]["scheduler"] == cluster.scheduler_address
    assert cluster.dashboard_link in repr(cluster)
    assert f"Dask's dashboard: {cluster.dashboard_link}" in lines(told)
    assert cluster.dashboard_link.startswith("http://127.0.0.1:")


def test_tasks_go_through_dask_under_their_ids_and_see_the_namespace(cluster: Cluster) -> None:
    """Dask's own record has them; the engine's names are theirs; what they print comes along."""
    cluster[:].push({"offset": 40})
    code = "def add(number):\n    print('adding', number)\n    return number + offset\n"
    add = of_a_script(code, "add")
    with client_of(cluster.scheduler_address) as client:
        client.get_task_stream()  # from now on Dask keeps it
        result = cluster.load_balanced().amap(add, range(4))
        assert result.get(20) == [40, 41, 42, 43]
        until(lambda: {each["key"] for each in client.get_task_stream()} >= set(result.ids))
    assert result.stdout == [f"adding {n}\n" for n in range(4)]


def test_what_others_print_in_a_worker_is_not_a_cells(cluster: Cluster) -> None:
    """A cell's thread prints into its cell; a task of Dask's own into the worker's log."""
    view = cluster[0]
    code = (
        "import threading, time\n"
        "print('cell')\n"
        "thread = threading.Thread(target=lambda: print('thread'))\n"
        "thread.start(); thread.join()\n"
        "go_on = threading.Event(); go_on.wait(30)\n"
    )
    running = view.aexecute(code)
    worker = cluster.status()["dask"]["workers"]["0"]

    def write() -> None:
        print("somebody else's", flush=True)
        os.write(1, b"raw\n")

    def let_go_on() -> None:
        import sys

        engine: Any = sys.modules["vivo.parallel.engine.dask_worker"].place.engine
        engine.shell.namespace["go_on"].set()

    with client_of(cluster.scheduler_address) as client:
        client.submit(write, workers=[worker], pure=False).result()
        client.run(let_go_on, workers=[worker])
    running.get(20)
    assert running.stdout == "cell\nthread\n"
    log = (Path(cluster._entry["state"]) / "dask-0.log").read_text()
    assert "somebody else's\nraw\n" in log


def test_an_engine_of_somebody_elses_worker_leaves_it_as_it_was(home: Path) -> None:
    """Workers that join later get one too; a cluster that is stopped leaves the workers running."""
    with foreign_dask(home, 1) as dask, client_of(dask.scheduler_address) as client:
        look = looking()
        ((worker, before),) = client.run(look).items()
        with Cluster("dask", address=dask, cwd=str(home)) as cluster:
            assert cluster[:].apply(int, "3") == [3]
            late = dask.add("late")
            cluster.wait_for(2)
            cluster[:].execute("value = 5")
            times = of_a_script("times = lambda n: n * value", "times")
            assert cluster.load_balanced().map(times, range(4)) == [0, 5, 10, 15]
            with pytest.raises(ClusterError, match="not vivo's to start"):
                cluster.add()
            with pytest.raises(ClusterError, match="has an engine of another cluster"):
                Cluster("dask", address=dask.scheduler_address, cwd=str(home))
            assert cluster[:].apply(int, "3") == [3, 3], "the other cluster has ended an engine"
            dask.processes[-1].kill()
            dask.processes[-1].wait()
            until(lambda: cluster.engines == [0])
            dask.add("after it")
            cluster.wait_for(2)
            assert cluster.engines == [0, 1], "the number of the dead one is given again"
        until(lambda: client.run(look)[worker] == before)
        assert late not in client.scheduler_info()["workers"]
        assert sorted(client.map(abs, [-1])[0].result() for _ in range(2)) == [1, 1]
        with Cluster("dask", address=dask.scheduler_address, cwd=str(home)) as again:
            assert again[:].apply(int, "3") == [3, 3]


def test_results_outlive_dasks_scheduler(cluster: Cluster, home: Path) -> None:
    """What has ended is given once; what has not is given again, by a scheduler of our own anew."""
    traces = home / "traces"
    traces.mkdir()

    def noted(folder: str, number: int) -> int:
        with open(f"{folder}/{number}", "ab", 0) as stream:
            stream.write(b"x")
        time.sleep(0.01)
        return number * number

    pool = cluster.load_balanced()
    early = pool.amap(noted, [str(traces)] * 5, range(1000, 1005))
    assert early.get(20) == [n * n for n in range(1000, 1005)]
    result = pool.amap(noted, [str(traces)] * 200, range(200))
    until(lambda: sum(1 for _ in traces.iterdir()) > 60)
    kept = json.loads((Path(cluster._entry["state"]) / "dask.json").read_text())
    first = cluster.scheduler_address
    end(kept["processes"]["scheduler"][0])
    assert result.get(40) == [n * n for n in range(200)]
    assert "is gone. Results are kept" in " ".join(cluster.status()["problems"])
    assert cluster.scheduler_address != first
    twice = [each.name for each in traces.iterdir() if each.stat().st_size > 1]
    assert len(twice) <= 10, "more ran twice than were under way"
    assert cluster[:].apply(int, "3") == [3, 3]


def test_a_scheduler_that_is_back_gets_what_has_not_ended(home: Path) -> None:
    """At the address that it had; its workers get the numbers of those that went with it."""
    with (
        foreign_dask(home, 2) as dask,
        Cluster("dask", n=2, address=dask, cwd=str(home), name="theirs") as cluster,
    ):
        pool = cluster.load_balanced()
        held = cluster[:].aapply(time.sleep, 60)
        result = pool.amap(abs, range(-20, 0))
        dask.processes[0].kill()
        dask.processes[0].wait()
        with pytest.raises(EngineErrors, match="that it was a guest in has ended"):
            held.get(20)
        until(lambda: cluster.engines == [])
        assert not result.done()
        dask.start_scheduler(int(dask.scheduler_address.rpartition(":")[2]))
        for number in range(2):
            dask.add(f"again-{number}")
        assert result.get(20) == list(range(20, 0, -1))
        cluster.wait_for(2)
        assert cluster.engines == [0, 1]


def test_a_class_of_dask_jobqueues_kind_starts_the_workers(home: Path) -> None:
    """Its workers are ended with their engines; one that dies and is started anew has one again."""
    options = {"processes": True, "threads_per_worker": 1, "n_workers": 0}
    options["dashboard_address"] = None  # type: ignore[assignment]
    with Cluster(
        "dask",
        n=1,
        cwd=str(home),
        jobqueue="distributed:LocalCluster",
        jobqueue_options=options,
    ) as cluster:
        first = cluster[0].apply(os.getpid)
        assert cluster.load_balanced().map(abs, [-1, -2]) == [1, 2]
        end(first)
        until(lambda: [each["engine_pid"] for each in cluster.status()["engines"]] != [first])
        cluster.wait_for(1)
        assert cluster[0].apply(os.getpid) != first
    wait_until_ended(first)


def test_what_cannot_be_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence that tells what to do, before anything is started."""
    nobody = "tcp://127.0.0.1:1"
    with pytest.raises(ClusterError, match=rf"no Dask scheduler at {nobody} that answers"):
        Cluster("dask", n=1, cwd=str(home), address=nobody)
    with pytest.raises(ClusterError, match="cannot be restarted alone"):
        Cluster("dask", n=1, cwd=str(home), restarts=True)
    with pytest.raises(ClusterError, match="no option adress: it knows address, jobqueue"):
        Cluster("dask", n=1, cwd=str(home), adress=nobody)
    with pytest.raises(ClusterError, match="needs the package distributed"):
        Cluster("dask", n=1, cwd=str(home), python="/usr/bin/python3")
    with foreign_dask(home, 0) as dask, pytest.raises(ClusterError, match="has no workers"):
        Cluster("dask", cwd=str(home), address=dask)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SessionError, match=r"needs the package distributed.*vivo\[dask\]"):
        launcher_named("dask")


def test_arrays_and_dataframes_of_daskes_are_made_of_parts_and_back(cluster: Cluster) -> None:
    """Where they lie: what is changed in an engine is changed in the collection."""
    view = cluster[:]
    view.scatter("x", numpy.arange(10.0).reshape(5, 2))
    whole = view.to_dask_array("x")
    assert whole.shape == (5, 2)
    assert float(whole.sum().compute()) == 45.0
    view[1].execute("x[0, 0] = 100")
    assert float(view.to_dask_array("x").max().compute()) == 100.0
    view.from_dask("y", (whole * 2).rechunk((1, 1)))
    assert [each.shape for each in view["y"]] == [(3, 2), (2, 2)]
    assert view.gather("y").tolist()[:2] == [[0.0, 2.0], [4.0, 6.0]]

    view.push({"frame": pandas.DataFrame({"key": [1, 2, 1], "value": [1.0, 2.0, 3.0]})})
    frame = view.to_dask_dataframe("frame")
    assert frame.groupby("key").value.sum().compute().to_dict() == {1: 8.0, 2: 4.0}
    view.from_dask("ones", frame[frame.key == 1])
    assert [each.value.tolist() for each in view["ones"]] == [[1.0, 3.0], [1.0, 3.0]]
    view.from_dask("one", whole.sum(axis=1).rechunk(5))
    assert [len(each) for each in view["one"]] == [5, 0]
    for name, sentence in (("key", "not an array"), ("frame", "not an array")):
        view.push({"key": 3})
        with pytest.raises(UsageError, match=sentence):
            view.to_dask_array(name)
    with pytest.raises(UsageError, match="takes an array, a dataframe or a bag"):
        view.from_dask("z", [1, 2])


def test_engines_that_are_no_guests_have_no_collections(home: Path) -> None:
    """And no scheduler."""
    with Cluster(n=1, cwd=str(home)) as cluster:
        with pytest.raises(ClusterError, match="has no scheduler of Dask's"):
            _ = cluster.scheduler_address
        with pytest.raises(UsageError, match="not in Dask's workers"):
            cluster[:].to_dask_array("x")


def test_an_engine_in_a_worker_outlives_its_keeper(cluster: Cluster) -> None:
    """As any engine does: what runs goes on, tasks and cells, and nothing of it is lost."""
    view = cluster[:]
    view.execute("kept = 5")
    tasks = cluster.load_balanced().amap(lambda n: time.sleep(0.2) or n, range(6))
    keepers = {each["number"]: each["keeper_pid"] for each in cluster.status()["engines"]}
    end(keepers[0])
    cells = view.aexecute("print('before'); time = __import__('time'); time.sleep(0.3); kept + 1")
    until(lambda: cluster.status()["engines"][0]["keeper_pid"] not in (keepers[0], None))
    assert tasks.get(20) == list(range(6))
    cells.get(20)
    assert cells.stdout == ["before\n", "before\n"]
    assert view["kept"] == [5, 5]


def test_tasks_that_were_on_their_way_to_a_keeper_that_dies_are_given_again(
    cluster: Cluster,
) -> None:
    """What it had not read is lost with it; the worker's only place is free for what comes anew."""

    def waiting() -> list[str]:
        """The tasks that a worker waits for; run there, where nothing of the tests is."""
        import sys

        places = [mod.place for n, mod in sys.modules.items() if n.endswith("engine.dask_worker")]
        return [call for place in places for call in place._waiting]

    keeper = cluster.status()["engines"][0]["keeper_pid"]
    os.kill(keeper, signal.SIGSTOP)
    try:
        tasks = cluster.load_balanced([0]).amap(lambda n: n * n, range(4))
        with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
            until(lambda: any(client.run(waiting).values()))
    finally:
        end(keeper)
    assert tasks.get(30) == [0, 1, 4, 9]


def test_a_cell_that_waits_in_c_says_where_and_ends_then(cluster: Cluster) -> None:
    """No signal reaches the thread of a guest; sleeping and awaiting end at once."""
    one = cluster[0]
    for name, code in (("slept", "time.sleep(60)"), ("awaited", "await asyncio.sleep(60)")):
        waiting = one.aexecute(f"import time, asyncio\n{name} = True\n{code}")
        until(partial(one.variables, name))
        begun = time.monotonic()
        waiting.cancel()
        with pytest.raises(RemoteError, match="KeyboardInterrupt"):
            waiting.get(10)
        assert time.monotonic() - begun < 5
    waiting = one.aexecute("waits = True\nimport threading; threading.Event().wait(2)")
    until(lambda: one.variables("waits"))
    waiting.cancel()
    with pytest.raises(RemoteError, match="KeyboardInterrupt"):
        waiting.get(10)
    assert "ends when the call in C returns" in waiting.stderr
    assert one.apply(int, "3") == 3


def test_with_tls_nobody_without_the_certificate_is_answered(home: Path) -> None:
    """A stranger of the same host, above all."""
    with Cluster("dask", n=1, cwd=str(home), tls=True, dashboard=False) as cluster:
        view = cluster[:]
        assert cluster.load_balanced().map(abs, [-1, -2]) == [1, 2]
        view.push({"x": numpy.arange(3)})
        assert int(view.to_dask_array("x").sum().compute()) == 3
        with cluster.dask_client(set_as_default=False) as client:
            assert client.submit(abs, -1).result() == 1
        host, _, port = cluster.scheduler_address.removeprefix("tls://").rpartition(":")
        stranger = ssl.create_default_context()
        stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection((host, int(port)), 10) as plain,
            stranger.wrap_socket(plain) as sealed,
            pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"),
        ):
            sealed.recv(1)
        key = Path(cluster._entry["state"]) / "dask.key"
        assert key.stat().st_mode & 0o777 == 0o600
    assert not key.exists()


def test_a_task_that_dask_is_told_to_forget_is_given_again(cluster: Cluster, home: Path) -> None:
    """Somebody's tasks have the workers, and somebody cancels ours: they are not theirs to lose."""
    gate = home / "gate"

    def hold(path: str) -> None:
        open(f"{path}-{os.getpid()}", "w").close()
        while not os.path.exists(path):
            time.sleep(0.01)

    with client_of(cluster.scheduler_address) as client:
        workers = cluster.status()["dask"]["workers"].values()
        held = [client.submit(hold, str(gate), workers=[w], pure=False) for w in workers]
        until(lambda: len(list(home.glob("gate-*"))) == 2)  # else ours may come before them
        result = cluster.load_balanced().amap(abs, range(-6, 0))
        known = lambda: client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.tasks))  # noqa: E731
        until(lambda: len(set(result.ids) & set(known())) == 4)  # two for each, at first
        ours = [distributed.Future(key, client) for key in set(result.ids) & set(known())]
        client.cancel(ours, force=True)
        until(lambda: not {each.key for each in ours} & set(known()))
        assert not result.done()
        gate.touch()
        client.gather(held)
    assert result.get(20) == [6, 5, 4, 3, 2, 1]


def test_the_function_of_tasks_refers_to_nothing_of_vivos() -> None:
    """A scheduler that unpickles it has no vivo."""
    import cloudpickle

    code = "import pickle, sys; pickle.load(sys.stdin.buffer); assert 'vivo' not in sys.modules"
    python = [sys.executable, "-c", code]
    subprocess.run(python, input=cloudpickle.dumps(make_run()), check=True)
