"""The queue of a session: what runs, what waits, and taking it out."""

from __future__ import annotations

from typing import Literal

import attrs
from lsprotocol.types import Range

from .declaring import Message


@attrs.define
class QueueParams:
    """Whose queue: a document's session's, a session's by its id, or those of all used here."""

    uri: str | None = None
    session_id: str | None = None


@attrs.define
class QueuedExecution:
    """An execution that runs or waits, whoever sent it."""

    execution_id: str
    session_id: str
    position: int
    """0 for what runs, then 1 for the next."""
    status: Literal["running", "waiting"]
    uri: str | None
    client: str
    """The front end that sent it."""
    title: str
    """The first line of its code."""
    range: Range | None
    """Where its text is now, if its document is open here."""
    stale: bool
    """Whether the text in the document has changed since: what runs is what was sent."""
    queued: float
    """When it was sent, in seconds since the epoch."""
    started: float | None
    elapsed: float | None
    """Seconds that it has run, at the time of this message."""


@attrs.define
class QueueList:
    """The executions that run or wait, a session after the other, each in its order."""

    executions: list[QueuedExecution]


@attrs.define
class QueueChanged:
    """A session's queue as it is now."""

    session_id: str
    executions: list[QueuedExecution]


@attrs.define
class CancelParams:
    """What to take out of the queue of a document's session, or of a session by its id."""

    uri: str | None = None
    session_id: str | None = None
    document_only: bool = False
    """Only the cells of the document."""
    interrupt: bool = False
    """Interrupt what runs too."""


@attrs.define
class CancelResult:
    """What was taken out of the queue."""

    execution_ids: list[str]
    """Each ends as ``aborted``."""
    outcome: Literal["interrupted", "idle", "mismatch", "removed_from_queue", "engine_ended"] | None
    """What the interrupt did, if one was wanted."""


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo.server.queue",
        "command",
        QueueParams,
        QueueList,
        "The executions that run or wait, in order. The session keeps them: they outlive server "
        "and editor.",
        errors="The session does not answer.",
    ),
    Message(
        "vivo.server.cancelAll",
        "command",
        CancelParams,
        CancelResult,
        "Take out of the queue all that waits, whoever sent it; what runs goes on unless it is to "
        "be interrupted. One execution is taken out by `vivo.server.interrupt` with its id.",
        errors="The session does not answer.",
    ),
    Message(
        "vivo/queue",
        "notification",
        QueueChanged,
        None,
        "What runs or waits in a session has changed, also by another editor, or a waiting cell's "
        "text was edited.",
    ),
)
