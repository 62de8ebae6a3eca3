"""Widgets: the comms between objects of a session and what an editor draws of them."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from .declaring import Message


@attrs.define
class CommEvent:
    """Something happened to a comm, the channel between an object of a session and its views."""

    session_id: str
    kind: Literal["open", "msg", "close", "gone"]
    """``open`` has all of a widget's state, also of one that is open already. ``gone``: all comms
    of the session are, since its engine has ended."""
    comm_id: str = ""
    target: str | None = None
    """Of ``open``: what the comm is for; ``jupyter.widget`` for a widget."""
    data: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    buffers: list[str] = attrs.field(factory=list)
    """In base64. Widgets say in ``data.buffer_paths`` where in ``data.state`` they belong."""
    parent_id: str | None = None
    """The message that it answers: one of ``vivo/sendComm``, by its id, or a run."""


@attrs.define
class WatchCommsParams:
    """The session whose comms an editor draws from now on."""

    session_id: str


@attrs.define
class WatchedComms:
    """The comms that are open. Those not told yet come as ``open`` when the session is free."""

    comm_ids: list[str]


@attrs.define
class SendCommParams:
    """A message of a view to its object."""

    session_id: str
    comm_id: str
    message_id: str
    """The client's own, which nothing else has: events that it causes name it."""
    kind: Literal["open", "msg", "close"] = "msg"
    target: str = ""
    """Of ``open``."""
    data: dict[str, Any] = attrs.field(factory=dict)
    metadata: dict[str, Any] = attrs.field(factory=dict)
    buffers: list[str] = attrs.field(factory=list)
    """In base64."""


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo/watchComms",
        "query",
        WatchCommsParams,
        WatchedComms,
        "Be told of a session's comms from now on; first of those that are open, with their state. "
        "For clients that announced experimental.vivo.comms, when they show the first widget. "
        "From its start such a client is not told as ``vivo/output`` what an ``Output`` widget "
        "captures: that is in the widget's ``outputs``, which the server keeps.",
        errors="The workspace is not trusted; the client announced nothing; no such session.",
    ),
    Message(
        "vivo/sendComm",
        "query",
        SendCommParams,
        None,
        "Send a comm's message to the session. Answered once it has been handled, which waits for "
        "a cell that runs: until then a view holds back its next change.",
        errors="As for ``vivo/watchComms``; the message was lost with the session's process.",
    ),
    Message(
        "vivo/comm",
        "notification",
        CommEvent,
        None,
        "A comm of a session that the client watches was opened, said something or was closed. "
        "Changes that follow each other at once are told as one.",
    ),
)
