"""Subshells: queues of cells beside the main one, each with a thread of the engine's. Pure.

Jupyter Enhancement Proposal 91, "Kernel subshells": a client creates one on the control channel and
names it in the header of its shell messages (``subshell_id``). Rules:

1. In each subshell at most one thing runs, a cell or a message of a comm's; the others wait, in
   the order they came. Nothing here waits for the main shell, and the main shell for nothing here.
2. A cell that fails aborts the cells that wait in its own subshell.
3. A deleted subshell takes nothing more: what waits is aborted, what runs goes on to its end.
4. A new or dead engine has no subshells.
"""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..messages import RunError
from ..wire import Message
from .instructions import Reply, ToLane

if TYPE_CHECKING:
    from .parts import Run
    from .state import SessionState


@dataclass
class Subshell:
    """One subshell: what runs in it, and what waits."""

    id: str
    current: Run | Message | None = None
    waiting: deque[Run | Message] = field(default_factory=deque)


class Subshells:
    """The subshells of a session."""

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self._open: dict[str, Subshell] = {}
        self._ending: list[Subshell] = []
        """Deleted, with something that still runs."""
        self._asked: list[tuple[str, Run, int]] = []
        """The questions that wait for an answer, the last one at the end: subshell, run, number."""

    # --- What clients ask ------------------------------------------------------------------

    def create(self) -> str:
        """Make a subshell; gives its id."""
        made = Subshell(uuid.uuid4().hex)
        self._open[made.id] = made
        return made.id

    def names(self) -> list[str]:
        """The ids of the subshells, in the order they were made."""
        return list(self._open)

    def delete(self, subshell: str, now: float) -> bool:
        """End a subshell (rule 3); whether there was one."""
        ended = self._open.pop(subshell, None)
        if ended is None:
            return False
        self._abort(ended, now, only_of=None)
        if ended.current is not None:
            self._ending.append(ended)
        self._state.tell(ToLane({"type": "subshell", "subshell": subshell, "frame": None}))
        return True

    def named_by(self, message: Message) -> str | None:
        """The subshell that a message names; None for the main shell."""
        named = message.header.get("subshell_id")
        return named if isinstance(named, str) else None

    def knows(self, message: Message) -> bool:
        """Whether a message names a subshell that there is, or none."""
        named = self.named_by(message)
        return named is None or named in self._open

    def put(self, message: Message, item: Run | Message, now: float) -> bool:
        """Take a cell, or a message of a comm's, that names a subshell; whether it did."""
        subshell = self._open.get(self.named_by(message) or "")
        if subshell is None:
            return False
        subshell.waiting.append(item)
        self._next(subshell, now)
        return True

    # --- What happens ----------------------------------------------------------------------

    def start(self, now: float) -> None:
        """The engine is ready: begin what waits for it."""
        for subshell in self._open.values():
            self._next(subshell, now)

    def _next(self, subshell: Subshell, now: float) -> None:
        state = self._state
        if subshell.current is not None or not subshell.waiting:
            return
        if state.engine in ("starting", "dead"):
            return
        item = subshell.current = subshell.waiting.popleft()
        if isinstance(item, Message):
            frame, buffers = state.comms.begin(item), item.buffers
        else:
            frame, buffers = state.begin(item, now), []
        told = {"type": "subshell", "subshell": subshell.id, "frame": frame}
        state.tell(ToLane(told, buffers))

    def done(self, run: str, report: dict[str, Any] | None, now: float) -> bool:
        """What ran in a subshell has ended, a cell with its report; whether it was one's."""
        for subshell in (*self._open.values(), *self._ending):
            item = subshell.current
            if item is None or _id_of(item) != run:
                continue
            subshell.current = None
            self._asked = [entry for entry in self._asked if entry[1] is not item]
            if isinstance(item, Message):
                self._state.comms.ended(item)
            elif report is not None and self._state.conclude(item, report, now):
                self._abort(subshell, now, only_of=item.request.header.get("session"))
            if subshell in self._ending:
                self._ending.remove(subshell)
            self._next(subshell, now)
            return True
        return False

    def ask(self, header: dict[str, Any]) -> None:
        """A cell asks for input: its client is asked."""
        for subshell in (*self._open.values(), *self._ending):
            run = subshell.current
            if run is None or isinstance(run, Message) or run.record.id != header["run"]:
                continue
            self._asked.append((subshell.id, run, header["asked"]))
            self._state.tell(question(run.request, header))

    def answer(self, message: Message) -> bool:
        """Take an answer to the last question that this client was asked; whether there was one."""
        session = message.header.get("session")
        if message.type != "input_reply":
            return False
        for entry in reversed(self._asked):
            subshell, run, asked = entry
            if run.request.header.get("session") == session:
                self._asked.remove(entry)
                value = message.content.get("value")
                value = value if isinstance(value, str) else None
                frame = {"type": "input_reply", "asked": asked, "value": value}
                self._state.tell(ToLane({"type": "subshell", "subshell": subshell, "frame": frame}))
                return True
        return False

    def running(self) -> list[Run]:
        """The cells that run in subshells."""
        found = [subshell.current for subshell in (*self._open.values(), *self._ending)]
        return [each for each in found if each is not None and not isinstance(each, Message)]

    def waiting(self) -> list[Run]:
        """The cells that wait in subshells."""
        found = [each for subshell in self._open.values() for each in subshell.waiting]
        return [each for each in found if not isinstance(each, Message)]

    def remove(self, run: Run) -> None:
        """Take a cell out of the subshell in which it waits."""
        for subshell in self._open.values():
            if run in subshell.waiting:
                subshell.waiting.remove(run)

    def _abort(self, subshell: Subshell, now: float, only_of: str | None) -> None:
        for item in tuple(subshell.waiting):
            if isinstance(item, Message):
                if only_of is None:
                    subshell.waiting.remove(item)
                    self._state.comms.ended(item)
            elif only_of in (None, item.request.header.get("session")):
                subshell.waiting.remove(item)
                self._state.end_aborted(item, now)

    def reset(self, error: RunError, now: float) -> None:
        """The engine is gone, and its subshells with it (rule 4)."""
        gone = (*self._open.values(), *self._ending)
        self._open.clear()
        self._ending.clear()
        self._asked.clear()
        for subshell in gone:
            item, subshell.current = subshell.current, None
            if isinstance(item, Message):
                self._state.comms.ended(item)
            elif item is not None:
                self._state.fail(item, error, now)
            self._abort(subshell, now, only_of=None)

    def validate(self) -> None:
        """Assert the rules of the module's head."""
        for subshell in self._open.values():
            statuses = {_status_of(each) for each in subshell.waiting}
            assert statuses <= {"queued"}, f"{subshell.id} has waiting cells that are {statuses}"
            runs = self._state.engine in ("starting", "dead") or subshell.current is not None
            assert runs or not subshell.waiting, f"{subshell.id} is idle with cells waiting"
            assert subshell.current is None or _status_of(subshell.current) in (
                "running",
                "queued",
            ), f"{subshell.id} runs what has ended"
        assert all(each.current is not None for each in self._ending), "an end that does not come"


def question(request: Message, header: dict[str, Any]) -> Reply:
    """What asks the client of a cell for a line; ``header``: the engine's event."""
    content = {"prompt": header["prompt"], "password": header["password"]}
    return Reply("stdin", request.identities, "input_request", request.raw_header, content)


def _id_of(item: Run | Message) -> str:
    return item.id if isinstance(item, Message) else item.record.id


def _status_of(item: Run | Message) -> str:
    return "queued" if isinstance(item, Message) else item.record.status
