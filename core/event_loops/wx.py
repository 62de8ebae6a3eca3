"""wxWidgets' event loop.

wx watches no descriptor of ours: a timer looks at it. Rules:

1. ``wx.App`` gives SIGINT back to the system, whose default ends the process: before each run the
   session's own handler is put in its place again.
"""

from __future__ import annotations

import signal
from typing import Any

from ..errors import UsageError
from .base import TICK, EventLoop, Tick, is_readable, toolkit


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
        except SystemExit as error:
            raise UsageError(f"%gui wx: {error.code}") from None
        self._loop: Any = None

    def _run(self, descriptor: int, tick: Tick | None) -> None:
        wx = self._wx
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, self._handler)
        self._loop = wx.GUIEventLoop()
        active = wx.EventLoopActivator(self._loop)
        timer = wx.Timer()

        def look(_: object) -> None:
            if is_readable(descriptor) or (tick is not None and tick()):
                self._leave()

        timer.Bind(wx.EVT_TIMER, look)
        timer.Start(int(TICK * 1000))
        try:
            self._loop.Run()
        finally:
            timer.Stop()
            self._loop = None
            del active

    def _leave(self) -> None:
        if self._loop is not None:
            self._loop.Exit()
