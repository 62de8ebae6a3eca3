"""Cells: values, In and Out, errors, top-level await, files and lines."""

from __future__ import annotations

import builtins
import gc
import inspect
import linecache
import subprocess
import sys
import warnings
import weakref
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.core import Shell, current_shell


def test_a_cells_last_value_is_shown_and_kept(shell: Shell, shown: Any) -> None:
    """In, Out, _, _N and _iN are what users of the paper's shell expect."""
    result = shell.run_cell("x = 20\nx + 1")
    assert (result.status, result.value, result.execution_count) == ("ok", 21, 1)
    assert shown.of("result") == [{"text/plain": "21"}]
    assert shell.run_cell("_ + _1 + Out[1]").value == 63
    assert shell.run_cell("In[1], _i1, _i").value == ("x = 20\nx + 1",) * 2 + ("_ + _1 + Out[1]",)
    assert shell.run_cell("(_, __, ___)[1:]").value[0] == 63


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("last_expr", [3]), ("all", [1, 3]), ("none", []), ("last_expr_or_assign", [3])],
)
def test_which_values_are_shown_is_a_setting(
    shell: Shell, shown: Any, mode: str, expected: list[int]
) -> None:
    """The last, all, none, or the last assignment too."""
    shell.settings.set("interactivity", mode)
    shell.run_cell("1\ny = 2\n3")
    assert [int(data["text/plain"]) for data in shown.of("result")] == expected
    if mode == "last_expr_or_assign":
        assert shell.run_cell("z = 7").value == 7


def test_a_semicolon_hides_the_value(shell: Shell, shown: Any) -> None:
    """With or without a comment behind it; a semicolon in a string hides nothing."""
    for cell in ("1;", "1;  # quiet"):
        shell.run_cell(cell)
    assert shown.of("result") == []
    assert shell.run_cell("';'").value == ";"


def test_values_know_their_lines_in_the_file(shell: Shell) -> None:
    """What an editor needs to show a value behind its statement."""
    result = shell.run_cell("x = [\n 1]\n(x +\n x)", filename="/w/a.py", first_line=11)
    assert [(v.first_line, v.last_line) for v in result.values] == [(13, 14)]


def test_an_error_has_the_files_own_line(shell: Shell) -> None:
    """Frames carry path, line, columns and the values of variables."""
    cell = "def f(a):\n    b = a * 2\n    return b / 0\nf(21)"
    report = shell.run_cell(cell, filename="/w/a.py", first_line=101).report
    assert report is not None
    inner = report.frames[-1]
    assert (report.name, inner.path, inner.line, inner.text) == (
        "ZeroDivisionError", "/w/a.py", 103, "return b / 0",
    )  # fmt: skip
    assert dict(inner.values) == {"a": "21", "b": "42"}
    if sys.version_info >= (3, 11):
        assert (inner.column, inner.end_column) == (11, 16)
    assert "b = 42" in report.text("Verbose")


def test_a_syntax_error_has_its_line_and_caret(shell: Shell) -> None:
    """And the session goes on."""
    report = shell.run_cell("x = 1\ny = (", filename="/w/a.py", first_line=5).report
    assert report is not None
    assert report.name == "SyntaxError"
    assert report.frames[-1].line == 6
    assert shell.run_cell("1 + 1").value == 2


@pytest.mark.parametrize("first_line", [1, 50])
def test_a_cell_is_read_once(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, first_line: int
) -> None:
    """Reading is most of what a long cell takes before it runs; its lines are the file's."""
    readings: list[bool] = []
    python = builtins.compile

    def counting(source: Any, *arguments: Any, **options: Any) -> Any:
        readings.append(isinstance(source, str) and source.endswith(cell))
        return python(source, *arguments, **options)

    cell = "first = 1\nfirst + 1"
    monkeypatch.setattr(builtins, "compile", counting)
    result = shell.run_cell(cell, filename="/nowhere/file.py", first_line=first_line)
    assert readings.count(True) == 1
    assert [value.first_line for value in result.values] == [first_line + 1]


