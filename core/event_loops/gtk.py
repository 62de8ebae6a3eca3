"""GTK's event loop: GLib's, for GTK 3 and 4.

GLib's main context serves every window of the thread; a main loop of our own waits on it.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from ..errors import UsageError
from .base import TICK, EventLoop, Tick, toolkit


class GtkLoop(EventLoop):
    """Runs GTK of a version, ``gtk3`` or ``gtk4``.

    Raises :class:`UsageError` where PyGObject or that GTK is not installed, where the other one
    is loaded already, or where there is no display.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        install = "install PyGObject (your system's package python3-gi)"
        gi = toolkit(name, ("gi",), install)
        try:
            gi.require_version("Gtk", f"{name[-1]}.0")
            gtk = importlib.import_module("gi.repository.Gtk")
        except (ValueError, ImportError) as error:
            raise UsageError(
                f"%gui {name} cannot load GTK {name[-1]} in {sys.executable}: {error}."
            ) from None
        started = gtk.init_check()
        if not (started[0] if isinstance(started, tuple) else started):
            raise UsageError(f"%gui {name}: GTK finds no display; set DISPLAY or WAYLAND_DISPLAY.")
        self._glib: Any = importlib.import_module("gi.repository.GLib")
        self._loop = self._glib.MainLoop()

    def _run(self, descriptor: int, tick: Tick | None) -> None:
        glib = self._glib

        def on_tick() -> bool:
            if tick is not None and tick():
                self._leave()
            return True

        def on_readable(*_: object) -> bool:
            self._leave()
            return True

        watch = glib.unix_fd_add_full(
            glib.PRIORITY_DEFAULT, descriptor, glib.IOCondition.IN, on_readable
        )
        timer = glib.timeout_add(int(TICK * 1000), on_tick) if tick is not None else None
        try:
            self._loop.run()
        finally:
            glib.source_remove(watch)
            if timer is not None:
                glib.source_remove(timer)

    def _leave(self) -> None:
        self._loop.quit()
