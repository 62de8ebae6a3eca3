"""The sessions of this machine, and their state."""

from __future__ import annotations

from typing import Literal

import attrs

from .declaring import DocumentParams, Message, NoParams


@attrs.define
class SessionParams:
    """A session, by its id."""

    session_id: str


@attrs.define
class SessionInfo:
    """A session of this machine."""

    session_id: str
    name: str
    state: Literal["starting", "idle", "busy", "ended", "stale", "foreign"]
    python: str
    python_version: str
    cwd: str
    workspace: str | None
    created: float
    """Seconds since the epoch."""
    memory: int | None
    """Resident bytes of engine and keeper together, where known."""


@attrs.define
class SessionList:
    """The sessions of this machine."""

    sessions: list[SessionInfo]


@attrs.define
class Status:
    """The state of a session, whenever it changes."""

    session_id: str
    state: Literal["starting", "idle", "busy", "ended"]
    uri: str | None
    """A document that the session serves, if any does."""
    execution_id: str | None
    """What runs now."""
    queued: int
    """How many cells wait."""
    python: str
    python_version: str
    message: str | None
    """A sentence for the user, when there is something to say."""


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo.server.restart",
        "command",
        DocumentParams,
        SessionInfo,
        "Start a fresh engine for the document's session; the history stays.",
    ),
    Message(
        "vivo.server.sessions",
        "command",
        NoParams,
        SessionList,
        "List the sessions of this machine.",
    ),
    Message(
        "vivo.server.endSession", "command", SessionParams, None, "End a session and its processes."
    ),
    Message("vivo/status", "notification", Status, None, "A session's state changed."),
)
