"""How many tasks end in a second, over the last few. Pure."""

from __future__ import annotations

from collections import deque

_SECONDS = 5


class Rate:
    """A count for each of the last seconds."""

    def __init__(self) -> None:
        self._counts: deque[tuple[int, int]] = deque(maxlen=_SECONDS + 1)

    def count(self, now: float) -> None:
        """One more."""
        second = int(now)
        if self._counts and self._counts[-1][0] == second:
            self._counts[-1] = second, self._counts[-1][1] + 1
        else:
            self._counts.append((second, 1))

    def value(self, now: float) -> float:
        """Per second, of the last whole seconds."""
        since = int(now) - _SECONDS
        return sum(n for second, n in self._counts if since <= second < int(now)) / _SECONDS
