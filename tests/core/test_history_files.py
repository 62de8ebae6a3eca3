"""The history's file: several sessions write at once, and what is wrong with it is told once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell
from vivo.core.history import History

SESSION = """
import sys
from vivo.core import History, Shell
shell = Shell(history=History(sys.argv[1]))
for number in range(100):
    shell.run_cell(f"name = '{sys.argv[2]}', {number}")
print(shell.history.session)
shell.close()
"""


def test_sessions_that_open_a_new_file_at_once_all_use_it(tmp_path: Path) -> None:
    """Whoever comes while another one makes it waits, and keeps its inputs there."""
    for attempt in range(15):
        path = tmp_path / f"{attempt}.sqlite"
        told: list[str] = []
        histories = [History(path, report=told.append) for _ in range(6)]
        barrier = threading.Barrier(len(histories))

        def begin(history: History, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            history.add(1, "x = 1")

        threads = [threading.Thread(target=begin, args=(each,)) for each in histories]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert told == []
        assert sorted(each.session for each in histories) == [1, 2, 3, 4, 5, 6]
        for each in histories:
            each.close()


def test_shells_of_several_processes_write_at_once(tmp_path: Path) -> None:
    """Each has a session number of its own, and its inputs stand under it in their order."""
    path = str(tmp_path / "history.sqlite")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SESSION, path, name], stdout=subprocess.PIPE, text=True
        )
        for name in "abc"
    ]
    numbers = [int(process.communicate()[0]) for process in running]
    assert sorted(numbers) == [1, 2, 3]
    history = History(path)
    for name, number in zip("abc", numbers, strict=True):
        entries = history.ranges(f"{number}/1-")
        assert [e.source for e in entries] == [f"name = '{name}', {n}" for n in range(100)]
    history.close()


def test_inputs_that_come_together_are_kept_as_each_would_be(tmp_path: Path) -> None:
    """In one transaction: all of them, or they are added one by one."""
    path = tmp_path / "history.sqlite"
    told: list[str] = []
    history = History(path, report=told.append)
    statements: list[str] = []
    history.add(1, "one = 1")
    connection = history._connection
    assert connection is not None
    connection.set_trace_callback(statements.append)
    history.add_all([(2, "%time 2", "get_ipython()"), (3, "three = 3", "three = 3")])
    assert [each.split()[0] for each in statements] == ["BEGIN", "INSERT", "INSERT", "COMMIT"]
    connection.execute("CREATE TRIGGER no BEFORE INSERT ON history WHEN new.line = 5 "
                       "BEGIN SELECT RAISE(ABORT, 'not this one'); END")  # fmt: skip
    history.add_all([(4, "four = 4", None), (5, "five = 5", None), (6, "six = 6", None)])
    history.close()
    later = History(path)
    found = [(each.line, each.source, each.transformed) for each in later.tail(9)]
    later.close()
    assert found == [(1, "one = 1", None), (2, "%time 2", "get_ipython()"), (3, "three = 3", None),
                     (4, "four = 4", None)]  # fmt: skip
    assert len(told) == 1


def read_only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that opens and cannot be written, also for root."""
    History(path).add(1, "kept = 1")
    connect = History._connect

    def connect_read_only(path: Path) -> sqlite3.Connection:
        made = connect(path)
        made.execute("PRAGMA query_only = 1")
        return made

    monkeypatch.setattr(History, "_connect", staticmethod(connect_read_only))


def a_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder stands where the file should."""
    path.mkdir()


def no_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder cannot be made."""
    monkeypatch.setattr("vivo.core.history.make_folder", _refused)


def _refused(*_: Any, **__: Any) -> None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("spoil", [read_only, a_folder, no_folder])
def test_a_file_that_cannot_be_used_costs_the_keeping_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, spoil: Any
) -> None:
    """One sentence, and the session's own history works as ever."""
    path = tmp_path / "history.sqlite"
    spoil(path, monkeypatch)
    told: list[str] = []
    shell = Shell(history=History(path, report=told.append))
    assert shell.run_cell("value = 3\nvalue").value == 3
    shell.run_cell("%history 1")
    shell.close()
    assert capsys.readouterr().out.endswith("value = 3\nvalue\n")
    assert len(told) == 1
    assert told[0].startswith(f"The history {path} cannot be used (")
    assert told[0].endswith("Check that the file and its folder can be written.")


def test_a_file_that_is_damaged_while_in_use_is_set_aside(tmp_path: Path) -> None:
    """The session goes on with a fresh one, and what comes later is kept."""
    path = tmp_path / "history.sqlite"
    told: list[str] = []
    shell = Shell(history=History(path, report=told.append))
    shell.run_cell("before = 1")
    connection = shell.history._connection
    assert connection is not None
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA cache_size = 0")
    with path.open("r+b") as stream:
        stream.seek(0)
        stream.write(b"\xff" * path.stat().st_size)
    for number in range(3):
        assert shell.run_cell(f"after = {number}").status == "ok"
    assert [e.source for e in shell.history.tail(3)] == [f"after = {n}" for n in range(3)]
    shell.close()
    assert len(told) == 1
    assert "it is set aside as history-damaged-" in told[0]
    later = History(path)
    assert [e.source for e in later.tail(9)] == [f"after = {n}" for n in range(3)]
    later.close()
