"""Tk's event loop, through a Tcl interpreter of our own.

Tcl has one event loop a thread, which serves every interpreter of that thread. Ours has no
window and needs no display: it is there to wait with, whatever windows come and go.
"""

from __future__ import annotations

from .base import TICK, EventLoop, Tick, toolkit


class TkLoop(EventLoop):
    """Runs Tk. Raises :class:`UsageError` where Python was built without it."""

    name = "tk"

    def __init__(self) -> None:
        super().__init__()
        tkinter = toolkit("tk", ("tkinter",), "install your system's package python3-tk")
        self._readable = tkinter.READABLE
        self._tcl = tkinter.Tcl(baseName="vivo", className="Vivo")

    def _run(self, descriptor: int, tick: Tick | None) -> None:
        tk = self._tcl.tk
        timer = None

        def on_tick() -> None:
            nonlocal timer
            timer = None
            if tick is None or tick():
                self._leave()
            else:
                timer = tk.createtimerhandler(int(TICK * 1000), on_tick)

        tk.createfilehandler(descriptor, self._readable, lambda *_: self._leave())
        if tick is not None:
            timer = tk.createtimerhandler(int(TICK * 1000), on_tick)
        try:
            self._tcl.mainloop(-1)  # also when there is no window yet
        finally:
            tk.deletefilehandler(descriptor)
            if timer is not None:
                timer.deletetimerhandler()

    def _leave(self) -> None:
        self._tcl.quit()
