"""Magics: options, automagic, the system, %run; driven through the shell."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from vivo.core import MagicCall, Option, Shell, magic
from vivo.core.magics.registry import Magic


def error_text(shown: Any) -> str:
    return str(shown.of("error")[-1].text())


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("%tiem 1", "There is no magic %tiem. Did you mean %time"),
        ("%time -z 1", "%time has no option -z"),
        ("%timeit -n", "%timeit: -n wants a value"),
        ("%timeit -n x 1", "%timeit: -n x does not fit"),
        ("%bash ls", "%bash is no line magic; it is a cell magic: write %%bash"),
        ("%cd /nowhere/at/all", "%cd cannot go to /nowhere/at/all: No such file or directory."),
        ("%config xmodes", "There is no setting xmodes; did you mean xmode?"),
        ("nothing?", "Nothing is called nothing here."),
    ],
)
def test_wrong_use_is_one_clear_sentence(
    shell: Shell, shown: Any, cell: str, sentence: str
) -> None:
    """No traceback, the nearest known name, and the session goes on."""
    shell.run_cell("kept = 1")
    assert shell.run_cell(cell).status == "error"
    assert sentence in error_text(shown)
    assert "\n" not in error_text(shown)
    assert shell.run_cell("kept").value == 1


def test_a_users_magic_gets_options_and_help_for_free(shell: Shell, shown: Any) -> None:
    """Declared once beside the function: parsing and help come from that."""

    @magic("greet", options=(Option("-n", "count", "how often", "N", 1, int), Option("-l", "loud")))
    def greet(call: MagicCall) -> str:
        """Greet somebody."""
        text = " ".join(["hello " + call.arguments] * call.options.count)
        return text.upper() if call.options.loud else text

    shell.magics.add(greet.__magics__[0])  # type: ignore[attr-defined]
    assert shell.run_cell("%greet -n 2 you").value == "hello you hello you"
    assert shell.run_cell("x = %greet -ln2 you\nx").value == "HELLO YOU HELLO YOU"
    assert shell.run_cell("greet me").value == "hello me"
    shell.run_cell("%greet?")
    assert "Greet somebody." in shown.of("page")[-1]
    assert "-n N" in shown.of("page")[-1]


def test_a_plain_function_becomes_a_magic(shell: Shell) -> None:
    """As users of today's shells register theirs."""
    shell.register_magic_function(lambda line, cell: (line, cell), "cell", "both")
    assert shell.run_cell("%%both a\nb").value == ("a", "b\n")
    assert isinstance(shell.magics.get("both", "cell"), Magic)


def test_a_variable_shadows_automagic(shell: Shell) -> None:
    """%name is always the magic."""
    assert isinstance(shell.run_cell("pwd").value, str)
    shell.run_cell("pwd = 3")
    assert shell.run_cell("pwd").value == 3
    assert isinstance(shell.run_cell("%pwd").value, str)


