"""Links that carry nothing, that are forgotten, cut and refused, by a proxy between the peers.

It lies between engines and their controller, or between a client and either of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel import Cluster
from vivo.parallel.cluster.errors import EngineErrors, EngineLostError
from vivo.parallel.keeper.spawn import KEEPER
from vivo.parallel.launch import SessionOptions, new_spec, start_keeper

from tests.cluster.conftest import (
    RunningCluster,
    change_entry,
    run_controller,
    until,
    wait_until_ended,
)
from tests.cluster.proxies import Proxy, proxies, proxy


async def start_engines(cluster: RunningCluster, addresses: Sequence[str]) -> None:
    """Start an engine for each address of the controller, with the numbers from 0 on."""
    entry = cluster.entry
    specs = []
    for number, address in enumerate(addresses):
        spec = new_spec(SessionOptions(python=entry.python, cwd=entry.cwd))
        spec["connection"]["key"] = entry.key
        spec["controller"] = {"address": address, "number": number}
        specs.append(start_keeper(spec, KEEPER))
    await asyncio.gather(*specs)


class Apart:
    """A cluster of three: two engines are linked to the controller by a proxy each."""

    def __init__(self, cluster: RunningCluster, between: Sequence[Proxy], folder: Path) -> None:
        self.cluster, self.between, self._folder = cluster, between, folder
        self.engines = [each["engine_pid"] for each in cluster.up(3)]
        self.client = Cluster.connect("test")
        self._files = folder / "files"
        self._files.mkdir()

    def _path(self, name: str, engine: int, what: str) -> Path:
        return self._files / f"{name}.{self.engines[engine]}.{what}"

    def task(self, name: str, targets: list[int]) -> Any:
        """A task that ends when it is let, with the process of its engine."""
        view = self.client.load_balanced().options(targets=targets)
        return view.aapply(work, str(self._files), name)

    def begun(self, name: str, engine: int) -> str:
        """A mark for each time that a task has begun on an engine."""
        path = self._path(name, engine, "begun")
        return path.read_text() if path.exists() else ""

    def has_ended(self, name: str, engine: int) -> bool:
        """Whether a task has been run to its end on an engine."""
        return self._path(name, engine, "ended").exists()

    def let_end(self, name: str, engine: int) -> None:
        """Let a task end on an engine."""
        self._path(name, engine, "go").touch()

    def raced(self, *engines: int) -> dict[int, Any]:
        """Tasks that some engines have begun, which only engine 2 can have instead."""
        busy = self.task("busy", [2])
        until(lambda: self.begun("busy", 2))
        made = {each: self.task(f"task{each}", [each, 2]) for each in engines}
        until(lambda: all(self.begun(f"task{each}", each) for each in engines))
        self.let_end("busy", 2)
        assert busy.get(timeout=10) == self.engines[2]
        return made

    def wait_until_silent(self, *engines: int) -> None:
        """The demand: what is cut off is noticed within 5 s."""
        began = time.monotonic()
        self.cluster.until(lambda told: all(told[each]["state"] == "silent" for each in engines))
        assert time.monotonic() - began < 5


def work(folder: str, name: str) -> int:
    """Note that this engine has begun; end when the test says so, with the engine's process."""
    import os
    import time

    mine = os.path.join(folder, f"{name}.{os.getpid()}")
    with open(mine + ".begun", "a") as stream:
        stream.write("x")
    while not os.path.exists(mine + ".go"):
        time.sleep(0.01)
    with open(mine + ".ended", "w"):
        return os.getpid()


work.__module__ = "__main__"  # it is sent whole: engines have no tests


@pytest.fixture
def apart(home: Path) -> Iterator[Apart]:
    """Such a cluster."""
    words = ["--name", "test", "--engines", "0", "--listen", "127.0.0.1", "--cwd", str(home)]
    told = run_controller(*words)
    assert told["status"] == "ready", told
    cluster = RunningCluster("test")
    address = cluster.entry.engines
    with proxy(address) as first, proxy(address) as second:
        asyncio.run(start_engines(cluster, [first.address, second.address, address]))
        made = Apart(cluster, [first, second], home)
        yield made
        made.client.close()
        for each in (first, second):
            each.pass_on()
        cluster.stop()


