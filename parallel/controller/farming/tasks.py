"""What the scheduler works with: tasks, what it tells its shell to do. Data alone."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["waiting", "ready", "unsure", "given", "done"]
"""``waiting``: for other tasks. ``unsure``: a controller that is gone may have given it out."""

REMEMBERED = 100_000
"""Of how many ended tasks is known how they ended."""

Outcome = Literal["ok", "error", "cancelled", "lost", "timeout", "dependency_failed"]


class Task(msgspec.Struct, gc=False):
    """A task, as far as its scheduling goes: its payload is elsewhere."""

    id: str
    retries: int = 0
    """How often it is tried again when it raises."""
    timeout: float | None = None
    """Seconds that it may run."""
    priority: int = 0
    after: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    targets: tuple[str, ...] | None = None
    """Names of the engines that may run it; None for any."""
    state: State = "waiting"
    order: int = 0
    """Where it stands among those of its priority."""
    engine: str | None = None
    attempts: int = 0
    deaths: int = 0
    """Engines that have ended while they ran it."""
    waits_for: int = 0
    """How many of the tasks that it comes after have not ended."""
    ends: Outcome | None = None
    """How it will have ended when its engine has let go of it: it was cancelled, or is too late."""


class Dispatch(msgspec.Struct, frozen=True, gc=False):
    """Give a task to an engine."""

    engine: str
    task: str


class Revoke(msgspec.Struct, frozen=True, gc=False):
    """Take back tasks that an engine has not begun; it tells which those are."""

    engine: str
    tasks: list[str]


class Interrupt(msgspec.Struct, frozen=True, gc=False):
    """Interrupt a task that an engine has, or take it back if it has not begun."""

    engine: str
    task: str


class Conclude(msgspec.Struct, frozen=True, gc=False):
    """A task has ended. Its result, for ``ok`` and ``error``, is the one that has just come."""

    task: str
    outcome: Outcome
    reason: str = ""
    attempts: int = 0
    """How often it was given to an engine."""


Instruction = Dispatch | Revoke | Interrupt | Conclude
