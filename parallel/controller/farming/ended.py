"""How tasks ended, of the last of them: what is asked about dependencies and tasks that come again.

Theory of operation: two dicts, the newer and the older. Once the newer holds as many as are to be
remembered it becomes the older, whose tasks are forgotten together: none costs a look at another.
So the last :data:`~.tasks.REMEMBERED` are known, and at most twice as many.
"""

from __future__ import annotations

from .tasks import REMEMBERED, Outcome

_End = tuple[Outcome, str | None] | str
"""An outcome and an engine; of most, which have ended well, the engine alone."""


class Ended:
    """The outcomes of tasks that have ended, and the engines of those that ran to their end."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._newer: dict[str, _End] = {}
        self._older: dict[str, _End] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._newer or name in self._older

    def get(self, name: str) -> tuple[Outcome, str | None] | None:
        """A task's outcome, and its engine if that is of interest; None of one not remembered."""
        found = self._newer.get(name) or self._older.get(name)
        return ("ok", found) if isinstance(found, str) else found

    def note(self, name: str, outcome: Outcome, engine: str | None = None) -> None:
        """A task has ended."""
        self._newer[name] = engine if outcome == "ok" and engine else (outcome, engine)
        if len(self._newer) >= self._remembered:
            self._newer, self._older = {}, self._newer
