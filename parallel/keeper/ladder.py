"""The ladder of interrupts: interrupt → again: what it is doing is shown → force: the engine ends.

Rules:

1. An interrupt alone never ends the engine, however often it comes: only one that says ``force``
   does, and it first gives the cell :data:`GRACE` to end with the interrupt.
2. What is shown belongs to the cell that was interrupted, and is shown only while that runs.
3. An engine that is ended gets SIGTERM, and after :data:`LAST_SECONDS` SIGKILL. Its cell ends with
   an error that has the stack; what it printed is kept; the session goes on with a fresh engine.
4. Whoever forces is answered once: when the engine has ended, or the cell has.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from ..messages import RunError
from .instructions import EndEngine, Interrupt, ToLane

if TYPE_CHECKING:
    from .parts import Run, Waiting
    from .state import SessionState

GRACE = 0.5
"""Seconds in which a cell ends with an interrupt, if it can."""
LAST_SECONDS = 0.5
_SHOWN = (
    "\nThis cell still runs after an interrupt. What it is doing:\n{stack}"
    "Interrupt it with force to end the session's Python process: its variables would be lost.\n"
)
_SHOWN_OF_GUEST = (
    "\nThis cell still runs after an interrupt: where it waits in C, it ends when that returns. "
    "What it is doing:\n{stack}"
)
_UNKNOWN = "(it cannot be told: the process does not answer)\n"


class Ladder:
    """How far the interrupts of what runs have come."""

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self._count = 0
        self._first = 0.0
        self._show_at: float | None = None
        self._force_at: float | None = None
        self._kill_at: float | None = None
        self._target: str | None = None
        """What is ended with force."""
        self._waiting: list[Waiting] = []
        self._stack = ""
        self.is_ending = False
        """Whether the engine was told to end."""

    @property
    def deadline(self) -> float | None:
        """When the next step is due; None on the ground."""
        steps = [at for at in (self._show_at, self._force_at, self._kill_at) if at is not None]
        return min(steps) if steps else None

    # --- Steps -----------------------------------------------------------------------------

    def interrupt(self, now: float) -> None:
        """Interrupt what main runs; from the second time on show what it is doing."""
        state = self._state
        if state.running is None and state.comms.handled is None:
            state.calls.interrupt_all()
            return
        state.tell(Interrupt(state.running.record.id if state.running else None))
        if state.running is None:
            return
        frame = {"type": "interrupted", "run": state.running.record.id, "sent": now}
        state.tell(ToLane(frame))
        self._count += 1
        if self._count == 1:
            self._first = now
        elif self._count == 2:
            # Two at once may be the user's hurry: the first one's time is not over.
            self._show_at = max(now, self._first + GRACE)

    def interrupt_beside(self, subshell: str, run: str) -> None:
        """Interrupt a cell of a subshell's, which no signal reaches."""
        frame = {"type": "interrupt", "run": run}
        self._state.tell(ToLane({"type": "subshell", "subshell": subshell, "frame": frame}))

    def force(self, run: str, waiting: Waiting, now: float) -> None:
        """End the engine, unless ``run`` ends with the interrupt that has just been sent."""
        self._waiting.append(waiting)
        self._target = run
        if not self.is_ending and self._force_at is None:
            self._force_at = now + GRACE
            self._show_at = None
            self._state.stacks.ask(self._keep_stack, now, urgent=True)

    def time_passed(self, now: float) -> None:
        """Take the steps that are due."""
        state = self._state
        if self._show_at is not None and self._show_at <= now:
            self._show_at = None
            if state.running is not None:
                run = state.running
                state.stacks.ask(lambda text, _: self._show(run, text), now)
        if self._kill_at is not None and self._kill_at <= now:
            self._kill_at = None
            state.tell(EndEngine(signal.SIGKILL))
        if self._force_at is not None and self._force_at <= now:
            self._force_at = None
            self.is_ending, self._kill_at = True, now + LAST_SECONDS
            state.tell(EndEngine(signal.SIGTERM))

    def _show(self, run: Run, text: str) -> None:
        if self._state.running is run:
            shown = _SHOWN_OF_GUEST if self._state.guest_of else _SHOWN
            self._state.stream(run.record.id, "stderr", shown.format(stack=text or _UNKNOWN))

    def _keep_stack(self, text: str, now: float) -> None:
        self._stack = text

    # --- Ends ------------------------------------------------------------------------------

    def run_ended(self, run: str) -> None:
        """A cell, or a comm's message, has ended."""
        if self._state.running is None or self._state.running.record.id == run:
            self._count, self._show_at = 0, None
        if run == self._target and not self.is_ending:
            self._target = self._force_at = None
            self._answer("interrupted")

    def engine_ended(self, reason: str, now: float) -> bool:
        """The engine is gone; whether that was this ladder's doing, and a fresh one comes."""
        if not self.is_ending:
            return False
        self._state.begin_afresh(self._error(reason), now, self._stack.splitlines())
        return True

    def reset(self) -> None:
        """The engine is gone: whoever wanted that is told."""
        self._count, self.is_ending, self._target, self._stack = 0, False, None, ""
        self._show_at = self._force_at = self._kill_at = None
        self._answer("engine_ended")

    def _error(self, reason: str) -> RunError:
        told = " What it was doing is shown here." if self._stack else ""
        session = self._state.session
        return RunError(
            "EngineEnded",
            f"The interrupt with force ended the session's Python process ({reason}).{told} "
            "What was printed is kept, the variables are gone. A fresh process takes the next "
            f"cell; `vivo sessions rerun {session}` runs the inputs again.",
        )

    def _answer(self, outcome: str) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            content = {"status": "ok", "outcome": outcome}
            self._state.answer(each.channel, each.request, content)

    def validate(self) -> None:
        """Assert the rules of the module's head."""
        forces = self._force_at is not None or self.is_ending
        assert forces == bool(self._waiting), "whoever forces waits, and nobody else"
        assert self._state.running is not None or self._show_at is None, "nothing to show"
        assert self._kill_at is None or self.is_ending, "a kill that nobody wants"
