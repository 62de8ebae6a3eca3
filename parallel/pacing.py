"""When what changes again and again may be shown again, so that all of it stays bounded.

Standard library only: the engine loads this too. Theory of operation: what is beyond a cell's limit
is shown at distances that grow with its size and with the time that has passed. In T seconds that
is about a sixty-fourth of the limit times the logarithm of T: a fifth of the limit in a week. A
progress bar of some hundred bytes goes on every few seconds after hours.
"""

from __future__ import annotations

_SHORTEST = 0.25  # seconds
_SMALLEST = 4096  # bytes
_PART = 64  # of the limit: what is shown while the time that has passed grows by a factor of e
EVENT_COST = 600
"""Bytes that an event costs beside its data."""


class Pace:
    """The pace of one cell. ``limit``: bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = max(limit, _SMALLEST)
        self._since: float | None = None
        self._last: float | None = None

    def wait(self, size: int, now: float) -> float:
        """Seconds from ``now`` until something of ``size`` bytes may be shown."""
        if self._since is None or self._last is None:
            self._since = now
            return 0.0
        passed = now - self._since + 1
        distance = max(_SHORTEST, passed * _PART * size / self._limit)
        return max(0.0, self._last + distance - now)

    def shown(self, now: float) -> None:
        """It was shown."""
        self._last = now
