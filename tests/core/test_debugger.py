"""The debugger, through a front end that answers questions (paper, Fig. 6)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell

PROGRAM = """\
def inner(divisor):
    share = 12
    return share / divisor

def outer(count):
    rest = count - 3
    return inner(rest)

total = outer(3)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that fails in its second function."""
    path = tmp_path / "shares.py"
    path.write_text(PROGRAM, "utf-8")
    return path


def test_the_post_mortem_walks_up_prints_and_quits(
    shell: Shell, shown: Any, program: Path, capsys: Any
) -> None:
    """%debug after a program's error: where it is, its variables, its caller's."""
    shell.run_cell(f"%run {program}")
    text = shown.of("error")[-1].text("Verbose")
    assert "divisor = 0" in text
    assert "share = 12" in text
    shown.answers = ["p share", "u", "p rest, count", "w", "q"]
    assert shell.run_cell("%debug").status == "ok"
    printed = capsys.readouterr().out
    assert f"> {program}(3)inner()\n-> return share / divisor" in printed
    assert "\n12\n" in printed
    assert "\n(0, 3)\n" in printed
    assert "core/shell.py" not in printed, "frames of vivo's own were shown"
    assert shown.answers == []


def test_every_error_enters_the_debugger_with_pdb_on(shell: Shell, shown: Any, capsys: Any) -> None:
    """%pdb on; a wrong magic and a syntax error do not."""
    shell.run_cell("%pdb on")
    shown.answers = ["p divisor", "q"]
    assert shell.run_cell("divisor = 0\n1 / divisor").status == "error"
    assert shown.answers == []
    assert "\n0\n" in capsys.readouterr().out
    shown.answers = ["never asked"]
    shell.run_cell("%nosuch")
    shell.run_cell("1 +")
    assert shown.answers == ["never asked"]
    shell.run_cell("%pdb off")
    shell.run_cell("1 / 0")
    assert shown.answers == ["never asked"]


def test_breakpoint_stops_and_goes_on(shell: Shell, shown: Any, capsys: Any) -> None:
    """The user looks, changes a variable, and the cell goes on with it."""
    shown.answers = ["p width", "!width = 7", "c"]
    result = shell.run_cell("width = 3\nbreakpoint()\narea = width * 2\narea")
    assert (result.status, result.value) == ("ok", 14)
    assert "\n3\n" in capsys.readouterr().out
    assert sys.gettrace() is None


def test_a_debugger_that_nobody_answers_ends(shell: Shell, shown: Any) -> None:
    """No hang: the cell ends there with one sentence, and the next one runs."""
    result = shell.run_cell("breakpoint()\nlate = 1\nlater = 2")
    assert result.status == "error"
    assert "debugger was quit" in shown.of("error")[-1].text()
    assert sys.gettrace() is None
    assert shell.run_cell("1 + 1").value == 2


def test_run_d_steps_through_a_program(
    shell: Shell, shown: Any, program: Path, capsys: Any
) -> None:
    """%run -d stops at the first line; -b at a line of choice; quitting leaves no error."""
    shown.answers = ["n", "n", "q"]
    assert shell.run_cell(f"%run -d {program}").status == "ok"
    printed = capsys.readouterr().out
    assert f"> {program}(1)<module>()" in printed
    assert f"> {program}(5)<module>()" in printed
    shown.answers = ["p count", "q"]
    assert shell.run_cell(f"%run -d -b 6 {program}").status == "ok"
    printed = capsys.readouterr().out
    assert f"> {program}(6)outer()" in printed
    assert "\n3\n" in printed
    assert shell.run_cell(f"%run -d -b nonsense {program}").status == "error"
    assert "FILE:LINE" in shown.of("error")[-1].text()
    assert shell.run_cell(f"%run -d -b 400 {program}").status == "error"
    assert "cannot be set" in shown.of("error")[-1].text()


def test_debug_runs_a_statement_or_a_cell(shell: Shell, shown: Any, capsys: Any) -> None:
    """%debug f(3) steps into it; %%debug runs a cell."""
    shell.run_cell("def double(number):\n    return number * 2")
    shown.answers = ["s", "s", "p number", "c"]
    assert shell.run_cell("%debug double(3)").status == "ok"
    assert "\n3\n" in capsys.readouterr().out
    shown.answers = ["n", "p first", "c"]
    assert shell.run_cell("%%debug\nfirst = 1\nsecond = 2").status == "ok"
    assert "\n1\n" in capsys.readouterr().out
    assert shell.namespace["second"] == 2


def test_frames_live_for_the_post_mortem_alone(shell: Shell, shown: Any) -> None:
    """The cell after the error may look; the one after that finds nothing."""
    shell.run_cell("1 / 0")
    shell.run_cell("'an ordinary cell'")
    assert shell.run_cell("%debug").status == "error"
    assert "no error to look at" in shown.of("error")[-1].text()


def test_tb_shows_the_last_traceback_again(shell: Shell, shown: Any, capsys: Any) -> None:
    """In a mode of choice, also many cells later."""
    assert shell.run_cell("%tb").status == "error"
    shell.run_cell("def f(width):\n    return 1 / width\nf(0)")
    shell.run_cell("1")
    shell.run_cell("%tb Verbose")
    assert "width = 0" in capsys.readouterr().out
    shell.run_cell("%tb Minimal")
    assert capsys.readouterr().out == "ZeroDivisionError: division by zero\n"
    shell.run_cell("%tb Loud")
    assert "%tb takes Plain" in shown.of("error")[-1].text()


def test_pinfo_works_in_the_debugger(shell: Shell, shown: Any, capsys: Any) -> None:
    """What is known of a frame's object."""
    shell.run_cell("def f(width):\n    return 1 / width\nf(0)")
    shown.answers = ["pinfo width", "q"]
    shell.run_cell("%debug")
    printed = capsys.readouterr().out
    assert "Type:" in printed
    assert "int" in printed


def test_programs_are_profiled(
    shell: Shell, shown: Any, program: Path, tmp_path: Path, capsys: Any
) -> None:
    """%prun and %run -p sort, limit, and save text and figures."""
    import pstats

    shell.run_cell("def work():\n    return sum(range(1000))")
    shell.run_cell(f"%prun -s cumulative -l 4 -T {tmp_path}/t.txt -D {tmp_path}/t.prof work()")
    report = shown.of("page")[-1]
    assert "Ordered by: cumulative time" in report
    assert "due to restriction <4>" in report
    assert (tmp_path / "t.txt").read_text("utf-8") == report
    assert pstats.Stats(str(tmp_path / "t.prof")).total_calls > 1  # type: ignore[attr-defined]
    stats = shell.run_cell("%prun -q -r work()").value
    assert isinstance(stats, pstats.Stats)
    functions = {function for _, _, function in stats.stats}  # type: ignore[attr-defined]
    assert "work" in functions
    assert not functions & {"run_parts", "<lambda>", "call_user_code"}
    program.write_text("def slow():\n    return sum(range(10))\nvalue = slow()\n", "utf-8")
    shell.run_cell(f"%run -p -s name {program}")
    assert "slow" in shown.of("page")[-1]
    assert shell.namespace["value"] == 45
    shell.run_cell(f"%run -p -D {tmp_path}/run.prof {program}")
    saved = pstats.Stats(str(tmp_path / "run.prof")).stats  # type: ignore[attr-defined]
    assert (str(program), 1, "slow") in saved
    shell.run_cell("%%prun -s calls\nfor _ in range(3):\n    work()")
    assert "work" in shown.of("page")[-1]
    shell.run_cell("%prun -s bogus work()")
    assert "does not fit" in shown.of("error")[-1].text()