def test_time_gives_the_value_and_the_time(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also in an assignment; a cell's error has its own lines."""
    assert shell.run_cell("x = %time 6 * 7\nx").value == 42
    assert "wall time" in capsys.readouterr().out
    report = shell.run_cell("%%time\na = 1\na / 0", filename="/w/a.py", first_line=5).report
    assert report is not None
    assert report.frames[-1].line == 7


def test_timeit_counts_as_it_is_told(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """-n loops, -r runs, -p digits, -c the processor's time, -o the figures, -q no text."""
    shell.run_cell("import time")
    result = shell.run_cell("%timeit -n 1 -r 2 -c -o -q time.sleep(0.05)").value
    assert (result.loops, len(result.timings)) == (1, 2)
    assert result.best < 0.05
    assert capsys.readouterr().out == ""
    shell.run_cell("%timeit -n 3 -r 2 -p 6 pass")
    assert "of 2 runs, 3 loops each" in capsys.readouterr().out
    calls = "calls = []\n%timeit -n 3 -r 2 -q calls.append(1)\nlen(calls)"
    assert shell.run_cell(calls).value == 6
    shell.run_cell("%%timeit -n 2 -r 1 start = 5\nafter = start + 1")
    assert "2 loops each" in capsys.readouterr().out
    assert "after" not in shell.namespace


def test_commands_and_their_output(shell: Shell, capfd: pytest.CaptureFixture[str]) -> None:
    """!, !! and var = !; values of Python go in, and what is the shell's stays alone."""
    shell.run_cell("!echo out; echo err >&2")
    assert "out" in capfd.readouterr().out
    shell.run_cell("names = ['n1', 'n2']\nx = !echo {' '.join('xy')} $names[0]")
    assert shell.run_cell("x.s").value == "x y n1"
    shell.run_cell("y = !printf 'b 2\\na 1\\n'")
    assert shell.run_cell("y.n, y.l").value == ("b 2\na 1", ["b 2", "a 1"])
    assert shell.run_cell("y.fields(0).s, y.grep('A').l").value == ("b a", ["a 1"])
    assert shell.run_cell("y.sort(1, nums=True).l").value == ["a 1", "b 2"]
    assert shell.run_cell("z = !echo $HOME '${nothing}' $$\nz.s").value.startswith("/")
    shell.run_cell("def f(local):\n    r = !echo $local {local * 2}\n    return r.s")
    assert shell.run_cell("f(21)").value == "21 42"
    shell.run_cell("!exit 3")
    assert shell.namespace["_exit_code"] == 3
    assert (
        shell.run_cell("big = !head -c 3000000 /dev/zero | tr '\\0' x\nlen(big.s)").value == 3000000
    )
    assert shell.run_cell("raw = !printf '\\377ok'\nlen(raw.s)").value == 3


def test_aliases_take_parameters(shell: Shell, capfd: pytest.CaptureFixture[str]) -> None:
    """%s takes a word, %l the line."""
    shell.run_cell("%alias parts echo first %s second %s")
    shell.run_cell("%parts A B C")
    assert capfd.readouterr().out.strip() == "first A second B C"
    shell.run_cell("%alias whole echo [%l]")
    shell.run_cell("whole a b")
    assert capfd.readouterr().out.strip() == "[a b]"


PROGRAM = """\
import sys
words = sys.argv[1:]
name = __name__
def later():
    return words
if words == ['fail']:
    value = 1
    1 / 0
if words == ['exit']:
    sys.exit(4)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "prog.py"
    path.write_text(PROGRAM)
    return path


def test_run_updates_the_session(shell: Shell, program: Path) -> None:
    """A program's own __name__, arguments and file; its results are the session's."""
    argv, search = list(sys.argv), list(sys.path)
    assert shell.run_cell(f"%run {program} a 'b c'").status == "ok"
    assert shell.run_cell("words, name, later()").value == (["a", "b c"], "__main__", ["a", "b c"])
    shell.run_cell(f"%run -n {program}")
    assert shell.namespace["name"] == "prog"
    assert (sys.argv, sys.path) == (argv, search)
    assert shell.namespace.get("__name__") != "prog"


def test_run_options(shell: Shell, shown: Any, program: Path, capsys: Any) -> None:
    """-i sees the session, -e ignores an exit, -t tells the time, -m runs a module."""
    shell.run_cell("outer = 5")
    (program.parent / "sees.py").write_text("inner = outer + 1")
    assert shell.run_cell(f"%run {program.parent}/sees.py").status == "error"
    assert shell.run_cell(f"%run -i {program.parent}/sees.py\ninner").value == 6
    assert shell.run_cell(f"%run {program} exit").status == "error"
    assert "exit status 4" in error_text(shown)
    assert shell.run_cell(f"%run -e {program} exit").status == "ok"
    shell.run_cell(f"%run -t -N 2 {program}")
    assert "2 runs" in capsys.readouterr().out
    assert shell.run_cell("%run -m this").status == "ok"
    assert "Beautiful" in capsys.readouterr().out
    assert shell.run_cell("%run nowhere.py").status == "error"
    assert "there is no file nowhere.py" in error_text(shown)


def test_a_module_runs_as_with_python_m(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package's ``__main__``, relative imports, and the current folder before the module's."""
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "json.py").write_text("is_ours = True\n")
    (package / "prices.py").write_text("bread = 3\n")
    told = "where = __name__, __package__, __spec__.name\n"
    (package / "__main__.py").write_text("from .prices import bread\nimport json\n" + told)
    (package / "sale.py").write_text("from . import prices\nhalf = prices.bread / 2\n" + told)
    monkeypatch.chdir(tmp_path)
    assert shell.run_cell("%run -m shop\nbread, hasattr(json, 'dumps')").value == (3, True)
    assert shell.run_cell("where").value == ("__main__", "shop", "shop.__main__")
    assert shell.run_cell("%run -m shop.sale\nhalf").value == 1.5
    assert shell.run_cell("where").value == ("__main__", "shop", "shop.sale")
    assert shell.run_cell("%run -n -m shop.sale\nwhere[0]").value == "shop.sale"


def test_arguments_of_a_program_are_expanded(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a shell does: patterns of files, quotes, values of Python; -G leaves patterns alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "told.py").write_text("import sys\ntold = sys.argv[1:]\n")
    (tmp_path / "b.txt").touch()
    (tmp_path / "a.txt").touch()
    shell.run_cell("n = 4")
    told = shell.run_cell("%run told *.txt 'two words' $n {n + 1}\ntold").value
    assert told == ["a.txt", "b.txt", "two words", "4", "5"]
    assert shell.run_cell("%run -G told *.txt\ntold").value == ["*.txt"]


def test_a_program_of_cells_may_hold_magics(
    shell: Shell, shown: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """.ipy as a cell, the code cells of .ipynb one by one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.ipy").write_text("words = !echo one two\ncount = len(words.s.split())\n")
    assert shell.run_cell("%run words.ipy\ncount").value == 2
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# no code"]},
        {"cell_type": "code", "metadata": {}, "source": ["x = 20\n", "%who_ls int\n"]},
        {"cell_type": "code", "metadata": {}, "source": "x * 2"},
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "work.ipynb").write_text(json.dumps(notebook))
    assert shell.run_cell("%run work.ipynb\nx").value == 20
    assert {"text/plain": "40"} in shown.of("result")


def test_a_failing_program_keeps_its_values_and_lines(
    shell: Shell, shown: Any, program: Path
) -> None:
    """The traceback names the program's own line."""
    shell.run_cell(f"%run {program} fail")
    frame = shown.of("error")[-1].frames[-1]
    assert (frame.path, frame.line) == (str(program), 8)
    assert shell.namespace["value"] == 1


def test_a_program_that_is_not_utf8_is_said_so(shell: Shell, shown: Any, tmp_path: Path) -> None:
    """And one with a coding line runs."""
    (tmp_path / "bad.py").write_bytes(b"x = '\xe9'\n")
    (tmp_path / "good.py").write_bytes(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n")
    assert shell.run_cell(f"%run {tmp_path}/bad.py").status == "error"
    assert "Save it as UTF-8" in error_text(shown)
    assert shell.run_cell(f"%run {tmp_path}/good.py\nx").value == "é"


def test_capture_keeps_what_a_cell_shows(shell: Shell, shown: Any, capsys: Any) -> None:
    """Text and values, shown again on request."""
    shell.run_cell("%%capture got\nprint('text')\n6 * 7")
    assert capsys.readouterr().out == ""
    assert shown.of("result") == []
    assert shell.run_cell("got.stdout, got.outputs").value == ("text\n", [{"text/plain": "42"}])


def test_scripts_run_by_other_programs(shell: Shell, capsys: Any) -> None:
    """%%bash shows its output; its failure is the cell's."""
    shell.run_cell("%%bash\necho $((6 * 7))")
    assert capsys.readouterr().out == "42\n"
    shell.run_cell("%%bash --out kept\necho kept")
    assert shell.namespace["kept"] == "kept\n"
    assert shell.run_cell("%%bash\nexit 2").status == "error"
