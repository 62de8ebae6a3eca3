"""The server's commands. What runs code answers at once with an execution id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from ...parallel.errors import SessionError
from ...parallel.messages import RunOrigin, RunRecord
from .. import protocol
from ..cells import Cell, Snippet, all_cells, cell_at, next_cell, selection_of, snippet_of
from ..sessions import list_sessions, path_of
from .asking import in_characters
from .converter import structure_command

if TYPE_CHECKING:
    from .server import VivoServer

Handler = Callable[["VivoServer", Any], Awaitable[Any]]


class CommandError(JsonRpcException):
    """A command that could not be done; its message is for the user."""

    CODE = -32803  # RequestFailed
    MESSAGE = "The command failed"


def register(server: VivoServer) -> None:
    """Register every command that the protocol declares."""
    for message in protocol.MESSAGES:
        if message.kind == "command":
            _register_one(server, message, HANDLERS[message.name])


def _register_one(server: VivoServer, message: protocol.Message, handler: Handler) -> None:
    async def command(*arguments: Any) -> Any:
        params: Any = structure_command(server.converter, message.name, message.params, arguments)
        try:
            result = await handler(server, params)
        except SessionError as error:
            raise CommandError(str(error)) from None
        return server.converter.unstructure(result) if result is not None else None

    server.command(message.name)(command)


async def run_cell(server: VivoServer, params: protocol.CellParams) -> protocol.RunStarted:
    """Run the cell at a position."""
    text = server.text_of(params.uri)
    cell = cell_at(text, params.position.line)
    if cell is None or cell.is_markdown:
        raise JsonRpcInvalidParams(message="There is no cell with code at the cursor.")
    return _send_cells(server, params.uri, text, [cell])


async def run_above(server: VivoServer, params: protocol.CellParams) -> protocol.RunStarted:
    """Run every cell above the one at a position."""
    text = server.text_of(params.uri)
    here = cell_at(text, params.position.line)
    above = [cell for cell in all_cells(text) if here is not None and cell.end <= here.start]
    return _send_cells(server, params.uri, text, above)


async def run_all(server: VivoServer, params: protocol.DocumentParams) -> protocol.RunStarted:
    """Run every cell."""
    text = server.text_of(params.uri)
    return _send_cells(server, params.uri, text, all_cells(text))


def _send_cells(server: VivoServer, uri: str, text: str, cells: list[Cell]) -> protocol.RunStarted:
    lines = text.split("\n")
    runnable = [cell for cell in cells if not cell.is_markdown]
    snippets = [(c, found) for c in runnable if (found := snippet_of(lines, c.start, c.end))]
    if not snippets:
        raise JsonRpcInvalidParams(message="There is no code to run there.")
    ids = [_send(server, uri, snippet) for _, snippet in snippets]
    last = snippets[-1][0]
    after = next_cell(text, last)
    return protocol.RunStarted(
        execution_id=ids[-1],
        execution_ids=ids,
        range=server.presenter.range_of(uri, snippets[0][1].line, snippets[-1][1].end),
        next=types.Position(after.start, 0) if after is not None else None,
    )


def _send(server: VivoServer, uri: str, snippet: Snippet) -> str:
    """Send text of a document to its session; its results will stand where it stands."""
    path = path_of(uri)
    origin = RunOrigin(
        client="vivo lsp",
        uri=uri,
        version=server.workspace.text_documents[uri].version,
        path=str(path) if path is not None else None,
        first_line=snippet.line + 1,
    )
    session = server.sessions.of(uri)
    run = session.send(snippet.text, origin)
    record = RunRecord(id=run, source=snippet.text, uri=uri, first_line=origin.first_line)
    server.presenter.documents[uri].place(record, snippet.line, snippet.end)
    server.presenter.refresh(uri)
    return run


async def run_selection(
    server: VivoServer, params: protocol.SelectionParams
) -> protocol.RunStarted:
    """Run the text of a range."""
    lines = server.text_of(params.uri).split("\n")
    start = in_characters(server, params.uri, params.range.start)
    end = in_characters(server, params.uri, params.range.end)
    if start[0] >= len(lines):
        raise JsonRpcInvalidParams(message="The selection lies behind the end of the document.")
    snippet = selection_of(lines, start, (min(end[0], len(lines) - 1), end[1]))
    if snippet is None:
        raise JsonRpcInvalidParams(message="There is no code in the selection.")
    run = _send(server, params.uri, snippet)
    where = server.presenter.range_of(params.uri, snippet.line, snippet.end)
    following = min(snippet.end, len(lines) - 1)
    return protocol.RunStarted(run, [run], where, types.Position(following, 0))


async def run_file(server: VivoServer, params: protocol.FileParams) -> protocol.RunStarted:
    """Run a document's file with ``%run``."""
    import shlex

    path = path_of(params.uri)
    if path is None:
        raise JsonRpcInvalidParams(message="This document is in no file yet: save it first.")
    words = [str(path), *params.arguments]
    code = f"%run {shlex.join(words)}"
    run = server.sessions.of(params.uri).send(code, RunOrigin(client="vivo lsp", uri=params.uri))
    return protocol.RunStarted(run, [run], None, None)


async def run_text(server: VivoServer, params: protocol.TextParams) -> protocol.RunStarted:
    """Run text that stands in no document."""
    if not params.text.strip():
        raise JsonRpcInvalidParams(message="There is nothing to run.")
    session = server.sessions.of(params.uri)
    run = session.send(params.text, RunOrigin(client="vivo lsp"))
    return protocol.RunStarted(run, [run], None, None)


async def interrupt(
    server: VivoServer, params: protocol.InterruptParams
) -> protocol.InterruptResult:
    """Interrupt what runs; who insists is asked whether its process is to be ended."""
    session = server.sessions.of(params.uri)
    outcome = await server.insisting.interrupt(session, params.execution_id, force=params.force)
    return protocol.InterruptResult(outcome)  # type: ignore[arg-type]


async def restart(server: VivoServer, params: protocol.DocumentParams) -> protocol.SessionInfo:
    """Start a fresh engine."""
    session = server.sessions.of(params.uri)
    await session.restart()
    for info in await list_sessions():
        if info.session_id == session.id:
            return info
    raise SessionError("The session has ended: run something to start another.")


async def clear(server: VivoServer, params: protocol.DocumentParams) -> None:
    """Forget the shown values."""
    anchors = server.presenter.documents.get(params.uri)
    if anchors is not None:
        anchors.clear()
        server.presenter.refresh(params.uri)


async def sessions(server: VivoServer, params: protocol.NoParams) -> protocol.SessionList:
    """List the sessions."""
    return protocol.SessionList(await list_sessions())


async def end_session(server: VivoServer, params: protocol.SessionParams) -> None:
    """End a session."""
    await server.sessions.end(params.session_id)


HANDLERS: dict[str, Handler] = {
    "vivo.server.runCell": run_cell,
    "vivo.server.runAbove": run_above,
    "vivo.server.runAll": run_all,
    "vivo.server.runSelection": run_selection,
    "vivo.server.runFile": run_file,
    "vivo.server.runText": run_text,
    "vivo.server.interrupt": interrupt,
    "vivo.server.restart": restart,
    "vivo.server.clear": clear,
    "vivo.server.sessions": sessions,
    "vivo.server.endSession": end_session,
}
