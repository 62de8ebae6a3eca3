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
    post_mortem: bool = False
    """Whether it is for the post-mortem of the session's last error, beside the debugger of what
    runs."""


@attrs.define
class DebugResult:
    """What the session's debugger answers."""

    message: dict[str, Any]
    """The response of the Debug Adapter Protocol, also one that tells of a failure."""
    session_id: str = ""
    """The session that answers: its events bear the id too."""
    events: list[dict[str, Any]] = attrs.field(factory=list)
    """Events that follow the response; those of a post-mortem come so."""


@attrs.define
class DebugEvent:
    """An event of a session's debugger."""

    session_id: str
    message: dict[str, Any]
    """The event of the Debug Adapter Protocol."""
    post_mortem: bool = False
    """Whether it is of the post-mortem, and not of the debugger of what runs."""


@attrs.define
class PostMortemParams:
    """A document, and the execution that failed (the session's last one if null)."""

    uri: str
    execution_id: str | None = None


@attrs.define
class PostMortemReady:
    """An error whose frames are there to be looked at."""

    session_id: str
    execution_id: str | None
    title: str
    """The error's class and message."""


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
        "vivo.server.postMortem",
        "command",
        PostMortemParams,
        PostMortemReady,
        "Whether the frames of a document's session's last error are there to be looked at. Then "
        "`vivo.server.debug` with `postMortem` shows them, as a debugger that stands where the "
        "error was raised: threads (the error, and those before it), stackTrace, scopes, "
        "variables, evaluate, exceptionInfo; `attach` holds the frames, also while other cells "
        "run, `disconnect` lets them go. No debugger is needed in the session's environment.",
        errors="There is no error, or no longer: the next cell lets its frames go.",
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