def test_a_task_of_an_engine_that_is_cut_off_runs_elsewhere_and_counts_once(apart: Apart) -> None:
    """The engine is noticed within 5 s; when it comes back its own result is one too many. One link
    carries nothing for a while, the other is refused."""
    results = apart.raced(0, 1)
    apart.between[0].hold()
    apart.between[1].refuse()
    apart.wait_until_silent(0, 1)
    for each in (0, 1):
        apart.let_end(f"task{each}", 2)
        assert results[each].get(timeout=10) == apart.engines[2]
    for link in apart.between:
        link.pass_on()
    apart.cluster.up(3)
    for each in (0, 1):
        apart.let_end(f"task{each}", each)
        assert apart.client.load_balanced([each]).apply(os.getpid) == apart.engines[each]
        assert apart.has_ended(f"task{each}", each)
        assert apart.begun(f"task{each}", each) == apart.begun(f"task{each}", 2) == "x"
        assert results[each].get() == apart.engines[2]
    queue = apart.client.status()["queue"]
    assert (queue["done"], queue["failed"], queue["uncollected"]) == (5, 0, 0)


def test_a_result_that_an_engine_brings_back_is_taken_if_it_is_the_first(apart: Apart) -> None:
    """Its link was forgotten by what lies between: it makes another by itself. The engine that the
    task was given to meanwhile lets go of it."""
    results = apart.raced(0)
    apart.between[0].forget()
    apart.let_end("task0", 0)
    apart.wait_until_silent(0)
    until(lambda: apart.begun("task0", 2))
    assert results[0].get(timeout=30) == apart.engines[0]
    assert apart.client.load_balanced([2]).apply(os.getpid) == apart.engines[2]
    assert not apart.has_ended("task0", 2)
    apart.cluster.up(3)
    assert apart.client.status()["queue"]["done"] == 3


def test_an_engine_that_is_away_when_it_is_taken_out_ends_when_it_is_back(apart: Apart) -> None:
    """One that is to be restarted is; of one that has ended it is known why."""
    cluster = apart.cluster
    first, second = cluster.engines()[:2]
    for each in apart.between:
        each.refuse()
    cluster.ask("vivo_restart_engines_request", engines=[0])
    assert apart.client.load_balanced([2]).apply(os.getpid) == apart.engines[2]
    os.kill(second["engine_pid"], 9)
    for each in apart.between:
        each.pass_on()
    told = cluster.until(lambda told: told[1]["state"] == "dead")
    assert "SIGKILL" in told[1]["reason"]
    told = cluster.until(lambda told: told[0]["state"] == "up")
    assert told[0]["engine_pid"] != first["engine_pid"]
    apart.between[0].refuse()
    cluster.ask("vivo_scale_request", remove=[0])
    apart.between[0].pass_on()
    wait_until_ended(first["keeper_pid"])
    assert [each["number"] for each in cluster.engines()] == [1, 2]


def test_no_task_is_lost_by_links_that_are_cut_again_and_again(home: Path) -> None:
    """What was on its way either way is said again; no task is held to be deadly for it. The
    cluster's engines were told an address of the test's choice."""
    with proxy() as between:
        words = ["--name", "test", "--listen", "127.0.0.1", "--reach", between.address]
        assert run_controller(*words, "--engines", "0", "--cwd", str(home))["status"] == "ready"
        cluster = RunningCluster("test")
        between.target = cluster.entry.engines
        cluster.ask("vivo_scale_request", add=2)
        cluster.up(2)
        client = Cluster.connect("test")
        result = client.load_balanced().amap(lambda number: number * number, range(6000))
        cuts = 0
        while not result.done() and cuts < 40:
            between.cut()
            cuts += 1
            time.sleep(0.05)  # the pace of the cuts; nothing is waited for
        assert result.get(timeout=20) == [number * number for number in range(6000)]
        assert cuts > 5
        assert client.status()["queue"]["failed"] == 0
        client.close()
        cluster.stop()


CHANNELS = ("shell", "control", "stdin", "iopub")


class Beside:
    """A client that reaches the engines through a proxy each, on all channels."""

    def __init__(self, client: Cluster, between: Sequence[Proxy], engines: list[int]) -> None:
        self.client, self.between, self.engines = client, between, engines


@pytest.fixture
def beside(cluster: RunningCluster) -> Iterator[Beside]:
    """Such a client, of a cluster of two."""
    told = cluster.up(2)
    with contextlib.ExitStack() as stack:
        between = [stack.enter_context(before_engine(each["connection"])) for each in told]
        client = Cluster.connect("test")
        yield Beside(client, between, [each["engine_pid"] for each in told])
        client.close()


@contextlib.contextmanager
def before_engine(connection: dict[str, Any]) -> Iterator[Proxy]:
    """A proxy in the place of an engine's sockets, which are elsewhere meanwhile."""
    paths = [f"{connection['ip']}-{connection[f'{each}_port']}" for each in CHANNELS]
    for each in paths:
        os.rename(each, each + "r")
    with proxies([(f"ipc://{each}", f"ipc://{each}r") for each in paths]) as made:
        yield made
    for each in paths:
        os.rename(each + "r", each)


