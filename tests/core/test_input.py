"""What users type, run in a shell: each form of input does what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell

SETUP = """
def told(*words): return words
def nothing(): return 7
name, number, rows = 'hi', 4, [[1, 2], 3]
"""


@pytest.fixture(autouse=True)
def session(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder to work in and some names."""
    monkeypatch.chdir(tmp_path)
    shell.run_cell(SETUP)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (",told a b", ("a", "b")),
        (";told a b", ("a b",)),
        ("/told name, number", ("hi", 4)),
        ("/told name number", ("hi", 4)),
        ("/nothing", 7),
        (">>> x = 1\n>>> def f():\n...     return x\n>>> f()", 1),
        ("In [3]: x = [1,\n   ...:      2]\nIn [4]: x", [1, 2]),
        ("    x = 1\n    if x:\n        x = 2\n    x", 2),
        ("x = !echo $name\nx.s", "hi"),
        ("!!echo $number", ["4"]),
        ("%sx echo $number", ["4"]),
        ("%%!\necho $number $((1 + 1))", ["4 2"]),
        ("x = y = !echo one\nx + y", ["one", "one"]),
        ("x = %sx echo \\\n  two\nx.s", "two"),
        ("rows[0][1] = !echo in\nrows[0][1].s", "in"),
        ("import asyncio\nawait asyncio.sleep(0, 5)", 5),
        ("import asyncio\nfor x in range(2):\n    x = await asyncio.sleep(0, x * 3)\nx", 3),
        ("'!ls' '%pwd' 'a?'", "!ls%pwda?"),
        ("number %rows[1]", 1),
        ("'''\n!ls\n%pwd\n'''", "\n!ls\n%pwd\n"),
    ],
)
def test_each_form_of_input(shell: Shell, cell: str, value: Any) -> None:
    """Quoted calls, prompts, indentation, commands, ``await``; and Python stays Python."""
    result = shell.run_cell(cell)
    assert result.status == "ok"
    assert result.value == value


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("echo $name ${number} {number * 2} $rows[0][1] {rows[1]}", "hi 4 8 2 3"),
        ("echo {' '.join('ab')} {f'{number:03}'}", "a b 004"),
        ("echo $$HOME_OF_NOBODY. $$name.", ". ."),
        ("OWN=shell; echo $OWN ${OWN} ${OWN:-x} ${OWN%l}", "shell shell shell shel"),
        ("echo $(echo sub) `echo back` $((1 + 1))", "sub back 2"),
        ("for i in 1 2; do printf $i; done", "12"),
        ("echo 1 2 | awk '{print $2}'", "2"),
        ('echo \'{"a": {"b": 1}}\' {1..3} {a,b}', '{"a": {"b": 1}} 1 2 3 a b'),
        ("echo {unknown} '${unknown}'.", "{unknown} ${unknown}."),
        ('echo \'{{.Names}} {"n": {number}} {"n": $number}\'', '{{.Names}} {"n": 4} {"n": 4}'),
        ("set -- one; echo $1 $#", "one 1"),
    ],
)
def test_values_go_into_commands(
    shell: Shell, capfd: Any, monkeypatch: pytest.MonkeyPatch, command: str, printed: str
) -> None:
    """``$name``, ``${name}``, ``{expression}``, ``$$``; what belongs to the shell stays alone."""
    monkeypatch.setenv("SHELL", "/bin/bash")  # it alone knows ``{1..3}``
    shell.run_cell(f"!{command}")
    assert capfd.readouterr().out.strip() == printed


def test_commands_and_magics_stand_in_loops_and_functions(shell: Shell, capsys: Any) -> None:
    """With the values of local variables, of the function's own and of the loop's."""
    shell.run_cell(
        "def count(limit):\n"
        "    found = []\n"
        "    for step in range(limit):\n"
        "        line = !echo {step * 10} $limit $name\n"
        "        found.append(line.s)\n"
        "        if step:\n"
        "            %env TOLD_STEP=$step\n"
        "    return found\n"
    )
    assert shell.run_cell("count(2)").value == ["0 2 hi", "10 2 hi"]
    assert "env: TOLD_STEP=1" in capsys.readouterr().out
    assert shell.run_cell("import os\nos.environ.pop('TOLD_STEP')").value == "1"
    assert shell.run_cell("x = [line for line in !printf 'a'").status == "error"


