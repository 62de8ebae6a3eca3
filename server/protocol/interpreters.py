"""Which Python runs a document's cells."""

from __future__ import annotations

from typing import Literal

import attrs

from .declaring import Message
from .running import RunStarted
from .sessions import SessionInfo


@attrs.define
class InterpretersParams:
    """A document, or the workspace if null."""

    uri: str | None = None


@attrs.define
class InterpreterInfo:
    """An interpreter that was found by looking at files; nothing was run."""

    path: str
    kind: Literal[
        "venv", "activated", "conda", "pyenv", "poetry", "uv", "hatch", "path", "setting", "vivo"
    ]
    name: str
    version: str | None
    """As its environment's own files say it; null where they say nothing."""
    chosen: bool
    """Whether a new session of the document would run it."""
    in_workspace: bool
    """Whether it belongs to the workspace: in one that is not trusted only the user's word chooses
    it."""


@attrs.define
class InterpreterList:
    """The interpreters for a document, those nearest to it first."""

    interpreters: list[InterpreterInfo]
    trusted: bool


@attrs.define
class UseInterpreterParams:
    """The interpreter that a document's cells are to run in."""

    uri: str
    python: str
    """A path, an environment's folder, a name on the PATH, or a version as ``3.12``."""
    scope: Literal["document", "folder"] = "folder"


@attrs.define
class InstallParams:
    """A package for the environment of a document's session."""

    uri: str
    package: str
    """One that is widely known, as the code action of an error names it."""


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo.server.interpreters",
        "command",
        InterpretersParams,
        InterpreterList,
        "The interpreters for a document: of its project, of the user, on the PATH. None is run.",
    ),
    Message(
        "vivo.server.useInterpreter",
        "command",
        UseInterpreterParams,
        SessionInfo,
        "Start a session with an interpreter for a document or its folder, or use the one that was "
        "chosen for it and runs that interpreter already; the session before goes on. It is the "
        "user's word, also where the workspace is not trusted.",
        errors="The interpreter cannot serve a session.",
    ),
    Message(
        "vivo.server.chooseInterpreter",
        "command",
        InterpretersParams,
        SessionInfo,
        "Ask the user, by window/showMessageRequest, for another interpreter, and use it for the "
        "document's folder. Null if none was chosen.",
        errors="There is no other one; it cannot serve a session.",
    ),
    Message(
        "vivo.server.installPackage",
        "command",
        InstallParams,
        RunStarted,
        "Install a package into the environment of the document's session, by pip: a run whose "
        "output is shown, and at whose end the user is told how it went.",
        errors="The workspace is not trusted; the package is not widely known.",
    ),
)
