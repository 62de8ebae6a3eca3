"""The sessions of this machine and of hosts that are linked to it, and their state."""

from __future__ import annotations

from typing import Literal

import attrs

from .declaring import Message, NoParams


@attrs.define
class SessionParams:
    """A session, by its id."""

    session_id: str


@attrs.define
class RestartParams:
    """The session to restart: a document's, or one by its id."""

    uri: str | None = None
    session_id: str | None = None


@attrs.define
class RenameParams:
    """A session and its new name."""

    session_id: str
    name: str


@attrs.define
class UseSessionParams:
    """Which session is to serve a document, or every document of its folder."""

    uri: str
    session_id: str | None = None
    """One that runs, on another host as ``ssh://host/ID`` (without an id the only one there);
    without it the choice is forgotten, and the settings decide again."""
    new: bool = False
    """Start another one beside those that run."""
    name: str | None = None
    """The name of a new one."""
    python: str | None = None
    """The interpreter of a new one."""
    on: str | None = None
    """The host where a new one starts, as ``ssh://host``; by default it starts here."""
    scope: Literal["document", "folder"] = "document"


@attrs.define
class SessionInfo:
    """A session of this machine."""

    session_id: str
    name: str
    state: Literal["starting", "idle", "busy", "ended", "stale", "foreign", "away"]
    """``away``: it runs on a host to which the link is lost just now."""
    python: str
    python_version: str
    cwd: str
    workspace: str | None
    created: float
    """Seconds since the epoch."""
    memory: int | None
    """Resident bytes of engine and keeper together, where known."""
    documents: list[str] = attrs.field(factory=list)
    """What it was chosen for, and the documents whose cells ran there last."""
    serves: list[str] = attrs.field(factory=list)
    """The open documents whose next cell it runs."""
    queued: int = 0
    """How many cells wait."""
    people: list[str] = attrs.field(factory=list)
    """Who is there, by the names of their cells; ``vivo/people`` tells more of them."""
    host: str | None = None
    """Where it runs, if that is another host, as ``me@host:22``: its paths are of there."""


@attrs.define
class UseSessionResult:
    """The session that serves now."""

    session: SessionInfo | None
    """Null if it has not begun: the next cell starts it."""


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
    """How many cells wait, whoever sent them."""
    python: str
    python_version: str
    message: str | None
    """A sentence for the user, when there is something to say."""
    name: str = ""
    """What it is called."""
    next_count: int | None = None
    """The number that the next cell gets, if none waits."""


@attrs.define
class PersonHere:
    """Somebody who is in a session: an editor, a console, a page of a browser, a Jupyter client."""

    name: str
    """How their cells are named."""
    kind: Literal["editor", "console", "web", "jupyter"]
    role: Literal["owner", "runner", "viewer"]
    since: float
    """Seconds since the epoch."""
    heard: float | None
    """Of a plain Jupyter client, which does not say when it goes: when it was last heard."""
    own: bool
    """Whether that is this client."""
    running: bool
    """Whether their cell runs, as this is told. ``vivo/queue`` tells each change of that, with the
    name of who sent a cell."""


@attrs.define
class Presence:
    """Who is in a session, in the order in which they came."""

    session_id: str
    people: list[PersonHere]


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo.server.restart",
        "command",
        RestartParams,
        SessionInfo,
        "Start a fresh engine for the document's session, or for one by its id; the history stays.",
        errors="There is no such session, or it does not answer.",
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
    Message(
        "vivo.server.renameSession",
        "command",
        RenameParams,
        SessionInfo,
        "Give a session another name.",
        errors="There is no such session, or the name is empty.",
    ),
    Message(
        "vivo.server.useSession",
        "command",
        UseSessionParams,
        UseSessionResult,
        "Choose the session of a document or its folder: one that runs, a new one, or, with "
        "neither, that of the settings. The choice is kept with the session, for every editor and "
        "the next server; the session before goes on.",
        errors="There is no such session, the new one does not start, or its host cannot be "
        "reached.",
    ),
    Message(
        "vivo/people",
        "query",
        SessionParams,
        Presence,
        "Who is in a session.",
        errors="There is no such session, or it does not answer.",
    ),
    Message(
        "vivo/presence", "notification", Presence, None, "Somebody came to a session, or went."
    ),
    Message("vivo/status", "notification", Status, None, "A session's state changed."),
)
