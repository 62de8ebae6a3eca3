"""GTK's event loop: GLib's, for GTK 3 and 4.

GLib's main context serves every window of the thread; a main loop of our own waits on it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from ..errors import UsageError
from .base import EventLoop, Undo, toolkit


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

    def _watch(self, descriptor: int, call: Callable[[], None]) -> Undo:
        return watch(self._glib, descriptor, call)

    def _every(self, seconds: float, call: Callable[[], None]) -> Undo:
        def again() -> bool:
            call()
            return True

        source = self._glib.timeout_add(int(seconds * 1000), again)
        return lambda: self._glib.source_remove(source)

    def _enter(self) -> None:
        self._loop.run()

    def _leave(self) -> None:
        self._loop.quit()


def watch(glib: Any, descriptor: int, call: Callable[[], None]) -> Undo:
    """Call a function whenever the descriptor is readable, by GLib's default context."""

    def on_readable(*_: object) -> bool:
        call()
        return True

    source = glib.unix_fd_add_full(
        glib.PRIORITY_DEFAULT, descriptor, glib.IOCondition.IN, on_readable
    )
    return lambda: glib.source_remove(source)
