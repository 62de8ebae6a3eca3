"""Windows of every toolkit, on a virtual screen, while the session answers and cells run."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import DEBIAN_PYTHON, Screen, Session, Starter

BLUE, RED = "#1234f0", "#f03412"


@dataclass(frozen=True)
class Toolkit:
    """How a user writes a window and a timer with a toolkit."""

    gui: str
    is_debians: bool
    window: str
    """Statements that open a window filled with BLUE."""
    every: str
    """Statements that call ``bump`` every few milliseconds."""
    close: str
    """A statement that closes the window."""

    def __str__(self) -> str:
        return self.gui


_QT = """
from {binding} import QtCore, QtWidgets
window = QtWidgets.QWidget()
window.setStyleSheet("background-color: {blue}")
window.resize(200, 100)
window.show()
"""
_QT_TIMER = """
from {binding} import QtCore
timer = QtCore.QTimer()
timer.timeout.connect(bump)
timer.start(5)
"""
_TK = f"""
import tkinter
window = tkinter.Tk()
window.geometry("200x100")
window["background"] = "{BLUE}"
"""
_TK_TIMER = """
import tkinter
if "window" not in globals(): window = tkinter.Tk()
def again():
    window.after(5, again)
    bump()
again()
"""
_GTK = """
import gi
gi.require_version("Gtk", "{version}")
from gi.repository import GLib, Gtk
style = Gtk.CssProvider()
style.load_from_data(b"window {{ background: {blue}; }}")
window = Gtk.Window(title="a window")
window.set_default_size(200, 100)
window.get_style_context().add_provider(style, 800)
window.{show}
"""
_GTK_TIMER = """
from gi.repository import GLib
def again():
    GLib.timeout_add(5, again)
    bump()
GLib.timeout_add(5, again)
"""
_WX = f"""
import wx
window = wx.Frame(None, size=(200, 100))
window.SetBackgroundColour("{BLUE}")
window.Show()
"""
_WX_TIMER = """
import wx
timer = wx.Timer()
timer.Bind(wx.EVT_TIMER, lambda event: bump())
timer.Start(5)
"""

TK = Toolkit("tk", True, _TK, _TK_TIMER, "window.destroy()")
PYSIDE = Toolkit(
    "qt",
    False,
    _QT.format(binding="PySide6", blue=BLUE),
    _QT_TIMER.format(binding="PySide6"),
    "window.close()",
)
GTK3 = Toolkit(
    "gtk3",
    True,
    _GTK.format(version="3.0", blue=BLUE, show="show_all()"),
    _GTK_TIMER,
    "window.close()",
)
GTK4 = Toolkit(
    "gtk4",
    True,
    _GTK.format(version="4.0", blue=BLUE, show="present()"),
    _GTK_TIMER,
    "window.close()",
)
WX = Toolkit("wx", True, _WX, _WX_TIMER, "window.Close()")
ALL = pytest.mark.parametrize("toolkit", [TK, PYSIDE, GTK3, GTK4, WX], ids=str)

COUNTING = """
count = 0
announce = None
def bump():
    global count, announce
    count += 1
    if announce is not None and count >= announce:
        announce = None
        print("the count is there")
"""


def interpreter(toolkit: Toolkit, pypi_python: str) -> str:
    return DEBIAN_PYTHON if toolkit.is_debians else pypi_python


async def until(screen: Screen, colour: str) -> None:
    """Wait until a colour is on the screen."""
    while not screen.shows(colour):
        await asyncio.sleep(0.01)


async def counts_while_idle(session: Session) -> None:
    """The timer goes on with no cell running: its text comes by itself."""
    after = (await session.client.session())["last"]
    await session.value("announce = count + 20")
    await session.printed("the count is there", after)


@ALL
async def test_a_window_lives_between_cells(
    toolkit: Toolkit, screen: Screen, pypi_python: str, start: Starter
) -> None:
    """It is drawn and its timers run, cells run and completion answers; %gui off stops it."""
    session = await start(interpreter(toolkit, pypi_python))
    await session.value(f"%gui {toolkit.gui}")
    await session.value(toolkit.window + COUNTING + toolkit.every)
    await until(screen, BLUE)
    await counts_while_idle(session)
    assert (await session.client.complete("window.", 7))["matches"]
    assert await session.value("6 * 7") == "42"
    await session.value(toolkit.close)
    if toolkit is not TK:  # whose timers are the window's
        await counts_while_idle(session)
    await session.value("%gui off\nstopped = count")
    for _ in range(10):
        assert await session.value("count == stopped") == "True"


@ALL
async def test_a_loop_that_was_stopped_goes_on(
    toolkit: Toolkit, screen: Screen, pypi_python: str, start: Starter
) -> None:
    """%gui off and on again: the same window, the same timers."""
    session = await start(interpreter(toolkit, pypi_python))
    await session.value(f"%gui {toolkit.gui}")
    await session.value(toolkit.window + COUNTING + toolkit.every)
    await counts_while_idle(session)
    await session.value("%gui off")
    await session.value(f"%gui {toolkit.gui}")
    await counts_while_idle(session)


TWO_TOOLKITS = """
import tkinter
from gi.repository import GLib
root, ticks = tkinter.Tk(), {"tk": 0, "gtk3": 0}
def tick_of_tk():
    ticks["tk"] += 1
    root.after(5, tick_of_tk)
