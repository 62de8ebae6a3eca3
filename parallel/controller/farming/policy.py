"""How many tasks an engine gets ahead, and for how long they may wait there.

A policy is an object with these two methods. What it decides is only how well engines are used:
whatever it says, every task ends exactly once.
"""

from __future__ import annotations

from typing import Protocol

import msgspec


class Load(msgspec.Struct):
    """What is known of an engine's work."""

    outstanding: int = 0
    """Tasks that it has."""
    duration: float | None = None
    """Seconds that its tasks have taken lately; None before the first has ended."""


class Policy(Protocol):
    """Decides how far engines work ahead."""

    def credit(self, load: Load) -> int:
        """How many tasks an engine may have, itself running one of them; at least 1."""

    def patience(self, load: Load) -> float:
        """Seconds that a task may run before those behind it are given to other engines."""


class Ahead:
    """As many tasks ahead as keep an engine busy for a moment, so that it never waits for the next.

    Theory of operation: tasks of a microsecond come in dozens, one of a second alone. What a task
    will take is not known: one that takes longer than those before it loses what waits behind it.
    """

    def __init__(self, *, moment: float = 0.02, most: int = 128, patience: float = 0.05) -> None:
        """``moment`` and ``patience`` in seconds; ``most`` tasks at an engine."""
        self._moment, self._most, self._patience = moment, most, patience

    def credit(self, load: Load) -> int:
        """As many as take a moment; two before anything is known."""
        if load.duration is None:
            return 2
        if load.duration * self._most <= self._moment:
            return self._most
        return max(1, 1 + int(self._moment / load.duration))

    def patience(self, load: Load) -> float:
        """The same for all."""
        return self._patience
