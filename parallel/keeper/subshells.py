"""Subshells: queues of cells beside the main one, each with a thread of the engine's. Pure.

Jupyter Enhancement Proposal 91, "Kernel subshells": a client creates one on the control channel and
names it in the header of its shell messages (``subshell_id``). Rules:

1. In each subshell at most one thing runs, a cell or a message of a comm's; the others wait, in
   the order they came. Nothing here waits for the main shell, and the main shell for nothing here.
2. A cell that fails aborts the cells that wait in its own subshell.
3. A deleted subshell takes nothing more: what waits is aborted, what runs goes on to its end.
4. A new or dead engine has no subshells. A new keeper finds those that there are.
5. A question is asked of the client that ran its cell, and of whoever takes it over. The first
   answer counts, and all are told.
"""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from ..messages import RunError
from ..wire import Message
from . import restoring
from .instructions import Reply, ToLane
from .questions import is_answer_to, question, question_of, value_of

if TYPE_CHECKING:
    from .parts import Run
    from .state import SessionState


class Subshell(msgspec.Struct):
    """One subshell: what runs in it, and what waits."""

    id: str
    current: Run | Message | None = None
    waiting: deque[Run | Message] = msgspec.field(default_factory=deque)


class Asked(msgspec.Struct):
    """A question that waits for an answer."""

    subshell: str
    run: Run
    number: int
    """Among the engine's questions."""
    asks: Reply
    clients: set[str]
    """The sessions' names of those that were asked."""