def tick_of_gtk():
    ticks["gtk3"] += 1
    return True
root.after(5, tick_of_tk)
number = GLib.timeout_add(5, tick_of_gtk)
"""


async def test_one_toolkit_takes_over_from_another(screen: Screen, start: Starter) -> None:
    """The timers of the one that %gui names run, the other's wait and go on when it is back."""
    session = await start(DEBIAN_PYTHON)
    await session.value(TWO_TOOLKITS)
    for runs, waits in (("tk", "gtk3"), ("gtk3", "tk"), ("tk", "gtk3")):
        await session.value(f"%gui {runs}")
        before = await session.value(f"goal = ticks['{runs}'] + 20\nticks['{waits}']")
        while await session.value(f"ticks['{runs}'] >= goal") != "True":
            pass  # each cell that ends gives the loop its turn
        assert await session.value(f"ticks['{waits}']") == before


@ALL
async def test_nothing_in_a_callback_ends_the_session(
    toolkit: Toolkit, screen: Screen, pypi_python: str, start: Starter
) -> None:
    """An error is printed, sys.exit is refused, an interrupt of an idle session does nothing."""
    session = await start(interpreter(toolkit, pypi_python))
    await session.value(f"%gui {toolkit.gui}")
    after = (await session.client.session())["last"]
    code = "import os, sys\n" + COUNTING
    code += "    if count == 3: raise ValueError('the third time')\n"
    code += "    if count == 5: sys.exit(3)\n"
    await session.value(code + toolkit.every)
    after = await session.printed("the third time", after)
    await session.printed("vivo sessions end", after)
    await counts_while_idle(session)
    pid = int(await session.value("os.getpid()"))
    after = (await session.client.session())["last"]
    await session.value("announce = count + 200")
    os.kill(pid, signal.SIGINT)  # long before the next cell, which it would be taken for
    await session.printed("the count is there", after)
    await counts_while_idle(session)


@ALL
async def test_a_callback_that_hangs_can_be_interrupted(
    toolkit: Toolkit, screen: Screen, pypi_python: str, start: Starter
) -> None:
    """By interrupting the cell that waits for it."""
    session = await start(interpreter(toolkit, pypi_python))
    await session.value(f"%gui {toolkit.gui}")
    after = (await session.client.session())["last"]
    code = COUNTING + "    if count == 3:\n        print('begun')\n        while True: pass\n"
    await session.value(code + toolkit.every)
    await session.printed("begun", after)
    execution = await session.client.execute("1")
    while (await session.client.session())["running"] != execution.id:
        await asyncio.sleep(0)
    assert await session.client.interrupt() == "interrupted"
    await execution.finished()
    await counts_while_idle(session)


@ALL
async def test_windows_live_while_a_cell_asks(
    toolkit: Toolkit, screen: Screen, pypi_python: str, start: Starter
) -> None:
    """input() waits with the loop; the answer, or an interrupt, ends the wait."""
    session = await start(interpreter(toolkit, pypi_python))
    await session.value(f"%gui {toolkit.gui}")
    await session.value(toolkit.window + COUNTING + toolkit.every)
    answers: asyncio.Queue[str | None] = asyncio.Queue()
    asked = asyncio.Event()

    async def answer(prompt: str, password: bool, run: str) -> str | None:
        asked.set()
        return await answers.get()

    session.client.on_input = answer
    after = (await session.client.session())["last"]
    execution = await session.client.execute("announce = count + 20\nname = input('name? ')")
    await session.printed("the count is there", after)
    answers.put_nowait("Ada")
    assert (await execution.finished()).status == "ok"
    assert await session.value("name") == "'Ada'"
    asked.clear()
    execution = await session.client.execute("input('again? ')")
    await asked.wait()
    assert await session.client.interrupt() == "interrupted"
    error = (await execution.finished()).error
    assert error is not None
    assert error.name == "KeyboardInterrupt"
    await counts_while_idle(session)


@ALL
async def test_tasks_of_asyncio_go_on_beside_windows(
    toolkit: Toolkit, screen: Screen, pypi_python: str, start: Starter
) -> None:
    """Both loops at once."""
    session = await start(interpreter(toolkit, pypi_python))
    await session.value(f"%gui {toolkit.gui}")
    await session.value(toolkit.window + COUNTING + toolkit.every)
    after = (await session.client.session())["last"]
    await session.value(
        "import asyncio\n"
        "async def work():\n"
        "    for step in range(20): await asyncio.sleep(0.001)\n"
        "    print('worked')\n"
        "task = asyncio.create_task(work())"
    )
    await session.printed("worked", after)
    await counts_while_idle(session)


