"""Tracebacks as users read them: modes, values, causes and groups, files of every condition."""

from __future__ import annotations

import gc
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.core import Shell
from vivo.core.traceback_frames import shortened

FAILING = "def half(number, parts=0):\n    whole = number * 2\n    return whole / parts\nhalf(21)"


def text_of(shell: Shell, source: str, mode: str = "Plain", **options: Any) -> str:
    """The traceback of a cell that fails."""
    result = shell.run_cell(source, **options)
    assert result.report is not None
    # Several shells in one process keep their cells' texts apart by a further number.
    return re.sub(r"<cell (\d+) \(\d+\)>", r"<cell \1>", result.report.text(mode))


@pytest.mark.parametrize(
    ("mode", "told", "untold"),
    [
        ("Minimal", ["ZeroDivisionError: division by zero"], ["Traceback", "half"]),
        ("Plain", ["line 3, in half", "return whole / parts"], ["whole = number"]),
        ("Context", ["    2     whole = number * 2", "--> 3     return whole / parts"], ["= 42"]),
        ("Verbose", ["--> 3     return", "number = 21", "whole = 42", "parts = 0"], []),
    ],
)
def test_each_mode_tells_what_it_is_for(
    shell: Shell, capsys: Any, mode: str, told: list[str], untold: list[str]
) -> None:
    """%xmode sets how much is said of every later error; %tb says it again."""
    shell.run_cell(f"%xmode {mode}")
    report = shell.run_cell(FAILING).report
    assert report is not None
    capsys.readouterr()
    shell.run_cell("%tb")
    again = capsys.readouterr().out
    for text in ("\n".join(shell.traceback_lines(report)), again):
        assert all(line in text for line in told), text
        assert not any(line in text for line in untold), text


def test_a_mode_that_does_not_exist_is_told(shell: Shell, shown: Any) -> None:
    """With those that there are."""
    shell.run_cell("%xmode Loud")
    assert "takes Plain, Context, Verbose or Minimal, not Loud" in shown.of("error")[-1].text()
    shell.run_cell("%tb Loud")
    assert "No cell has failed yet" in shown.of("error")[-1].text()


def test_causes_stand_before_what_they_caused(shell: Shell) -> None:
    """``from error``, while handling, and ``from None``."""
    handling = "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('x')"
    text = text_of(shell, handling + " from error")
    assert text.index("division by zero") < text.index("was the direct cause") < text.index("'x'")
    text = text_of(shell, handling)
    assert text.index("division by zero") < text.index("During handling") < text.index("'x'")
    assert "division" not in text_of(shell, handling + " from None")


def test_a_ring_or_a_long_chain_of_causes_ends(shell: Shell) -> None:
    """The latest are told, and how many are not."""
    text = text_of(
        shell,
        "last = None\nfor number in range(1000):\n    try:\n"
        "        raise ValueError(number) from last\n"
        "    except ValueError as error: last = error\nraise last",
    )
    assert "ValueError: 999" in text
    assert "[979 earlier errors are left out]" in text
    assert text.count("direct cause") == 21
    text = text_of(shell, "a, b = KeyError('a'), KeyError('b')\na.__cause__ = b\nraise b from a")
    assert text.count("direct cause") == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups came with Python 3.11")
