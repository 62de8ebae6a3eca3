"""A time limit for code that ought to be short and may be endless: a value's renderings.

The limit is the process's interval timer: no thread, and a few microseconds. Where it cannot be
had (another thread than the main one, a program that uses ``SIGALRM`` itself, no such signal)
there is no limit.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TimeIsUp(BaseException):  # noqa: N818 - no error: it must pass ``except Exception`` of the user's
    """Raised in the code whose time is up."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeIsUp` inside the block after ``seconds``; 0 is no limit."""
    if seconds <= 0 or not _is_free():
        yield
        return

    def give_up(number: int, frame: FrameType | None) -> None:
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, give_up)
    # Again and again: user code may swallow the first one.
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _is_free() -> bool:
    if not hasattr(signal, "setitimer"):
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
        return False
    return signal.getitimer(signal.ITIMER_REAL)[0] == 0
