"""wxWidgets' event loop.

wx watches no descriptor of ours: a timer looks at it. Rules:

1. ``wx.App`` gives SIGINT back to the system, whose default ends the process: before each run the
   session's own handler is put in its place again.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from ..errors import UsageError
from .base import TICK, EventLoop, Undo, is_readable, toolkit


class WxLoop(EventLoop):
    """Runs wx, and makes the application if there is none.

    Raises :class:`UsageError` where wxPython is not installed, or finds no display.
    """

    name = "wx"

    def __init__(self) -> None:
        super().__init__()
        self._wx: Any = toolkit("wx", ("wx",), "install wxPython (python3-wxgtk4.0)")
        self._handler = signal.getsignal(signal.SIGINT)
        try:
            self._application = self._wx.GetApp() or self._wx.App(False, clearSigInt=False)
        except (SystemExit, SystemError) as error:  # the latter where its connection is refused
            raise UsageError(f"%gui wx: {error}") from None
        self._loop: Any = None

    def _watch(self, descriptor: int, call: Callable[[], None]) -> Undo:
        return watch(self._wx, descriptor, call)

    def _every(self, seconds: float, call: Callable[[], None]) -> Undo:
        return _repeat(self._wx, seconds, call)

    def _enter(self) -> None:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, self._handler)
        self._loop = self._wx.GUIEventLoop()
        active = self._wx.EventLoopActivator(self._loop)
        try:
            self._loop.Run()
        finally:
            self._loop = None
            del active

    def _leave(self) -> None:
        if self._loop is not None:
            self._loop.Exit()


def watch(wx: Any, descriptor: int, call: Callable[[], None]) -> Undo:
    """Call a function whenever the descriptor is readable."""
    return _repeat(wx, TICK, lambda: call() if is_readable(descriptor) else None)


def _repeat(wx: Any, seconds: float, call: Callable[[], None]) -> Undo:
    timer = wx.Timer()
    timer.Bind(wx.EVT_TIMER, lambda _: call())
    timer.Start(int(seconds * 1000))
    return timer.Stop  # type: ignore[no-any-return]
