"""One session's comms for one client: their states, what widgets capture, what is not known yet.

Rules:

1. What an ``Output`` widget captures is told as a change of its ``outputs``, and the session is
   told the same, as by Jupyter's front ends; one message at a time, after a moment without news.
2. States that this server has not seen (it came later) are asked of ipywidgets when a client
   watches; a running cell's are read from the journal at once.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from ...parallel.errors import SessionError
from ...parallel.wire import Message
from ..captured_outputs import CapturedOutputs
from ..comm_link import CommLink
from ..comm_states import WIDGETS, CommStates, states_of
from ..live import LiveSession
from ..protocol.widgets import CommEvent

_log = logging.getLogger(__name__)
_CONTROL = "jupyter.widget.control"
_CONTROL_VERSION = {"version": "1.0.0"}
_QUIET = 0.2
"""Seconds without news after which a session is told what its widgets have captured."""
KINDS = {"comm_open": "open", "comm_msg": "msg", "comm_close": "close"}


class Teller(Protocol):
    """Who tells the client."""

    def tell(self, event: CommEvent) -> None:
        """Tell it, in a moment."""

    def flush(self) -> None:
        """Tell all that waits."""


class SessionComms:
    """The comms of one session."""

    def __init__(self, news: Teller, session: LiveSession) -> None:
        self._news, self._session = news, session
        self.id = session.id
        self.states = CommStates()
        self.captured = CapturedOutputs()
        self.is_watched = False
        self.link: CommLink | None = None
        self._client: Any = None
        self._asked: str | None = None
        """The control comm by which ipywidgets was asked for what is not known."""
        self._syncing: dict[str, asyncio.TimerHandle] = {}
        self._in_flight: set[str] = set()
        self._own: deque[str] = deque(maxlen=1000)
        """Messages of rule 1, whose echoes say nothing new."""
        self._last = 0

    def attached(self) -> CommLink:
        """The way to the session. Raises :class:`SessionError`."""
        client = self._session.client
        if client is None:
            raise SessionError("The session has ended: run the widget's cell again.")
        if self.link is None or self._client is not client:
            self._client, self.link, self._asked = client, CommLink(client), None
        return self.link

    def event(self, event: Message) -> None:
        """A comm's message, from the session."""
        self._last = event.metadata["vivo"]["seq"]
        comm, data = str(event.content.get("comm_id")), event.content.get("data") or {}
        if comm == self._asked:
            self._answered(data, event.buffers)
            return
        if data.get("method") == "echo_update" and event.parent_id in self._own:
            return
        self.fold(event)
        known = self.states.get(comm)
        if event.type == "comm_open":
            self.tell_whole(comm)
        elif event.type == "comm_close" or (known is not None and known.is_whole):
            self.tell(KINDS[event.type], comm, data, event.buffers, parent=event.parent_id)

    def fold(self, event: Message) -> None:
        """Let the states follow."""
        comm, data = str(event.content.get("comm_id")), event.content.get("data") or {}
        if event.type == "comm_open":
            target = str(event.content.get("target_name", ""))
            metadata = {key: each for key, each in event.metadata.items() if key != "vivo"}
            self.states.opened(comm, target, data, metadata, event.buffers)
        elif event.type == "comm_msg":
            self.states.message(comm, data, event.buffers)
        else:
            self.states.closed(comm)
            self.captured.forget(comm)
        if isinstance(state := data.get("state"), dict) and "msg_id" in state:
            self.captured.named(comm, state["msg_id"])

    def captures(self, event: Message) -> bool:
        """Take an output into the widget that captures it, if there is one (rule 1)."""
        comm = self.captured.captor_of(event.type, event.parent_id)
        known = self.states.get(comm) if comm is not None else None
        if comm is None or known is None:
            return False
        before = known.state.get("outputs") or []
        outputs = self.captured.taken(comm, list(before), event.type, event.content)
        known.state["outputs"] = outputs
        self.states.measure(comm)
        if known.is_whole:
            update = {"method": "update", "state": {"outputs": outputs}, "buffer_paths": []}
            self.tell("msg", comm, update)
            self._sync_soon(comm)
        return True

    def tell(
        self,
        kind: str,
        comm: str,
        data: dict[str, Any],
        buffers: Sequence[bytes] = (),
        *,
        metadata: dict[str, Any] | None = None,
        parent: str | None = None,
        target: str | None = None,
    ) -> None:
        """Tell the client, if it watches."""
        if self.is_watched:
            raw = [base64.b64encode(each).decode("ascii") for each in buffers]
            told = CommEvent(self.id, kind, comm, target, data, metadata, raw, parent)  # type: ignore[arg-type]
            self._news.tell(told)

    def tell_whole(self, comm: str) -> None:
        """Tell a comm's state as its opening."""
        known = self.states.get(comm)
        if known is not None:
            buffers = list(known.buffers.values())
            self.tell(
                "open", comm, known.data, buffers, metadata=known.metadata, target=known.target
            )

    def gone(self) -> None:
        """The engine has ended."""
        self.states.clear()
        self.captured.clear()
        for timer in self._syncing.values():
            timer.cancel()
        self._syncing.clear()
        self.link = self._asked = None
        if self.is_watched:
            self._news.tell(CommEvent(self.id, "gone"))
            self._news.flush()

    # --- What is not known -----------------------------------------------------------------

    async def learn(self) -> list[str]:
        """The comms that are open; those that are not known are asked for (rule 2)."""
        link, client = self.attached(), self._client
        reply = await client.request("shell", "comm_info_request", {})
        there = {
            comm: each.get("target_name")
            for comm, each in (reply.content.get("comms") or {}).items()
            if each.get("target_name") != _CONTROL
        }
        unknown = {comm for comm in there if comm not in self.states.whole()}
        if unknown and self._session.running is not None:
            await self._read_running(unknown)
            unknown -= self.states.whole().keys()
        if self._asked is None and any(there[comm] == WIDGETS for comm in unknown):
            self._asked = uuid.uuid4().hex
            self._session.in_background(self._ask(link, self._asked))
        return [*there, *(self.states.whole().keys() - there.keys())]

    async def _ask(self, link: CommLink, comm: str) -> None:
        opening = {"comm_id": comm, "target_name": _CONTROL, "data": {}}
        wanted = {"comm_id": comm, "data": {"method": "request_states"}}
        try:
            await link.send("comm_open", opening, uuid.uuid4().hex, metadata=_CONTROL_VERSION)
            await link.send("comm_msg", wanted, uuid.uuid4().hex)
            await link.send("comm_close", {"comm_id": comm, "data": {}}, uuid.uuid4().hex)
        except SessionError as error:
            self._asked = None
            _log.info("The widgets of the session %s were not told: %s", self.id, error)

    def _answered(self, data: dict[str, Any], buffers: Sequence[bytes]) -> None:
        """ipywidgets tells the states of all its widgets."""
        for comm, (opening, raw) in states_of(data, buffers).items():
            known = self.states.get(comm)
            if known is None or not known.is_whole:
                self.states.opened(comm, WIDGETS, opening, {"version": "2.1.0"}, raw)
                self.tell_whole(comm)

    async def _read_running(self, unknown: set[str]) -> None:
        """Take the comms that the running cell has opened from the journal."""
        record = self._session.runs.get(self._session.running or "")
        if record is None or record.seq is None:
            return
        read = SessionComms(self._news, self._session)
        last = (await self._client.session())["last"]
        async for event in self._client.events(after=record.seq - 1):
            if event.type in KINDS:
                if str(event.content.get("comm_id")) in unknown:
                    read.fold(event)
            else:
                read.captures(event)
            if event.metadata["vivo"]["seq"] >= max(last, self._last):
                break
        for comm, known in read.states.whole().items():
            if comm in unknown:
                self.states.opened(
                    comm, known.target, known.data, known.metadata, list(known.buffers.values())
                )
                self.captured.named(comm, known.state.get("msg_id"))
                self.tell_whole(comm)

    # --- What is captured ------------------------------------------------------------------

    def _sync_soon(self, comm: str) -> None:
        if (timer := self._syncing.pop(comm, None)) is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._syncing[comm] = loop.call_later(_QUIET, self._sync, comm)

    def _sync(self, comm: str) -> None:
        self._syncing.pop(comm, None)
        if comm in self._in_flight:
            self._sync_soon(comm)
        else:
            self._in_flight.add(comm)
            self._session.in_background(self._send_captured(comm))

    async def _send_captured(self, comm: str) -> None:
        known, message = self.states.get(comm), uuid.uuid4().hex
        try:
            if known is not None:
                state = {"outputs": known.state.get("outputs") or []}
                data = {"method": "update", "state": state, "buffer_paths": []}
                self._own.append(message)
                await self.attached().send("comm_msg", {"comm_id": comm, "data": data}, message)
        except SessionError as error:
            _log.info("The outputs of a widget of %s were not sent: %s", self.id, error)
        finally:
            self._in_flight.discard(comm)
