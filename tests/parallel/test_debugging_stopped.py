"""What a session does while a cell is stopped by the debugger, and after the debugger has left."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from .debugging import DebugFrontEnd, Message
from .jupyter import Kernel

pytestmark = pytest.mark.sessions

CELL = """\
class Rich:
    def _repr_html_(self):
        return "<b>rich</b>"
rich, numbers = Rich(), [1, 2]
def double(number):
    doubled = number * 2
    return doubled
double(2)
"""


@pytest.fixture
def debugger(jupyter: Kernel) -> DebugFrontEnd:
    """A debugger's front end, attached."""
    front_end = DebugFrontEnd(jupyter)
    front_end.attach()
    return front_end


def stop(debugger: DebugFrontEnd, line: int = 7) -> tuple[str, Message]:
    """Run the cell until it stops in ``double``: its request, the frame."""
    debugger.breakpoints(debugger.dump(CELL), line)
    return debugger.kernel.execute(CELL), debugger.stop()


def test_a_stopped_cell_leaves_the_session_answering(
    jupyter: Kernel, debugger: DebugFrontEnd
) -> None:
    """Completion, inspection and the state of the debugger, while the cell waits."""
    running, frame = stop(debugger)
    found = jupyter.ask("complete_request", {"code": "numbers.app", "cursor_pos": 11})
    assert found["matches"] == ["append"]
    assert jupyter.ask("inspect_request", {"code": "double", "cursor_pos": 3})["found"]
    told = debugger.ask("debugInfo")
    assert (told["isStarted"], told["stoppedThreads"]) == (True, [frame["thread"]])
    assert [each["breakpoints"] for each in told["breakpoints"]] == [[{"line": 7}]]
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_an_interrupt_ends_a_stopped_cell(jupyter: Kernel, debugger: DebugFrontEnd) -> None:
    """The front end learns that it runs; the next cell is debugged as ever."""
    running, _ = stop(debugger)
    jupyter.ask("interrupt_request", channel="control")
    debugger.event("continued")
    assert jupyter.reply(running)["ename"] == "KeyboardInterrupt"
    assert debugger.ask("debugInfo")["stoppedThreads"] == []
    running, frame = stop(debugger)
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_an_interrupt_ends_a_cell_that_would_stop_again(
    jupyter: Kernel, debugger: DebugFrontEnd
) -> None:
    """A breakpoint in a loop does not hold the interrupt up."""
    code = "count = 0\nwhile True:\n    count += 1"
    debugger.breakpoints(debugger.dump(code), 3)
    running = jupyter.execute(code)
    debugger.stop()
    jupyter.ask("interrupt_request", channel="control")
    assert jupyter.reply(running)["ename"] == "KeyboardInterrupt"


def test_a_restart_ends_a_stopped_cell(jupyter: Kernel, debugger: DebugFrontEnd) -> None:
    """The new process can be debugged again."""
    _, frame = stop(debugger)
    jupyter.manager.restart_kernel(now=False)
    jupyter.client.wait_for_ready(timeout=30)
    assert not Path(frame["source"]["path"]).parent.exists()
    again = DebugFrontEnd(jupyter)
    assert not again.ask("debugInfo")["isStarted"]
    again.attach()
    running, frame = stop(again)
    again.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_a_stopped_variable_is_shown_richly(jupyter: Kernel, debugger: DebugFrontEnd) -> None:
    """As a cell shows it, in every format; what is no variable is told."""
    running, frame = stop(debugger)
    place = {"frameId": frame["id"]}
    shown = debugger.ask("richInspectVariables", variableName="rich", **place)
    assert shown["data"]["text/html"] == "<b>rich</b>"
    shown = debugger.ask("richInspectVariables", variableName="doubled", **place)
    assert shown["data"] == {"text/plain": "4"}
    told = debugger.request("richInspectVariables", variableName="missing", **place)
    assert not told["success"]
    assert "missing" in told["message"]
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_a_local_is_copied_to_the_sessions_variables(
    jupyter: Kernel, debugger: DebugFrontEnd, home: Path
) -> None:
    """Also from a function of another module; later cells have it."""
    module = home / "helping.py"
    module.write_text("def triple(n):\n    made = n * 3\n    return made\n")
    debugger.breakpoints(str(module), 3)
    code = f"import sys; sys.path.append({str(home)!r})\nimport helping; helping.triple(4)"
    running = jupyter.execute(code)
    frame = debugger.stop()
    debugger.ask(
        "copyToGlobals",
        srcVariableName="made",
        dstVariableName="copied",
        srcFrameId=frame["id"],
    )
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"
    assert jupyter.run("assert copied == 12")["status"] == "ok"


