"""Debugging cells: an editor's debug adapter, relayed to the session's debugger; else pdb by input.

Rules:

1. The session debugs, not the server: breakpoints and stops outlive a server that dies, and whoever
   comes next may ask (``debugInfo``), go on or disconnect.
2. A stop at the first statement is a breakpoint of ours beside those of the client. It is taken out
   at the first stop or at the run's end, and the client's own are what they were.
3. Events go to a client that has asked something of that session's debugger, and to no other.
"""

from __future__ import annotations

import ast
import asyncio
import logging
import shlex
from typing import TYPE_CHECKING, Any

from ...parallel.errors import SessionError
from ...parallel.messages import RunOrigin
from ..cells import Snippet
from ..live import LiveSession
from ..protocol.debugging import (
    DebugEvent,
    DebugParams,
    DebugResult,
    DebugStarted,
    PostMortemParams,
    PostMortemReady,
)
from ..protocol.running import CellParams, FileParams
from ..sessions import path_of
from ..source_files import read_source
from .debugged_sources import DebuggedSources
from .post_mortems import PostMortems
from .running import cell_to_run, name_of, saved_file, send

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer

_log = logging.getLogger(__name__)
_NOBODY = (
    "This editor has attached no debugger and cannot answer a prompt: attach one by "
    "vivo.server.debug, or announce experimental.vivo.input to debug with pdb."
)


class Debugging:
    """The debuggers of sessions that the client uses."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self._used: dict[str, int] = {}
        """The sessions whose debugger the client uses; which engine of theirs it is."""
        self.sources = DebuggedSources(server)
        self.post_mortems = PostMortems(server, self.sources)
        self._breakpoints: dict[tuple[str, str], dict[str, Any]] = {}
        """By session and path, the arguments of the client's own ``setBreakpoints``."""
        self._first_stops: dict[str, list[str]] = {}
        """By session, the paths with a breakpoint of ours."""
        self._sequence = 0

    async def relay(self, session: LiveSession, request: dict[str, Any]) -> dict[str, Any]:
        """Give the session's debugger a request of the client's; its response."""
        client = await session.ready()
        request = self.sources.to_session(request)
        command, arguments = request.get("command"), request.get("arguments")
        self._used.setdefault(session.id, session.engine_starts)
        response = await client.debug(request)
        if command == "setBreakpoints" and isinstance(arguments, dict):
            path = (arguments.get("source") or {}).get("path")
            if isinstance(path, str):
                self._breakpoints[session.id, path] = arguments
        elif command in ("disconnect", "terminate"):
            self._used.pop(session.id, None)
            for key in [each for each in self._breakpoints if each[0] == session.id]:
                del self._breakpoints[key]
        return self.sources.to_client(response)

    async def ask(self, session: LiveSession, command: str, **arguments: Any) -> dict[str, Any]:
        """Ask a session's debugger something of ours; the body. Raises :class:`SessionError`."""
        client = await session.ready()
        self._sequence += 1
        request = {
            "type": "request",
            "seq": self._sequence,
            "command": command,
            "arguments": arguments,
        }
        response = await client.debug(request)
        if not response.get("success"):
            raise SessionError(f"The debugger refuses {command}: {response.get('message')}")
        body: dict[str, Any] = response.get("body") or {}
        return body

    async def is_attached(self, session: LiveSession) -> bool:
        """Whether an editor's debugger is at the session."""
        return bool((await self.ask(session, "debugInfo")).get("isStarted"))

    async def stop_first(self, session: LiveSession, path: str, line: int) -> None:
        """Have the next run stop at a line (1-based), beside the client's breakpoints (rule 2)."""
        wanted = self._breakpoints.get((session.id, path), {})
        own = list(wanted.get("breakpoints") or [])
        if any(each.get("line") == line and not each.get("condition") for each in own):
            return
        others = [each for each in own if each.get("line") != line]
        await self.ask(
            session,
            "setBreakpoints",
            **{"source": {"path": path}, **wanted, "breakpoints": [*others, {"line": line}]},
        )
        self._first_stops.setdefault(session.id, []).append(path)

    def event(self, session: LiveSession, message: dict[str, Any]) -> None:
        """A session's debugger tells something."""
        if message.get("event") == "stopped":
            self.settle(session)
        if session.id in self._used:
            self._server.tell(
                "vivo/debugEvent", DebugEvent(session.id, self.sources.to_client(message))
            )

    def state_changed(self, session: LiveSession) -> None:
        """What was debugged has ended with its engine: the client's debuggers end too."""
        began = self._used.get(session.id)
        if began is not None and began != session.engine_starts:
            del self._used[session.id]
            ended = {"type": "event", "seq": 0, "event": "terminated", "body": {}}
            self._server.tell("vivo/debugEvent", DebugEvent(session.id, ended))
        self.post_mortems.state_changed(session)

    async def close(self) -> None:
        """The client goes: the frames that it held are let go of."""
        await self.post_mortems.close()

    def settle(self, session: LiveSession) -> None:
        """Take out the breakpoints of ours."""
        for path in self._first_stops.pop(session.id, ()):
            self._server.in_background(self._restore(session, path))

    async def _restore(self, session: LiveSession, path: str) -> None:
        wanted = self._breakpoints.get((session.id, path), {})
        try:
            whole = {"source": {"path": path}, "breakpoints": [], **wanted}
            await self.ask(session, "setBreakpoints", **whole)
        except SessionError as error:  # it was detached meanwhile, and has no breakpoints then
            _log.info("The breakpoints of %s are left as they are: %s", path, error)


