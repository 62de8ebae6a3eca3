"""One session's comms for one client: their states, what widgets capture, what is not known yet.

Rules:

1. What an ``Output`` widget captures is told as a change of its ``outputs``, and the session is
   told the same, as by Jupyter's front ends: between cells, after a moment without news.
2. States that this server has not seen (it came later) are asked of ipywidgets when a client
   watches; a running cell's are read from the journal at once.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid
from collections.abc import Sequence
from typing import Any, Protocol

import attrs

from ...parallel.errors import SessionError
from ...parallel.wire import Message
from ..captured_outputs import CapturedOutputs, joined
from ..comm_link import CommLink
from ..comm_states import WIDGETS, CommStates, states_of
from ..live import LiveSession
from ..protocol.widgets import CommEvent

_log = logging.getLogger(__name__)
_CONTROL = "jupyter.widget.control"
_CONTROL_VERSION = {"version": "1.0.0"}
_QUIET = 0.2
"""Seconds without news after which a session is told what its widgets have captured."""
_REPLAY = 30.0
KINDS = {"comm_open": "open", "comm_msg": "msg", "comm_close": "close"}


class Teller(Protocol):
    """Who tells the client."""

    def tell(self, event: CommEvent) -> None:
        """Tell it, in a moment."""

    def flush(self) -> None:
        """Tell all that waits."""


@attrs.define
class Taken:
    """What a widget has captured, of which it is not known what it had before."""

    outputs: list[dict[str, Any]] = attrs.field(factory=list)
    is_all: bool = False
    """Whether what it had before was cleared."""


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
        self._due: set[str] = set()
        """Widgets of whose captured outputs the session is not told yet."""
        self._timer: asyncio.TimerHandle | None = None
        self._is_sending = False
        self._last = 0
        self._taken: dict[str, Taken] = {}
        """By widget that is known partly: what it has captured since."""

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
        if data.get("method") == "echo_update" and self._keeps_outputs(comm):
            data["state"].pop("outputs", None)  # as some server knew them when it sent them
        self.fold(event)
        while self.states.forgotten:
            self.tell("close", self.states.forgotten.pop(0), {})
        known = self.states.get(comm)
        if event.type == "comm_open":
            self.tell_whole(comm)
        elif event.type == "comm_close" or (known is not None and known.is_whole):
            self.tell(KINDS[event.type], comm, data, event.buffers, parent=event.parent_id)

    def _keeps_outputs(self, comm: str) -> bool:
        """Whether this is a widget whose outputs are known here."""
        known = self.states.get(comm)
        return known is not None and known.is_whole and "msg_id" in known.state

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
        state = data.get("state")
        if isinstance(state, dict) and "msg_id" in state:
            self.captured.named(comm, state["msg_id"])
        if isinstance(state, dict) and "outputs" in state:
            self._taken.pop(comm, None)

    def captures(self, event: Message) -> bool:
        """Take an output into the widget that captures it, if there is one (rule 1)."""
        comm = self.captured.captor_of(event.type, event.parent_id)
        known = self.states.get(comm) if comm is not None else None
        if comm is None or known is None:
            return False
        if not known.is_whole:
            taken = self._taken.setdefault(comm, Taken())
            taken.outputs = self.captured.taken(comm, taken.outputs, event.type, event.content)
            taken.is_all = taken.is_all or event.type == "clear_output"
        else:
            before = known.state.get("outputs") or []
            outputs = self.captured.taken(comm, list(before), event.type, event.content)
            known.state["outputs"] = outputs
            self.states.measure(comm)
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
        self._taken.clear()
        self._due.clear()
        self.link = self._asked = None
        if self.is_watched:
            self._news.tell(CommEvent(self.id, "gone"))
            self._news.flush()

    # --- What is not known -----------------------------------------------------------------

    async def caught_up(self) -> None:
        """Wait until what the session did before this server came has been taken in."""
        try:
            await asyncio.wait_for(self._session.caught_up.wait(), _REPLAY)
        except asyncio.TimeoutError:
            raise SessionError("The session does not tell what it did. Try again.") from None

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
                if (taken := self._taken.pop(comm, None)) is not None:
                    # The session was not told of it: it has what there was before.
                    before = [] if taken.is_all else opening["state"].get("outputs") or []
                    opening["state"]["outputs"] = joined([*before, *taken.outputs])
                    self._sync_soon(comm)
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
        for comm in unknown:
            known = read.states.get(comm)
            if known is None:
                continue
            if known.is_whole:
                self.states.opened(
                    comm, known.target, known.data, known.metadata, list(known.buffers.values())
                )
                self.tell_whole(comm)
            else:
                self.states.message(comm, {"method": "update", "state": known.state})
                if comm in read._taken:
                    self._taken[comm] = read._taken[comm]
            self.captured.named(comm, known.state.get("msg_id"))

    # --- What is captured ------------------------------------------------------------------

    def _sync_soon(self, comm: str) -> None:
        self._due.add(comm)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_QUIET, self.sync)

    def sync(self) -> None:
        """Tell the session what its widgets have captured; while a cell runs, at its end."""
        if self._due and not self._is_sending and self._session.running is None:
            self._is_sending = True
            self._session.in_background(self._send_captured())

    async def _send_captured(self) -> None:
        try:
            while self._due and self._session.running is None:
                comm = self._due.pop()
                if (known := self.states.get(comm)) is not None:
                    state = {"outputs": known.state.get("outputs") or []}
                    data = {"method": "update", "state": state, "buffer_paths": []}
                    content = {"comm_id": comm, "data": data}
                    await self.attached().send("comm_msg", content, uuid.uuid4().hex)
        except SessionError as error:
            _log.info("The outputs of a widget of %s were not sent: %s", self.id, error)
        finally:
            self._is_sending = False