@pytest.mark.parametrize(
    ("mode", "cell", "values"),
    [
        ("last_expr", "1\n2", ["2"]),
        ("last_expr", "1\nif True:\n    2", []),
        ("last_expr", "1\nx = 2", []),
        ("all", "1\nx = 3\n2", ["1", "2"]),
        ("none", "1\n2", []),
        ("last_expr_or_assign", "1\nx = 2", ["2"]),
        ("last_expr_or_assign", "x = 1\nx += 4", ["5"]),
        ("last_expr_or_assign", "x: int = 6", ["6"]),
        ("last_expr_or_assign", "x = 6;", []),
        ("last", "1\n2", ["2"]),
    ],
)
def test_which_values_of_a_cell_are_shown(
    shell: Shell, shown: Any, mode: str, cell: str, values: list[str]
) -> None:
    """``%config interactivity``: the last, all, none, or the last assignment too."""
    assert shell.run_cell(f"%config interactivity = {mode!r}").status == "ok"
    shell.run_cell(cell)
    assert [data["text/plain"] for data in shown.of("result")] == values


def test_names_are_called_without_brackets(shell: Shell, shown: Any, capsys: Any) -> None:
    """%autocall: 1 where words follow, 2 for every callable; without a word it is switched."""
    shell.run_cell("%autocall 1")
    assert shell.run_cell("told name, 3").value == ("hi", 3)
    assert shell.run_cell("name.upper").value.__name__ == "upper"
    assert shell.run_cell("number - 3").value == 1
    shell.run_cell("%autocall 2")
    assert shell.run_cell("nothing").value == 7
    capsys.readouterr()
    shell.run_cell("%autocall\n%autocall")
    assert capsys.readouterr().out == "Automatic calling is: OFF\nAutomatic calling is: Smart\n"
    shell.run_cell("%autocall 0")
    assert callable(shell.run_cell("nothing").value)
    shell.run_cell("%autocall 7")
    assert "takes 0, 1 or 2" in shown.of("error")[-1].text()


def test_a_magic_needs_no_mark_unless_something_is_called_so(shell: Shell, shown: Any) -> None:
    """%automagic, also switched off; a name of the cell itself shadows as well."""
    here = shell.run_cell("pwd").value
    assert here == str(Path.cwd())
    assert shell.run_cell("pwd = 1\npwd").value == 1
    assert shell.run_cell("%pwd").value == here
    shell.run_cell("del pwd")
    assert shell.run_cell("pwd").value == here
    shell.run_cell("%automagic off")
    assert shell.run_cell("pwd").status == "error"
    shell.run_cell("%automagic")
    assert shell.run_cell("pwd").value == here


def test_comments_run_when_they_are_magics(shell: Shell, shown: Any, capsys: Any) -> None:
    """Off until it is switched on; then lines, assignments, commands and whole cells."""
    shell.run_cell("# !echo quiet")
    shell.run_cell("%config comment_magics = True")
    shell.run_cell("for i in range(2):\n    pass\n    # !echo loud $i")
    assert capsys.readouterr().out == "loud 0\nloud 1\n"
    assert shell.run_cell("# x = !echo kept\nx.s").value == "kept"
    shell.run_cell("# %%bash\n# echo $((2 * 3))\n#\n# echo end")
    assert capsys.readouterr().out == "6\nend\n"
    assert shell.run_cell("#!/usr/bin/env nothing_of_the_kind\n# %d of 3 are done\n8").value == 8


def test_question_marks_ask(shell: Shell, shown: Any) -> None:
    """At either end, once or twice, of magics too, and of names by wildcard."""
    for cell in ("told?", "?told", "told??", "??told", "rows[0]?", "%pwd?", "?%pwd", "tol*?"):
        assert shell.run_cell(cell).status == "ok", cell
    pages = shown.of("page")
    assert len(pages) == 8
    assert all("def told(*words)" in page for page in pages[2:4])
    assert "list" in pages[4]
    assert pages[5] == pages[6]
    assert pages[7] == "told"
