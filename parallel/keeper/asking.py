"""What the engine's lane is asked, and who waits for its answers. Pure.

Rules, asserted by :meth:`Asking.validate`:

1. A request is answered once: by the lane, from what was known last, or with a refusal.
2. The dead are not asked.
3. What is asked while an engine starts waits until that is ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..messages import RunError
from . import debugging
from .instructions import ToLane
from .last_known import LastKnown
from .parts import Waiting

if TYPE_CHECKING:
    from .state import SessionState

LANE_REQUESTS = (
    "complete_request",
    "inspect_request",
    "is_complete_request",
    "history_request",
    "debug_request",
    "vivo_variables_request",
    "vivo_table_request",
)


class Asking:
    """The requests that the lane is asked, beside the session's state."""

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self._waiting: dict[int, Waiting] = {}
        self._count = 0
        self.last_known = LastKnown()

    def ask(self, waiting: Waiting, now: float) -> None:
        """Ask the lane for a client."""
        state = self._state
        is_busy = state.engine == "busy"
        if state.engine == "dead":
            sentence = f"The session's Python process has ended. {state.how_to_go_on}"
            state.refuse(waiting.channel, waiting.request, "EngineDied", sentence)
        elif state.engine == "starting":
            state.wait_until_ready(waiting)
        elif self.last_known.has_no_room_for(waiting, is_busy=is_busy):
            self._answer_last_known(waiting)
        else:
            self._count += 1
            self._waiting[self._count] = waiting
            self.last_known.asked(self._count, waiting, now, is_busy=is_busy)
            kind, content = waiting.request.type, waiting.request.content
            state.tell(ToLane({"type": kind, "id": self._count, "content": content}))

    def next_number(self) -> int:
        """A number that no other question has, for one whose answer is not for here."""
        self._count += 1
        return self._count

    def answered(self, header: dict[str, Any], now: float) -> None:
        """A frame of the lane."""
        state = self._state
        if header["type"] == "debug_event":
            debugging.event(state, header["content"])
            return
        waiting = self._waiting.pop(header["id"], None)
        if waiting is None and state.stacks.answered(header, now):
            return
        if waiting is None:
            return  # an answer of an engine that was restarted since
        content = header["content"]
        if not self.last_known.answered(header["id"], content, now):
            return  # it was answered from what was known before
        state.answer(waiting.channel, waiting.request, content)

    def time_passed(self, now: float) -> None:
        """Answer what the lane has not answered by its deadline."""
        for waiting in self.last_known.due(now):
            self._answer_last_known(waiting)

    def reset(self, error: RunError) -> None:
        """The engine is gone: whoever waits is told why."""
        waiting, self._waiting = self._waiting, {}
        for number, each in waiting.items():
            if not self.last_known.is_overdue(number):
                self._state.refuse(each.channel, each.request, error.name, error.message)
        self.last_known.reset()

    def _answer_last_known(self, waiting: Waiting) -> None:
        request = waiting.request
        content, known = self.last_known.answer(request.type, request.content)
        metadata = {"vivo": {"busy": True, "known": known}}
        self._state.answer(waiting.channel, request, content, metadata=metadata)

    def validate(self) -> None:
        """Assert the rules of the module's head."""
        assert self._state.engine != "dead" or not self._waiting, "the dead are asked"
