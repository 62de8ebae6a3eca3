"""How many tasks an engine gets ahead, and for how long they may wait there.

A policy is an object with these two methods. What it decides is only how well engines are used:
whatever it says, every task ends exactly once.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

_log = logging.getLogger(__name__)
_MOST = 2**31  # that an engine may have: a policy may say infinity


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


class Guarded:
    """A policy of somebody's own: where it fails, ours decides; the log has the first failure."""

    def __init__(self, policy: Policy) -> None:
        self._policy, self._otherwise = policy, Ahead()
        self._has_failed = False

    def credit(self, load: Load) -> int:
        """What the policy says."""
        return int(min(self._asked(self._policy.credit, self._otherwise.credit, load), _MOST))

    def patience(self, load: Load) -> float:
        """What the policy says."""
        return self._asked(self._policy.patience, self._otherwise.patience, load)

    def _asked(
        self, ask: Callable[[Load], Any], otherwise: Callable[[Load], float], load: Load
    ) -> float:
        try:
            told = float(ask(load))
            if math.isnan(told):
                raise ValueError("it gives no number")
            return told
        except Exception:  # noqa: BLE001 - it is somebody's own, and tasks must go on
            if not self._has_failed:
                _log.exception("The policy has failed: vivo's own decides where it does.")
            self._has_failed = True
            return otherwise(load)
