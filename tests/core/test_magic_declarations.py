"""What is declared beside each magic: its help, its options and their errors, for all of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell, UsageError
from vivo.core.magics.registry import Magic

_SHELL = Shell()
MAGICS = list(_SHELL.magics)
_SHELL.close()
WITH_OPTIONS = [entry for entry in MAGICS if entry.options]


def typed(entry: Magic, words: str) -> str:
    """A call of the magic, as a line or as a cell."""
    if "line" in entry.kinds:
        return f"%{entry.name} {words}"
    return f"%%{entry.name} {words}\n"


def error_text(shown: Any) -> str:
    """The last error."""
    return str(shown.of("error")[-1].text())


@pytest.mark.parametrize("entry", MAGICS, ids=lambda entry: entry.name)
def test_help_is_what_is_declared(shell: Shell, shown: Any, entry: Magic) -> None:
    """%name? shows how it is called, what it does, and each option with value and default."""
    assert shell.run_cell(f"%{entry.name}?").status == "ok"
    told = shown.of("page")[-1]
    assert entry.usage in told
    assert re.fullmatch(r"[A-Z].+\.", entry.summary), "whole sentences on one line"
    assert entry.documentation in told
    for option in entry.options:
        assert option.help, f"{option.flag} is told nothing of"
        line = next(line for line in told.split("\n") if line.strip().startswith(option.spelling))
        assert option.help in line
        if option.metavar and option.default is not None:
            assert f"(default {option.default})" in line


@pytest.mark.parametrize("entry", WITH_OPTIONS, ids=lambda entry: entry.name)
def test_an_unknown_option_is_told_with_the_nearest(shell: Shell, shown: Any, entry: Magic) -> None:
    """The magic, the option, and the nearest known one, in one sentence; nothing is done."""
    known = [flag for option in entry.options for flag in (option.flag, option.long) if flag]
    for flag in known:
        if flag.startswith("--"):
            wrong, near = flag[:-1], f"did you mean {flag}?"
        elif flag.swapcase() not in known:
            wrong, near = flag.swapcase(), f"did you mean {flag}?"
        else:
            continue
        before = shell.user_names()
        assert shell.run_cell(typed(entry, wrong)).status == "error"
        assert error_text(shown) == (
            f"UsageError: %{entry.name} has no option {wrong}; {near} See %{entry.name}?"
        )
        assert shell.user_names() == before
    unknown = "--§§§§§§" if entry.passes_letters else "-§"
    shell.run_cell(typed(entry, unknown))
    told = f"%{entry.name} has no option {unknown}; it knows {', '.join(known)}."
    assert told in error_text(shown)


@pytest.mark.parametrize(
    ("entry", "option"),
    [(entry, option) for entry in WITH_OPTIONS for option in entry.options if option.metavar],
    ids=lambda given: given.name if isinstance(given, Magic) else given.flag,
)
def test_an_option_without_its_value_is_told_what_it_wants(
    shell: Shell, shown: Any, entry: Magic, option: Any
) -> None:
    """Also a number that is none."""
    shell.run_cell(typed(entry, option.flag).rstrip("\n") + ("" if "line" in entry.kinds else "\n"))
    assert f"%{entry.name}: {option.flag} wants a value: {option.spelling}" in error_text(shown)
    if option.convert is int:
        shell.run_cell(typed(entry, f"{option.flag} few"))
        assert f"{option.flag} few does not fit" in error_text(shown)


def test_the_lists_are_complete(shell: Shell, shown: Any, capsys: Any) -> None:
    """%lsmagic names every magic and alias, %magic has the help of each; both know a user's own."""
    shell.register_magic_function(lambda line: line, "line", "mine")
    shell.run_cell("%lsmagic")
    lines, cells, aliases, _ = capsys.readouterr().out.split("\n\n")
    assert lines.split()[2:] == [f"%{name}" for name in shell.magics.names()]
    assert cells.split()[2:] == [f"%%{name}" for name in shell.magics.names("cell")]
    assert aliases.split()[1:] == sorted(shell.aliases)
    assert "%mine" in lines
    shell.run_cell("%magic")
    for entry in shell.magics:
        assert entry.help() in shown.of("page")[-1]


