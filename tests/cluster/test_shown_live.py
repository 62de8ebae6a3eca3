"""A cluster that is shown live: what its controller tells, and what becomes of it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from vivo.parallel import Cluster
from vivo.parallel.cluster.errors import ClusterError
from vivo.server.cluster_shown import ShownCluster

from tests.cluster.conftest import RunningCluster


class Looker:
    """Somebody who shows a cluster."""

    def __init__(self, name: str) -> None:
        self.shown = ShownCluster(name, self._blocking)
        self.told: asyncio.Queue[tuple[str, dict[str, Any] | None]] = asyncio.Queue()
        self.facts: dict[int, Any] = {}
        self.uses: dict[int, dict[str, Any]] = {}
        self.failures: list[Any] = []
        self.samples = 0

    async def _blocking(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.to_thread(partial(function, *arguments))

    async def begin(self) -> None:
        self._take(await self.shown.begin(lambda *told: self.told.put_nowait(told)))

    def _take(self, told: dict[str, Any]) -> None:
        self.facts.update({each["number"]: each for each in told["engines"]})
        names = list(told["uses"])
        for row in zip(*told["uses"].values(), strict=True):
            self.uses[row[0]] = dict(zip(names, row, strict=True))
        self.failures += told["failures"]
        self.samples += len(told["samples"]["time"])

    async def until(self, is_so: Callable[[str], Any]) -> None:
        """Wait until something is so of what was told."""
        while True:
            state, told = await self.told.get()
            if told is not None:
                self._take(told)
            if is_so(state):
                return


@pytest.fixture
async def looker(cluster: RunningCluster) -> AsyncIterator[Looker]:
    """Somebody who shows a cluster of two engines."""
    cluster.up(2)
    made = Looker(cluster.name)
    await made.begin()
    yield made
    await made.shown.close()


def _in_thread(work: Callable[[], Any]) -> threading.Thread:
    made = threading.Thread(target=work)
    made.start()
    return made


async def test_what_is_told_of_engines_tasks_and_failures(
    cluster: RunningCluster, looker: Looker
) -> None:
    """Load and memory while they work, the failure with its traceback, the end of a process; what
    runs is interrupted on one engine, and the other goes on."""
    assert set(looker.facts) == {0, 1}
    assert {each["state"] for each in looker.facts.values()} == {"up"}
    outcomes: dict[int, str] = {}

    def work() -> None:
        with Cluster.connect(cluster.name) as mine:
            with pytest.raises(ZeroDivisionError):
                mine.load_balanced().apply(eval, "1 / 0")
            started = [mine[number].aexecute("while True: pass") for number in (0, 1)]
            for number, each in enumerate(started):
                try:
                    each.get()
                except Exception as error:  # noqa: BLE001 - what the engine's was is looked at
                    outcomes[number] = repr(error)

    working = _in_thread(work)
    await looker.until(lambda _: all((looker.uses[n]["load"] or 0) > 0.05 for n in (0, 1)))
    assert all(looker.uses[n]["memory"] > 5 for n in (0, 1))
    assert [each["error"] for each in looker.failures] == ["ZeroDivisionError: division by zero"]
    assert looker.failures[0]["traceback"].startswith("Traceback (most recent call last):")
    view = await looker.shown.engine(0, None)
    assert view["running"] == "while True: pass"
    assert await looker.shown.interrupt([0]) == [0]
    await looker.until(lambda _: (looker.uses[0]["load"] or 0) < 0.05)
    later = await looker.shown.engine(0, view["last"])
    assert not later["is_whole"]
    assert "KeyboardInterrupt" in later["output"]
    assert (await looker.shown.engine(1, None))["running"] == "while True: pass"
    os.kill(looker.facts[1]["pid"], signal.SIGKILL)
    await looker.until(lambda _: looker.facts[1]["state"] == "dead")
    await asyncio.to_thread(working.join)
    assert "KeyboardInterrupt" in outcomes[0]
    assert looker.failures[-1]["engine"] == 1
    assert (await looker.shown.engine(1, None))["failure"] is not None
    with pytest.raises(ClusterError, match="no engine 7"):
        await looker.shown.engine(7, None)


async def test_a_controller_that_is_killed_and_taken_up_again_is_shown_again(
    cluster: RunningCluster, looker: Looker
) -> None:
    """Without anybody asking; and once the cluster is stopped, that is told."""
    cluster.kill()
    await looker.until(lambda state: state == "killed")
    await asyncio.to_thread(cluster.resume)
    looker.facts.clear()
    await looker.until(lambda state: state == "running" and set(looker.facts) == {0, 1})
    await looker.shown.stop()
    await looker.until(lambda state: state == "none")
