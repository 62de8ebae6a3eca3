"""Comms as an editor that draws widgets is told them, and what its views send.

Rules:

1. Only a client that announced ``experimental.vivo.comms``, in a workspace that the user trusts, is
   told anything; to any other the outputs that a widget captures are its cell's.
2. A session's comms are told from when the client watches it: their states, then what happens.
   Changes of one comm within a moment are told as one, and all of them before the next output.
3. What an ``Output`` widget captures is told as a change of its ``outputs``, and the session is
   told the same, as by Jupyter's front ends; one message at a time, after a moment without news.
4. States that this server has not seen (it came later) are asked of ipywidgets when a client
   watches; a running cell's are read from the journal at once.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import uuid
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...parallel.errors import SessionError
from ...parallel.wire import Message
from ..captured_outputs import CapturedOutputs
from ..comm_link import CommLink
from ..comm_states import WIDGETS, CommStates, states_of
from ..live import LiveSession
from ..protocol import widgets as protocol

if TYPE_CHECKING:
    from .handling import Handler
    from .presenter import Presenter
    from .server import VivoServer

_log = logging.getLogger(__name__)
_CONTROL = "jupyter.widget.control"
_CONTROL_VERSION = {"version": "1.0.0"}
_MOMENT = 0.03
"""Seconds in which changes of a comm are told as one."""
_QUIET = 0.2
"""Seconds without news after which a session is told what its widgets have captured."""
_KINDS = {"comm_open": "open", "comm_msg": "msg", "comm_close": "close"}
_UNTRUSTED = (
    "This workspace is not trusted: its widgets are not drawn. Trust it in the editor to see them."
)


class SessionComms:
    """The comms of one session."""

    def __init__(self, news: CommNews, session: LiveSession) -> None:
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
        """Messages of rule 3, whose echoes say nothing new."""
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
        if event.type == "comm_msg" and (known is None or not known.is_whole):
            return  # its state is told first
        target = str(event.content.get("target_name", ""))
        self.tell(_KINDS[event.type], comm, data, event.buffers, event, target)

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
        """Take an output into the widget that captures it, if there is one (rule 3)."""
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
        event: Message | None = None,
        target: str = "",
    ) -> None:
        """Tell the client, if it watches."""
        if not self.is_watched:
            return
        metadata = {} if event is None else dict(event.metadata)
        metadata.pop("vivo", None)
        self._news.tell(
            protocol.CommEvent(
                session_id=self.id,
                kind=kind,  # type: ignore[arg-type]
                comm_id=comm,
                target=target if kind == "open" else None,
                data=data,
                metadata=metadata,
                buffers=[base64.b64encode(raw).decode("ascii") for raw in buffers],
                parent_id=event.parent_id if event is not None else None,
            )
        )

    def tell_whole(self, comm: str) -> None:
        """Tell a comm's state as its opening."""
        known = self.states.get(comm)
        if known is not None and self.is_watched:
            self.tell("open", comm, known.data, list(known.buffers.values()), None, known.target)
            self._news.pending[-1].metadata = known.metadata

    def gone(self) -> None:
        """The engine has ended."""
        self.states.clear()
        self.captured.clear()
        for timer in self._syncing.values():
            timer.cancel()
        self._syncing.clear()
        self.link = self._asked = None
        if self.is_watched:
            self._news.tell(protocol.CommEvent(self.id, "gone"))
            self._news.flush()

    # --- What is not known -----------------------------------------------------------------

    async def learn(self) -> list[str]:
        """The comms that are open; those that are not known are asked for (rule 4)."""
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
            if event.type in _KINDS:
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


