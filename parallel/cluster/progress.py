"""What those who wait are shown: how many results have come, once it takes long."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitTimeoutError  # its own before Python 3.11
from typing import Any

_QUIET = 1.0  # seconds before anything is shown
_PACE = 0.25


class Line:
    """A line on the standard error stream of a terminal or a session, which changes in place."""

    def __init__(self) -> None:
        self._shown = ""

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *exception: object) -> None:
        self.clear()

    def show(self, line: str) -> None:
        """Show it in the place of the last one."""
        if line != self._shown and _is_shown():
            sys.stderr.write("\r" + line.ljust(len(self._shown)))
            sys.stderr.flush()
            self._shown = line

    def clear(self) -> None:
        """Take it away."""
        if self._shown:
            sys.stderr.write("\r" + " " * len(self._shown) + "\r")
            sys.stderr.flush()
            self._shown = ""


class Progress:
    """A line that counts, on the standard error stream of a terminal or a session."""

    def __init__(self, futures: Sequence[Future[Any]], what: str) -> None:
        self._futures, self._what = futures, what
        self._started = time.monotonic()
        self._line = Line()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        self._line.clear()

    def wait(self, future: Future[Any], until: float | None) -> bool:
        """Wait for one of them, at most until a monotonic time; whether it is there."""
        if not _is_shown():
            return self._waited(future, until)
        while True:
            now = time.monotonic()
            next_look = max(self._started + _QUIET, now + _PACE)
            if self._waited(future, next_look if until is None else min(next_look, until)):
                return True
            if until is not None and time.monotonic() >= until:
                return False
            self._show()

    @staticmethod
    def _waited(future: Future[Any], until: float | None) -> bool:
        try:
            future.exception(None if until is None else max(0.0, until - time.monotonic()))
        except WaitTimeoutError:
            return False
        return True

    def _show(self) -> None:
        done, count = sum(each.done() for each in self._futures), len(self._futures)
        if count < 2:
            return
        width = 20
        bar = "█" * (width * done // count)
        seconds = time.monotonic() - self._started
        self._line.show(
            f"{self._what or 'results'} {bar:░<{width}} {done}/{count}, {seconds:.0f} s"
        )


def _is_shown() -> bool:
    stream = sys.stderr
    if stream is None:
        return False
    return stream.isatty() or type(stream).__module__.startswith("vivo.")
