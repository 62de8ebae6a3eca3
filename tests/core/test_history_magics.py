"""Magics of the history as a user types them: ranges, searches, recall, rerun, save, load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell
from vivo.core.history import History


@pytest.fixture
def later(shown: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """The third session of a history: the earlier ones have three inputs each."""
    monkeypatch.chdir(tmp_path)
    for session in ("first", "second"):
        earlier = Shell(history=History(tmp_path / "history.sqlite"))
        for number in (1, 2, 3):
            earlier.run_cell(f"{session} = {number}")
        earlier.close()
    made = Shell(front_end=shown, history=History(tmp_path / "history.sqlite"))
    yield made
    made.close()


LAST = [
    *((1, n, f"first = {n}") for n in (1, 2, 3)),
    *((2, n, f"second = {n}") for n in (1, 2, 3)),
    *((3, n, text) for n, text in enumerate(("a = 1", "b = 2", "c = 3", "!true"), 1)),
]


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("2-3", ["b = 2", "c = 3"]),
        ("3-", ["c = 3", "!true"]),
        ("1 3", ["a = 1", "c = 3"]),
        ("-2", ["a = 1", "b = 2"]),
        ("~1/2", ["second = 2"]),
        ("~1/2-", ["second = 2", "second = 3"]),
        ("~2/3-~1/1", ["first = 3", "second = 1"]),
        ("~2/", ["first = 1", "first = 2", "first = 3"]),
        ("1/2-3", ["first = 2", "first = 3"]),
        ("-n 1-2", ["1: a = 1", "2: b = 2"]),
        ("-t 4", ["get_ipython().system('true')"]),
        ("-p 1", [">>> a = 1"]),
        ("-g *sec*3", ["2/3: second = 3"]),
        ("-g irst = 1", ["1/1: first = 1"]),
        ("-l 2", ["3/3: c = 3", "3/4: !true"]),
        ("-l -u", [f"{s}/{n}: {t}" for s, n, t in LAST]),
        ("1-2 -n", ["1: a = 1", "2: b = 2"]),
    ],
)
def test_ranges_name_inputs_of_any_session(
    later: Shell, capsys: Any, line: str, lines: list[str]
) -> None:
    """4-6, 4-, ~1/, 243/1-5, several of them, and the forms in which they are shown."""
    for source in ("a = 1", "b = 2", "c = 3", "!true"):
        later.run_cell(source)
    capsys.readouterr()
    assert later.run_cell(f"%history {line}").status == "ok"
    printed = [each for each in capsys.readouterr().out.splitlines() if "%history" not in each]
    assert printed == lines


def test_a_count_of_inputs_is_a_number(later: Shell, shown: Any) -> None:
    """%history -l ten is told."""
    later.run_cell("%history -l ten")
    assert shown.of("error")[-1].text() == (
        "UsageError: %history -l wants the number of inputs, not ten."
    )


def test_history_goes_into_a_file_with_its_values(later: Shell, tmp_path: Path) -> None:
    """-o shows the values' texts, -f writes."""
    later.run_cell("6 * 7")
    later.run_cell("%history -o -f kept.txt 1")
    assert (tmp_path / "kept.txt").read_text() == "6 * 7\n42\n"


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("1-2", "a = 1\nb = 2"),
        ("~1/3", "second = 3"),
        ("first", "first = 3"),
        ("second = 1", "second = 1"),
        ("", "42"),
    ],
)
def test_inputs_are_recalled(later: Shell, shown: Any, line: str, offered: str) -> None:
    """By number, by a part of their text, and the last value without either."""
    for source in ("a = 1", "b = 2", "6 * 7"):
        later.run_cell(source)
    assert later.run_cell(f"%recall {line}").status == "ok"
    assert shown.of("next")[-1] == offered


def test_what_cannot_be_recalled_is_told(later: Shell, shown: Any) -> None:
    """With where to look."""
    later.run_cell("%recall nothing_like_it")
    assert shown.of("error")[-1].text() == (
        "UsageError: No input matches nothing_like_it; %history -g searches all that there are."
    )


@pytest.mark.parametrize(
    ("line", "expected"), [("", 3), ("1", 1), ("-l 2", 2), ("-g count + 1", 4), ("1-2", 2)]
)
def test_inputs_run_again(later: Shell, line: str, expected: int) -> None:
    """The last one, those of a range, the last few, the last one that matches."""
    later.run_cell("count = 0\ncount = count + 1")
    later.run_cell("count = max(count, 1) + 1")
    if line.startswith("-g"):
        later.run_cell("count = 3")
        later.run_cell("count = count + 1; x = 1")
        later.run_cell("count = 3")
    assert later.run_cell(f"%rerun {line}\ncount").value == expected


def test_inputs_are_saved_loaded_and_named(later: Shell, shown: Any, tmp_path: Path) -> None:
    """%save -r -f -a, %load of files, lines, functions and ranges, %macro."""
    later.run_cell("width = 2")
    later.run_cell("!true")
    later.run_cell("%save work 1")
    assert (tmp_path / "work.py").read_text() == "width = 2\n"
    assert later.run_cell("%save work 1-2").status == "error"
    assert later.run_cell("%save -f work 1-2").status == "ok"
    assert (tmp_path / "work.py").read_text() == "width = 2\nget_ipython().system('true')\n"
    later.run_cell("%save -a work ~1/1")
    assert (tmp_path / "work.py").read_text().endswith("second = 1\n")
    later.run_cell("%save -r typed 1-2")
    assert (tmp_path / "typed.ipy").read_text() == "width = 2\n!true\n"
    later.run_cell("%load -r 1 work.py")
    assert shown.of("next")[-1].strip().endswith("width = 2")
    later.run_cell("%load 1-2")
    assert "!true" in shown.of("next")[-1]
    later.run_cell("%macro twice 1\nwidth = 5")
    later.run_cell("twice")
    assert later.run_cell("width").value == 2


def test_what_was_edited_last_is_edited_again(
    later: Shell, shown: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """%edit -p; before anything was edited it says so."""
    opened: list[str] = []

    def edit(path: str, line: int) -> bool:
        opened.append(path)
        return True

    monkeypatch.setattr(later.front_end, "edit", edit, raising=False)
    assert later.run_cell("%edit -p").status == "error"
    assert "nothing has been edited" in shown.of("error")[-1].text()
    (tmp_path / "work.py").write_text("edited = 1\n")
    later.run_cell("%edit work.py")
    (tmp_path / "work.py").write_text("edited = 2\n")
    assert later.run_cell("%edit -p\nedited").value == 2
    assert opened == [str(tmp_path / "work.py")] * 2


def test_a_history_that_cannot_be_written_is_told(tmp_path: Path, shown: Any) -> None:
    """Read-only from some moment on, or no place for a file: the session keeps it in memory."""
    told: list[str] = []
    history = History(tmp_path / "history.sqlite", report=told.append)
    shell = Shell(front_end=shown, history=history)
    shell.run_cell("a = 1")
    connection = history._connection
    assert connection is not None
    connection.execute("PRAGMA query_only = 1")
    assert shell.run_cell("b = 2").status == "ok"
    assert shell.run_cell("a + b").value == 3
    shell.close()
    assert len(told) == 1
    assert "cannot be used (attempt to write a readonly database)" in told[0]
    assert "keeps its history in memory" in told[0]
    (tmp_path / "file").touch()
    nowhere = History(tmp_path / "file" / "history.sqlite", report=told.append)
    nowhere.add(1, "c = 3")
    assert [entry.source for entry in nowhere.tail(3)] == ["c = 3"]
    assert len(told) == 2
    nowhere.close()
