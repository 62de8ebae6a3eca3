"""A Python that was built without ``sqlite3`` has a history too: of its session, in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from vivo.core import Shell, history
from vivo.core.history import History, HistoryEntry
from vivo.core.history_in_memory import HistoryInMemory


def entries(session: int, *lines: tuple[int, str]) -> list[HistoryEntry]:
    return [HistoryEntry(session, line, source) for line, source in lines]


@pytest.fixture(params=[History, HistoryInMemory])
def kept(request: pytest.FixtureRequest) -> History:
    """A history of a fresh session, either way."""
    made: History = request.param()
    for line, source in enumerate(["x = 1", "x", "print(x)", "x"], start=1):
        made.add(line, source, f"{source};" if line == 3 else source)
    made.add_output(2, "1")
    return made


def test_it_answers_as_the_one_in_a_file(kept: History) -> None:
    """The last inputs, by pattern, by range; transformed text and output where they are wanted."""
    one = kept.session
    changed = HistoryEntry(one, 3, "print(x)", "print(x);")
    assert kept.tail(2) == [changed, *entries(one, (4, "x"))]
    assert kept.tail(1, include_latest=False) == [changed]
    assert kept.tail(0) == []
    assert kept.search("x*", unique=True) == entries(one, (1, "x = 1"), (4, "x"))
    assert kept.search("x", count=1) == entries(one, (4, "x"))
    assert kept.search("[pq]*x?") == [changed]
    assert kept.range(0, 1, 3) == entries(one, (1, "x = 1"), (2, "x"))
    assert kept.range(0, 2, 3, output=True) == [HistoryEntry(one, 2, "x", None, "1")]
    assert kept.range(-1) == []
    assert [each.line for each in kept.ranges("2-3 1")] == [2, 3, 1]
    kept.add_once(9, "x", since=0.0)
    kept.add_once(8, "new", since=0.0)
    assert [each.line for each in kept.range(0, 5)] == [8]
    kept.close()


def test_a_shell_says_it_once_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first input, where the history should have been kept; nothing is written."""
    monkeypatch.setattr(history, "_HAS_SQLITE", False)
    told: list[str] = []
    made = History(tmp_path / "history.sqlite", report=told.append)
    shell = Shell(history=made)
    assert told == []
    assert shell.run_cell("20 + 1").value == 21
    assert shell.run_cell("_ * 2").value == 42
    assert told == [
        "This Python was built without sqlite3, so the history of this session is kept in memory "
        "alone."
    ]
    assert [each.source for each in shell.history.tail(5)] == ["20 + 1", "_ * 2"]
    shell.close()
    assert list(tmp_path.iterdir()) == []
