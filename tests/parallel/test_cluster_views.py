"""Direct views, over real sessions."""

from __future__ import annotations

import _thread
import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy
import pytest
from vivo.parallel import sharing
from vivo.parallel.cluster.errors import CallAbortedError, EngineErrors, RemoteError
from vivo.parallel.cluster.views import DirectView
from vivo.parallel.cluster_messages import CallReply, CallRequest

from .engines import sessions, view_of

pytestmark = pytest.mark.sessions


@pytest.fixture
def view(home: Path) -> Iterator[DirectView]:
    """Two engines."""
    with sessions(home, 2) as entries, view_of(entries) as made:
        yield made


def test_a_function_is_called_on_each_engine(view: DirectView) -> None:
    """A list of all, a value of one; with keywords; also one that nobody could import."""
    assert view.apply(lambda a, b: a + b, 1, b=2) == [3, 3]
    assert view[0].apply(len, "four") == 4
    assert view[1:].apply(max, 3, 5) == [5]
    assert len(view) == 2


def test_a_map_is_spread_and_comes_in_order(view: DirectView) -> None:
    """More items than engines, fewer, and none; of several sequences."""
    square = lambda x: x * x  # noqa: E731 - as users write it
    assert view.map(square, range(7)) == [0, 1, 4, 9, 16, 25, 36]
    assert view.map(lambda a, b: a - b, [5], [3]) == [2]
    assert view.map(square, []) == []
    assert list(view.amap(square, range(4))) == [0, 1, 4, 9]
    assert sorted(view.amap(square, range(4)).unordered()) == [0, 1, 4, 9]


def test_data_goes_to_engines_and_back(view: DirectView) -> None:
    """By names, as items, in parts; arrays may be written to where they arrive."""
    view.push({"a": 3})
    assert view.pull("a") == [3, 3]
    assert view.pull(["a", "a + 1"]) == [[3, 4], [3, 4]]
    view["b"] = "text"
    assert view["b"] == ["text", "text"]
    view.scatter("x", numpy.arange(5))
    assert [list(each) for each in view["x"]] == [[0, 1, 2], [3, 4]]
    view.execute("x[0] = 9")
    back = view.gather("x")
    assert list(back) == [9, 1, 2, 9, 4]
    back[0] = 1
    view.scatter("y", [1, 2], flatten=True)
    assert view["y"] == [1, 2]


@pytest.mark.parametrize("count", [10, 3_000_000])
def test_a_large_array_arrives_and_may_be_changed(view: DirectView, count: int) -> None:
    """By shared memory from a size on, at either end."""
    data = numpy.arange(count)
    view.push({"data": data})
    view.execute("data[0] = 7")
    first, second = view.pull("data")
    assert (first[0], second[-1]) == (7, count - 1)
    first[1] = 8
    assert (second[1], data[0]) == (1, 0)


