"""Running code: the commands, and what they answer at once."""

from __future__ import annotations

from typing import Literal

import attrs
from lsprotocol.types import Position, Range

from .declaring import DocumentParams, Message


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
    execution_id: str | None = None
    """The execution's id, for a client that wants to know it before it is told of: 32 hexadecimal
    digits by chance."""


@attrs.define
class InterruptParams:
    """The session of a document, or one by its id; the execution (the running one if null)."""

    uri: str | None = None
    execution_id: str | None = None
    force: bool = False
    """End the Python process if the execution does not end: its variables are lost. Whoever
    interrupts without it a third time is asked, by ``window/showMessageRequest``."""
    session_id: str | None = None


@attrs.define
class CellsParams:
    """Cells of a notebook, each by its document."""

    uris: list[str]


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


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo.server.runCell",
        "command",
        CellParams,
        RunStarted,
        "Run the cell at the position, or the statement under it in a file without cell marks.",
    ),
    Message(
        "vivo.server.runCells",
        "command",
        CellsParams,
        RunStarted,
        "Run cells of a notebook, in this order; those that hold no code are passed over. One that "
        "fails takes those behind it out of the queue, unless the settings say otherwise.",
    ),
    Message(
        "vivo.server.runAbove",
        "command",
        CellParams,
        RunStarted,
        "Run every cell above the one at the position.",
    ),
    Message(
        "vivo.server.runBelow",
        "command",
        CellParams,
        RunStarted,
        "Run the cell at the position and every cell below it.",
    ),
    Message(
        "vivo.server.runToHere",
        "command",
        CellParams,
        RunStarted,
        "Run every cell above the one at the position, and it.",
    ),
    Message(
        "vivo.server.restartAndRunToHere",
        "command",
        CellParams,
        RunStarted,
        "Start a fresh engine, and run there every cell above the one at the position, and it.",
    ),
    Message(
        "vivo.server.restartAndRunAll",
        "command",
        DocumentParams,
        RunStarted,
        "Start a fresh engine, and run every cell of the document there.",
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
        "Run the text of the range: whole lines dedented; parts of lines as they are if that is "
        "Python, else their whole lines; for an empty range the top-level statement there.",
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
)