def test_the_page_of_the_syntax_tells_what_holds(shell: Shell, shown: Any) -> None:
    """What %quickref shows is understood by the shell."""
    shell.run_cell("%quickref")
    told = shown.of("page")[-1]
    for written in (",f a b", "!!command", "%name?", "%%name", "_i7", "value;", "*err*?"):
        assert written in told
    shell.run_cell("?")
    assert shown.of("page")[-1] == told
    for line in ("x?", "?x", "x??", "*x*?", "%pwd", "!true", "!!true", "y = !true", "z = %pwd"):
        assert shell.run_cell(f"x = 1\n{line}").status == "ok", line


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("x = %time f(20)", 21),
        ("x = %time -q f(20)", 21),
        ("x = %pwd", str(Path.cwd())),
        ("x = %who_ls", ["f"]),
        ("x = %who_ls function", ["f"]),
        ("x = %config xmode", "Context"),
        ("x = %alias ls", [("ls", "ls -F")]),
        ("x = %precision 3", "%.3f"),
        ("x = %sx echo a; echo b", ["a", "b"]),
        ("x = %sc -l =echo a", ["a"]),
        ("x = !echo a", ["a"]),
        ("x = %dirs", []),
        ("x = %cd -q .", None),
        ("x = y = %time -q f(20)", 21),
        ("x = 1\nx += %time -q f(20)", 22),
        ("x: int = %time -q f(20)", 21),
        ("for x in [1]:\n    x = %time -q f(x)", 2),
        ("def g(v):\n    w = %time -q f(v)\n    return w\nx = g(4)", 5),
        ("x, y = %sx echo a; echo b", "a"),
    ],
)
def test_a_line_magics_value_goes_into_an_assignment(
    shell: Shell, shown: Any, cell: str, expected: object
) -> None:
    """Its value is the right side; in loops and functions too."""
    shell.run_cell("def f(v): return v + 1")
    assert shell.run_cell(cell).status == "ok"
    assert shell.namespace["x"] == expected
    assert shown.of("result") == []


def test_what_a_magic_gives_beside_its_value(shell: Shell, shown: Any, capsys: Any) -> None:
    """Output goes on being shown; objects come as they are; ``x = %run?`` only asks."""
    shell.run_cell("x = %time 3 + 4")
    assert "wall time" in capsys.readouterr().out
    shell.run_cell("t = %timeit -o -n 2 -r 3 1 + 1\ns = %prun -q -r sum([1])")
    assert (shell.namespace["t"].loops, len(shell.namespace["t"].timings)) == (2, 3)
    assert "2 loops each" in capsys.readouterr().out
    assert shell.run_cell("s.total_calls > 0").value is True
    shell.run_cell("x = %run?")
    assert "%run [options] FILE" in shown.of("page")[-1]
    shell.run_cell("x = %nosuch 1")
    assert "no magic %nosuch" in error_text(shown)
    assert shell.namespace["x"] == 7


def test_magics_have_their_older_names_too(shell: Shell, shown: Any, capsys: Any) -> None:
    """%hist, %rep, %ed, %less, %more and %loadpy are the magics that users know by other names."""
    shell.run_cell("width = 3")
    shell.run_cell("%hist 1")
    assert capsys.readouterr().out == "width = 3\n"
    shell.run_cell("%rep 1")
    shell.run_cell("%loadpy 1")
    assert shown.of("next") == ["width = 3", "width = 3"]
    shell.run_cell("%less 1\n%more 1")
    assert shown.of("page") == ["width = 3\n", "width = 3\n"]
    shell.run_cell("%hist -z")
    assert "%hist has no option -z" in error_text(shown)
    assert shell.magics.get("ed").function is shell.magics.get("edit").function


def test_what_is_no_magic_is_not_registered(shell: Shell) -> None:
    """A plain function lacks its name: the sentence says what to do."""
    with pytest.raises(UsageError, match="decorate it with @magic"):
        shell.magics.add(lambda call: None)


def test_an_error_is_timed_and_the_cell_goes_on(shell: Shell, shown: Any, capsys: Any) -> None:
    """%time --no-raise-error shows the error; without it the cell ends there."""
    assert shell.run_cell("x = %time --no-raise-error 1 / 0\nafter = 1").status == "ok"
    assert (shell.namespace["x"], shell.namespace["after"]) == (None, 1)
    assert "wall time" in capsys.readouterr().out
    assert shown.of("error")[-1].name == "ZeroDivisionError"
    assert all(frame.path.startswith("<cell 1") for frame in shown.of("error")[-1].frames)
    assert shell.run_cell("%time 1 / 0\nlater = 1").status == "error"
    assert "later" not in shell.namespace


def test_a_variable_alone_is_deleted(shell: Shell) -> None:
    """%xdel -n leaves others of the same value."""
    shell.run_cell("one = two = [1]\n%xdel -n one")
    assert list(shell.user_names()) == ["two"]
    shell.run_cell("one = two\n%xdel one")
    assert list(shell.user_names()) == []
