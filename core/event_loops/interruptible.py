"""Loops that a cell's own code runs, which an interrupt must end.

``plt.show(block=True)``, ``app.exec()``, ``Gtk.main()`` and their kin wait in C, where no signal
handler of Python's runs; what is raised in a callback, the toolkit prints, and goes on. Rules:

1. The toolkit's functions are wrapped once the user has imported it. They do and give what they
   did; without a cell that runs, or called by our own code, they are called as they are.
2. An interrupt ends the callback that is at work, if there is one, and then the loop. It is raised
   where the loop was called.
3. Windows stay open.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..interrupts import send_again
from ..shim.after_import import after_import
from .base import PACKAGE, Alarm, Undo, is_in_callback

Function = Callable[..., Any]
Watched = Callable[..., "Undo | None"]
"""Calls a function when a descriptor is readable, by a toolkit; None where that has no loop yet."""


def install() -> None:
    """Wrap the loops of every toolkit, as they are imported."""
    for name, wrapper in _WRAPPERS.items():
        after_import(name, wrapper)


# --- Which functions, and what makes them return ---------------------------------------------


def _wrap_qt(widgets: Any) -> None:
    from .qt import OURS, survive_errors, watch

    core: Any = sys.modules[f"{widgets.__name__.partition('.')[0]}.QtCore"]
    survive_errors()

    def watched(descriptor: int, call: Callable[[], None], *_: Any) -> Undo | None:
        return watch(core, descriptor, call) if core.QCoreApplication.instance() else None

    def until_last_window(execute: Function) -> Function:
        def run(*arguments: Any) -> Any:
            application = core.QCoreApplication.instance()
            if application is None or not application.property(OURS):
                return execute(*arguments)
            application.setQuitOnLastWindowClosed(True)
            try:
                return execute(*arguments)
            finally:
                application.setQuitOnLastWindowClosed(False)

        run.__name__, run.__qualname__ = execute.__name__, execute.__qualname__
        return run

    def leave(*_: Any) -> None:
        core.QCoreApplication.exit(0)  # quit would close the windows

    def reject(dialog: Any, *_: Any) -> None:
        dialog.reject()

    for name in ("exec", "exec_"):
        if name in vars(widgets.QApplication):
            before = getattr(widgets.QApplication, name)
            wrapped = _interruptible(until_last_window(before), watched, leave)
            setattr(widgets.QApplication, name, staticmethod(wrapped))
        if name in vars(widgets.QDialog):
            before = getattr(widgets.QDialog, name)
            setattr(widgets.QDialog, name, _interruptible(before, watched, reject))


def _watched_by_glib(descriptor: int, call: Callable[[], None], *_: Any) -> Undo:
    from .gtk import watch

    return watch(sys.modules["gi.repository.GLib"], descriptor, call)


def _quit(looping: Any, *_: Any) -> None:
    looping.quit()


def _wrap_gtk(overrides: Any) -> None:
    gtk: Any = sys.modules["gi.repository.Gtk"]
    if hasattr(gtk, "main"):  # GTK 3

        def leave(*_: Any) -> None:
            gtk.main_quit()

        gtk.main = _interruptible(gtk.main, _watched_by_glib, leave)


def _wrap_gio(overrides: Any) -> None:
    kind = overrides.Application
    kind.run = _interruptible(kind.run, _watched_by_glib, _quit)


def _wrap_glib(overrides: Any) -> None:
    kind = overrides.MainLoop
    kind.run = _interruptible(kind.run, _watched_by_glib, _quit)


def _wrap_tk(tkinter: Any) -> None:
    def watched(descriptor: int, call: Callable[[], None], widget: Any, *_: Any) -> Undo:
        from .tk import watch

        return watch(widget, descriptor, call)

    tkinter.Misc.mainloop = _interruptible(tkinter.Misc.mainloop, watched, _quit)


def _wrap_wx(core: Any) -> None:
    # By default an application of wx gives SIGINT to the system, which ends the process at one.
    *others, _ = core.App.__init__.__defaults__
    core.App.__init__.__defaults__ = (*others, False)

    def watched(descriptor: int, call: Callable[[], None], *_: Any) -> Undo:
        from .wx import watch

        return watch(core, descriptor, call)

    def leave_application(application: Any) -> None:
        application.ExitMainLoop()

    def leave_loop(loop: Any) -> None:
        loop.Exit()

    core.App.MainLoop = _interruptible(core.App.MainLoop, watched, leave_application)
    core.GUIEventLoop.Run = _interruptible(core.GUIEventLoop.Run, watched, leave_loop)


_WRAPPERS: dict[str, Callable[[Any], None]] = {
    "PySide6.QtWidgets": _wrap_qt,
    "PyQt6.QtWidgets": _wrap_qt,
    "PyQt5.QtWidgets": _wrap_qt,
    "PySide2.QtWidgets": _wrap_qt,
    "gi.overrides.Gtk": _wrap_gtk,
    "gi.overrides.Gio": _wrap_gio,
    "gi.overrides.GLib": _wrap_glib,
    "tkinter": _wrap_tk,
    "wx.core": _wrap_wx,
}


# --- Running them ----------------------------------------------------------------------------


def _interruptible(function: Function, watched: Watched, leave: Function) -> Function:
    """The function, ended by an interrupt; ``watched`` and ``leave`` are given its arguments."""

    def run(*arguments: Any, **named: Any) -> Any:
        if not _is_cells(sys._getframe(1)):
            return function(*arguments, **named)
        return _run(
            lambda: function(*arguments, **named),
            lambda descriptor, call: watched(descriptor, call, *arguments),
            lambda: leave(*arguments),
        )

    # not functools.wraps: while PySide is imported, to ask for a docstring breaks its signatures
    run.__name__, run.__qualname__ = function.__name__, function.__qualname__
    return run


def _is_cells(caller: FrameType) -> bool:
    """Whether a cell that runs has called."""
    from ..shell import current_shell

    shell = current_shell()
    is_ours = str(caller.f_globals.get("__name__")).startswith(PACKAGE)
    if shell is None or not shell.is_running or is_ours:
        return False
    return threading.current_thread() is threading.main_thread()


def _run(function: Function, watched: Watched, leave: Callable[[], None]) -> Any:
    alarm = Alarm()
    is_interrupted, is_over = False, False

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal is_interrupted
        is_interrupted = True
        alarm.ring()
        if is_in_callback(frame):
            raise KeyboardInterrupt
        send_again(lambda: not is_over)

    def end() -> None:
        alarm.clear()
        if is_interrupted:
            leave()

    forget = watched(alarm.reading, end)
    if forget is not None:
        alarm.forget = forget
    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        with alarm.set():
            value = function()
    finally:
        is_over = True
        signal.signal(signal.SIGINT, before)
        alarm.close()
    if is_interrupted:
        raise KeyboardInterrupt
    return value
