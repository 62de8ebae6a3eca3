"""Toolkits' loops that a cell runs itself: ``app.exec()``, ``plt.show(block=True)``, their kin."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from .conftest import DEBIAN_PYTHON, Screen, Session, Starter
from .test_windows import ALL, BLUE, RED, Toolkit, interpreter, until
from .window_manager import close_windows

_QT = """
from {binding} import QtCore, QtWidgets
application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
timer = QtCore.QTimer()
timer.timeout.connect(bump)
timer.start(5)
window = QtWidgets.{window}()
window.show()
{loop}
"""
_GLIB = """
import gi
gi.require_version("Gtk", "{version}")
from gi.repository import Gio, GLib, Gtk
def again():
    bump()
    return True
GLib.timeout_add(5, again)
{loop}
"""


@dataclass(frozen=True)
class Looping:
    """How a user's own code runs a toolkit's loop."""

    name: str
    is_debians: bool
    code: str

    def __str__(self) -> str:
        return self.name


_TK = """
import tkinter
window = tkinter.Tk()
def again():
    window.after(5, again)
    bump()
again()
window.mainloop()
"""
_WX = """
import wx
application = wx.App()
window = wx.Frame(None)
window.Show()
timer = wx.Timer()
timer.Bind(wx.EVT_TIMER, lambda event: bump())
timer.Start(5)
application.MainLoop()
"""


def _qt(binding: str, window: str, loop: str) -> str:
    return _QT.format(binding=binding, window=window, loop=loop)


_APPLICATION = "application = Gtk.Application(); application.hold(); application.run()"
LOOPS = [
    Looping("PySide6", False, _qt("PySide6", "QLabel", "application.exec()")),
    Looping("PyQt6", False, _qt("PyQt6", "QLabel", "QtWidgets.QApplication.exec()")),
    Looping("dialog", False, _qt("PySide6", "QDialog", "window.exec()")),
    Looping("GTK3", True, _GLIB.format(version="3.0", loop="Gtk.main()")),
    Looping("GTK4", True, _GLIB.format(version="4.0", loop=_APPLICATION)),
    Looping("GLib", True, _GLIB.format(version="3.0", loop="GLib.MainLoop().run()")),
    Looping("tk", True, _TK),
    Looping("wx", True, _WX),
]
COUNTING = """
count = 0
def bump():
    global count
    count += 1
    if count == 20: print('{sign}')
"""


async def interrupted(session: Session, code: str, sign: str) -> None:
    """Run a cell, wait until it prints the sign, and interrupt it."""
    after = (await session.client.session())["last"]
    execution = await session.client.execute(code + "\nwent_on = True")
    await session.printed(sign, after)
    assert (await session.client.complete("sess = prin", 11))["matches"]
    assert await session.client.interrupt() == "interrupted"
    error = (await execution.finished()).error
    assert error is not None
    assert (error.name, error.message) == ("KeyboardInterrupt", "")
    assert await session.value("'went_on' in globals()") == "False"


@pytest.mark.parametrize("looping", LOOPS, ids=str)
async def test_a_loop_that_a_cell_runs_can_be_interrupted(
    looping: Looping, screen: Screen, pypi_python: str, start: Starter
) -> None:
    """While it waits and while a callback of it hangs; the session goes on, and can do so again."""
    session = await start(DEBIAN_PYTHON if looping.is_debians else pypi_python)
    await interrupted(session, COUNTING.format(sign="it runs") + looping.code, "it runs")
    hanging = COUNTING.format(sign="it hangs") + "    while count == 20: pass\n"
    await interrupted(session, hanging + looping.code, "it hangs")
    assert await session.value("6 * 7") == "42"


@ALL
async def test_a_show_that_blocks_ends_with_its_window_or_an_interrupt(
    toolkit: Toolkit, screen: Screen, pypi_python: str, start: Starter
) -> None:
    """plt.show(block=True), as scripts have it."""
    session = await start(interpreter(toolkit, pypi_python))
    await session.value(f"%matplotlib {toolkit.gui}\nimport matplotlib.pyplot as plt")
    code = f"figure = plt.figure(facecolor='{BLUE}')\n"
    code += "ticks = figure.canvas.new_timer(interval=20)\n"
    code += "ticks.add_callback(print, 'it shows')\n"
    code += "ticks.start()\nplt.show(block=True)"
    await interrupted(session, code, "it shows")
    await session.value("ticks.stop(); plt.close('all')")
    execution = await session.client.execute(
        f"plt.figure(facecolor='{RED}')\nplt.show(block=True)\nplt.get_fignums()"
    )
    await until(screen, RED)
    assert (await session.client.session())["running"] == execution.id
    assert close_windows(screen.display)
    record = await execution.finished()
    assert record.values[-1].data["text/plain"] == "[]"


@ALL
async def test_a_window_that_its_user_closes_is_gone(
    toolkit: Toolkit, screen: Screen, pypi_python: str, start: Starter
) -> None:
    """Between cells, by the cross in its frame: its figure is closed, and the next one opens."""
    session = await start(interpreter(toolkit, pypi_python))
    await session.value(f"%matplotlib {toolkit.gui}\nimport matplotlib.pyplot as plt")
    await session.value(f"figure = plt.figure(facecolor='{BLUE}')")
    await until(screen, BLUE)
    after = (await session.client.session())["last"]
    await session.value("figure.canvas.mpl_connect('close_event', lambda event: print('closed'))")
    assert close_windows(screen.display)
    await session.printed("closed", after)
    assert await session.value("plt.get_fignums()") == "[]"
    await session.value(f"plt.figure(facecolor='{RED}')")
    await until(screen, RED)
