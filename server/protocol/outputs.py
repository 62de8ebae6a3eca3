"""What cells show and ask, and how they end."""

from __future__ import annotations

from typing import Any, Literal

import attrs
from lsprotocol.types import Range

from .declaring import DocumentParams, Message, MimeBundle


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
    engine: int | None = None
    """The number of the engine, for a cell that was sent to a cluster; ``session_id`` is its."""


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


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo.server.clear",
        "command",
        DocumentParams,
        None,
        "Forget the shown values of the document.",
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
