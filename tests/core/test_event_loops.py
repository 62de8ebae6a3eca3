"""Event loops as a session drives them, with a toolkit that is made up, and with asyncio's.

The toolkits themselves, with windows on a screen, are in tests/wild.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from vivo.core import Shell, UsageError
from vivo.core.event_loops import NAMES, base, tasks
from vivo.core.event_loops.base import EventLoop

from .conftest import Recorder


class Toolkit(EventLoop):
    """A toolkit whose events are functions, called one after the other."""

    name = "made-up"

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Callable[[], object]] = []

        self._watched: dict[int, Callable[[], None]] = {}
        self._repeated: list[Callable[[], None]] = []
        self._entered = False

    def _watch(self, descriptor: int, call: Callable[[], None]) -> Callable[[], None]:
        self._watched[descriptor] = call
        return lambda: self._watched.pop(descriptor) and None

    def _every(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        self._repeated.append(call)
        return lambda: self._repeated.remove(call)

    def _enter(self) -> None:
        self._entered = True
        while self._entered:
            assert self.events, "the loop goes on with nothing to come"
            self.events.pop(0)()
            for call in self._repeated:
                call()
            for descriptor, call in self._watched.items():
                if base.is_readable(descriptor):
                    call()

    def _leave(self) -> None:
        self._entered = False


@pytest.fixture
def loop() -> Iterator[Toolkit]:
    """The made-up toolkit's loop."""
    made = Toolkit()
    yield made
    made.stop()


@pytest.fixture
def pipe() -> Iterator[SimpleNamespace]:
    """What the loops wait for: ``send()`` makes it readable."""
    reading, writing = os.pipe()
    yield SimpleNamespace(descriptor=reading, send=lambda: os.write(writing, b"."))
    os.close(reading)
    os.close(writing)


def test_a_loop_runs_until_there_is_something_to_read(loop: Toolkit, pipe: SimpleNamespace) -> None:
    """A toolkit that leaves its loop by itself is entered again."""
    seen = list[int]()
    loop.events = [lambda: seen.append(1), loop._leave, lambda: seen.append(2), pipe.send]
    loop.run_until_readable(pipe.descriptor)
    assert seen == [1, 2]
    loop.run_until_readable(pipe.descriptor)  # readable still: not entered at all


