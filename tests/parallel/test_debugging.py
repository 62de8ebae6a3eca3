"""Cells under a debugger's front end: breakpoints, steps, variables, exceptions."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from .debugging import DebugFrontEnd
from .jupyter import Kernel

pytestmark = pytest.mark.sessions

CELL = """\
def half(number):
    result = number / 2
    return result
total = half(12)
total + 1
"""


@pytest.fixture
def debugger(jupyter: Kernel) -> DebugFrontEnd:
    """A debugger's front end, not attached yet."""
    return DebugFrontEnd(jupyter)


def test_the_kernel_says_that_it_can_be_debugged(jupyter: Kernel) -> None:
    """A notebook shows its debugger by that."""
    features = jupyter.ask("kernel_info_request")["supported_features"]
    assert "debugger" in features


def test_a_cell_stops_at_a_breakpoint(jupyter: Kernel, debugger: DebugFrontEnd) -> None:
    """The front end sees where, with the variables; it continues, and the cell ends as ever."""
    debugger.attach()
    path = debugger.dump(CELL)
    assert [each["verified"] for each in debugger.breakpoints(path, 2)] == [True]
    debugger.ask("configurationDone")
    running = jupyter.execute(CELL)
    frame = debugger.stop()
    assert (frame["name"], frame["line"], frame["source"]["path"]) == ("half", 2, path)
    assert debugger.variables(frame)["number"]["value"] == "12"
    assert debugger.ask("debugInfo")["stoppedThreads"] == [frame["thread"]]
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"
    assert debugger.ask("debugInfo")["stoppedThreads"] == []


