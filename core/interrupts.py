"""What an interrupt does to a shell, decided in the signal handler.

Rules:

1. ``KeyboardInterrupt`` is raised only in the user's frames: where a trampoline stands above the
   interrupted frame, and no shielded function between. Raised in our own code it could lose
   a result, tear a frame of the protocol, or break the loop.
2. Where the loop waits for a top-level ``await``, its task is cancelled instead; should the task
   go on before the loop has its turn, it is interrupted as other code.
3. An interrupt that comes while a cell runs but our own code is at work waits until that code
   asks (:func:`raise_if_pending`) or the next part of the cell begins. One that comes between
   cells does nothing.
4. One that meets our own code while that works for a callback that may never end (it prints) is
   sent again in a moment (:func:`send_again`), until it meets the callback.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, TypeVar

from .running import ALL_TRAMPOLINES

if TYPE_CHECKING:
    from .shell import Shell

F = TypeVar("F", bound=Callable[..., object])

_MOMENT = 0.02  # seconds: our own code is done by then, and a user does not notice

_shields: set[CodeType] = set()
_guarded: set[CodeType] = set()


def guarded(function: F) -> F:
    """Mark a function whose own lines may be interrupted: it ends the cell in order itself."""
    _guarded.add(function.__code__)
    return function


def shielded(function: F) -> F:
    """Mark a function that an interrupt must not cut in two; it should be short."""
    _shields.add(function.__code__)
    return function


def handle(shell: Shell, frame: FrameType | None) -> str:
    """Interrupt the running cell. Called on the main thread, in a signal handler.

    Returns what was done, ``cancelled``, ``deferred`` or ``idle``, or raises ``KeyboardInterrupt``.
    """
    if not shell.is_running:
        return "idle"
    place = place_of(frame)
    if place == "user":
        shell.interrupt_pending = shell.cancel_pending = False
        raise KeyboardInterrupt
    shell.interrupt_pending = True
    if place != "outside" or not cancel_awaited(shell):
        return "deferred"
    task = shell.awaiting
    send_again(lambda: shell.cancel_pending and shell.awaiting is task)
    return "cancelled"


def place_of(frame: FrameType | None) -> str:
    """Where a thread is: ``user`` may be interrupted, ``shielded`` not; ``outside``: in neither."""
    if frame is not None and frame.f_code in _guarded:
        return "user"
    while frame is not None:
        if frame.f_code in _shields:
            return "shielded"
        if frame.f_code in ALL_TRAMPOLINES:
            return "user"
        frame = frame.f_back
    return "outside"


def cancel_awaited(shell: Shell) -> bool:
    """Cancel the task of a top-level ``await``; whether there was one (rule 2).

    Its loop does so when it has its turn: until then ``cancel_pending`` says that it has not, and
    whoever raises in the task's own code takes it back.
    """
    task = shell.awaiting
    if task is None or task.done():
        return False

    def cancel() -> None:
        if shell.cancel_pending and shell.awaiting is task:  # not one of a cell that is over
            shell.cancel_pending = False
            task.cancel()

    shell.cancel_pending = True
    task.get_loop().call_soon_threadsafe(cancel)
    return True


def as_interrupt(shell: Shell, error: BaseException) -> BaseException:
    """The error of a top-level ``await``: ``KeyboardInterrupt`` where that was how it was ended."""
    import asyncio

    if not shell.interrupt_pending or not issubclass(type(error), asyncio.CancelledError):
        return error
    interrupt = KeyboardInterrupt()
    interrupt.__cause__ = None
    return interrupt.with_traceback(error.__traceback__)


def raise_if_pending(shell: Shell) -> None:
    """After shielded work in user code: raise what waited.

    Where our own code works for itself, as when it tells of the cell's error, nothing is raised:
    a second interrupt must not end the session.
    """
    if shell.interrupt_pending and shell.is_running and _serves_user_code(sys._getframe(1)):
        shell.interrupt_pending = False
        raise KeyboardInterrupt


def _serves_user_code(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code in ALL_TRAMPOLINES:
            return True
        frame = frame.f_back
    return False


def send_again(is_wanted: Callable[[], bool]) -> None:
    """Interrupt the main thread once more in a moment, if that is still wanted then: rule 4."""

    def send() -> None:
        main, number, kill = threading.main_thread().ident or 0, signal.SIGINT, signal.pthread_kill
        time.sleep(_MOMENT)
        # From the end of the look on Python changes threads no more before the signal is sent: the
        # main thread could end the cell meanwhile, and the next one would have the signal.
        if is_wanted():
            kill(main, number)

    # Not by threading, whose locks the interrupted code may hold.
    _thread.start_new_thread(send, ())
