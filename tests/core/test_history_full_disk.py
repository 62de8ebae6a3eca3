"""A history on a disk that is full: inputs wait, and are written once there is room."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from vivo.core.history import History
from vivo.core.shell import Shell

TOLD = "cannot be written (database or disk is full): inputs wait in memory until there is room"
LONG = "text = '" + "x" * 20_000 + "'"


def fill(history: History) -> None:
    """Let the file have no page more than it has."""
    connection = history._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA main.max_page_count = {pages}")


def give_room(history: History) -> None:
    """Let the file grow again."""
    connection = history._connection
    assert connection is not None
    connection.execute("PRAGMA main.max_page_count = 1000000")


def rows(path: Path) -> list[tuple[int, str]]:
    """What the file holds, read by somebody else."""
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT line, source FROM history ORDER BY line").fetchall()
    connection.close()
    return found


def test_inputs_wait_for_room_and_are_written_then(tmp_path: Path) -> None:
    """One sentence; meanwhile ranges, the tail and searches know all inputs, in the file or not."""
    path = tmp_path / "history.sqlite"
    told: list[str] = []
    shell = Shell(history=History(path, report=told.append))
    shell.run_cell("before = 1")
    fill(shell.history)
    for number in range(3):
        shell.run_cell(f"{LONG}; during = {number}")
    history = shell.history
    assert [len(told), told[0].startswith(f"The history {path} {TOLD}")] == [1, True]
    assert [line for line, _ in rows(path)] == [1]
    assert [entry.line for entry in history.range()] == [1, 2, 3, 4]
    assert [entry.line for entry in history.tail(2)] == [3, 4]
    assert [entry.line for entry in history.search("*during = 1*")] == [3]
    assert [entry.line for entry in history.search(unique=True)] == [1, 2, 3, 4]
    give_room(history)
    shell.run_cell("after = 1")
    assert [line for line, _ in rows(path)] == [1, 2, 3, 4, 5]
    assert {entry.session for entry in shell.history.range()} == {shell.history.session}
    shell.close()
    assert len(told) == 1


def test_inputs_that_come_together_wait_too(tmp_path: Path) -> None:
    """None is lost, and none is there twice."""
    path = tmp_path / "history.sqlite"
    told: list[str] = []
    history = History(path, report=told.append)
    history.add(1, "before = 1")
    fill(history)
    history.add_all([(number, f"{LONG}; {number}", None) for number in (2, 3)])
    assert [line for line, _ in rows(path)] == [1]
    assert [entry.line for entry in history.range()] == [1, 2, 3]
    give_room(history)
    history.add_all([(4, "after = 1", None), (5, "after = 2", None)])
    assert [line for line, _ in rows(path)] == [1, 2, 3, 4, 5]
    history.close()
    assert len(told) == 1


def test_what_waits_is_written_when_the_session_ends(tmp_path: Path) -> None:
    """There was room again, and nothing more was run."""
    path = tmp_path / "history.sqlite"
    shell = Shell(history=History(path))
    shell.run_cell("before = 1")
    fill(shell.history)
    shell.run_cell(LONG)
    give_room(shell.history)
    shell.close()
    assert [line for line, _ in rows(path)] == [1, 2]


def test_a_history_that_is_begun_on_a_full_disk_comes_into_the_file_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its inputs get a session of their own there, after those of others."""
    path = tmp_path / "history.sqlite"
    with_room = Shell(history=History(path))
    with_room.run_cell("earlier = 1")
    with_room.close()
    told: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(History, "_open_file", staticmethod(_no_room))
        shell = Shell(history=History(path, report=told.append))
        shell.run_cell("during = 1")
        shell.run_cell("during = 2")
        assert [entry.line for entry in shell.history.range()] == [1, 2]
    shell.run_cell("after = 1")
    assert [entry.source for entry in shell.history.tail(9)] == [
        "earlier = 1",
        "during = 1",
        "during = 2",
        "after = 1",
    ]
    assert [entry.source for entry in shell.history.range(-1)] == ["earlier = 1"]
    shell.close()
    assert len(told) == 1
    assert "(No space left on device): inputs wait in memory" in told[0]


def _no_room(path: Path) -> sqlite3.Connection:
    raise OSError(28, "No space left on device")
