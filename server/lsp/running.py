"""Running what a document shows: cells, selections, files. Each answers at once with an id."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from ...parallel.messages import RunOrigin, RunRecord
from ..cells import Cell, Snippet, all_cells, cell_at, next_cell, selection_of, snippet_of
from ..protocol.declaring import DocumentParams
from ..protocol.running import (
    CellParams,
    FileParams,
    InterruptParams,
    InterruptResult,
    RunStarted,
    SelectionParams,
    TextParams,
)
from ..sessions import path_of
from .asking import in_characters

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer


async def run_cell(server: VivoServer, params: CellParams) -> RunStarted:
    """Run the cell at a position; a notebook's cell is run as a whole."""
    if server.notebooks.is_cell(params.uri):
        return _send_documents(server, [params.uri])
    text = server.text_of(params.uri)
    cell = cell_at(text, params.position.line)
    if cell is None or cell.is_markdown:
        raise JsonRpcInvalidParams(message="There is no cell with code at the cursor.")
    return _send_cells(server, params.uri, text, [cell])


async def run_above(server: VivoServer, params: CellParams) -> RunStarted:
    """Run every cell above the one at a position."""
    if (notebook := server.notebooks.holding(params.uri)) is not None:
        return _send_documents(server, notebook.above(params.uri))
    text = server.text_of(params.uri)
    here = cell_at(text, params.position.line)
    above = [cell for cell in all_cells(text) if here is not None and cell.end <= here.start]
    return _send_cells(server, params.uri, text, above)


async def run_all(server: VivoServer, params: DocumentParams) -> RunStarted:
    """Run every cell."""
    notebooks = server.notebooks
    notebook = notebooks.get(params.uri) or notebooks.holding(params.uri)
    if notebook is not None:
        return _send_documents(server, notebook.code())
    text = server.text_of(params.uri)
    return _send_cells(server, params.uri, text, all_cells(text))


def _send_cells(server: VivoServer, uri: str, text: str, cells: list[Cell]) -> RunStarted:
    lines = text.split("\n")
    runnable = [cell for cell in cells if not cell.is_markdown]
    snippets = [(c, found) for c in runnable if (found := snippet_of(lines, c.start, c.end))]
    if not snippets:
        raise JsonRpcInvalidParams(message="There is no code to run there.")
    ids = [_send(server, uri, snippet) for _, snippet in snippets]
    last = snippets[-1][0]
    after = next_cell(text, last)
    return RunStarted(
        execution_id=ids[-1],
        execution_ids=ids,
        range=server.presenter.range_of(uri, snippets[0][1].line, snippets[-1][1].end),
        next=types.Position(after.start, 0) if after is not None else None,
    )


def _send_documents(server: VivoServer, uris: list[str]) -> RunStarted:
    """Send whole cells of a notebook, each a document of its own."""
    texts = [(uri, server.text_of(uri).split("\n")) for uri in uris]
    sent = [
        (uri, Snippet("\n".join(lines), 0, len(lines)))
        for uri, lines in texts
        if any(line.strip() for line in lines)
    ]
    if not sent:
        raise JsonRpcInvalidParams(message="There is no code to run there.")
    ids = [_send(server, uri, snippet) for uri, snippet in sent]
    where = server.presenter.range_of(sent[0][0], 0, sent[0][1].end) if len(sent) == 1 else None
    return RunStarted(ids[-1], ids, where, None)


def _send(server: VivoServer, uri: str, snippet: Snippet) -> str:
    """Send text of a document to its session; its results will stand where it stands."""
    is_cell = server.notebooks.is_cell(uri)
    path = server.notebooks.file_name(uri) if is_cell else path_of(uri)
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


async def run_selection(server: VivoServer, params: SelectionParams) -> RunStarted:
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
    return RunStarted(run, [run], where, types.Position(following, 0))


async def run_file(server: VivoServer, params: FileParams) -> RunStarted:
    """Run a document's file with ``%run``."""
    path = path_of(params.uri)
    if path is None:
        raise JsonRpcInvalidParams(message="This document is in no file yet: save it first.")
    words = [str(path), *params.arguments]
    code = f"%run {shlex.join(words)}"
    run = server.sessions.of(params.uri).send(code, RunOrigin(client="vivo lsp", uri=params.uri))
    return RunStarted(run, [run], None, None)


async def run_text(server: VivoServer, params: TextParams) -> RunStarted:
    """Run text that stands in no document."""
    if not params.text.strip():
        raise JsonRpcInvalidParams(message="There is nothing to run.")
    session = server.sessions.of(params.uri)
    run = session.send(params.text, RunOrigin(client="vivo lsp"))
    return RunStarted(run, [run], None, None)


async def interrupt(server: VivoServer, params: InterruptParams) -> InterruptResult:
    """Interrupt what runs; who insists is asked whether its process is to be ended."""
    session = server.sessions.of(params.uri)
    outcome = await server.insisting.interrupt(session, params.execution_id, force=params.force)
    return InterruptResult(outcome)  # type: ignore[arg-type]


HANDLERS: dict[str, Handler] = {
    "vivo.server.runCell": run_cell,
    "vivo.server.runAbove": run_above,
    "vivo.server.runAll": run_all,
    "vivo.server.runSelection": run_selection,
    "vivo.server.runFile": run_file,
    "vivo.server.runText": run_text,
    "vivo.server.interrupt": interrupt,
}
