"""What a visitor of a role may send, and what becomes of it. Pure.

Rules:

1. What is not named here is refused: a message that is new in the protocol is the owner's alone.
2. A viewer changes nothing: what they may ask runs no code and starts nothing.
3. Who came by a share reaches its session and no other, whatever id or document they name.
   (The server behind it is confined too: ``SessionManager.confined_to``.)
4. Who somebody is they do not say themselves: their name is their grant's.
5. Who runs cells ends their own, not the owner's.
6. A refusal is one sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..consoles import console_of
from .grants import Grant

_ALWAYS = frozenset({"initialize", "initialized", "shutdown", "exit", "$/cancelRequest"})
_VIEWER = frozenset({"vivo/variables", "vivo/table", "vivo/inspect", "vivo/blob", "vivo/people"})
_RUNNER = _VIEWER | {
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didClose",
    "textDocument/completion",
    "completionItem/resolve",
    "textDocument/hover",
    "textDocument/signatureHelp",
    "vivo/history",
    "vivo/isComplete",
}
_VIEWER_COMMANDS = frozenset({"vivo.server.openConsole", "vivo.server.queue"})
_RUNNER_COMMANDS = _VIEWER_COMMANDS | {"vivo.server.runText", "vivo.server.interrupt"}
_METHODS = {"viewer": _VIEWER, "runner": _RUNNER}
_COMMANDS = {"viewer": _VIEWER_COMMANDS, "runner": _RUNNER_COMMANDS}
_ANNOUNCED = {"viewer": ("blobs",), "runner": ("blobs", "input")}
_SENTENCES = {
    "viewer": "You came to look at one session: {what} is not for viewers.",
    "runner": "You came to run cells in one session: {what} is its owner's alone.",
}


@dataclass(frozen=True)
class Permitted:
    """A message as it may go on; or why not, and the request that this answers."""

    message: dict[str, Any] | None = None
    refusal: str | None = None
    answers: Any = None


class Gate:
    """Judges one visitor's messages.

    ``folder``: where the web server was started, which is the owner's workspace. ``is_own``:
    whether a run is this visitor's.
    """

    def __init__(self, grant: Grant, folder: str, is_own: Callable[[str], bool]) -> None:
        self._grant, self._folder, self._is_own = grant, folder, is_own

    @property
    def name(self) -> str:
        """What the visitor's cells are named by."""
        return f"{self._grant.name} (web)" if self._grant.name else "web"

    def judge(self, data: Any) -> Permitted:
        """A message, as it may go on."""
        if not isinstance(data, dict):
            return Permitted(refusal="A message has to be an object.")
        told = data.get("method")
        method = told if isinstance(told, str) else None
        if method == "initialize":
            return Permitted({**data, "params": self._introduced(data.get("params"))})
        is_answer = "method" not in data and ("result" in data or "error" in data)
        if self._grant.role == "owner" or is_answer or method in _ALWAYS:
            return Permitted(data)
        what = method or "a message without a method"
        params = data.get("params")
        if method == "workspace/executeCommand":
            what, params = _command(params)
            is_named = what in _COMMANDS[self._grant.role]
        else:
            is_named = what in _METHODS[self._grant.role]
        if is_named and self._stays(what, params):
            return Permitted(data)
        sentence = _SENTENCES[self._grant.role].format(what=what[:100])
        return Permitted(refusal=sentence, answers=data.get("id"))

    def _introduced(self, params: Any) -> dict[str, Any]:
        """Rule 4; and no folder, setting or ability that the role has not."""
        told = dict(params) if isinstance(params, dict) else {}
        options, capabilities = told.get("initializationOptions"), told.get("capabilities")
        seen = options.get("seen") if isinstance(options, dict) else None
        folder = Path(self._folder)
        told["clientInfo"] = {"name": self.name}
        told["initializationOptions"] = {"seen": seen if isinstance(seen, dict) else {}}
        told["processId"] = told["rootPath"] = told["rootUri"] = told["workspaceFolders"] = None
        if self._grant.role == "owner":
            told["workspaceFolders"] = [{"uri": folder.as_uri(), "name": folder.name}]
            return told
        wanted = capabilities.get("experimental") if isinstance(capabilities, dict) else None
        ours = wanted.get("vivo") if isinstance(wanted, dict) else None
        allowed = _ANNOUNCED[self._grant.role]
        kept = {name: bool(ours.get(name)) for name in allowed} if isinstance(ours, dict) else {}
        told["capabilities"] = {"experimental": {"vivo": kept}}
        return told

    def _stays(self, what: str, params: Any) -> bool:
        """Rules 3 and 5."""
        if not isinstance(params, dict):
            return False
        session = params.get("sessionId")
        if session is not None and session != self._grant.session:
            return False
        if what == "vivo.server.openConsole":
            return session is not None and not params.get("new")
        if what == "vivo.server.interrupt":
            run = params.get("executionId")
            return isinstance(run, str) and not params.get("force") and self._is_own(run)
        if what == "completionItem/resolve":
            return True
        document = params.get("textDocument")
        uri = document.get("uri") if isinstance(document, dict) else params.get("uri")
        if uri is None:
            return session is not None
        console = console_of(uri) if isinstance(uri, str) else None
        return console is not None and console.session == self._grant.session


def _command(params: Any) -> tuple[str, Any]:
    """The name of a command, and its one argument."""
    if not isinstance(params, dict):
        return "a command without a name", None
    name, arguments = params.get("command"), params.get("arguments")
    argument = arguments[0] if isinstance(arguments, list) and len(arguments) == 1 else None
    return (name if isinstance(name, str) else "a command without a name"), argument
