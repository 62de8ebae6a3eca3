"""Tk's event loop, through a Tcl interpreter of our own.

Tcl has one event loop a thread, which serves every interpreter of that thread. Ours has no
window and needs no display: it is there to wait with, whatever windows come and go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .base import EventLoop, Undo, toolkit


class TkLoop(EventLoop):
    """Runs Tk. Raises :class:`UsageError` where Python was built without it."""

    name = "tk"

    def __init__(self) -> None:
        super().__init__()
        tkinter = toolkit("tk", ("tkinter",), "install your system's package python3-tk")
        self._tcl = tkinter.Tcl(baseName="vivo", className="Vivo")

    def _watch(self, descriptor: int, call: Callable[[], None]) -> Undo:
        return watch(self._tcl, descriptor, call)

    def _every(self, seconds: float, call: Callable[[], None]) -> Undo:
        tk, milliseconds = self._tcl.tk, int(seconds * 1000)
        timer: Any = None

        def again() -> None:
            nonlocal timer
            timer = tk.createtimerhandler(milliseconds, again)
            call()

        def end() -> None:
            timer.deletetimerhandler()

        timer = tk.createtimerhandler(milliseconds, again)
        return end

    def _enter(self) -> None:
        self._tcl.mainloop(-1)  # also when there is no window yet

    def _leave(self) -> None:
        self._tcl.quit()


def watch(widget: Any, descriptor: int, call: Callable[[], None]) -> Undo:
    """Call a function whenever the descriptor is readable, by a widget's Tcl interpreter."""
    tk = widget.tk
    tk.createfilehandler(descriptor, 2, lambda *_: call())  # 2: tkinter.READABLE
    return lambda: tk.deletefilehandler(descriptor)
