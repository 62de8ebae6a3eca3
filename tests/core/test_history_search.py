"""Finding inputs among a great many: what is found, and what it costs, counted in steps."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.core import History, Shell
from vivo.core import history as history_module
from vivo.core.history import HistoryEntry


def filled(path: Path, count: int, sessions: int = 10) -> Path:
    """A history of ``count`` inputs, as earlier sessions have left it."""
    History(path).session  # noqa: B018 - the first use makes the file
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO history (session, line, started, source) VALUES (?, ?, ?, ?)",
            (
                (2 + number * sessions // count, number, 1.0, f"name_{number % 997} = {number}")
                for number in range(count)
            ),
        )
        connection.executemany(
            "INSERT INTO sessions (session, started) VALUES (?, 1.0)",
            ((2 + number,) for number in range(sessions)),
        )
    connection.close()
    return path


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], int]:
    """Counts the steps that SQLite's machine takes in an action, by hundreds."""
    taken = [0]

    def counted(path: Path, connect: Any = History._connect) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(path)

        def step() -> int:
            taken[0] += 1
            return 0

        connection.set_progress_handler(step, 100)
        return connection

    monkeypatch.setattr(History, "_connect", staticmethod(counted))

    def count(action: Callable[[], Any]) -> int:
        taken[0] = 0
        action()
        return taken[0]

    return count


def test_of_equal_inputs_the_latest_is_found(tmp_path: Path) -> None:
    """With ``-u``, whether all are asked for or a few; in the order they were made."""
    first = History(tmp_path / "history.sqlite")
    for number, source in enumerate(["a = 1", "b = 2", "a = 1", "c = 3", "b = 2"], 1):
        first.add(number, source)
    first.close()
    history = History(tmp_path / "history.sqlite")
    history.add(1, "c = 3")
    for options in ({}, {"count": 10}):
        found = history.search("*", unique=True, **options)  # type: ignore[arg-type]
        assert [(e.session, e.line, e.source) for e in found] == [
            (1, 3, "a = 1"), (1, 5, "b = 2"), (2, 1, "c = 3")
        ]  # fmt: skip
    assert [e.source for e in history.search("*", unique=True, count=2)] == ["b = 2", "c = 3"]
    history.close()


def test_sessions_without_inputs_are_not_counted_back(tmp_path: Path) -> None:
    """``~1/`` is the last session in which something was typed."""
    path = tmp_path / "history.sqlite"
    for source in ("first", "", "second", ""):
        history = History(path)
        if source:
            history.add(1, source)
        assert history.session
        history.close()
    history = History(path)
    assert [e.source for e in history.ranges("~1/")] == ["second"]
    assert [e.source for e in history.ranges("~2/")] == ["first"]
    assert history.ranges("~3/") == []
    history.close()


def test_opening_costs_the_same_however_long_the_history(tmp_path: Path, steps: Any) -> None:
    """No look at the inputs is taken to begin a session, and to write its first one."""

    def open_and_write(path: Path) -> int:
        history = History(path)
        taken: int = steps(lambda: history.add(1, "x"))
        history.close()
        return taken

    short, long = (filled(tmp_path / f"{n}.sqlite", n) for n in (100, 50_000))
    assert open_and_write(long) <= open_and_write(short) + 2


def test_recalling_stops_at_what_is_asked_for(tmp_path: Path, steps: Any) -> None:
    """The last input that begins so, or the last few different ones, come from the end."""
    history = History(filled(tmp_path / "history.sqlite", 50_000))
    everything = steps(lambda: history.search("nothing like it"))
    for options in ({"count": 1}, {"count": 5, "unique": True}):
        found: list[HistoryEntry] = []
        taken = steps(lambda o=options, f=found: f.extend(history.search("name_*", **o)))
        assert found[-1].source.endswith("= 49999")
        assert taken < everything / 100
    assert steps(lambda: history.range(-9)) < everything / 2
    assert steps(lambda: history.tail(100)) < everything / 100
    history.close()


def test_searching_is_linear(tmp_path: Path, steps: Any) -> None:
    """Twice the history, twice the steps."""
    taken = []
    for count in (20_000, 40_000):
        history = History(filled(tmp_path / f"{count}.sqlite", count))
        taken.append(steps(lambda h=history: h.search("*= 1234*")))
        history.close()
    assert taken[1] < 2.2 * taken[0]


def test_no_cell_waits_for_a_search(tmp_path: Path) -> None:
    """While another thread searches, inputs are written, and the search sees its own state."""
    history = History(filled(tmp_path / "history.sqlite", 1000))
    found = []
    searching, written = threading.Event(), threading.Event()

    def search() -> None:
        rows = history._iterate

        def slowly(*words: Any, **options: Any) -> Any:
            for entry in rows(*words, **options):
                searching.set()
                assert written.wait(30)
                yield entry

        history._iterate = slowly  # type: ignore[method-assign]
        found.extend(history.search("name_1 *"))

    thread = threading.Thread(target=search)
    thread.start()
    assert searching.wait(30)
    history.add(1, "written meanwhile")
    written.set()
    thread.join()
    assert len(found) == 2
    assert history.tail(1)[0].source == "written meanwhile"
    history.close()


def test_the_magic_finds_in_all_sessions(tmp_path: Path, capsys: Any) -> None:
    """``%history -g`` and ``-u`` with a pattern, or with a part of the text."""
    shell = Shell(history=History(filled(tmp_path / "history.sqlite", 5000)))
    shell.run_cell("needle = 1")
    shell.run_cell("needle = 1")
    capsys.readouterr()
    shell.run_cell("%history -g needle")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "needle = 1",
        "needle = 1",
        "%history -g needle",
    ]
    shell.run_cell("%history -u -g needle*")
    assert capsys.readouterr().out.splitlines() == [f"{shell.history.session}/2: needle = 1"]
    shell.close()


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")), max_size=5))
def test_any_text_comes_back_as_it_was_typed(texts: list[str]) -> None:
    """Quotes, emoji, a NUL: in the order of the inputs, with what ran and what came out."""
    history = History()
    for line, text in enumerate(texts, 1):
        history.add(line, text, "ran " + text)
        history.add_output(line, "out " + text)
    wanted = [(line, text, "ran " + text, "out " + text) for line, text in enumerate(texts, 1)]
    for found in (history.tail(10, output=True), history.range(output=True)):
        assert [(each.line, *each[2:]) for each in found] == wanted
    history.close()


def test_an_sqlite_without_json_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as the systems of some years ago have."""
    history = History()
    history.add(1, "a")
    history.add(2, "b", "c")
    wanted = history.tail(5)

    def missing(*arguments: object, **options: object) -> None:
        raise sqlite3.OperationalError("no such function: json_array")

    monkeypatch.setattr(history_module, "_at_once", missing)
    assert history.tail(5) == wanted
    history.close()
