"""Event loops of GUI toolkits, run while the session waits: windows live between cells.

Rules:

1. A toolkit is imported from the user's environment, when it is asked for.
2. One loop at a time. To choose another one stops the one before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import UsageError, nearest
from .base import TICK, EventLoop, Tick

if TYPE_CHECKING:
    from ..shell import Shell

__all__ = ["NAMES", "TICK", "EventLoop", "Tick", "make_loop"]


def _tk(name: str, shell: Shell) -> EventLoop:
    from .tk import TkLoop

    return TkLoop()


def _qt(name: str, shell: Shell) -> EventLoop:
    from .qt import QtLoop

    return QtLoop(name)


def _gtk(name: str, shell: Shell) -> EventLoop:
    from .gtk import GtkLoop

    return GtkLoop("gtk3" if name == "gtk" else name)


def _wx(name: str, shell: Shell) -> EventLoop:
    from .wx import WxLoop

    return WxLoop()


def _tasks(name: str, shell: Shell) -> EventLoop:
    from .tasks import TaskLoop

    return TaskLoop(shell)


_MAKERS: dict[str, Callable[[str, Shell], EventLoop]] = {
    "tk": _tk,
    "qt": _qt,
    "qt6": _qt,
    "qt5": _qt,
    "gtk": _gtk,
    "gtk3": _gtk,
    "gtk4": _gtk,
    "wx": _wx,
    "asyncio": _tasks,
}
_OFF = ("off", "none", "")
NAMES = (*_MAKERS, "off")
"""What ``%gui`` takes."""


def make_loop(name: str, shell: Shell) -> EventLoop | None:
    """The event loop of that name, None for ``off``.

    Raises :class:`UsageError` for an unknown name, a toolkit that is not installed, or one that
    cannot start.
    """
    name = name.strip().lower()
    if name in _OFF:
        return None
    if name not in _MAKERS:
        near = nearest(name, NAMES, cutoff=0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"%gui does not know {name}; {hint}It takes {', '.join(NAMES)}.")
    return _MAKERS[name](name, shell)
