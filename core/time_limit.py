"""A time limit for code that ought to be short and may be endless: a value's renderings.

The limit is the process's interval timer: no thread, and a few microseconds. A timer that the
program has set itself is put back with what is left of it; one that is due sooner is left alone,
and then there is no limit, nor in another thread than the main one.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TimeIsUp(BaseException):
    """Raised in the code whose time is up; no ``except Exception`` of the user's catches it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeIsUp` inside the block after ``seconds``; 0 is no limit."""
    if seconds <= 0 or not _is_free(seconds):
        yield
        return

    def give_up(number: int, frame: FrameType | None) -> None:
        raise TimeIsUp

    started = time.monotonic()
    before = signal.signal(signal.SIGALRM, give_up)
    # Again and again: user code may swallow the first one.
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            rest = max(0.001, left - (time.monotonic() - started))
            signal.setitimer(signal.ITIMER_REAL, rest, interval)


def _is_free(seconds: float) -> bool:
    if not hasattr(signal, "setitimer"):
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(signal.SIGALRM) is None:
        return False  # set by other than Python: it could not be put back
    left = signal.getitimer(signal.ITIMER_REAL)[0]
    return left == 0 or left > seconds + 1
