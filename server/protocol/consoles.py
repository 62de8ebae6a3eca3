"""Consoles of editors: buffers in which people type into a session."""

from __future__ import annotations

from typing import Literal

import attrs

from .declaring import Message
from .sessions import SessionInfo


@attrs.define
class OpenConsoleParams:
    """A console on the session of a document, on one by its id, or on a new one."""

    uri: str
    """The document that it is opened from. Another console serves too."""
    session_id: str | None = None
    new: bool = False
    name: str | None = None
    """The name of a new session."""


@attrs.define
class ConsoleInfo:
    """A console that was opened."""

    uri: str
    """The client opens it as a document, whose text is the input that is being typed; it stays good
    for the next server."""
    session: SessionInfo
    next_count: int
    """The number that the next cell gets."""


@attrs.define
class HistoryParams:
    """Which inputs of a session's history are wanted."""

    uri: str
    count: int = 1000
    text: str | None = None
    """Those in which this text stands; each once."""


@attrs.define
class HistoryInputs:
    """Inputs, the oldest first."""

    inputs: list[str]


@attrs.define
class CompletenessParams:
    """An input that is typed into the session of a document or console."""

    uri: str
    text: str


@attrs.define
class CompletenessResult:
    """What the key that ends a line is to do."""

    status: Literal["complete", "incomplete", "invalid"]
    """An ``invalid`` one is run too: its error is told then."""
    indent: str
    """The indentation of the next line."""


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo.server.openConsole",
        "command",
        OpenConsoleParams,
        ConsoleInfo,
        "Open a console, and start its session if that has not begun. Completion, documentation "
        "and all else that is asked about the console's document are the session's own.",
        errors="There is no such session, or the new one does not start.",
    ),
    Message(
        "vivo/history",
        "query",
        HistoryParams,
        HistoryInputs,
        "Inputs of the session and of earlier ones, whoever sent them; none before the session "
        "has begun.",
    ),
    Message(
        "vivo/isComplete",
        "query",
        CompletenessParams,
        CompletenessResult,
        "Whether an input is complete. Answered also while a cell runs.",
    ),
)
