"""What every toolkit's event loop does for a session, whichever toolkit it is.

Rules:

1. :meth:`EventLoop.run_until_readable` returns when the descriptor is readable, when the tick asks
   for it, or when the loop was stopped. A toolkit's own quit does not end it.
2. Nothing that a callback does ends it: ``sys.exit`` and ``KeyboardInterrupt`` end the callback.
3. It does not poll where the toolkit can watch a descriptor. The tick is for what must be looked
   at meanwhile, such as tasks of asyncio.
4. A signal's handler runs at once, also while the toolkit waits in C.
5. It is entered between cells, or while a cell waits for input; never while a cell computes.
"""

from __future__ import annotations

import importlib
import os
import select
import signal
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType, ModuleType
from typing import NoReturn

from ..errors import UsageError
from ..interrupts import shielded

Undo = Callable[[], None]

PACKAGE = __name__.partition(".")[0] + "."
"""What names of our own modules begin with."""

_TOOLKITS_OWN = ("", "enum", "shibokensupport", "PySide6", "PySide2")

TICK = 0.02
"""Seconds between two ticks."""

Tick = Callable[[], bool]
"""Called every :data:`TICK` seconds while a loop runs; True ends the wait."""


class EventLoop(ABC):
    """The event loop of a toolkit, run by the session while it waits.

    A toolkit gives four things: :meth:`_watch`, :meth:`_every`, :meth:`_enter` and :meth:`_leave`.
    """

    name: str
    """What ``%gui`` calls it."""
    serves_cells = True
    """Whether it may also run while a cell waits for input."""

    def __init__(self) -> None:
        self.is_stopped = False
        self._alarm: Alarm | None = None

    @shielded
    def run_until_readable(self, descriptor: int, tick: Tick | None = None) -> None:
        """Run the toolkit's events until ``descriptor`` can be read, or ``tick`` gives True."""
        with _exits_refused(), self._hearing_signals():
            while not self.is_stopped and not is_readable(descriptor):
                if tick is not None and tick():
                    return
                self._run(descriptor, tick)

    def _run(self, descriptor: int, tick: Tick | None) -> None:
        """Enter the toolkit's loop once."""
        undo = [self._watch(descriptor, self._leave)]
        if tick is not None:
            undo.append(self._every(TICK, lambda: self._leave() if tick() else None))
        try:
            self._enter()
        except KeyboardInterrupt:
            pass  # it ended the callback, which was in the way of a cell
        except UsageError as error:
            sys.stderr.write(f"{error}\n")
        except SystemExit as error:
            sys.stderr.write(f"{_refusal(error.code)}\n")
        finally:
            for function in undo:
                function()

    def _hearing_signals(self) -> AbstractContextManager[None]:
        if self._alarm is None:
            self._alarm = Alarm()
            self._alarm.forget = self._watch(self._alarm.reading, self._alarm.clear)
        return self._alarm.set()

    def stop(self) -> None:
        """Run no more of the toolkit's events. Its windows stay, and do not answer."""
        self.is_stopped = True
        self._leave()
        if self._alarm is not None:
            self._alarm.close()
            self._alarm = None

    # --- What a toolkit gives --------------------------------------------------------------

    @abstractmethod
    def _watch(self, descriptor: int, call: Callable[[], None]) -> Undo:
        """Call a function whenever the descriptor is readable; returns what ends that."""

    @abstractmethod
    def _every(self, seconds: float, call: Callable[[], None]) -> Undo:
        """Call a function again and again; returns what ends that."""

    @abstractmethod
    def _enter(self) -> None:
        """Run the toolkit's loop until :meth:`_leave`, or until it ends by itself."""

    @abstractmethod
    def _leave(self) -> None:
        """Make the toolkit's loop return, if it runs."""


class Alarm:
    """A pipe that is readable once a signal has come.

    A toolkit's loop waits in C, where Python's signal handlers do not run.
    """

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()
        os.set_blocking(self.reading, False)
        os.set_blocking(self._writing, False)
        self.forget: Undo = lambda: None

    @contextmanager
    def set(self) -> Iterator[None]:
        """Have signals written to the pipe, meanwhile."""
        before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before, warn_on_full_buffer=False)

    def ring(self) -> None:
        """Make the pipe readable."""
        with suppress(BlockingIOError):
            os.write(self._writing, b".")

    def clear(self) -> None:
        """Read what has come."""
        with suppress(BlockingIOError):
            os.read(self.reading, 1024)

    def close(self) -> None:
        """Watch the pipe no more, and close it."""
        self.forget()
        os.close(self.reading)
        os.close(self._writing)


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
    outer = frame
    while outer is not None and outer.f_code is not EventLoop.run_until_readable.__code__:
        outer = outer.f_back
    return outer is not None and is_in_callback(frame)


def is_in_callback(frame: FrameType | None) -> bool:
    """Whether ``frame`` is in a callback that a toolkit has called, and may be raised in.

    Not so in Python code of the toolkit's own: PySide ends the process if an ``enum`` fails that
    it makes for a callback's argument.
    """
    called = ""
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        if name.startswith(PACKAGE):
            break
        if not name.startswith("gi."):  # which stands between a callback and us
            called = name.partition(".")[0]
        frame = frame.f_back
    return called not in _TOOLKITS_OWN


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
