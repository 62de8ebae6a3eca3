"""Interrupting a cell beside the main thread, which no signal reaches.

Rules:

1. ``KeyboardInterrupt`` is raised in that thread alone, in the user's frames, as in
   :mod:`vivo.core.interrupts`; while our own code works there, it is tried again in a moment.
2. None outlives its cell: at its end what has not been raised yet is taken back.
3. A top-level ``await`` is cancelled, a question is woken. A wait in C goes on until the call
   returns: nothing of Python's cuts it. Then the cell says so, once, with its stack.
"""

from __future__ import annotations

import _thread
import importlib
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.interrupts import cancel_awaited, place_of

if TYPE_CHECKING:
    from types import FrameType

    from ...core.shell import Shell

_MOMENT = 0.02  # seconds: our own code is done by then
_PATIENCE = 0.5  # seconds until a cell is told that its call in C does not end
# Where it is, and by what way it is found: a link may lead there.
_OWN = tuple(
    {str(each.parents[2]) for each in (Path(__file__).resolve(), Path(__file__).absolute())}
)
_NEAR = 5  # frames from that of a thread's start to the innermost
_WAITS = (
    "\nThis cell of a subshell ends when the call in C returns that it is in: an interrupt does "
    "not reach it before. Where it is:\n"
)


class Interrupter:
    """Interrupts what one thread runs; made in that thread.

    ``wake`` ends its wait for an answer; ``tell`` shows a text in the cell.
    """

    def __init__(
        self, shell: Shell, wake: Callable[[], None], tell: Callable[[str, str], None]
    ) -> None:
        self._shell, self._wake, self._tell = shell, wake, tell
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._run: str | None = None
        self._early: str | None = None
        self._trying: str | None = None  # the cell that is to be interrupted
        self._is_deferred = self._is_cancelling = False

    def begin(self, run: str) -> None:
        """A cell begins; an interrupt may have come before."""
        with self._lock:
            self._run = run
            self._shell.cancel_pending = False
            self._shell.interrupt_next = self._early == run

    def end(self) -> None:
        """The cell has ended (rule 2)."""
        while True:
            try:
                with self._lock:
                    self._run = self._early = None
                    _raise_in(self._thread, None)
                return
            except KeyboardInterrupt:
                continue  # it came a moment before it was taken back

    def interrupt(self, run: str) -> None:
        """Interrupt a cell that was given to this thread; returns at once."""
        with self._lock:
            if self._run != run:
                self._early = run
            elif self._trying != run:
                self._trying = run
                self._is_deferred = self._is_cancelling = False
                _thread.start_new_thread(self._insist, (run,))

    def _insist(self, run: str) -> None:
        """Until the cell has got it: rule 1."""
        importlib.import_module("ctypes")  # now: what follows a look at the cell must not take long
        while True:
            with self._lock:
                has_got, frame = self._try(run)
                if has_got:  # from here on another interrupt is one of its own
                    if self._trying == run:
                        self._trying = None
                    break
            time.sleep(_MOMENT)
        if frame is not None:
            self._wake()
            self._watch(run, frame)

    def _try(self, run: str) -> tuple[bool, FrameType | None]:
        """Whether the cell has got it, and the frame that it was raised in."""
        shell = self._shell
        if self._run != run:
            return True, None
        if self._is_deferred and not shell.interrupt_pending:
            return True, None  # our own code has raised it when it was done
        if not shell.is_running:  # the cell is about to begin, or has ended
            shell.interrupt_next = True
            return True, None
        if self._is_cancelling and not shell.cancel_pending:
            return True, None  # its loop has had its turn
        frame = sys._current_frames().get(self._thread)
        place = place_of(frame)
        if place == "user" and _starts_thread(frame):
            return False, None
        shell.interrupt_pending = self._is_deferred = place != "user"
        if place == "outside" and not self._is_cancelling:
            self._is_cancelling = cancel_awaited(shell)
        if place != "user":
            return False, None
        shell.cancel_pending = False
        _raise_in(self._thread, KeyboardInterrupt)
        return True, frame

    def _watch(self, run: str, frame: FrameType) -> None:
        """Tell what a cell waits in that does not move (rule 3)."""
        before = frame.f_lasti
        time.sleep(_PATIENCE)
        now = sys._current_frames().get(self._thread)
        if self._run != run or now is None or now is not frame or now.f_lasti != before:
            return
        import traceback

        stack = [each for each in traceback.extract_stack(now) if not is_own(each.filename)]
        self._tell(run, _WAITS + "".join(traceback.format_list(stack)))


def is_own(filename: str) -> bool:
    """Whether a frame's file is vivo's."""
    return filename.startswith(_OWN)


def _starts_thread(frame: FrameType | None) -> bool:
    """Whether a thread is being started there.

    Until that runs, Python before 3.12 knows it under the same number, and would raise in it: it
    never came to say that it has started, and the cell waited for ever.
    """
    start = threading.Thread.start
    code = getattr(start, "__wrapped__", start).__code__
    for _ in range(_NEAR):
        if frame is None:
            return False
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Have an exception raised in a thread; with None take back the one that was not raised yet."""
    if error is None and "ctypes" not in sys.modules:
        return  # none was ever raised
    import ctypes

    api = ctypes.pythonapi
    value = None if error is None else ctypes.py_object(error)
    api.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), value)