async def debug(server: VivoServer, params: DebugParams) -> DebugResult:
    """Relay a request."""
    session = server.sessions.of(params.uri)
    if params.post_mortem:
        return await server.debugging.post_mortems.relay(session, params.message)
    response = await server.debugging.relay(session, params.message)
    return DebugResult(response, session.id)


async def post_mortem(server: VivoServer, params: PostMortemParams) -> PostMortemReady:
    """Whether there is an error to look at."""
    session = server.sessions.of(params.uri)
    if not session.is_begun:
        raise SessionError("Nothing has run yet: there is no error to look at.")
    title = await server.debugging.post_mortems.look(session)
    failed = [each.id for each in session.runs.all() if each.status == "error"]
    return PostMortemReady(session.id, failed[-1] if failed else None, title)


async def debug_cell(server: VivoServer, params: CellParams) -> DebugStarted:
    """Run a cell under the debugger."""
    text = server.text_of(params.uri)
    snippet = cell_to_run(server, params.uri, params.position.line).snippet
    session, debugging = server.sessions.of(params.uri), server.debugging
    place = server.presenter.range_of(params.uri, snippet.line, snippet.end)
    if await _by_adapter(server, session):
        path = path_of(params.uri)
        line = snippet.line + first_statement(snippet.text)
        name = str(name_of(server, params.uri))
        if path is None:  # a file of the debugger's stands for the text
            name = (await debugging.ask(session, "dumpCell", code=snippet.text))["sourcePath"]
            line -= snippet.line
        await debugging.stop_first(session, name, line)
        _check_unedited(server, params.uri, text)
        run = send(server, params.uri, snippet, is_named=path is not None)
        _settle_at_end(server, session, run)
        return DebugStarted(run, place, "adapter")
    _check_unedited(server, params.uri, text)
    # The magic takes the line above the cell's, so that every line keeps its number.
    has_room = snippet.line > 0
    debugged = Snippet(f"%%debug\n{snippet.text}", snippet.line - has_room, snippet.end)
    run = send(server, params.uri, debugged, is_named=has_room)
    return DebugStarted(run, place, "input")


async def debug_file(server: VivoServer, params: FileParams) -> DebugStarted:
    """Run a file under the debugger."""
    path = await saved_file(server, params.uri)
    session = server.sessions.of(params.uri)
    words = shlex.join([str(path), *params.arguments])
    by_adapter = await _by_adapter(server, session)
    if by_adapter:
        source = await asyncio.to_thread(read_source, path)
        await server.debugging.stop_first(session, str(path), first_statement(source))
    code = f"%run {words}" if by_adapter else f"%run -d {words}"
    origin = RunOrigin(client=server.client_name, uri=params.uri)
    run = session.send(code, origin, stop_on_error=server.settings.stop_on_error).id
    if by_adapter:
        _settle_at_end(server, session, run)
    return DebugStarted(run, None, "adapter" if by_adapter else "input")


def _check_unedited(server: VivoServer, uri: str, text: str) -> None:
    if server.text_of(uri) != text:
        raise SessionError("The document was edited as the debugger was asked: do it again.")


async def _by_adapter(server: VivoServer, session: LiveSession) -> bool:
    """Whether an attached debugger is to stop; otherwise pdb asks. Raises :class:`SessionError`."""
    if session.is_begun and await server.debugging.is_attached(session):
        return True
    if not server.presenter.can.input:
        raise SessionError(_NOBODY)
    return False


def _settle_at_end(server: VivoServer, session: LiveSession, run: str) -> None:
    session.at_end(run, lambda: server.debugging.settle(session))


def first_statement(source: str) -> int:
    """The 1-based line of a text's first statement that does something, where one can stop."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        body = []
    for statement in body:
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if is_text and len(body) > 1:
            continue
        decorators = getattr(statement, "decorator_list", [])
        return int(min([statement.lineno, *(each.lineno for each in decorators)]))
    lines = enumerate(source.split("\n"), 1)
    is_code = (number for number, line in lines if line.strip() and line.lstrip()[0] != "#")
    return next(is_code, 1)


HANDLERS: dict[str, Handler] = {
    "vivo.server.debug": debug,
    "vivo.server.postMortem": post_mortem,
    "vivo.server.debugCell": debug_cell,
    "vivo.server.debugFile": debug_file,
}