def test_a_call_goes_on_over_a_link_that_is_cut(beside: Beside, home: Path) -> None:
    """It runs once, and its result comes."""
    engine, pid = beside.client[0], beside.engines[0]
    call = engine.aapply(work, str(home), "call")
    until((home / f"call.{pid}.begun").exists)
    beside.between[0].cut()
    (home / f"call.{pid}.go").touch()
    assert call.get(timeout=10) == pid
    assert (home / f"call.{pid}.begun").read_text() == "x"


def test_a_cell_goes_on_over_links_that_are_cut_and_forgotten(beside: Beside, home: Path) -> None:
    """All that it prints comes, once, also what was printed into a link that nobody knew dead."""
    between = beside.between[0]
    code = (
        "import os, time\nfor step in range(3):\n    print(step)\n"
        f"    while not os.path.exists({str(home / 'go')!r} + str(step)): time.sleep(0.01)"
    )
    cell = beside.client[0].aexecute(code)

    def printed(step: int) -> bool:
        return str(step) in "".join(str(each["content"]) for each in cell.cells[0].outputs)

    until(lambda: printed(0))
    between.cut()
    (home / "go0").touch()
    until(lambda: printed(1))
    between.forget(between.target_of(-1))  # the channel of what is printed
    (home / "go1").touch()
    until(lambda: printed(2))
    (home / "go2").touch()
    cell.get(timeout=10)
    assert cell.stdout.split() == ["0", "1", "2"]


def test_calls_to_engines_that_cannot_be_reached_fail_and_later_ones_do_not(beside: Beside) -> None:
    """With a clear sentence; nothing hangs."""
    view = beside.client[:]
    assert view.apply(len, "abc") == [3, 3]
    beside.between[0].hold()
    beside.between[1].refuse()
    with pytest.raises(EngineErrors) as caught:
        view.aapply(len, "abc").get(timeout=15)
    errors = caught.value.by_engine
    assert all(isinstance(each, EngineLostError) for each in errors.values())
    assert "Engine 0 is lost: it gives no sign of life" in str(errors[0])
    assert "Engine 1 is lost: it cannot be reached" in str(errors[1])
    for each in beside.between:
        each.pass_on()
    assert view.apply(len, "abc") == [3, 3]


def test_a_client_that_is_cut_off_from_its_controller_gets_all_its_results(
    cluster: RunningCluster, home: Path
) -> None:
    """Each once, whatever was lost on the way; also over a link that says nothing of its end."""
    cluster.up(2)
    with proxy(cluster.entry.clients) as between:
        change_entry(cluster, clients=between.address)
        client = Cluster.connect("test")
        view = client.load_balanced()
        first = view.amap(lambda number: number * number, range(3000))
        for _ in range(5):
            between.cut()
            time.sleep(0.05)  # the pace of the cuts; nothing is waited for
        assert first.get(timeout=20) == [number * number for number in range(3000)]
        slow = view.aapply(work, str(home), "slow")
        until(lambda: list(home.glob("slow.*.begun")))
        between.forget()  # while all that is waited for is the result
        (begun,) = home.glob("slow.*.begun")
        begun.with_suffix(".go").touch()
        assert begun.name == f"slow.{slow.get(timeout=20)}.begun"
        between.lose_answers()  # so that the client does not know that its tasks were taken in
        unanswered = view.amap(abs, [-1, -2])
        until(lambda: cluster.ask("vivo_status_request")["queue"]["uncollected"] == 2)
        between.cut()
        assert unanswered.get(timeout=20) == [1, 2]
        client.close()
    change_entry(cluster)


def test_what_was_on_its_way_through_the_controller_comes_over_the_next_link(
    apart: Apart, home: Path
) -> None:
    """A cell and a call end while their engine is cut off; whoever waits for them hears of it."""
    far = Cluster.connect("test", through_controller=True)
    cell = far[0].aexecute(
        "import os, time\nprint('began')\n"
        f"while not os.path.exists({str(home / 'go')!r}): time.sleep(0.01)\nprint('ended')"
    )
    until(lambda: "began" in str(cell.cells[0].outputs))
    call = far[0].aapply(os.getpid)
    apart.between[0].refuse()
    (home / "go").touch()
    apart.client[0].execute("")  # it waits for its turn behind them
    apart.between[0].pass_on()
    cell.get(timeout=20)
    assert cell.stdout.split() == ["began", "ended"]
    assert call.get(timeout=20) == apart.engines[0]
    far.close()