def test_cells_show_here_what_they_print(
    view: DirectView, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each engine's under its name; the outputs are in the result too."""
    result = view.execute("import os\nprint('pid' if os.getpid() else '')\n6 * 7")
    shown = capsys.readouterr().out
    assert shown.count("pid\n") == 2
    assert shown.count("42") == 2
    assert "[engine 0]" in shown
    assert result.stdout == ["pid\n", "pid\n"]
    assert {each["kind"] for each in result.outputs[0]} == {"stream", "execute_result"}


def test_calls_show_here_what_they_print(
    view: DirectView, capsys: pytest.CaptureFixture[str]
) -> None:
    """And their result has it."""
    assert view[0].apply(print, "hello") is None
    assert capsys.readouterr().out == "hello\n"
    result = view.aapply(print, "later")
    result.get()
    assert result.stdout == ["later\n", "later\n"]


def test_an_error_of_one_engine_is_raised_as_itself(view: DirectView) -> None:
    """With the remote traceback, which has the values."""
    with pytest.raises(ZeroDivisionError) as caught:
        view[1].apply(lambda top: top / 0, 7)
    note = "\n".join(caught.value.__notes__)
    assert "On engine 1" in note
    assert "top / 0" in note
    assert caught.value.engine == 1  # type: ignore[attr-defined]


def test_errors_of_some_engines_are_one_group(view: DirectView) -> None:
    """Those that are alike once, with the engines that raised them."""
    view.scatter("number", [0, 1], flatten=True)
    with pytest.raises(EngineErrors) as caught:
        view.execute("1 / number")
    assert [str(each) for each in caught.value.exceptions] == [
        "ZeroDivisionError: division by zero"
    ]
    assert list(caught.value.by_engine) == [0]
    with pytest.raises(EngineErrors) as caught:
        view.execute("unknown_name")
    assert len(caught.value.exceptions) == 1
    assert "engines 0 and 1: " in str(caught.value)
    assert "unknown_name" in caught.value.exceptions[0].__notes__[0]


def test_a_function_is_sent_once_and_again_after_a_restart(view: DirectView) -> None:
    """Nobody has to know of it."""
    one = view[0]
    square = lambda base: base**2  # noqa: E731 - as users write it
    assert [one.apply(square, each) for each in (2, 3)] == [4, 9]
    one.ask("vivo_restart")
    assert one.apply(square, 4) == 16


def test_what_a_session_answers_is_asked_of_each(view: DirectView) -> None:
    """Completion, inspection, history, variables: also while its engine is busy."""
    view.execute("number = 41")
    busy = view.aexecute("import time\ntime.sleep(60)")
    assert view.complete("numb")[0][0] == "number"
    assert "41" in view.inspect("number")[1]
    assert [each["name"] for each in view.variables("number")[0]] == ["number"]
    assert "number = 41" in [each[2] for each in view.history(1000)[0]]
    busy.cancel()
    with pytest.raises(EngineErrors, match="KeyboardInterrupt"):
        busy.get()


def test_cancelling_ends_what_runs_and_what_waits(view: DirectView) -> None:
    """At once, and the engines go on."""
    running, waiting = view.aapply(time.sleep, 60), view.aapply(time.sleep, 60)
    waiting.cancel()
    running.cancel()
    for each in (running, waiting):
        with pytest.raises(EngineErrors):
            each.get(20)
    assert view.apply(int, "3") == [3, 3]


def test_a_question_is_asked_here(view: DirectView, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the engine's name, if there are several."""
    asked: list[str] = []

    def answer(prompt: str = "") -> str:
        asked.append(prompt)
        return "blue"

    monkeypatch.setattr("builtins.input", answer)
    view.execute("colour = input('colour? ')")
    assert sorted(asked) == ["[engine 0] colour? ", "[engine 1] colour? "]
    assert view["colour"] == ["blue", "blue"]


def test_a_question_that_is_told_again_is_asked_once(
    view: DirectView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is after a cut; while it waits for its answer, and after it."""
    asked: list[str] = []

    def answer(prompt: str = "") -> str:
        view.ask("vivo_take_input")
        asked.append(prompt)
        return "blue"

    monkeypatch.setattr("builtins.input", answer)
    view.execute("colours = [input('one? '), input('two? ')]")
    assert sorted(asked) == [f"[engine {n}] {which}? " for n in (0, 1) for which in ("one", "two")]
    assert view["colours"] == [["blue", "blue"]] * 2


def test_a_breakpoint_on_engines_is_entered_here(
    view: DirectView, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under the engine's name; each goes on by itself."""
    asked: list[str] = []

    def answer(prompt: str = "") -> str:
        asked.append(prompt)
        return "c" if asked.count(prompt) == 2 else "p total * 2"

    monkeypatch.setattr("builtins.input", answer)
    view.execute("def work(total):\n    breakpoint()\n    return 1\nwork(21)\n")
    assert sorted(asked) == ["[engine 0] vdb> "] * 2 + ["[engine 1] vdb> "] * 2
    assert capsys.readouterr().out.count("42\n") == 2


def test_an_engine_is_debugged_as_any_session_is(view: DirectView) -> None:
    """By the debugger's own protocol, also while it is busy."""
    busy = view[0].aexecute("import time\ntime.sleep(60)")
    asked = {"type": "request", "seq": 1, "command": "debugInfo", "arguments": {}}
    told = view.ask("debug", asked)
    assert [each["body"]["isStarted"] for each in told] == [False, False]
    busy.cancel()
    with pytest.raises(RemoteError, match="KeyboardInterrupt"):
        busy.get()


def test_a_question_comes_after_what_was_printed_before_it(
    view: DirectView, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though it comes by another socket."""
    printed: list[str] = []

    def answer(prompt: str = "") -> str:
        printed.append(capsys.readouterr().out)
        return ""

    monkeypatch.setattr("builtins.input", answer)
    for _ in range(20):
        view[0].execute("print('text', end='')\ninput('? ');")
    assert printed == ["text"] * 20


async def test_results_can_be_awaited_and_iterated(view: DirectView) -> None:
    """On a loop of the user's own."""
    assert await view.aapply(lambda: 5) == [5, 5]
    found: list[Any] = [each async for each in view.amap(lambda x: -x, range(3))]
    assert found == [0, -1, -2]


def test_an_engine_that_is_killed_fails_its_calls(view: DirectView) -> None:
    """With its signal; the others' values are kept."""
    result = view.aapply(lambda: __import__("os").kill(__import__("os").getpid(), 9))
    with pytest.raises(EngineErrors, match="SIGKILL"):
        result.get(20)
    assert result.status == ["lost", "lost"]


def test_large_arrays_go_by_sockets_where_no_memory_is_shared(home: Path) -> None:
    """As to another host."""
    data = numpy.arange(3_000_000)
    with sessions(home, 1) as entries, view_of(entries, is_here=False) as view:
        view[0].push({"data": data})
        assert view[0].pull("int(data.sum())") == data.sum()
        back = view[0]["data"]
        back[0] = 5
        assert list(back[:3]) == [5, 1, 2]


@pytest.mark.parametrize("is_here", [True, False])
def test_what_is_sent_later_is_what_was_given(home: Path, is_here: bool) -> None:
    """A caller that does not wait may go on with its arrays at once."""
    small, large = numpy.zeros(1000), numpy.zeros(2_000_000)
    with sessions(home, 1) as entries, view_of(entries, is_here=is_here) as view:
        busy = view[0].aapply(time.sleep, 0.2)
        result = view[0].apush({"small": small, "large": large})
        small[:] = large[:] = 1
        busy.get()
        result.get()
        assert view[0].pull("float(small.sum() + large.sum())") == 0


def test_engines_of_a_host_have_an_array_in_common(view: DirectView) -> None:
    """What one writes the other reads; numbers are each engine's own; nothing is left behind."""
    folder = sharing.folder()
    assert folder is not None
    own = f"{view._links[0].session}-*"
    before = set(folder.glob(own))
    view.push({"grid": numpy.zeros((1000, 1000)), "n": 1, "none": numpy.zeros(0)}, shared=True)
    view[0].execute("grid[3, 4] = 7; n = 2")
    assert view.pull("float(grid[3, 4])") == [7, 7]
    assert view["n"] == [2, 1]
    assert set(folder.glob(own)) <= before


def test_ctrl_c_ends_the_remote_work_too(view: DirectView) -> None:
    """Soon, on each engine."""

    def interrupt() -> None:
        while any(each["state"] != "busy" for each in view.ask("vivo_session")):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        view.execute("import time; time.sleep(60)")
    thread.join()
    assert view.apply(int, "3") == [3, 3]
    assert [each["state"] for each in view.ask("vivo_session")] == ["idle", "idle"]


def test_many_calls_leave_nothing_behind(view: DirectView) -> None:
    """Neither here nor with the keeper."""
    one = view[0]
    link = one._links[0]
    for _ in range(20):
        for each in [one.aapply(int, "3") for _ in range(50)]:
            each.get()
    assert link.calls.pending == {}
    assert link.link.requests("vivo_call_request") == []
    assert len(link.calls._taken) < 100


def test_what_is_said_is_as_it_is_declared(view: DirectView) -> None:
    """The plain dicts of this side against the structs of the other's."""
    calls = view._links[0].calls
    for arguments in ([b"x"], [bytes(2**21)]):
        call = calls.prepare("0" * 64, b"f", arguments, is_waited_for=True)
        sharing.drop(call.content.get("shared", ()))
        fields = {each.name for each in msgspec.structs.fields(CallRequest)}
        assert set(call.content) <= fields
        msgspec.convert(call.content, CallRequest)
    result = view[0].aapply(print, "x")
    result.get()
    content = result.futures[0].result().content
    told = {each.name for each in msgspec.structs.fields(CallReply)} | {"status"}
    assert set(content) <= told
    msgspec.convert(content, CallReply)


class Terminal(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        return True


def test_who_waits_for_long_sees_how_many_have_come_and_may_interrupt(
    view: DirectView, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a line that is gone in the end; Ctrl-C ends what is waited for."""
    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)

    def wait(path: str) -> None:
        while not os.path.exists(path):
            time.sleep(0.01)

    def look() -> None:
        while "1/2" not in shown.getvalue():
            time.sleep(0.01)
        _thread.interrupt_main()

    watching = threading.Thread(target=look)
    watching.start()
    with pytest.raises(KeyboardInterrupt):
        view.map(wait, [str(home), str(home / "never")])
    watching.join()
    line = shown.getvalue().split("\r")
    assert "█░" in line[1]
    assert line[-2].strip() == line[-1] == ""
    assert view.apply(int, "3") == [3, 3]


def test_a_call_that_is_cancelled_as_it_begins_ends_and_no_other_does(view: DirectView) -> None:
    """Whatever its engine is at."""
    engine = view[0]
    for number in range(150):
        cancelled = engine.aapply(time.sleep, 60)
        if number % 3 == 1:
            time.sleep(0.0002 * (number % 10))  # the pace; nothing is waited for
        elif number % 3 == 2:
            engine.ask("vivo_take_input")
        cancelled.cancel()
        after = engine.aapply(len, "four")
        with pytest.raises((KeyboardInterrupt, RemoteError, CallAbortedError)):
            cancelled.get(10)
        assert after.get(10) == 4