class TestGroups:
    """Exception groups and notes."""

    def test_every_member_is_told_with_its_own_traceback(self, shell: Shell) -> None:
        """Nested, with notes, and also one that is the group's cause as well."""
        text = text_of(
            shell,
            "def check(n):\n    raise ValueError(n)\nfound = []\nfor n in (1, 2):\n"
            "    try: check(n)\n    except ValueError as error:\n"
            "        error.add_note(f'of {n}\\nin two lines'); found.append(error)\n"
            "inner = ExceptionGroup('inner', found)\n"
            "raise ExceptionGroup('outer', [inner, KeyError('k')]) from found[0]",
        )
        before, _, group = text.partition("direct cause")
        assert "ValueError: 1\nof 1\nin two lines" in before
        assert "ExceptionGroup: outer (2 sub-exceptions)" in group
        assert "  | ExceptionGroup: inner (2 sub-exceptions)" in group
        for number in (1, 2):
            assert f"  |   | ValueError: {number}\n  |   | of {number}\n" in group
        assert group.count("in check") == 2
        assert "  ---------- 2 of 2 ----------\n  | KeyError: 'k'" in group

    def test_wide_and_deep_groups_are_cut(self, shell: Shell) -> None:
        """How many members are not told is said."""
        text = text_of(shell, "raise ExceptionGroup('wide', [ValueError(n) for n in range(100)])")
        assert "ValueError: 14" in text
        assert "[85 of 100 are left out]" in text
        deep = "g = ValueError()\nfor n in range(1000): g = ExceptionGroup('deep', [g])\nraise g"
        assert "[1 of 1 are left out]" in text_of(shell, deep)
        bush = "g = ValueError()\nfor n in range(9): g = ExceptionGroup('bush', [g] * 15)\nraise g"
        assert len(text_of(shell, bush)) < 100_000

    def test_tasks_of_a_group_fail_with_their_frames(self, shell: Shell) -> None:
        """``asyncio.TaskGroup`` in a cell that awaits."""
        shell.run_cell("import asyncio\nasync def work(n):\n    await asyncio.sleep(0)\n    1 / n")
        text = text_of(shell, "async with asyncio.TaskGroup() as g:\n    g.create_task(work(0))")
        assert "(1 sub-exception)" in text
        assert '  |   File "<cell 1>", line 4, in work' in text


def test_deep_recursion_is_folded_and_its_last_values_are_shown(shell: Shell) -> None:
    """One function, and four in a ring; the innermost frames are the ones that failed."""
    text = text_of(shell, "def f(n):\n    return 1 / n if n == 0 else f(n - 1)\nf(500)", "Verbose")
    assert "[this frame repeats 499 more times]" in text
    assert "n = 500\n" in text
    assert "n = 0" in text
    ring = "\n".join(f"def f{n}(x): return f{(n + 1) % 4}(x + 1)" for n in range(4))
    text = text_of(shell, f"{ring}\nf0(0)")
    assert "[these 4 frames repeat " in text
    assert text.count("in f2") == 2


def test_many_different_frames_keep_both_ends(shell: Shell) -> None:
    """What lies between is counted."""
    many = "\n".join(f"def f{n}(): return f{n + 1}()" for n in range(400))
    text = text_of(shell, f"{many}\ndef f400(): return 1 / 0\nf0()")
    assert "in f0\n" in text
    assert "in f400\n" in text
    assert "[202 frames are left out]" in text


RINGS = st.lists(
    st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=5), st.integers(1, 60)), max_size=8
).map(lambda parts: [place for ring, times in parts for place in ring * times])


@given(RINGS)
@settings(deadline=None)
def test_folding_loses_no_frame(places: list[int]) -> None:
    """Each is shown, folded with how often it comes, or counted; the innermost is always shown."""
    steps = shortened(places)
    counted = sum(1 + step.repeated * step.period + step.left_out for step in steps)
    assert counted == len(places)
    indexes = [step.index for step in steps]
    assert indexes == sorted(set(indexes))
    assert indexes[:1] == [0][: len(places)]
    assert indexes[-1:] == [len(places) - 1][: len(places)]


def test_a_hundred_thousand_frames_are_shortened_all_the_same() -> None:
    """Of one ring, and all different: what is kept is small and what is not is counted."""
    for places in ([n % 7 for n in range(100_000)], list(range(100_000))):
        steps = shortened(places)
        assert len(steps) < 250
        assert sum(1 + step.repeated * step.period + step.left_out for step in steps) == 100_000
        assert steps[-1].index == 99_999


