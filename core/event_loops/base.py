"""What every toolkit's event loop does for a session, whichever toolkit it is.

Rules:

1. :meth:`EventLoop.run_until_readable` returns when the descriptor is readable, when the tick asks
   for it, or when the loop was stopped. A toolkit's own quit does not end it.
2. Nothing that a callback does ends it: ``sys.exit`` and ``KeyboardInterrupt`` end the callback.
3. It does not poll where the toolkit can watch a descriptor. The tick is for what must be looked
   at meanwhile, such as tasks of asyncio.
4. It is entered between cells, or while a cell waits for input; never while a cell computes.
"""

from __future__ import annotations

import importlib
import select
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import NoReturn

from ..errors import UsageError
from ..interrupts import shielded

_PACKAGE = __name__.partition(".")[0] + "."

TICK = 0.02
"""Seconds between two ticks."""

Tick = Callable[[], bool]
"""Called every :data:`TICK` seconds while a loop runs; True ends the wait."""


class EventLoop(ABC):
    """The event loop of a toolkit, run by the session while it waits."""

    name: str
    """What ``%gui`` calls it."""

    serves_cells = True
    """Whether it may also run while a cell waits for input."""

    def __init__(self) -> None:
        self.is_stopped = False

    @shielded
    def run_until_readable(self, descriptor: int, tick: Tick | None = None) -> None:
        """Run the toolkit's events until ``descriptor`` can be read, or ``tick`` gives True."""
        with _exits_refused():
            while not self.is_stopped and not is_readable(descriptor):
                if tick is not None and tick():
                    return
                try:
                    self._run(descriptor, tick)
                except KeyboardInterrupt:
                    continue
                except UsageError as error:
                    sys.stderr.write(f"{error}\n")
                except SystemExit as error:
                    sys.stderr.write(f"{_refusal(error.code)}\n")

    def stop(self) -> None:
        """Run no more of the toolkit's events. Its windows stay, and do not answer."""
        self.is_stopped = True
        self._leave()

    @abstractmethod
    def _run(self, descriptor: int, tick: Tick | None) -> None:
        """Enter the toolkit's loop; leave when the descriptor is readable or the tick says so."""

    @abstractmethod
    def _leave(self) -> None:
        """Make the toolkit's loop return, if it runs."""


@contextmanager
def _exits_refused() -> Iterator[None]:
    """Keep ``sys.exit`` in a callback from ending the process.

    Qt, GTK and wx print what a callback raises by ``PyErr_Print``, which exits at a ``SystemExit``.
    """
    exit_process = sys.exit

    def refuse(status: object = None, /) -> NoReturn:
        if threading.current_thread() is not threading.main_thread():
            raise SystemExit(status)
        raise UsageError(_refusal(status))

    sys.exit = refuse
    try:
        yield
    finally:
        sys.exit = exit_process


def _refusal(status: object) -> str:
    return (
        f"A callback asked to exit with status {status!r}; the session goes on. "
        "End it with `vivo sessions end` or your editor's command."
    )


def runs_callback(frame: FrameType | None) -> bool:
    """Whether the interrupted ``frame`` is that of a callback, called by a loop that waits."""
    innermost = frame
    while frame is not None and frame.f_code is not EventLoop.run_until_readable.__code__:
        frame = frame.f_back
    if frame is None or innermost is None:
        return False
    return not str(innermost.f_globals.get("__name__")).startswith(_PACKAGE)


def is_readable(descriptor: int) -> bool:
    """Whether something can be read from a descriptor without waiting."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def toolkit(gui: str, modules: tuple[str, ...], install: str) -> ModuleType:
    """The first of a toolkit's modules that can be imported, one already imported before others.

    Raises :class:`UsageError` with how to install it.
    """
    loaded = [name for name in modules if name in sys.modules]
    for name in (*loaded, *modules):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise UsageError(
        f"%gui {gui} wants {' or '.join(modules)}, which {sys.executable} cannot import: {install}."
    )
