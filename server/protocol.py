"""Every message between editor and server that LSP has no word for, declared once.

``docs/protocol.md`` and the TypeScript types of the VS Code extension are generated
from these declarations (``python -m vivo.server.generate``), and a test fails when they
differ. On the wire a field's name is camelCase.

Rules:

1. A command that runs code answers at once, with an execution id. The end of the
   execution is the notification ``vivo/executionFinished``.
2. A client that does not know a notification loses nothing that LSP itself can show.
3. Positions and ranges are LSP's own, in the negotiated encoding.
"""

from __future__ import annotations

from typing import Any, Literal

import attrs
from lsprotocol.types import Position, Range

MimeBundle = dict[str, Any]


# --- Commands: workspace/executeCommand with one object as the only argument ----------------


@attrs.define
class CellParams:
    """A cell: the one at a position of a document."""

    uri: str
    position: Position


@attrs.define
class SelectionParams:
    """A selected range of a document."""

    uri: str
    range: Range


@attrs.define
class FileParams:
    """A whole document, run as a program with ``%run``."""

    uri: str
    arguments: list[str] = attrs.field(factory=list)


@attrs.define
class TextParams:
    """Text typed beside a document, for instance in an inferior buffer."""

    uri: str
    text: str


@attrs.define
class DocumentParams:
    """A document."""

    uri: str


@attrs.define
class InterruptParams:
    """The session of a document, and the execution to interrupt (the running one if null)."""

    uri: str
    execution_id: str | None = None
    force: bool = False
    """End the Python process if the execution does not end: its variables are lost. Whoever
    interrupts without it a third time is asked, by ``window/showMessageRequest``."""


@attrs.define
class NoParams:
    """Nothing."""


@attrs.define
class SessionParams:
    """A session, by its id."""

    session_id: str


@attrs.define
class RunStarted:
    """What runs now, or waits for its turn."""

    execution_id: str
    """The execution; the last one where several were queued."""
    execution_ids: list[str]
    """All that were queued by the command, in order."""
    range: Range | None
    """The text that runs, in the document as it was sent."""
    next: Position | None
    """Where the next cell starts, for clients that advance; null after the last."""


@attrs.define
class InterruptResult:
    """What an interrupt did."""

    outcome: Literal["interrupted", "idle", "mismatch", "removed_from_queue", "engine_ended"]


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


# --- Notifications and requests from the server -------------------------------------------


@attrs.define
class ExecutionStarted:
    """A cell began to run, whoever sent it."""

    execution_id: str
    session_id: str
    uri: str | None
    range: Range | None
    code: str
    execution_count: int | None


@attrs.define
class Output:
    """One output of a cell, in order."""

    execution_id: str
    session_id: str
    uri: str | None
    sequence: int
    """The session's event number: contiguous, the same for every client."""
    kind: Literal["stream", "display", "update", "clear", "result", "error", "page"]
    name: str | None = None
    """``stdout`` or ``stderr``, for a stream."""
    text: str | None = None
    """The text of a stream."""
    data: MimeBundle | None = None
    """The MIME bundle of a display, update, result or page; binary types in base64."""
    metadata: dict[str, Any] | None = None
    display_id: str | None = None
    execution_count: int | None = None
    wait: bool | None = None
    """For ``clear``: clear when the next output comes."""
    error: ExecutionError | None = None


@attrs.define
class ErrorFrame:
    """A frame of a traceback, outermost first."""

    path: str
    line: int
    """0-based, as LSP counts."""
    function: str
    source: str | None


@attrs.define
class ExecutionError:
    """Why a cell failed."""

    name: str
    message: str
    traceback: list[str]
    """The rendered traceback, with ANSI colours."""
    frames: list[ErrorFrame]


@attrs.define
class ExecutionFinished:
    """A cell's end."""

    execution_id: str
    session_id: str
    uri: str | None
    status: Literal["ok", "error", "aborted"]
    execution_count: int | None
    value: MimeBundle | None
    error: ExecutionError | None
    range: Range | None
    """Where the cell is now."""
    duration: float
    """Seconds."""


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


@attrs.define
class InputParams:
    """A cell asks for a line of input."""

    execution_id: str
    uri: str | None
    prompt: str
    password: bool


@attrs.define
class InputResult:
    """The line; null when the user refused, which the cell sees as end of file."""

    value: str | None


@attrs.define
class Message:
    """A declaration: what a message is called, who sends it, and what it carries."""

    name: str
    kind: Literal["command", "notification", "request"]
    params: type
    result: type | None
    doc: str
    errors: str = ""


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo.server.runCell",
        "command",
        CellParams,
        RunStarted,
        "Run the cell at the position, or the statement under it in a file without cell marks.",
    ),
    Message(
        "vivo.server.runAbove",
        "command",
        CellParams,
        RunStarted,
        "Run every cell above the one at the position.",
    ),
    Message(
        "vivo.server.runAll",
        "command",
        DocumentParams,
        RunStarted,
        "Run every cell of the document.",
    ),
    Message(
        "vivo.server.runSelection",
        "command",
        SelectionParams,
        RunStarted,
        "Run the text of the range; indentation common to its lines is taken off.",
    ),
    Message(
        "vivo.server.runFile",
        "command",
        FileParams,
        RunStarted,
        "Run the document as a program with %run; its results update the session.",
    ),
    Message(
        "vivo.server.runText",
        "command",
        TextParams,
        RunStarted,
        "Run text that stands in no document, in the session of the document.",
    ),
    Message(
        "vivo.server.interrupt",
        "command",
        InterruptParams,
        InterruptResult,
        "Interrupt what runs, or take a waiting execution out of the queue.",
    ),
    Message(
        "vivo.server.restart",
        "command",
        DocumentParams,
        SessionInfo,
        "Start a fresh engine for the document's session; the history stays.",
    ),
    Message(
        "vivo.server.clear",
        "command",
        DocumentParams,
        None,
        "Forget the shown values of the document.",
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
        "vivo/executionStarted", "notification", ExecutionStarted, None, "A cell began to run."
    ),
    Message("vivo/output", "notification", Output, None, "A cell printed, displayed, or failed."),
    Message("vivo/executionFinished", "notification", ExecutionFinished, None, "A cell ended."),
    Message("vivo/status", "notification", Status, None, "A session's state changed."),
    Message(
        "vivo/input",
        "request",
        InputParams,
        InputResult,
        "Asked of the client that ran the cell, if it announced experimental.vivo.input.",
    ),
)