def test_values_come_from_the_frame_and_from_what_its_line_names(shell: Shell) -> None:
    """Locals, variables of enclosing functions and the module, a class's body; nothing else."""
    shell.run_cell("data, unrelated = [1, 2], 'far away'")
    text = text_of(
        shell,
        "def outer(step):\n    def inner(i):\n        return data[i * step]\n"
        "    return inner(3)\nouter(5)",
        "Verbose",
    )
    innermost = text.rpartition("in ")[2]
    for line in ("i = 3", "step = 5", "data = [1, 2]"):
        assert f"      {line}\n" in innermost
    assert "unrelated" not in text
    assert "width = 3" in text_of(shell, "class Box:\n    width = 3\n    width / 0", "Verbose")
    assert "q = 1" in text_of(shell, "exec('q = 1\\nq / 0', {})", "Verbose")


def test_values_are_bounded_and_run_no_code(shell: Shell) -> None:
    """A hundred megabytes, a thousand names, and an object whose repr is a trap."""
    shell.run_cell(
        "class Trap:\n    def __repr__(self): sprung.append(1)\nsprung = []\n"
        "def f(big, trap, deep):\n    1 / 0\n"
        "names = {f'x{n}': n for n in range(1000)}\n"
        "deep = []\nfor _ in range(1000): deep = [deep]"
    )
    text = text_of(shell, "f('x' * 10**8, Trap(), deep)", "Verbose")
    assert len(text) < 2_000
    assert "trap = <Trap>" in text
    assert shell.namespace["sprung"] == []
    text = text_of(shell, "exec('here = 1 / 0', {}, names)", "Verbose")
    assert "x39 = 39" in text
    assert "x40 = " not in text


def test_what_looks_like_a_secret_is_hidden(shell: Shell) -> None:
    """By name, in every style, also as a key; which words those are is a setting."""
    login = (
        "def login(user, password, apiKey, access_token, tokens, options):\n\n    1 / 0\n\n\n"
        "login('me', 'pw1', 'pw2', 'pw3', ['a'], {'host': 'h', 'client_secret': 'pw4'})"
    )
    text = text_of(shell, login, "Verbose").rpartition("in login")[2]
    assert "pw" not in text.replace("password", "")
    assert "user = 'me'" in text
    assert "tokens = ['a']" in text
    assert "{'host': 'h', 'client_secret': <hidden>}" in text
    shell.run_cell("%config secret_words = ('user',)")
    text = text_of(shell, login, "Verbose").rpartition("in login")[2]
    assert "user = <hidden" in text
    assert "password = 'pw1'" in text


@pytest.mark.parametrize(
    ("source", "places"),
    [
        ("exec('x = 1\\ny = 1 / 0')", ['"<string>", line 2, in <module>']),
        ("(lambda x: 1 / x)(0)", ["line 1, in <lambda>"]),
        ("def g():\n    yield 1 / 0\nlist(g())", ["line 3, in <module>", "line 2, in g"]),
        ("import json\njson.loads('{')", ["line 2, in <module>", "decoder.py"]),
        ("int('x')", ["line 1, in <module>"]),
        ("async def w():\n    1 / 0\nawait w()", ["line 3, in <module>", "line 2, in w"]),
        (
            "import asyncio\nasync def w():\n    1 / 0\n"
            "async def m():\n    await asyncio.gather(w())\nasyncio.run(m())",
            ["line 6, in <module>", "line 5, in m", "line 3, in w"],
        ),
        ("import bisect\nbisect.insort([1], 'a')", ["line 2, in <module>"]),
        ("sorted([1], key=lambda n: 1 / 0)", ["line 1, in <module>", "line 1, in <lambda>"]),
    ],
)
def test_errors_of_every_kind_of_code_have_their_places(
    shell: Shell, source: str, places: list[str]
) -> None:
    """exec, lambdas, generators, C code, coroutines, tasks; nothing of vivo's own."""
    text = text_of(shell, source)
    positions = [text.index(place) for place in places]
    assert positions == sorted(positions)
    assert "core/shell.py" not in text


