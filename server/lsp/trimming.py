"""Memory that large documents and messages took goes back to the system when they are gone.

The allocator keeps what lies between what is still in use, and a server lives for days. Some
seconds after the last of them it is asked to give back whole pages; elsewhere than with glibc
nothing is done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

_log = logging.getLogger(__name__)
LARGE = 2**20
"""Bytes, or characters, of what is worth it."""
_AFTER = 2.0  # seconds


class Trimming:
    """Asks once, however much was large lately."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def after(self, size: int) -> None:
        """Something of that size came, or has gone."""
        if size >= LARGE and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_AFTER, self._trim)

    def _trim(self) -> None:
        self._timer = None
        trim = _trimmer()
        if trim is not None:
            trim(0)

    def close(self) -> None:
        """Ask no more."""
        if self._timer is not None:
            self._timer.cancel()


def _trimmer() -> Callable[[int], int] | None:
    import ctypes  # few servers need it

    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return found
