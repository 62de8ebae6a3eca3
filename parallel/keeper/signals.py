"""The signals that a keeper takes, for a loop that polls: a pipe tells that one came."""

from __future__ import annotations

import os
import signal
from typing import Any


class Signals:
    """What has come of ``SIGTERM``, ``SIGINT`` and ``SIGCHLD``; taken by the process's handlers."""

    def __init__(self) -> None:
        self.descriptor, wake = os.pipe()
        """Readable when a signal came."""
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._came: set[int] = set()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: Any) -> None:
        self._came.add(number)

    def read(self) -> None:
        """Read what the pipe holds."""
        os.read(self.descriptor, 4096)

    def take(self) -> set[int]:
        """The signals that have come since the last time."""
        came, self._came = self._came, set()
        return came
