"""Running what a document shows: cells, selections, files. Each answers at once with an id."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from ...parallel.messages import RunOrigin
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
from ..sessions import path_of, source_name
from ..source_files import read_source
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


async def run_below(server: VivoServer, params: CellParams) -> RunStarted:
    """Run the cell at a position and every one below it."""
    text = server.text_of(params.uri)
    here = cell_at(text, params.position.line)
    below = [cell for cell in all_cells(text) if here is not None and cell.start >= here.start]
    return _send_cells(server, params.uri, text, below)


async def run_to_here(server: VivoServer, params: CellParams) -> RunStarted:
    """Run every cell above the one at a position, and it."""
    text = server.text_of(params.uri)
    return _send_cells(server, params.uri, text, _to_here(text, params.position.line))


async def restart_and_run_to_here(server: VivoServer, params: CellParams) -> RunStarted:
    """The same in a fresh engine."""
    text = server.text_of(params.uri)
    cells = _to_here(text, params.position.line)
    return _send_cells(server, params.uri, text, cells, restart=True)


async def restart_and_run_all(server: VivoServer, params: DocumentParams) -> RunStarted:
    """Run every cell in a fresh engine."""
    text = server.text_of(params.uri)
    return _send_cells(server, params.uri, text, all_cells(text), restart=True)


def _to_here(text: str, line: int) -> list[Cell]:
    here = cell_at(text, line)
    return [cell for cell in all_cells(text) if here is not None and cell.start <= here.start]


async def run_all(server: VivoServer, params: DocumentParams) -> RunStarted:
    """Run every cell."""
    notebooks = server.notebooks
    notebook = notebooks.get(params.uri) or notebooks.holding(params.uri)
    if notebook is not None:
        return _send_documents(server, notebook.code())
    text = server.text_of(params.uri)
    return _send_cells(server, params.uri, text, all_cells(text))


def _send_cells(
    server: VivoServer, uri: str, text: str, cells: list[Cell], *, restart: bool = False
) -> RunStarted:
    lines = text.split("\n")
    runnable = [cell for cell in cells if not cell.is_markdown]
    snippets = [(c, found) for c in runnable if (found := snippet_of(lines, c.start, c.end))]
    if not snippets:
        raise JsonRpcInvalidParams(message="There is no code to run there.")
    session = server.sessions.of(uri)
    first = session.restart_first() if restart and session.is_begun else None
    ids: list[str] = []
    for _, snippet in snippets:
        ids.append(_place(server, uri, snippet, after=ids[-1] if ids else None, first=first))
    server.presenter.refresh(uri)
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
    ids: list[str] = []
    for uri, snippet in sent:
        ids.append(_place(server, uri, snippet, after=ids[-1] if ids else None))
        server.presenter.refresh(uri)
    where = server.presenter.range_of(sent[0][0], 0, sent[0][1].end) if len(sent) == 1 else None
    return RunStarted(ids[-1], ids, where, None)


def send(server: VivoServer, uri: str, snippet: Snippet, *, is_named: bool = True) -> str:
    """Send text of a document to its session; its results will stand where it stands.

    ``is_named``: whether it compiles under the document's name.
    """
    run = _place(server, uri, snippet, is_named=is_named)
    server.presenter.refresh(uri)
    return run


def _place(
    server: VivoServer,
    uri: str,
    snippet: Snippet,
    *,
    after: str | None = None,
    first: asyncio.Task[None] | None = None,
    is_named: bool = True,
) -> str:
    """Send text to its session and note where it stands.

    ``after``: the run that the same command sent before; ``first``: what must go well before.
    """
    origin = RunOrigin(
        client=server.client_name,
        uri=uri,
        version=server.workspace.text_documents[uri].version,
        path=_name_of(server, uri) if is_named else None,
        first_line=snippet.line + 1 if is_named else 1,
        after=after,
        values=server.settings.values,
    )
    stop = server.settings.stop_on_error
    record = server.sessions.of(uri).send(snippet.text, origin, stop_on_error=stop, first=first)
    server.presenter.documents[uri].place(record, snippet.line, snippet.end)
    return record.id


def _name_of(server: VivoServer, uri: str) -> str | None:
    """What a document's code compiles under, a notebook's cell included."""
    if server.notebooks.is_cell(uri):
        return server.notebooks.file_name(uri)
    return source_name(uri)


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
    run = send(server, params.uri, snippet)
    where = server.presenter.range_of(params.uri, snippet.line, snippet.end)
    following = min(snippet.end, len(lines) - 1)
    return RunStarted(run, [run], where, types.Position(following, 0))


async def run_file(server: VivoServer, params: FileParams) -> RunStarted:
    """Run a document's file with ``%run``."""
    path = await saved_file(server, params.uri)
    words = [str(path), *params.arguments]
    code = f"%run {shlex.join(words)}"
    origin = RunOrigin(client=server.client_name, uri=params.uri)
    stop = server.settings.stop_on_error
    run = server.sessions.of(params.uri).send(code, origin, stop_on_error=stop).id
    return RunStarted(run, [run], None, None)


async def saved_file(server: VivoServer, uri: str) -> Path:
    """The file of a document, for what reads the file and not the buffer.

    Raises ``JsonRpcInvalidParams`` if it is in none, or the buffer says something else.
    """
    path = path_of(uri)
    if path is None:
        raise JsonRpcInvalidParams(message="This document is in no file yet: save it first.")
    if uri in server.workspace.text_documents:
        written = await asyncio.to_thread(read_source, path)
        if written != server.text_of(uri).replace("\r\n", "\n"):
            raise JsonRpcInvalidParams(
                message=f"{path.name} has changes that are not saved, and %run runs the file: "
                "save it first."
            )
    return path


async def run_text(server: VivoServer, params: TextParams) -> RunStarted:
    """Run text that stands in no document."""
    if not params.text.strip():
        raise JsonRpcInvalidParams(message="There is nothing to run.")
    session = server.sessions.of(params.uri)
    stop = server.settings.stop_on_error
    run = session.send(params.text, RunOrigin(client=server.client_name), stop_on_error=stop).id
    return RunStarted(run, [run], None, None)


async def interrupt(server: VivoServer, params: InterruptParams) -> InterruptResult:
    """Interrupt what runs; who insists is asked whether its process is to be ended."""
    cluster = server.clusters.that_runs(params.execution_id)
    session = cluster or server.sessions.of(params.uri)
    outcome = await server.insisting.interrupt(session, params.execution_id, force=params.force)
    return InterruptResult(outcome)  # type: ignore[arg-type]


HANDLERS: dict[str, Handler] = {
    "vivo.server.runCell": run_cell,
    "vivo.server.runAbove": run_above,
    "vivo.server.runBelow": run_below,
    "vivo.server.runToHere": run_to_here,
    "vivo.server.restartAndRunToHere": restart_and_run_to_here,
    "vivo.server.restartAndRunAll": restart_and_run_all,
    "vivo.server.runAll": run_all,
    "vivo.server.runSelection": run_selection,
    "vivo.server.runFile": run_file,
    "vivo.server.runText": run_text,
    "vivo.server.interrupt": interrupt,
}