class CommNews:
    """Tells one client of the comms of its sessions."""

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self._sessions: dict[int, tuple[LiveSession, SessionComms]] = {}
        self.pending: list[protocol.CommEvent] = []
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_on(self) -> bool:
        """Whether the client draws widgets (rule 1)."""
        return self._presenter.can.comms and self._presenter.server.settings.trusted

    def of(self, session: LiveSession) -> SessionComms:
        """The comms of a session, and of none that was in its place before."""
        known = self._sessions.get(id(session))
        if known is None or (session.id and known[1].id != session.id):
            known = self._sessions[id(session)] = (session, SessionComms(self, session))
        return known[1]

    def takes(self, session: LiveSession, event: Message) -> bool:
        """Take in an event; whether it is no output of a cell's."""
        if event.type in _KINDS:
            if self.is_on and session.engine is None:
                self.of(session).event(event)
            return True
        if not self.is_on or session.engine is not None:
            return False
        is_captured = not self._is_notebooks(session, event) and self.of(session).captures(event)
        if not is_captured:
            self.flush()
        return is_captured

    def _is_notebooks(self, session: LiveSession, event: Message) -> bool:
        """Whether a notebook shows it, where widgets are text."""
        record = session.runs.get(event.metadata["vivo"].get("run") or "")
        return bool(record and record.uri and self._presenter.server.notebooks.is_cell(record.uri))

    def state_changed(self, session: LiveSession) -> None:
        """A session's engine may have ended."""
        known = self._sessions.get(id(session))
        if known is None:
            return
        comms = known[1]
        if session.state in ("starting", "ended") or session.id != comms.id:
            comms.gone()
            if session.id != comms.id:
                del self._sessions[id(session)]

    def tell(self, event: protocol.CommEvent) -> None:
        """Tell the client, in a moment (rule 2)."""
        last = next((each for each in reversed(self.pending) if _is_of(each, event)), None)
        if last is not None and _is_change(last) and _is_change(event):
            assert last.data is not None
            assert event.data is not None
            event.data = {**event.data, "state": {**last.data["state"], **event.data["state"]}}
            self.pending.remove(last)
        self.pending.append(event)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_MOMENT, self.flush)

    def flush(self) -> None:
        """Tell all that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        pending, self.pending = self.pending, []
        for event in pending:
            self._presenter.server.tell("vivo/comm", event)


def _is_of(one: protocol.CommEvent, other: protocol.CommEvent) -> bool:
    return (one.session_id, one.comm_id) == (other.session_id, other.comm_id)


def _is_change(event: protocol.CommEvent) -> bool:
    """Whether an event is a change by the kernel alone, without anything binary."""
    data = event.data or {}
    is_update = event.kind == "msg" and data.get("method") == "update"
    return is_update and not event.buffers and isinstance(data.get("state"), dict)


async def watch_comms(
    server: VivoServer, params: protocol.WatchCommsParams
) -> protocol.WatchedComms:
    """Tell the comms of a session from now on."""
    comms = _comms_of(server, params.session_id)
    comms.attached()
    comms.is_watched = False  # until all is in one piece: what is told meanwhile is in the states
    found = await comms.learn()
    comms.is_watched = True
    for comm in comms.states.whole():
        comms.tell_whole(comm)
    server.presenter.comms.flush()
    return protocol.WatchedComms(found)


async def send_comm(server: VivoServer, params: protocol.SendCommParams) -> None:
    """Send a message of a view's; returns once it has been handled."""
    comms = _comms_of(server, params.session_id)
    try:
        buffers = [base64.b64decode(each, validate=True) for each in params.buffers]
    except binascii.Error:
        raise SessionError("A buffer of the message is not in base64.") from None
    content: dict[str, Any] = {"comm_id": params.comm_id, "data": params.data}
    if params.kind == "open":
        content["target_name"] = params.target
        comms.states.opened(params.comm_id, params.target, params.data, params.metadata, buffers)
    elif params.kind == "close":
        comms.states.closed(params.comm_id)
    elif comms.states.get(params.comm_id) is not None:
        comms.states.message(params.comm_id, params.data, buffers)
    await comms.attached().send(
        f"comm_{params.kind}",
        content,
        params.message_id,
        metadata=params.metadata,
        buffers=buffers,
    )


def _comms_of(server: VivoServer, session_id: str) -> SessionComms:
    news = server.presenter.comms
    if not server.presenter.can.comms:
        raise SessionError("This client did not say that it draws widgets.")
    if not news.is_on:
        raise SessionError(_UNTRUSTED)
    for session in server.sessions.sessions.values():
        if session.id == session_id and session.client is not None:
            return news.of(session)
    raise SessionError("The session has ended: run the widget's cell again.")


HANDLERS: dict[str, Handler] = {
    "vivo/watchComms": watch_comms,
    "vivo/sendComm": send_comm,
}