@ALL
async def test_a_figures_window_follows_later_cells(
    toolkit: Toolkit, screen: Screen, pypi_python: str, start: Starter
) -> None:
    """%matplotlib opens it without blocking; what a cell changes is drawn after it."""
    session = await start(interpreter(toolkit, pypi_python))
    await session.value(f"%matplotlib {toolkit.gui}")
    await session.value(
        "import matplotlib.pyplot as plt\n"
        f"figure = plt.figure(facecolor='{BLUE}'); plt.plot([1, 2, 4])\n"
        "plt.show()"
    )
    await until(screen, BLUE)
    await session.value(f"figure.set_facecolor('{RED}')")
    await until(screen, RED)
    assert not screen.shows(BLUE)
    shown = await session.shown("%matplotlib inline\nplt.close('all')\nplt.plot([1]);")
    assert [set(data) for data in shown] == [{"type", "text/plain", "image/png"}]


@pytest.mark.parametrize("backend", ["tkagg", "qtagg"])
async def test_a_backend_that_matplotlib_was_given_works_without_a_magic(
    backend: str, screen: Screen, pypi_python: str, start: Starter
) -> None:
    """matplotlib.use in a script: its window opens, show() does not block, the loop starts."""
    session = await start(pypi_python if backend == "qtagg" else DEBIAN_PYTHON)
    await session.value(
        f"import matplotlib; matplotlib.use('{backend}')\n"
        "import matplotlib.pyplot as plt\n"
        f"figure = plt.figure(facecolor='{BLUE}')\n"
        "plt.show()"
    )
    await until(screen, BLUE)
    await session.value(f"figure.set_facecolor('{RED}')")
    await until(screen, RED)


async def test_auto_opens_windows_where_there_is_a_display(
    screen: Screen, pypi_python: str, start: Starter
) -> None:
    """%matplotlib, with nothing said: the toolkit that is installed, here Qt."""
    session = await start(pypi_python)
    await session.value("%matplotlib")
    assert "qt" in (await session.value("import matplotlib; matplotlib.get_backend()")).lower()
    assert "tk" in (await session.refusal("%matplotlib tk"))


async def test_qt_runs_off_screen(
    home: Path, pypi_python: str, start: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows that nobody sees can be grabbed."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    session = await start(pypi_python)
    await session.value("%gui qt6")
    await session.value(PYSIDE.window + COUNTING + PYSIDE.every)
    await counts_while_idle(session)
    assert await session.value("window.grab().toImage().pixelColor(50, 50).name()") == f"'{BLUE}'"


async def test_qt_without_a_display_is_one_sentence_and_not_the_end(
    home: Path, pypi_python: str, start: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Qt itself would abort the process."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    session = await start(pypi_python)
    assert "set DISPLAY" in await session.refusal("%gui qt")
    assert "display" in await session.refusal("%matplotlib qt")
    assert await session.value("6 * 7") == "42"


async def test_pyqt_serves_where_it_was_imported(
    screen: Screen, pypi_python: str, start: Starter
) -> None:
    """The binding that the user's code uses is ours too; an error in a slot does not abort."""
    session = await start(pypi_python)
    after = (await session.client.session())["last"]
    await session.value("import PyQt6.QtWidgets\n%gui qt")
    failing = "    if count == 3: raise ValueError('the third time')\n"
    window = _QT.format(binding="PyQt6", blue=BLUE)
    timer = _QT_TIMER.format(binding="PyQt6")
    await session.value(window + COUNTING + failing + timer)
    await until(screen, BLUE)
    await session.printed("the third time", after)
    await counts_while_idle(session)
    assert await session.value("import sys; 'PySide6' in sys.modules") == "False"


async def test_an_application_that_quits_does_not_end_the_loop(
    screen: Screen, pypi_python: str, start: Starter
) -> None:
    """Its exit is told to those who wait for it, and the loop goes on without spinning."""
    session = await start(pypi_python)
    await session.value("%gui qt")
    await session.value(PYSIDE.window + COUNTING + PYSIDE.every)
    code = "application = QtWidgets.QApplication.instance()\n"
    code += "application.aboutToQuit.connect(lambda: print('about to quit'))\n"
    after = (await session.client.session())["last"]
    await session.value(code + "application.exit(0)")
    await session.printed("about to quit", after)
    await counts_while_idle(session)
    used = float(await session.value("import time; timer.stop(); time.process_time()"))
    await asyncio.sleep(0.5)  # time in which a loop that spins would be busy
    assert float(await session.value("time.process_time()")) - used < 0.25


async def test_the_profile_pylab_is_a_workspace(
    home: Path, pypi_python: str, start: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its names are there with the first cell, and figures are pictures where no display is."""
    monkeypatch.delenv("DISPLAY", raising=False)
    session = await start(pypi_python, profile="pylab")
    shown = await session.shown("plot(arange(3));")
    assert [set(data) for data in shown] == [{"type", "text/plain", "image/png"}]
