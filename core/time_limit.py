"""Limits for code that ought to be short and may be endless: a value's renderings.

Rules:

1. The limits are looked after by the process's interval timer: no thread, and a few microseconds.
2. A timer that the program has set itself is put back with what is left of it; one that is due
   sooner is left alone, and then there is no limit, nor in another thread than the main one.
3. Python acts on a timer between two bytecodes: one call into C code is not ended.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from .interrupts import shielded

_TICK = 0.25  # seconds between two looks; user code may swallow what a look raises


class TimeIsUp(BaseException):
    """Raised in the code whose time is up; no ``except Exception`` of the user's catches it."""


class MemoryIsUp(TimeIsUp):
    """Raised in the code that has taken more memory than it may."""


@contextmanager
def time_limit(seconds: float, growth: int = 0) -> Iterator[None]:
    """Raise :class:`TimeIsUp` in the block after ``seconds``; 0 is no limit.

    Raise :class:`MemoryIsUp` when the process has grown by ``growth`` bytes; 0 is no limit.
    """
    if (seconds <= 0 and growth <= 0) or not _is_free(seconds):
        yield
        return
    started = time.monotonic()
    most = resident_bytes() + growth if growth > 0 else 0

    def look(number: int, frame: FrameType | None) -> None:
        if most and resident_bytes() > most:
            raise MemoryIsUp
        if seconds > 0 and time.monotonic() - started >= seconds:
            raise TimeIsUp

    before = signal.getsignal(signal.SIGALRM)
    left = interval = 0.0
    try:  # an interrupt may come at any line: whatever was begun is taken back
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        signal.signal(signal.SIGALRM, look)
        first = min(seconds, _TICK) if seconds > 0 else _TICK
        signal.setitimer(signal.ITIMER_REAL, first, _TICK)
        yield
    finally:
        _take_back(before, left - (time.monotonic() - started) if left else 0.0, interval)


@shielded
def _take_back(before: Any, left: float, interval: float) -> None:
    """Put the timer and its handler back."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    if left:
        signal.setitimer(signal.ITIMER_REAL, max(0.001, left), interval)


def resident_bytes() -> int:
    """How much memory the process holds; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as stream:  # noqa: PTH123 - called in a signal handler
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _is_free(seconds: float) -> bool:
    if not hasattr(signal, "setitimer"):
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(signal.SIGALRM) is None:
        return False  # set by other than Python: it could not be put back
    left = signal.getitimer(signal.ITIMER_REAL)[0]
    return left == 0 or left > seconds + 1
