"""The journaled queue: nothing that was acknowledged is lost, and nothing that ended comes back."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel.controller.committing import Committer
from vivo.parallel.controller.farming import log as logs
from vivo.parallel.controller.farming.log import Entry, TaskLog
from vivo.parallel.errors import JournalError


def task(name: str, data: bytes = b"arguments") -> Entry:
    return Entry("task", {"spec": {"id": name, "function": "f"}, "client": "c"}, [data])


def result(name: str, data: bytes = b"value") -> Entry:
    return Entry("result", {"task": name, "status": "ok", "client": "c"}, [data])


def collected(*names: str) -> Entry:
    return Entry("collected", {"tasks": list(names)}, [])


def did(log: TaskLog, *entries: Entry) -> None:
    for each in entries:
        each.buffers = log.payloads.store(each.buffers)  # type: ignore[arg-type]
        log.apply(each)
    log.commit(list(entries))


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    """Opens the test's log again, as after a kill; closes all in the end."""
    made: list[TaskLog] = []

    def open_again() -> TaskLog:
        for each in made:
            each.close()
        made.append(TaskLog(tmp_path))
        return made[-1]

    yield open_again
    for each in made:
        each.close()


def test_tasks_results_and_ends_are_there_again(opened: Callable[[], TaskLog]) -> None:
    """Each where it was: waiting, ended, collected."""
    did(opened(), task("waits"), task("ended"), task("gone"))
    log = opened()
    did(log, result("ended"), result("gone"), collected("gone"))
    again = opened()
    assert list(again.tasks) == ["waits"]
    assert [bytes(each) for each in again.results["ended"].buffers] == [b"value"]  # type: ignore[arg-type]
    assert dict(again.ended) == {"ended": "ok", "gone": "ok"}


def test_a_record_that_comes_again_changes_nothing(opened: Callable[[], TaskLog]) -> None:
    """A task that has ended does not wait again."""
    log = opened()
    did(log, task("1"), result("1"), collected("1"))
    did(log, task("1"))
    assert not log.tasks
    assert not opened().tasks


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_cut_off_all_that_was_committed_before_is_there(
    opened: Callable[[], TaskLog], tmp_path: Path, seed: int
) -> None:
    """A kill at any byte: what is lost is the end alone."""
    chance = random.Random(seed)
    log = opened()
    sizes = []
    path = None
    for number in range(30):
        did(log, task(str(number), os.urandom(chance.randrange(200))))
        path = next((tmp_path / "tasks-0").glob("events-*.log"))
        sizes.append(path.stat().st_size)
    assert path is not None
    cut = chance.randrange(sizes[-1])
    os.truncate(path, cut)
    whole = sum(size <= cut for size in sizes)
    assert list(opened().tasks) == [str(number) for number in range(whole)]


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_record_costs_itself_alone(
    opened: Callable[[], TaskLog], tmp_path: Path, seed: int
) -> None:
    """And no start."""
    chance = random.Random(seed)
    did(opened(), *(task(str(number)) for number in range(30)))
    path = next((tmp_path / "tasks-0").glob("events-*.log"))
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    assert len(opened().tasks) >= 29


def test_large_data_is_in_a_file_until_what_makes_it_needless_is_on_the_disk(
    opened: Callable[[], TaskLog], tmp_path: Path
) -> None:
    """A kill between a result and its commit must leave the task whole."""
    log = opened()
    did(log, task("1", b"x" * 2**20))
    log.apply(result("1"))
    [path] = (tmp_path / "payloads").iterdir()
    assert path.stat().st_size == 2**20
    again = opened()  # killed before the commit
    assert again.payloads.load(again.tasks["1"].buffers) == [b"x" * 2**20]
    did(again, result("1"))
    again.payloads.remove(again.take_needless())
    assert not list((tmp_path / "payloads").iterdir())


def test_a_log_of_collected_tasks_stays_small(
    opened: Callable[[], TaskLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written again; what waits, what is not collected and how all ended stays."""
    monkeypatch.setattr(logs, "_SMALLEST_REWRITTEN", 100_000)
    log = opened()
    did(log, task("waits"), task("ended"), result("ended"))
    most = 0
    for number in range(2000):
        name = str(number)
        did(log, task(name, b"x" * 500), result(name, b"y" * 500), collected(name))
        if log.wants_rewriting:
            log.rewrite(log.left())
        folder = max(tmp_path.glob("tasks-*"), key=lambda each: int(each.name[6:]))
        most = max(most, sum(each.stat().st_size for each in folder.glob("events-*")))
    assert most < 500_000
    again = opened()
    assert list(again.tasks) == ["waits"]
    assert list(again.results) == ["ended"]
    assert len(again.ended) == 2001


async def test_a_full_disk_refuses_what_can_be_refused_and_keeps_the_rest(
    opened: Callable[[], TaskLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A submission is answered with an error; a result waits, and leaves once it is written."""
    monkeypatch.setattr("vivo.parallel.controller.committing._RETRY", 0.01)
    log = opened()
    commit, is_full = log.commit, True

    def fail(entries: list[Entry]) -> None:
        if is_full:
            raise JournalError("no room")
        commit(entries)

    monkeypatch.setattr(log, "commit", fail)
    told: list[str] = []
    left = asyncio.Event()
    committer = Committer(log, told.append)
    running = asyncio.create_task(committer.run())
    refused = asyncio.Event()
    committer.add([task("1")], lambda: told.append("taken"), lambda reason: refused.set())
    committer.add([result("0")], left.set)
    await asyncio.wait_for(refused.wait(), 10)
    assert not left.is_set()
    is_full = False
    await asyncio.wait_for(left.wait(), 10)
    assert told == ["no room"]
    running.cancel()
    committer.close()