def test_variables_are_shown_without_a_stop(jupyter: Kernel, debugger: DebugFrontEnd) -> None:
    """The user's alone, with their parts and rich."""
    jupyter.run(CELL)
    found = {each["name"]: each for each in debugger.ask("inspectVariables")["variables"]}
    assert found["numbers"]["value"] == "[1, 2]"
    assert not {"In", "Out", "_", "get_ipython", "__builtins__"} & set(found)
    assert debugger.children(found["numbers"]["variablesReference"])["1"]["value"] == "2"
    shown = debugger.ask("richInspectVariables", variableName="rich")
    assert shown["data"]["text/html"] == "<b>rich</b>"


def test_after_the_debugger_left_cells_run_untraced(
    jupyter: Kernel, debugger: DebugFrontEnd
) -> None:
    """A stopped cell goes on to its end, nothing stops any more, no trace function is left."""
    running, _ = stop(debugger)
    debugger.ask("disconnect", terminateDebuggee=True)
    assert jupyter.reply(running)["status"] == "ok"
    assert jupyter.run(CELL)["status"] == "ok"
    code = "import sys, threading\nassert sys.gettrace() is None\n"
    code += "assert threading.gettrace() is None\n"
    code += "assert not getattr(sys, 'monitoring', None) or not sys.monitoring.get_tool(0)"
    assert jupyter.run(code)["status"] == "ok"
    debugger.attach()
    running, frame = stop(debugger)
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_the_users_program_sees_nothing_of_the_debugger(
    jupyter: Kernel, debugger: DebugFrontEnd
) -> None:
    """Its import path and environment stay as they were, and its children's."""
    code = "import os, sys\nassert not [p for p in sys.path if 'pydevd' in p], sys.path\n"
    code += "assert len(set(sys.path)) == len(sys.path), sys.path\n"
    code += "assert not [n for n in os.environ if 'PYDEV' in n]"
    assert jupyter.run(code)["status"] == "ok"


def test_no_port_is_opened(jupyter: Kernel, debugger: DebugFrontEnd) -> None:
    """Another user of the machine has nothing to connect to, and no process is added."""
    running, frame = stop(debugger)
    shown = debugger.ask("evaluate", expression="__import__('os').getpid()", frameId=frame["id"])
    engine = psutil.Process(int(shown["result"]))
    assert engine.children() == []
    assert engine.net_connections("inet") == []
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_an_unfit_request_is_answered(jupyter: Kernel, debugger: DebugFrontEnd) -> None:
    """With what was wrong; the debugger goes on."""
    assert "code" in debugger.request("dumpCell")["message"]
    assert "path" in debugger.request("setBreakpoints")["message"]
    assert not debugger.request("frobnicate")["success"]
    assert debugger.ask("debugInfo")["isStarted"]


def test_a_running_cell_can_be_stopped(jupyter: Kernel) -> None:
    """The debugger attaches while a loop runs, and changes what ends it."""
    code = (
        "import time\ngoes = True\nprint('on')\nwhile goes:\n    time.sleep(0.001)\n    count = 1"
    )
    running = jupyter.execute(code)
    debugger = DebugFrontEnd(jupyter)
    debugger.message(lambda each: each["msg_type"] == "stream")
    debugger.attach()
    jupyter.ask("debug_request", {"command": "debugInfo", "seq": 99}, channel="control")
    path = debugger.dump(code)
    debugger.breakpoints(path, 6)
    frame = debugger.stop()
    assert frame["source"]["path"] == path
    debugger.ask("evaluate", expression="goes = False", frameId=frame["id"], context="repl")
    debugger.breakpoints(path)
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"


def test_a_thread_and_a_subshell_stop_too(jupyter: Kernel, debugger: DebugFrontEnd) -> None:
    """Whoever runs the user's code; each is a thread of the debugger's."""
    code = "import threading\ndef work():\n    done = 1\nthread = threading.Thread(target=work)\n"
    code += "thread.start()\nthread.join()"
    debugger.breakpoints(debugger.dump(code), 3)
    running = jupyter.execute(code)
    frame = debugger.stop()
    assert frame["name"] == "work"
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"
    subshell = jupyter.ask("create_subshell_request", channel="control")["subshell_id"]
    debugger.breakpoints(debugger.dump(CELL), 7)
    running = jupyter.execute(CELL, subshell=subshell)
    frame = debugger.stop()
    assert frame["name"] == "double"
    debugger.ask("continue", threadId=frame["thread"])
    assert jupyter.reply(running)["status"] == "ok"
