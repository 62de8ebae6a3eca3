"""Comms as an editor that draws widgets is told them, and what its views send.

Rules:

1. Only a client that announced ``experimental.vivo.comms``, in a workspace that the user trusts, is
   told anything; to any other the outputs that a widget captures are its cell's.
2. A session's comms are told from when the client watches it: their states, then what happens.
   Changes of one comm within a moment are told as one, and all of them before the next output.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import TYPE_CHECKING, Any

from ...parallel.errors import SessionError
from ...parallel.wire import Message
from ..live import LiveSession
from ..protocol import widgets as protocol
from .session_comms import KINDS, SessionComms

if TYPE_CHECKING:
    from .handling import Handler
    from .presenter import Presenter
    from .server import VivoServer

_MOMENT = 0.03
"""Seconds in which changes of a comm are told as one."""
_UNTRUSTED = (
    "This workspace is not trusted: its widgets are not drawn. Trust it in the editor to see them."
)

_ENGINE = "Widgets of a cluster's engines are not drawn: run the cell in a session to see them."


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
        if event.type in KINDS:
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
        comms.sync()
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
    await comms.caught_up()
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
    for session in server.every_session():
        if session.id == session_id and session.engine is not None:
            raise SessionError(_ENGINE)
        if session.id == session_id and session.client is not None:
            return news.of(session)
    raise SessionError("The session has ended: run the widget's cell again.")


HANDLERS: dict[str, Handler] = {
    "vivo/watchComms": watch_comms,
    "vivo/sendComm": send_comm,
}
