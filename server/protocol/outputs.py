"""What cells show and ask, and how they end."""

from __future__ import annotations

from typing import Any, Literal

import attrs
from lsprotocol.types import Position, Range

from .declaring import Message, MimeBundle


@attrs.define
class ExecutionStarted:
    """A cell began to run, whoever sent it."""

    execution_id: str
    session_id: str
    uri: str | None
    range: Range | None
    code: str
    """The text that runs: as it was sent."""
    execution_count: int | None
    stale: bool = False
    """Whether the document's text has changed since it was sent."""
    replayed: bool = False
    """Whether it began before this server came to the session."""
    client: str = ""
    """Who sent it, by its own name."""
    own: bool = False
    """Whether this client sent it; of what began before this server came, by the name."""


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
    """The MIME bundle of a display, update, result or page; binary types in base64, or as
    ``{"blob": id, "size": bytes}`` where the client announced ``experimental.vivo.blobs``."""
    metadata: dict[str, Any] | None = None
    display_id: str | None = None
    execution_count: int | None = None
    wait: bool | None = None
    """For ``clear``: clear when the next output comes."""
    error: ExecutionError | None = None
    engine: int | None = None
    """The number of the engine, for a cell that was sent to a cluster; ``session_id`` is its."""


@attrs.define
class FrameValue:
    """A variable of a frame, as it was when the error was raised."""

    name: str
    text: str
    """The value on one line, bounded; what looks like a secret is hidden."""


@attrs.define
class ErrorFrame:
    """A frame of a traceback, outermost first."""

    path: str
    line: int
    """0-based, as LSP counts."""
    function: str
    source: str | None
    values: list[FrameValue] = attrs.field(factory=list)
    """The variables that its line speaks of."""


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
class InputParams:
    """A cell asks for a line of input."""

    execution_id: str
    uri: str | None
    prompt: str
    password: bool
    session_id: str = ""


@attrs.define
class InputResult:
    """The line; null when the user refused, which the cell sees as end of file."""

    value: str | None


@attrs.define
class ClearParams:
    """A document, or the result at a position of it."""

    uri: str
    position: Position | None = None
    """Clear this result alone; all of the document's if null."""


@attrs.define
class ValueParams:
    """The value at a position: of the statement there, else the last one of its cell."""

    uri: str
    position: Position


@attrs.define
class PinParams:
    """The value at a position, and whether it is to stay."""

    uri: str
    position: Position
    pinned: bool = True


@attrs.define
class CopiedText:
    """A text for the clipboard."""

    text: str


@attrs.define
class TracebackParams:
    """The error at a position, or that of an execution."""

    uri: str
    position: Position | None = None
    execution_id: str | None = None


@attrs.define
class OpenParams:
    """A place to open."""

    uri: str
    range: Range


@attrs.define
class BlobParams:
    """Data that an output refers to: ``{"blob": id, "size": bytes}`` in its ``data``."""

    id: str
    """The SHA-256 of the data, in hexadecimal."""
    session_id: str | None = None
    """Where the output came from, and its number: so that another server finds it again."""
    sequence: int | None = None


@attrs.define
class Blob:
    """The data."""

    id: str
    data: str
    """In base64."""
    size: int
    """Bytes."""


@attrs.define
class ExecutionOfCellParams:
    """A place in a document."""

    uri: str
    position: Position


@attrs.define
class ExecutionOfCell:
    """The last execution of the cell at a place."""

    execution_id: str | None
    """Null: the cell has not run, as far as is known."""


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo/executionOfCell",
        "query",
        ExecutionOfCellParams,
        ExecutionOfCell,
        "The last execution of the cell at a place, also where the text has been edited since: "
        "what it showed is known by its id.",
    ),
    Message(
        "vivo.server.clear",
        "command",
        ClearParams,
        None,
        "Forget the shown values of the document, or of one cell. What is pinned stays.",
    ),
    Message(
        "vivo.server.pinValue",
        "command",
        PinParams,
        None,
        "Let a value stay when its cell is run again, edited or cleared; or let it go.",
        errors="There is no value there.",
    ),
    Message(
        "vivo.server.copyValue",
        "command",
        ValueParams,
        CopiedText,
        "The whole text of a value, which the client puts on the clipboard.",
        errors="There is no value there.",
    ),
    Message(
        "vivo.server.copyTraceback",
        "command",
        TracebackParams,
        CopiedText,
        "The traceback of an error as plain text, which the client puts on the clipboard.",
        errors="There is no error there.",
    ),
    Message(
        "vivo.server.openFrame",
        "command",
        OpenParams,
        None,
        "Open the place of a frame, by window/showDocument.",
        errors="The client cannot be asked to.",
    ),
    Message(
        "vivo/blob",
        "query",
        BlobParams,
        Blob,
        "Data that an output refers to. A client that announced experimental.vivo.blobs is told "
        "pictures and other large data by reference, and fetches each once.",
        errors="There is no such data, or no longer.",
    ),
    Message(
        "vivo/executionStarted", "notification", ExecutionStarted, None, "A cell began to run."
    ),
    Message("vivo/output", "notification", Output, None, "A cell printed, displayed, or failed."),
    Message("vivo/executionFinished", "notification", ExecutionFinished, None, "A cell ended."),
    Message(
        "vivo/input",
        "request",
        InputParams,
        InputResult,
        "Asked of the client that ran the cell, if it announced experimental.vivo.input.",
    ),
)