@pytest.mark.parametrize("leaving", [KeyboardInterrupt, SystemExit, lambda: sys.exit(4)])
def test_nothing_a_callback_does_ends_the_loop(
    loop: Toolkit,
    pipe: SimpleNamespace,
    leaving: Callable[[], BaseException],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An interrupt and an exit end the callback; the exit is told with what to do instead."""

    def callback() -> None:
        error = leaving()
        raise error

    exit_process = sys.exit
    loop.events = [callback, pipe.send]
    loop.run_until_readable(pipe.descriptor)
    assert loop.events == []
    assert sys.exit is exit_process
    told = capsys.readouterr().err
    assert ("vivo sessions end" in told) == (leaving is not KeyboardInterrupt)


def test_a_thread_may_exit_while_a_loop_runs(loop: Toolkit, pipe: SimpleNamespace) -> None:
    """sys.exit is what it always was there."""

    def end() -> None:
        with pytest.raises(SystemExit, match="1"):
            sys.exit(1)
        pipe.send()

    thread = threading.Thread(target=end)
    loop.events = [thread.start, thread.join]
    loop.run_until_readable(pipe.descriptor)


def test_a_tick_ends_the_wait(loop: Toolkit, pipe: SimpleNamespace) -> None:
    """So a cell that asks for input hears of an interrupt while its windows live."""
    pending = list[bool]()
    loop.events = [lambda: pending.append(True), lambda: pending.append(True)]
    loop.run_until_readable(pipe.descriptor, lambda: bool(pending))
    assert len(pending) == 1


def test_a_stopped_loop_runs_no_more(loop: Toolkit, pipe: SimpleNamespace) -> None:
    """A callback may stop the very loop that calls it."""
    loop.events = [loop.stop, lambda: pytest.fail("an event after the stop")]
    loop.run_until_readable(pipe.descriptor)
    assert loop.is_stopped


def test_a_signals_handler_runs_while_a_loop_waits_in_c(
    loop: Toolkit, pipe: SimpleNamespace
) -> None:
    """What wakes the loop is taken back after it, and closed with it."""
    heard = list[int]()
    before = signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    loop.events = [lambda: os.kill(os.getpid(), signal.SIGUSR1), lambda: None, pipe.send]
    try:
        loop.run_until_readable(pipe.descriptor)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert heard == [signal.SIGUSR1]
    assert signal.set_wakeup_fd(-1) == -1
    alarm = loop._alarm
    assert alarm is not None
    assert not base.is_readable(alarm.reading)
    loop.stop()
    assert loop._watched == {}


def test_a_callback_in_the_way_of_a_cell_is_told_from_a_loop_that_waits(
    loop: Toolkit,
    pipe: SimpleNamespace,
) -> None:
    """An interrupt ends the one and leaves the other alone."""
    seen = list[bool]()
    loop.events = [lambda: seen.append(base.runs_callback(sys._getframe())), pipe.send]
    loop.run_until_readable(pipe.descriptor)
    assert seen == [True]
    assert not base.runs_callback(sys._getframe())
    assert not base.runs_callback(None)


@pytest.mark.parametrize(("module", "expected"), [("enum", False), ("__main__", True)])
def test_a_toolkits_own_python_code_is_no_callback(module: str, expected: bool) -> None:
    """An interrupt raised in an enum that PySide makes for an argument would end the process."""
    seen = list[bool]()
    names = {"__name__": module, "look": lambda: seen.append(base.is_in_callback(sys._getframe(1)))}
    called = eval("lambda: look()", names)
    eval("called()", {"__name__": f"{base.PACKAGE}a_loop", "called": called})
    assert seen == [expected]


def test_a_callback_may_run_a_cell(shell: Shell, loop: Toolkit, pipe: SimpleNamespace) -> None:
    """In the cells' own context, as a session runs callbacks and a profile's start-up."""
    loop.events = [lambda: shell.run_cell("from_button = 1"), pipe.send]
    shell._context.run(loop.run_until_readable, pipe.descriptor)
    assert shell.namespace["from_button"] == 1


def test_tasks_go_on_between_cells(shell: Shell, pipe: SimpleNamespace) -> None:
    """%gui asyncio runs what a cell has started, until the next cell comes."""
    shell.run_cell("%gui asyncio")
    shell.namespace["send"] = pipe.send
    shell.run_cell(
        "import asyncio\n"
        "async def work():\n"
        "    await asyncio.sleep(0)\n"
        "    send()\n"
        "task = asyncio.create_task(work())\n"
    )
    assert shell.event_loop is not None
    assert shell.event_loop.name == "asyncio"
    shell.event_loop.run_until_readable(pipe.descriptor)
    assert shell.namespace["task"].done()


def test_tasks_go_on_beside_a_toolkits_loop(
    shell: Shell, loop: Toolkit, pipe: SimpleNamespace
) -> None:
    """At each tick, with what one wakes in the other; never inside the loop that runs already."""
    shell.run_cell(
        "import asyncio\n"
        "async def work():\n"
        "    for count in range(3): await asyncio.sleep(0)\n"
        "    return count\n"
        "task = asyncio.create_task(work())\n"
    )
    loop.events = [lambda: None] * 5 + [pipe.send]
    loop.run_until_readable(pipe.descriptor, lambda: tasks.advance(shell))
    assert shell.namespace["task"].result() == 2

    async def inside() -> bool:
        asyncio.ensure_future(asyncio.sleep(0))  # noqa: RUF006 - one that waits is enough
        return tasks.advance(shell)

    assert shell.loop.run_until_complete(inside()) is False


def test_gui_off_stops_the_loop(shell: Shell) -> None:
    """So does another toolkit; the same name again changes nothing."""
    shell.run_cell("%gui asyncio")
    first = shell.event_loop
    shell.run_cell("%gui asyncio")
    assert shell.event_loop is first is not None
    shell.run_cell("%gui off")
    assert shell.event_loop is None
    assert first.is_stopped


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_toolkit_is_one_sentence_with_the_known_ones(shell: Shell, name: str) -> None:
    """And with the nearest of them, which is the one that was mistyped."""
    with pytest.raises(UsageError) as told:
        shell.enable_gui(f"{name}x")
    sentence = str(told.value)
    assert f"does not know {name}x" in sentence
    assert all(known in sentence for known in NAMES)
    assert f"did you mean {name}?" in sentence or name in ("qt", "gtk", "tk")


@pytest.mark.parametrize(
    ("name", "modules"),
    [
        ("tk", ["tkinter"]),
        ("qt", [f"{name}.QtCore" for name in ("PySide6", "PyQt6", "PyQt5", "PySide2")]),
        ("gtk3", ["gi"]),
        ("gtk4", ["gi"]),
        ("wx", ["wx"]),
    ],
)
def test_a_toolkit_that_is_not_installed_is_one_sentence(
    shell: Shell, shown: Recorder, name: str, modules: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what cannot be imported, where, and what to install; the old loop goes on."""
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    shell.run_cell("%gui asyncio")
    before = shell.event_loop
    shell.run_cell(f"%gui {name}")
    report = shown.of("error")[-1]
    assert report.name == "UsageError"
    assert modules[0] in report.message
    assert sys.executable in report.message
    assert "install" in report.message
    assert shell.event_loop is before is not None
    assert not before.is_stopped
