"""Comms: the channels between an object of the session's and its view in a front end. Pure.

A comm is opened by either side (``comm_open``), then both send (``comm_msg``) until one closes it
(``comm_close``); "Custom Messages" of the Jupyter messaging protocol. Widgets live on them. Rules:

1. The engine handles one message of a client's at a time, between cells, before the next cell that
   waits; it never runs beside a cell, but in the subshell that it names.
2. Each message has its busy and idle status: front ends wait for it before they send the next.
3. What the handling shows answers that message, and belongs to the run that opened the comm.
4. A new or dead engine has no comms.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

import msgspec

from ..wire import Message
from .instructions import Announce, ToMain

if TYPE_CHECKING:
    from .state import SessionState

MESSAGES = ("comm_open", "comm_msg", "comm_close")
_REMEMBERED = 1000  # messages whose late output still finds its place


class OpenComm(msgspec.Struct, frozen=True):
    """A comm that is open."""

    target: str
    """What the other side registered for it."""
    run: str | None
    """The run that opened it."""


class Origin(msgspec.Struct, frozen=True):
    """A message that was handled: what its output answers, and the run it belongs to."""

    parent: bytes
    run: str | None


class Comms:
    """The comms of a session, and the messages that wait for the engine."""

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self.open: dict[str, OpenComm] = {}
        self.handled: Message | None = None
        """The message that the engine handles now."""
        self._waiting: deque[Message] = deque()
        self._origins: OrderedDict[str, Origin] = OrderedDict()

    def arrived(self, message: Message, now: float) -> None:
        """A client's message: it waits until the engine, or the subshell it names, is idle."""
        comm = message.content.get("comm_id")
        if self._state.engine == "dead" or not isinstance(comm, str):
            return  # nobody answers for what does not exist; the protocol has no reply to it
        if self._state.subshells.put(message, message, now):
            return
        self._waiting.append(message)
        self.start()

    def start(self) -> bool:
        """Give the engine the next message, if it is idle; whether it has one now."""
        state = self._state
        if self.handled is not None:
            return True
        if not self._waiting or state.running is not None or state.engine != "idle":
            return False
        if state.calls.given:
            return False
        message = self.handled = self._waiting.popleft()
        state.tell(ToMain(self.begin(message), message.buffers))
        return True

    def begin(self, message: Message) -> dict[str, Any]:
        """Begin to handle a message; gives the engine's frame."""
        content = message.content
        comm = str(content["comm_id"])
        if message.type == "comm_open":
            self.open[comm] = OpenComm(str(content.get("target_name", "")), None)
        known = self.open.get(comm)
        self._remember(message, known.run if known else None)
        if message.type == "comm_close":
            self.open.pop(comm, None)
        self._status(message, "busy")
        return {
            "type": "comm",
            "run": message.id,
            "kind": message.type,
            "header": message.header,
            "content": content,
            "metadata": message.metadata,
        }

    def ended(self, message: Message) -> None:
        """A message has been handled, or never will be."""
        self._status(message, "idle")

    def published(self, header: dict[str, Any]) -> None:
        """A message of the engine's."""
        state, run, content = self._state, header["run"], header["content"]
        kind, comm = header["kind"], header["content"]["comm_id"]
        if kind == "comm_open":
            self.open[comm] = OpenComm(content.get("target_name", ""), self.run_of(run))
        state.publish(
            kind,
            state.parent_of(run),
            content,
            run,
            metadata=header["metadata"],
            buffers=header.get("buffers"),
        )
        if kind == "comm_close":
            self.open.pop(comm, None)

    def done(self, run: str) -> None:
        """The engine has handled a message."""
        if self.handled is not None and self.handled.id == run:
            self._status(self.handled, "idle")
            self.handled = None

    def reset(self) -> None:
        """The engine is gone, and its comms with it (rule 4)."""
        for message in ([self.handled] if self.handled else []) + list(self._waiting):
            self._status(message, "idle")
        self.handled = None
        self._waiting.clear()
        self.open.clear()

    def parent_of(self, message: str) -> bytes | None:
        """The header of a message that was handled; None of what is no such message."""
        origin = self._origins.get(message)
        return origin.parent if origin else None

    def run_of(self, message: str | None) -> str | None:
        """The run that a message's output belongs to; a run's id is its own."""
        origin = self._origins.get(message) if message is not None else None
        return origin.run if origin else message

    def info(self, target: str | None) -> dict[str, dict[str, str]]:
        """The open comms, as a ``comm_info_reply`` has them; of one target or all."""
        return {
            comm: {"target_name": known.target}
            for comm, known in self.open.items()
            if target in (None, known.target)
        }

    def _remember(self, message: Message, run: str | None) -> None:
        self._origins[message.id] = Origin(message.raw_header, run)
        if len(self._origins) > _REMEMBERED:
            self._origins.popitem(last=False)

    def _status(self, message: Message, state: str) -> None:
        self._state.tell(Announce("status", message.raw_header, {"execution_state": state}))
        if state == "idle":
            self._state.ladder.run_ended(message.id)
