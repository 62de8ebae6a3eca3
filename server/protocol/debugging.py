"""Debugging a session's cells, by an editor's own debugger or at a prompt."""

from __future__ import annotations

from typing import Any, Literal

import attrs
from lsprotocol.types import Range

from .declaring import Message
from .running import CellParams, FileParams


@attrs.define
class DebugParams:
    """A request of the Debug Adapter Protocol for the session of a document."""

    uri: str
    message: dict[str, Any]
    """The request: ``{type, seq, command, arguments}``."""


@attrs.define
class DebugResult:
    """What the session's debugger answers."""

    message: dict[str, Any]
    """The response of the Debug Adapter Protocol, also one that tells of a failure."""


@attrs.define
class DebugEvent:
    """An event of a session's debugger."""

    session_id: str
    message: dict[str, Any]
    """The event of the Debug Adapter Protocol."""


@attrs.define
class DebugStarted:
    """What runs under the debugger now, or waits for its turn."""

    execution_id: str
    range: Range | None
    by: Literal["adapter", "input"]
    """``adapter``: the debugger that the editor has attached stops at the first line. ``input``:
    pdb stops there, and asks by ``vivo/input``."""


_ERRORS = (
    "No debugger is attached and the client has not announced experimental.vivo.input; the session "
    "does not start."
)

MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo.server.debug",
        "command",
        DebugParams,
        DebugResult,
        "Give the debugger of the document's session a request, as an editor's debug adapter does: "
        "initialize, attach, setBreakpoints and so on. Breakpoints are those of the real file. "
        "Jupyter's own requests (debugInfo, dumpCell, inspectVariables) are answered too. After "
        "the first one its events come as `vivo/debugEvent`, until the answer to `disconnect`.",
        errors="The session does not start, or does not answer.",
    ),
    Message(
        "vivo.server.debugCell",
        "command",
        CellParams,
        DebugStarted,
        "Run the cell at the position under the debugger, which stops at its first statement.",
        errors=_ERRORS,
    ),
    Message(
        "vivo.server.debugFile",
        "command",
        FileParams,
        DebugStarted,
        "Run the document's file with %run under the debugger, which stops at its first statement.",
        errors=_ERRORS,
    ),
    Message(
        "vivo/debugEvent",
        "notification",
        DebugEvent,
        None,
        "The session's debugger tells something: what stopped, what goes on.",
    ),
)