@pytest.mark.parametrize(
    ("source", "place", "line"),
    [
        ("exec('x = 1\\ny = (')", 'File "<string>", line 2', "    y = ("),
        ("import ast\nast.parse('a b')", 'File "<unknown>", line 1', "    a b"),
        ("compile('if x', 'mine.py', 'exec')", 'File "mine.py", line 1', "    if x"),
        ("import crooked", 'crooked.py", line 2', "    return = 1"),
        ("\n\nx = = 1", 'File "<cell 1>", line 3', "    x = = 1"),
    ],
)
def test_syntax_errors_are_shown_where_they_are(
    shell: Shell, tmp_path: Path, monkeypatch: Any, source: str, place: str, line: str
) -> None:
    """The text that is no Python, below the line that gave it to Python."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "crooked.py").write_text("x = 1\nreturn = 1\n", "utf-8")
    text = text_of(shell, source)
    head, _, rest = text.partition(place)
    assert rest.startswith(f"\n{line}\n    ")
    assert "^" in rest
    assert "SyntaxError: " in rest
    if not source.startswith("\n"):
        assert 'File "<cell 1>", line ' in head


class Module:
    """A module in a folder, whose file is edited behind Python's back."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "edited_module.py"

    def write(self, text: str, encoding: str = "utf-8") -> None:
        """Write it; every time looks like a later edit."""
        before = self.path.stat().st_mtime_ns if self.path.exists() else None
        self.path.write_text(text, encoding)
        if before is not None:
            os.utime(self.path, ns=(before + 10**9, before + 10**9))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Module:
    """A folder to import from, and one module in it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return Module(tmp_path)


def test_a_file_that_changed_since_it_was_loaded_is_said_so(shell: Shell, module: Module) -> None:
    """Lines are those of the file as it is, which need not be what ran."""
    module.write("def f(x):\n    return 1 / x\n")
    shell.run_cell("import edited_module")
    text = text_of(shell, "edited_module.f(0)", "Context")
    assert "--> 2     return 1 / x" in text
    assert "has changed" not in text
    module.write("# a new first line\ndef f(x):\n    return 2 / x\n")
    text = text_of(shell, "edited_module.f(0)", "Context")
    assert "[the file has changed since this code was loaded" in text
    module.write("def f(x:\n")
    assert "[the file has changed" in text_of(shell, "edited_module.f(0)")
    module.write("def g(): pass\n\ndef f(x):\n    return 3 / x\n")
    text = text_of(shell, "import importlib\nimportlib.reload(edited_module)\nedited_module.f(0)")
    assert "    return 3 / x" in text
    assert "has changed" not in text


def test_a_program_that_was_edited_and_run_again_has_its_new_lines(
    shell: Shell, module: Module
) -> None:
    """No lines of the earlier run, whose traceback was shown."""
    module.write("first = 1 / 0\n")
    assert "first = 1 / 0" in text_of(shell, f"%run {module.path}")
    module.write("\nsecond = 2 / 0\n")
    text = text_of(shell, f"%run {module.path}")
    assert "second = 2 / 0" in text
    assert "has changed" not in text


def test_a_file_that_is_gone_leaves_its_place(shell: Shell, module: Module) -> None:
    """File, line and function are known without it; the values too."""
    module.write("def f(x):\n    return 1 / x\n")
    shell.run_cell("import edited_module")
    module.path.unlink()
    text = text_of(shell, "edited_module.f(0)", "Verbose")
    assert 'edited_module.py", line 2, in f\n      x = 0' in text


def test_a_file_is_read_by_its_coding_line(shell: Shell, module: Module) -> None:
    """PEP 263; the marks stand below the characters, not the bytes."""
    module.write("# -*- coding: latin-1 -*-\ndef f(x):\n    return 'éé' + (1 / x)\n", "latin-1")
    text = text_of(shell, "import edited_module; edited_module.f(0)")
    assert "    return 'éé' + (1 / x)\n" in text
    if sys.version_info >= (3, 11):
        assert "\n" + " " * 19 + "^^^^^\n" in text
    module.write("x = 'é'\n", "latin-1")
    shell.run_cell("import sys; del sys.modules['edited_module']")
    text = text_of(shell, "import edited_module")
    assert "SyntaxError: " in text
    assert "utf-8" in text


@pytest.mark.skipif(sys.version_info < (3, 11), reason="columns came with Python 3.11")
def test_marks_stand_below_tabs_and_wide_characters(shell: Shell) -> None:
    """As a terminal shows them."""
    text = text_of(shell, "def f():\n\tx = '日本' + (1 / 0)\nf()", "Context")
    assert "--> 2 \tx = '日本' + (1 / 0)\n      \t" + " " * 14 + "^^^^^" in text


@pytest.mark.skipif(sys.version_info < (3, 11), reason="positions came with Python 3.11")
def test_a_statement_over_several_lines_is_shown_whole(shell: Shell) -> None:
    """Also where the failing line is its first."""
    text = text_of(shell, "def f(a): pass\nf(\n    1,\n    2,\n    3,\n    4,\n)", "Context")
    assert "    6     4," in text


def test_an_error_that_the_user_keeps_keeps_its_frames(shell: Shell) -> None:
    """Under a name of theirs, alone or as a cause; any other loses them with the next cell."""
    shell.run_cell("def f():\n    1 / 0")
    shell.run_cell("try: f()\nexcept ZeroDivisionError as e: kept = e; raise")
    shell.run_cell("pass")
    shell.run_cell("pass")
    assert shell.run_cell("kept.__traceback__.tb_next.tb_frame.f_code.co_name").value == "f"
    shell.run_cell("try: f()\nexcept ZeroDivisionError as e: kept = e; raise KeyError('x') from e")
    shell.run_cell("pass")
    assert shell.run_cell("kept.__traceback__ is None").value is False


@pytest.mark.parametrize(
    "source",
    [
        "hold()",
        "try: hold()\nexcept Exception as error: raise KeyError() from error",
        "try: hold()\nexcept Exception: raise KeyError()",
        "try: hold()\nexcept Exception: get_ipython().run_line_magic('xmode', 'x')",
        "try: hold()\nexcept Exception as error: raise SystemExit",
        "async def w(): hold()\nawait w()",
        "list(hold() for _ in 'a')",
        *(
            ["try: hold()\nexcept Exception as error: raise ExceptionGroup('g', [error])"]
            if sys.version_info >= (3, 11)
            else []
        ),
    ],
)
def test_frames_of_causes_and_members_are_freed_too(shell: Shell, source: str) -> None:
    """Whatever way the error came: the next cell frees what its frames held."""
    shell.run_cell(
        "import weakref\nclass Big: pass\nalive = []\n"
        "def hold():\n    big = Big()\n    alive.append(weakref.ref(big))\n    1 / 0"
    )
    result = shell.run_cell(source)
    assert result.status == "error"
    shell.run_cell("pass")
    gc.collect()
    assert [reference() for reference in shell.namespace["alive"]] == [None]


def test_a_post_mortem_frees_the_frames_it_looked_at(shell: Shell, shown: Any) -> None:
    """The cell after it holds nothing any more."""
    shell.run_cell(
        "import weakref\nclass Big: pass\n"
        "def hold():\n    global alive\n    big = Big()\n    alive = weakref.ref(big)\n    1 / 0"
    )
    shell.run_cell("hold()")
    shown.answers = ["p big", "up", "q"]
    shell.run_cell("%debug")
    assert shell.namespace["alive"]() is not None
    shell.run_cell("pass")
    gc.collect()
    assert shell.namespace["alive"]() is None
