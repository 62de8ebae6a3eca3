"""Telling of refused messages in a log that stays small, whoever sends them and however many."""

from __future__ import annotations

from .errors import WireError
from .logs import Log

_log = Log(__name__)
_ALL = 20  # refusals that have a line each; then the lines become rarer


class Refusals:
    """What a peer has refused so far: messages, or whatever ``what`` says."""

    def __init__(self, what: str = "message") -> None:
        self.count = 0
        self._what = what

    def note(self, channel: str, error: Exception) -> None:
        """Count one, and log it if it is among the first or doubles their number."""
        self.count += 1
        if self.count <= _ALL or self.count & (self.count - 1) == 0:
            told = str(error) if isinstance(error, WireError) else repr(error)
            _log.warning(
                "A %s on %s is refused, the %d.: %s.", self._what, channel, self.count, told
            )
