"""What the main shell's cell asks the user for: ``input()``, a password, a debugger's line. Pure.

Rules:

1. The client that ran the cell is asked; another may take the question over. The first answer
   counts, and all are told that the question is answered.
2. A client that has taken over a run's questions is asked the later ones too, as long as it runs.
3. An answer of vivo's own client names its question: one that comes late answers no later one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..wire import Message
from .instructions import Reply, ToMain

if TYPE_CHECKING:
    from .parts import Run
    from .state import SessionState


_MOST_TAKERS = 16  # of one run's questions; the last ones count


class Questions:
    """The question that waits for an answer, if there is one."""

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self._asked: int | None = None
        self._number: int | None = None
        self._question: Reply | None = None
        self._takers: dict[str, list[list[bytes]]] = {}
        """By run, the identities of the clients that have taken its questions over."""
        self.before = 0
        """The number of the last question that an earlier keeper of this engine has asked."""

    def ask(self, run: Run, header: dict[str, Any]) -> None:
        """Ask the client of a run; ``header``: the engine's event."""
        self._asked, self._number = header["asked"], header.get("n")
        self._question = question(run.request, header, self._state.seq)
        self._state.tell(self._question)
        for identities in self._takers.get(run.record.id, ()):
            self._state.tell(msgspec.structs.replace(self._question, identities=identities))

    def take(self, run: str, message: Message) -> None:
        """Ask the client of a message too what a run asks from now on (rule 2)."""
        runs = [*self._state.queue, *([self._state.running] if self._state.running else [])]
        known = {each.record.id for each in runs}
        self._takers = {key: each for key, each in self._takers.items() if key in known}
        taken = self._takers.setdefault(run, []) if run in known else []
        if message.identities not in taken:
            taken.append(message.identities)
            del taken[:-_MOST_TAKERS]

    def is_open(self, parent: bytes) -> bool:
        """Whether the run of that request still waits for an answer, in a subshell or not."""
        return self._is_of_main(parent) or self._state.subshells.is_asking(parent)

    def _is_of_main(self, parent: bytes) -> bool:
        run = self._state.running
        return run is not None and self._asked is not None and run.request.raw_header == parent

    def offer(self, message: Message) -> bool:
        """Ask the client of a message too; whether there is a question."""
        found = self._question
        if found is None or not self._is_of_main(found.parent):
            return False
        self._state.tell(msgspec.structs.replace(found, identities=message.identities))
        return True

    def answer(self, message: Message) -> None:
        """Give an answer to the engine, if it is one to this question."""
        asked = self._question
        if self._asked is None or asked is None or not is_answer_to(message, asked):
            return
        frame = {"type": "input_reply", "asked": self._asked, "value": value_of(message)}
        self._state.tell(ToMain(frame))
        run = self._state.running
        if run is not None and not run.silent:
            # With the number of the engine's event, so that a new keeper does not ask again.
            extra: dict[str, Any] = {"answered": question_of(asked)}
            if self._number is not None:
                extra["n"] = self._number
            busy = {"execution_state": "busy"}
            state = self._state
            state.publish("status", run.request.raw_header, busy, run.record.id, extra=extra)
        self.forget()

    def forget(self) -> None:
        """The cell has ended: nothing is asked any more."""
        self._asked = self._question = None


def question(request: Message, header: dict[str, Any], after: int) -> Reply:
    """What asks the client of a cell for a line, and the number of the event that it comes after;
    ``header``: the engine's event.
    """
    content = {"prompt": header["prompt"], "password": header["password"]}
    told = {"vivo": {"question": f"{header['run']}:{header['asked']}", "after": after}}
    return Reply(
        "stdin", request.identities, "input_request", request.raw_header, content, metadata=told
    )


def question_of(asked: Reply) -> str:
    """The name of a question: no other cell's, and no other engine's, has the same."""
    name: str = (asked.metadata or {})["vivo"]["question"]
    return name


def is_answer_to(message: Message, asked: Reply) -> bool:
    """Whether a message answers that question; a plain client does not say which it means."""
    name = question_of(asked)
    return message.type == "input_reply" and message.vivo.get("question", name) == name


def value_of(message: Message) -> str | None:
    """The line of an answer; None for the end of input."""
    value = message.content.get("value")
    return value if isinstance(value, str) else None