class Subshells:
    """The subshells of a session."""

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self._open: dict[str, Subshell] = {}
        self._ending: list[Subshell] = []
        """Deleted, with something that still runs."""
        self._asked: list[Asked] = []
        """The questions that wait for an answer, the last one at the end."""
        self._returned: list[Run] = []
        """The cells that the journal knows as queued or running, until the engine has told."""

    # --- What clients ask ------------------------------------------------------------------

    def create(self) -> str:
        """Make a subshell; gives its id."""
        made = Subshell(os.urandom(16).hex())
        self._open[made.id] = made
        # So that the engine can tell a keeper that comes after this one.
        self._state.tell(ToLane(_told(made.id, {"type": "open"})))
        return made.id

    def names(self) -> list[str]:
        """The ids of the subshells, in the order they were made."""
        return list(self._open)

    def delete(self, subshell: str, now: float) -> bool:
        """End a subshell (rule 3); whether there was one."""
        ended = self._open.pop(subshell, None)
        if ended is None:
            return False
        self._abort(ended, now, after=None)
        if ended.current is not None:
            self._ending.append(ended)
        self._state.tell(ToLane(_told(subshell, None)))
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
        if subshell.waiting and subshell.waiting[-1] is item and not isinstance(item, Message):
            restoring.tell_waiting(self._state, item)
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
        state.tell(ToLane(_told(subshell.id, frame), buffers))

    def done(self, run: str, report: dict[str, Any] | None, now: float) -> bool:
        """What ran in a subshell has ended, a cell with its report; whether it was one's."""
        for subshell in (*self._open.values(), *self._ending):
            item = subshell.current
            if item is None or _id_of(item) != run:
                continue
            subshell.current = None
            self._asked = [each for each in self._asked if each.run is not item]
            if isinstance(item, Message):
                self._state.comms.ended(item)
            elif report is not None and self._state.conclude(item, report, now):
                self._abort(subshell, now, after=item)
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
            asks = question(run.request, header, self._state.seq)
            clients = {run.request.session}
            self._asked.append(Asked(subshell.id, run, header["asked"], asks, clients))
            self._state.tell(asks)

    def answer(self, message: Message) -> bool:
        """Take an answer to the last question that this client was asked; whether there was one."""
        for each in reversed(self._asked):
            if message.session not in each.clients or not is_answer_to(message, each.asks):
                continue
            self._asked.remove(each)
            frame = {"type": "input_reply", "asked": each.number, "value": value_of(message)}
            self._state.tell(ToLane(_told(each.subshell, frame)))
            if not each.run.silent:
                parent, extra = each.run.request.raw_header, {"answered": question_of(each.asks)}
                busy = {"execution_state": "busy"}
                self._state.publish("status", parent, busy, each.run.record.id, extra=extra)
            return True
        return False

    def offer(self, message: Message) -> bool:
        """Ask the client of a message all that waits for an answer; whether anything does."""
        for each in self._asked:
            each.clients.add(message.session)
            self._state.tell(msgspec.structs.replace(each.asks, identities=message.identities))
        return bool(self._asked)

    def is_asking(self, parent: bytes) -> bool:
        """Whether the cell of that request waits for an answer."""
        return any(each.run.request.raw_header == parent for each in self._asked)

    def running(self) -> list[Run]:
        """The cells that run in subshells."""
        found = [subshell.current for subshell in (*self._open.values(), *self._ending)]
        return [each for each in found if each is not None and not isinstance(each, Message)]

    def id_of(self, run: str) -> str | None:
        """The subshell that runs a cell; None if none does."""
        for subshell in (*self._open.values(), *self._ending):
            current = subshell.current
            if current is None or isinstance(current, Message):
                continue
            if current.record.id == run:
                return subshell.id
        return None

    def waiting(self) -> list[Run]:
        """The cells that wait in subshells."""
        found = [each for subshell in self._open.values() for each in subshell.waiting]
        return [each for each in found if not isinstance(each, Message)]

    # --- After another keeper --------------------------------------------------------------

    def returned(self, run: Run) -> None:
        """A cell of a subshell that has not ended, as the journal knows."""
        self._returned.append(run)

    def take_returned(self, ids: set[str]) -> list[Run]:
        """Take back those of some ids."""
        taken = [run for run in self._returned if run.record.id in ids]
        self._returned = [run for run in self._returned if run not in taken]
        return taken

    def adopted(self, told: dict[str, Any], now: float) -> None:
        """The engine has a subshell: what it got last, and whether that has ended.

        A cell that ended while no keeper was there tells so again.
        """
        made, given = Subshell(told["id"]), told["run"]
        for run in tuple(self._returned):
            if self.named_by(run.request) == made.id and run.record.id == given:
                self._returned.remove(run)
                run.record.status = "running"
                made.current = run
        if told["is_busy"] and made.current is None:
            made.current = restoring.silent_run(given, now)
        if told["is_open"]:
            self._open[made.id] = made
        elif made.current is not None:
            self._ending.append(made)

    def settle(self) -> None:
        """All is told: what the engine never got waits again, first what had begun."""
        self._returned.sort(key=lambda run: run.record.status != "running")
        for run in self._returned:
            run.record.status, run.record.started = "queued", None
            named = self.named_by(run.request) or ""
            self._open.setdefault(named, Subshell(named)).waiting.append(run)
        self._returned.clear()

    def remove(self, run: Run) -> None:
        """Take a cell out of the subshell in which it waits."""
        for subshell in self._open.values():
            if run in subshell.waiting:
                subshell.waiting.remove(run)

    def _abort(self, subshell: Subshell, now: float, after: Run | None) -> None:
        for item in tuple(subshell.waiting):
            if isinstance(item, Message):
                if after is None:
                    subshell.waiting.remove(item)
                    self._state.comms.ended(item)
            elif after is None or after.takes_along(item):
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
            self._abort(subshell, now, after=None)

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


def _told(subshell: str, frame: dict[str, Any] | None) -> dict[str, Any]:
    return {"type": "subshell", "subshell": subshell, "frame": frame}


def _id_of(item: Run | Message) -> str:
    return item.id if isinstance(item, Message) else item.record.id


def _status_of(item: Run | Message) -> str:
    return "queued" if isinstance(item, Message) else item.record.status