def test_a_cell_of_a_real_file_stops_in_the_file(
    jupyter: Kernel, debugger: DebugFrontEnd, home: Path
) -> None:
    """A cell that names its file and line stops at the file's lines; so do modules it calls."""
    file = home / "work.py"
    file.write_text("# a comment\n\n" + CELL)
    module = home / "helping.py"
    module.write_text("def twice(n):\n    return n * 2\n")
    debugger.attach()
    debugger.breakpoints(str(file), 4)
    debugger.breakpoints(str(module), 2)
    running = debugger.run_in_file(CELL, str(file), first_line=3)
    frame = debugger.stop()
    assert (frame["name"], frame["line"], frame["source"]["path"]) == ("half", 4, str(file))
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"
    code = f"import sys; sys.path.append({str(home)!r})\nimport helping; helping.twice(4)"
    running = jupyter.execute(code)
    frame = debugger.stop()
    assert (frame["name"], frame["line"], frame["source"]["path"]) == ("twice", 2, str(module))
    assert debugger.ask("source", source={"path": str(module)})["content"] == module.read_text()
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_steps_stay_in_the_users_code(jupyter: Kernel, debugger: DebugFrontEnd) -> None:
    """Over, into and out of; the last step ends the cell, and the next one does not stop."""
    debugger.attach()
    debugger.breakpoints(debugger.dump(CELL), 4)
    running = jupyter.execute(CELL)
    frame = debugger.stop()
    assert (frame["name"], frame["line"]) == ("<module>", 4)
    assert [each["name"] for each in debugger.stack(frame["thread"])] == ["<module>"]
    places = []
    for step in ("stepIn", "next", "stepOut", "next"):
        debugger.ask(step, threadId=frame["thread"])
        stopped = debugger.stop()
        places.append((stopped["name"], stopped["line"]))
    assert places[:2] == [("half", 2), ("half", 3)]
    assert places[2] == ("<module>", 4)
    assert places[3] == ("<module>", 5)
    debugger.ask("next", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"
    assert jupyter.run("half(3)")["status"] == "ok"


def test_an_uncaught_error_stops_where_it_was_raised(
    jupyter: Kernel, debugger: DebugFrontEnd
) -> None:
    """With the exception's kind and text; one that is caught does not stop."""
    code = "def fail(n):\n    return n / 0\n"
    code += "try:\n    fail(1)\nexcept ZeroDivisionError:\n    pass\nfail(2)"
    debugger.attach()
    debugger.dump(code)
    debugger.ask("setExceptionBreakpoints", filters=["uncaught"])
    running = jupyter.execute(code)
    frame = debugger.stop()
    told = debugger.ask("exceptionInfo", threadId=frame["thread"])
    assert told["exceptionId"] == "ZeroDivisionError"
    assert debugger.ask("evaluate", expression="n", frameId=frame["id"])["result"] == "2"
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["ename"] == "ZeroDivisionError"


def test_a_raised_error_stops_though_it_is_caught(jupyter: Kernel, debugger: DebugFrontEnd) -> None:
    """Where the front end asks for all of them."""
    code = "try:\n    int('no')\nexcept ValueError:\n    found = True"
    debugger.attach()
    debugger.ask("setExceptionBreakpoints", filters=["raised"])
    running = jupyter.execute(code)
    frame = debugger.stop()
    assert (frame["name"], frame["line"]) == ("<module>", 2)
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_breakpoint_stops_in_the_front_end(jupyter: Kernel, debugger: DebugFrontEnd) -> None:
    """``breakpoint()`` of a debugged cell asks no questions on stdin."""
    debugger.attach()
    running = jupyter.execute("width = 5\nbreakpoint()\nwidth = 6")
    frame = debugger.stop()
    assert debugger.variables(frame)["width"]["value"] == "5"
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_functions_of_cells_from_before_can_be_stopped_in(
    jupyter: Kernel, debugger: DebugFrontEnd
) -> None:
    """A breakpoint in a cell that ran before there was a debugger stops what it defined."""
    cell = "def early(n):\n    m = n + 1\n    return m"
    jupyter.run(cell)
    debugger.attach()
    path = debugger.dump(cell)
    debugger.breakpoints(path, 2)
    running = jupyter.execute("early(3)")
    frame = debugger.stop()
    assert (frame["name"], frame["line"], frame["source"]["path"]) == ("early", 2, path)
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_a_breakpoint_in_a_library_stops(jupyter: Kernel, debugger: DebugFrontEnd) -> None:
    """Steps stay in the user's own files; the file of a breakpoint is one of them."""
    path = textwrap.__file__
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    line = next(n for n, text in enumerate(lines, 1) if "_whitespace_only_re.sub" in text)
    debugger.attach()
    assert [each["verified"] for each in debugger.breakpoints(path, line)] == [True]
    running = jupyter.execute("import textwrap\ntextwrap.dedent('  a')")
    frame = debugger.stop()
    assert (frame["name"], frame["line"]) == ("dedent", line)
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_an_edited_cell_stops_at_its_new_lines(
    jupyter: Kernel, debugger: DebugFrontEnd, home: Path
) -> None:
    """The breakpoint of the file as it is now, and the file's own name, after an earlier run."""
    file = home / "work.py"
    debugger.attach()
    jupyter.reply(debugger.run_in_file("def f(n):\n    return n", str(file), first_line=1))
    edited = "def f(n):\n    m = n\n    return m\nf(1)"
    file.write_text(edited)
    debugger.breakpoints(str(file), 3)
    running = debugger.run_in_file(edited, str(file), first_line=1)
    frame = debugger.stop()
    assert (frame["name"], frame["line"], frame["source"]["path"]) == ("f", 3, str(file))
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_a_condition_decides_whether_a_breakpoint_stops(
    jupyter: Kernel, debugger: DebugFrontEnd
) -> None:
    """And it is among what a front end that comes later is told."""
    code = "for i in range(5):\n    x = i"
    debugger.attach()
    path = debugger.dump(code)
    wanted = [{"line": 2, "condition": "i == 3"}]
    debugger.ask("setBreakpoints", source={"path": path}, breakpoints=wanted)
    running = jupyter.execute(code)
    frame = debugger.stop()
    assert debugger.ask("evaluate", expression="i", frameId=frame["id"])["result"] == "3"
    assert debugger.ask("debugInfo")["breakpoints"] == [{"source": path, "breakpoints": wanted}]
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"