def test_python_warns_of_a_cell_once_and_in_its_place(shell: Shell) -> None:
    """A cell is read before it has a name: what Python warned of then is told with it."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        result = shell.run_cell("1\n'\\d'", filename="/nowhere/warned.py", first_line=50)
    assert result.value == "\\d"
    assert [(each.filename, each.lineno) for each in told] == [("/nowhere/warned.py", 51)]


def test_source_of_an_edited_function_is_what_ran(shell: Shell, tmp_path: Path) -> None:
    """After an edit and a rerun each function still resolves to its own text."""
    name = str(tmp_path / "a.py")
    shell.run_cell("def f():\n    return 'old'\n", filename=name, first_line=3)
    old = shell.namespace["f"]
    shell.run_cell("def f():\n    return 'new'\n", filename=name, first_line=3)
    linecache.checkcache()
    linecache.clearcache()
    assert "'old'" in inspect.getsource(old)
    assert "'new'" in inspect.getsource(shell.namespace["f"])


def test_top_level_await_in_one_loop(shell: Shell) -> None:
    """Tasks go on between cells, context variables keep their values."""
    shell.run_cell("import asyncio, contextvars\nv = contextvars.ContextVar('v', default=0)")
    assert shell.run_cell("await asyncio.sleep(0)\nv.set(5);\n7").value == 7
    assert shell.run_cell("task = asyncio.create_task(asyncio.sleep(0, 'done'))").status == "ok"
    assert shell.has_background_tasks
    assert shell.run_cell("await task").value == "done"
    if sys.version_info >= (3, 11):
        assert shell.run_cell("v.get()").value == 5
    assert shell.run_cell("asyncio.run(asyncio.sleep(0, 'own'))").value == "own"


def test_a_cell_that_another_task_ends_does_not_go_on_later(shell: Shell) -> None:
    """What was left of it is given up, and says nothing more."""
    shell.run_cell(
        "import asyncio, time\n"
        "async def leave(): raise SystemExit(3)\n"
        "async def rest():\n"
        "    try: await asyncio.sleep(0.01)\n"
        "    finally: ended.append('rest')\n"
        "ended = []"
    )
    first = shell.run_cell("beside = asyncio.ensure_future(leave())\nawait rest()\nended.append(1)")
    assert (first.status, str(first.error)[:28]) == ("error", "The cell asked to exit with ")
    second = shell.run_cell("await asyncio.sleep(0.1)\nended")
    assert (second.status, second.value) == ("ok", ["rest"])
    assert str(first.error).startswith("The cell asked")


def test_sys_exit_leaves_the_session(shell: Shell, shown: Any) -> None:
    """One sentence, no traceback."""
    assert shell.run_cell("import sys; sys.exit(3)").status == "error"
    assert "status 3" in shown.of("error")[0].text()
    assert "Traceback" not in shown.of("error")[0].text()
    assert shell.run_cell("1 + 1").value == 2


def test_exit_says_that_the_session_stays(shell: Shell, shown: Any) -> None:
    """Called or only named, in a shell that no loop reads for."""
    for cell in ("exit()", "quit"):
        shell.run_cell(cell)
    called, named = shown.of("error")[0].text(), shown.of("result")[0]
    assert "The session outlives its front ends" in called
    assert "end it with `vivo sessions end`." in str(named)
    assert "Traceback" not in called


def test_deleting_a_value_frees_it(shell: Shell) -> None:
    """del _N, del Out[N] and %xdel leave no reference behind."""
    shell.run_cell("class Big: pass")
    for delete in ("del _2", "del Out[4]", "%xdel big"):
        shell.run_cell("big = Big(); big")
        gone = weakref.ref(shell.namespace["big"])
        if delete != "%xdel big":
            shell.run_cell(f"del big; {delete}")
        else:
            shell.run_cell(delete)
        gc.collect()
        assert gone() is None, delete


def test_out_keeps_to_its_budget(shell: Shell) -> None:
    """By count and by bytes; the newest always stays."""
    shell.results.maximum_count = 3
    for number in range(10):
        shell.run_cell(f"{number}")
    assert sorted(shell.results.outputs) == [8, 9, 10]
    shell.results.maximum_bytes = 1000
    shell.run_cell("b'x' * 5000")
    assert sorted(shell.results.outputs) == [11]
    assert "_10" not in shell.namespace


def test_the_last_errors_frames_are_freed(shell: Shell) -> None:
    """They live until the next cell, for a post-mortem, and no longer."""
    shell.run_cell(
        "class Big: pass\ndef f():\n    big = Big()\n    keep.append(weakref.ref(big))\n    1/0"
    )
    shell.run_cell("import weakref; keep = []")
    shell.run_cell("f()")
    assert shell.namespace["keep"][0]() is not None
    shell.run_cell("1")
    gc.collect()
    assert shell.namespace["keep"][0]() is None


def test_several_shells_live_side_by_side() -> None:
    """Each has its own variables; the one that ran last is the current one."""
    one, two = Shell(), Shell()
    try:
        one.run_cell("x = 1")
        two.run_cell("x = 2")
        assert (one.namespace["x"], two.namespace["x"]) == (1, 2)
        assert current_shell() is two
        one.run_cell("pass")
        assert current_shell() is one
    finally:
        one.close()
        two.close()


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1 \n\t()[]{}'\"\\#%!?=+-*/:;.,@$é\x00"), max_size=40))
def test_no_cell_raises(source: str) -> None:
    """Whatever is typed, run_cell gives a result; nothing here can run a program."""
    if "!" in source:
        return
    made = Shell()
    try:
        assert made.run_cell(source).status in ("ok", "error")
    finally:
        made.close()


OLDER = [
    p
    for p in (Path("/usr/bin/python3.10"), *Path.home().glob(".pyenv/versions/3.10*/bin/python"))
    if p.exists()
]


def test_the_core_imports_the_standard_library_alone(tmp_path: Path) -> None:
    """An isolated interpreter without site-packages runs it; heavy modules wait for their use."""
    root = Path(__file__).resolve().parents[2]
    (tmp_path / "vivo").symlink_to(root)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.dont_write_bytecode = True\n"
        "from vivo.core import Shell\n"
        "s = Shell(); assert s.run_cell('6 * 7').value == 42\n"
        "print([m for m in ('asyncio', 'numpy', 'pydoc', 'multiprocessing') if m in sys.modules])"
    )
    for python in [sys.executable, *map(str, OLDER[:1])]:
        words = [python, "-I", "-S", "-c", code]
        result = subprocess.run(words, capture_output=True, text=True, check=False)
        assert result.stdout.endswith("[]\n"), result.stderr
