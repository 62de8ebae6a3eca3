"""Running what a document shows: cells, selections, files. Each answers at once with an id."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from ...parallel.client import SessionClient
from ...parallel.errors import SessionError
from ...parallel.messages import RunOrigin
from ...parallel.registry import Registry
from ..cells import Cell, Snippet, selection_of, snippet_of
from ..protocol.declaring import DocumentParams
from ..protocol.running import (
    CellParams,
    CellsParams,
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
    from ..live import LiveSession
    from .handling import Handler
    from .server import VivoServer


_RUN_ID = re.compile("[0-9a-f]{32}")


async def run_cell(server: VivoServer, params: CellParams) -> RunStarted:
    """Run the cell at a position; a notebook's cell is run as a whole."""
    return _send(server, [cell_to_run(server, params.uri, params.position.line)])


async def run_cells(server: VivoServer, params: CellsParams) -> RunStarted:
    """Run cells of a notebook in order."""
    return _send(server, _whole(server, params.uris))


def cell_to_run(server: VivoServer, uri: str, line: int) -> Sent:
    """The code of the cell at a line; a notebook's cell is run as a whole."""
    if not server.notebooks.is_cell(uri):
        return cell_and_next(server, uri, line)
    whole = _whole(server, [uri])
    if not whole:
        raise JsonRpcInvalidParams(message="There is no code to run there.")
    return whole[0]


def cell_and_next(server: VivoServer, uri: str, line: int) -> Sent:
    """The code of the cell at a line, and where the next one starts."""
    text = server.document(uri).text
    cell = text.cell_at(line)
    if cell is None or cell.is_markdown:
        raise JsonRpcInvalidParams(message="There is no cell with code at the cursor.")
    snippet = snippet_of(text.lines, cell.start, cell.end)
    if snippet is None:
        raise JsonRpcInvalidParams(message="There is no code to run there.")
    return Sent(uri, snippet, text.next_cell(cell))


async def run_above(server: VivoServer, params: CellParams) -> RunStarted:
    """Run every cell above the one at a position."""
    return _send(server, _chosen(server, params, lambda cells, here: cells[:here]))


async def run_below(server: VivoServer, params: CellParams) -> RunStarted:
    """Run the cell at a position and every one below it."""
    return _send(server, _chosen(server, params, lambda cells, here: cells[here:]))


async def run_to_here(server: VivoServer, params: CellParams) -> RunStarted:
    """Run every cell above the one at a position, and it."""
    return _send(server, _chosen(server, params, _to_here))


async def restart_and_run_to_here(server: VivoServer, params: CellParams) -> RunStarted:
    """The same in a fresh engine."""
    return _send(server, _chosen(server, params, _to_here), restart=True)


async def run_all(server: VivoServer, params: DocumentParams) -> RunStarted:
    """Run every cell."""
    return _send(server, _all(server, params.uri))


async def restart_and_run_all(server: VivoServer, params: DocumentParams) -> RunStarted:
    """Run every cell in a fresh engine."""
    return _send(server, _all(server, params.uri), restart=True)


class Sent(NamedTuple):
    """Code that is sent to run."""

    uri: str
    snippet: Snippet
    next: Cell | None = None
    """The cell behind it in its document."""


def _to_here(cells: list[Any], here: int) -> list[Any]:
    return cells[: here + 1]


def _chosen(
    server: VivoServer, params: CellParams, choose: Callable[[list[Any], int], list[Any]]
) -> list[Sent]:
    """Some of the cells of a document, or of a notebook, by the place of one among them."""
    notebook = server.notebooks.holding(params.uri)
    if notebook is not None:
        code = notebook.code()
        chosen = choose(code, code.index(params.uri)) if params.uri in code else []
        return _whole(server, chosen)
    text = server.document(params.uri).text
    here, cells = text.cell_at(params.position.line), text.all_cells()
    if here is None:
        return []
    place = next((n for n, cell in enumerate(cells) if cell.start >= here.start), len(cells))
    return _snippets(server, params.uri, choose(cells, place))


def _all(server: VivoServer, uri: str) -> list[Sent]:
    notebook = server.notebooks.get(uri) or server.notebooks.holding(uri)
    if notebook is not None:
        return _whole(server, notebook.code())
    return _snippets(server, uri, server.document(uri).text.all_cells())


def _snippets(server: VivoServer, uri: str, cells: list[Cell]) -> list[Sent]:
    text = server.document(uri).text
    runnable = [cell for cell in cells if not cell.is_markdown]
    found = [(each, snippet_of(text.lines, each.start, each.end)) for each in runnable]
    sent = [(cell, snippet) for cell, snippet in found if snippet is not None]
    following = text.next_cell(sent[-1][0]) if sent else None
    return [Sent(uri, snippet, following) for _, snippet in sent]


def _whole(server: VivoServer, uris: list[str]) -> list[Sent]:
    """Whole cells of a notebook, each a document of its own."""
    texts = [(uri, server.document(uri).lines) for uri in uris]
    return [
        Sent(uri, Snippet("\n".join(lines), 0, len(lines)))
        for uri, lines in texts
        if any(line.strip() for line in lines)
    ]


def _send(server: VivoServer, sent: list[Sent], *, restart: bool = False) -> RunStarted:
    """Send code in order, in a fresh engine if that is wanted."""
    if not sent:
        raise JsonRpcInvalidParams(message="There is no code to run there.")
    uri, following = sent[0].uri, sent[-1].next
    session = server.sessions.of(uri)
    first = session.restart_first() if restart and session.is_begun else None
    ids: list[str] = []
    for each in sent:
        after = ids[-1] if ids else None
        ids.append(_place(server, each.uri, each.snippet, after=after, first=first))
    for changed in dict.fromkeys(each.uri for each in sent):
        server.presenter.refresh(changed)
    where = None
    if sent[-1].uri == uri:
        where = server.presenter.range_of(uri, sent[0].snippet.line, sent[-1].snippet.end)
    return RunStarted(
        execution_id=ids[-1],
        execution_ids=ids,
        range=where,
        next=types.Position(following.start, 0) if following is not None else None,
    )


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
        path=name_of(server, uri) if is_named else None,
        first_line=snippet.line + 1 if is_named else 1,
        after=after,
        values=server.settings.values,
    )
    stop = server.settings.stop_on_error
    record = server.sessions.of(uri).send(snippet.text, origin, stop_on_error=stop, first=first)
    server.presenter.documents[uri].place(record, snippet.line, snippet.end)
    return record.id


def name_of(server: VivoServer, uri: str) -> str | None:
    """What a document's code compiles under, a notebook's cell included."""
    if server.notebooks.is_cell(uri):
        return server.notebooks.file_name(uri)
    return source_name(uri)


async def run_selection(server: VivoServer, params: SelectionParams) -> RunStarted:
    """Run the text of a range."""
    snippet, following = selected(server, params.uri, params.range)
    run = send(server, params.uri, snippet)
    where = server.presenter.range_of(params.uri, snippet.line, snippet.end)
    return RunStarted(run, [run], where, following)


def selected(server: VivoServer, uri: str, place: types.Range) -> tuple[Snippet, types.Position]:
    """The code of a selection, and the line behind it. Raises ``JsonRpcInvalidParams``."""
    lines = server.document(uri).lines
    start = in_characters(server, uri, place.start)
    end = in_characters(server, uri, place.end)
    if start[0] >= len(lines):
        raise JsonRpcInvalidParams(message="The selection lies behind the end of the document.")
    snippet = selection_of(lines, start, (min(end[0], len(lines) - 1), end[1]))
    if snippet is None:
        raise JsonRpcInvalidParams(message="There is no code in the selection.")
    return snippet, types.Position(min(snippet.end, len(lines) - 1), 0)


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
    wanted = params.execution_id
    if wanted is not None and (not _RUN_ID.fullmatch(wanted) or session.runs.get(wanted)):
        raise JsonRpcInvalidParams(message="An execution's id is 32 hexadecimal digits, used once.")
    origin = RunOrigin(client=server.client_name)
    run = session.send(params.text, origin, stop_on_error=stop, run=wanted).id
    return RunStarted(run, [run], None, None)


async def interrupt(server: VivoServer, params: InterruptParams) -> InterruptResult:
    """Interrupt what runs; who insists is asked whether its process is to be ended."""
    session: LiveSession
    cluster = server.clusters.that_runs(params.execution_id)
    if cluster is not None:
        session = cluster
    elif params.session_id is not None:
        known = server.sessions.by_id(params.session_id)
        if known is None:
            return await _interrupt_elsewhere(params.session_id, params)
        session = known
    elif params.uri is not None:
        session = server.sessions.of(params.uri)
    else:
        raise JsonRpcInvalidParams(message="vivo.server.interrupt wants a uri or a sessionId.")
    outcome = await server.insisting.interrupt(session, params.execution_id, force=params.force)
    return InterruptResult(outcome)  # type: ignore[arg-type]


async def _interrupt_elsewhere(session_id: str, params: InterruptParams) -> InterruptResult:
    """Interrupt what runs in a session that no document uses here."""
    entry = Registry().get(session_id)
    if entry is None:
        raise SessionError(f"There is no session {session_id}; `vivo sessions` lists them.")
    client = await SessionClient.connect(entry.connection_file, name="interrupt")
    try:
        outcome = await client.interrupt(params.execution_id, force=params.force)
    finally:
        await client.close()
    return InterruptResult(outcome)  # type: ignore[arg-type]


HANDLERS: dict[str, Handler] = {
    "vivo.server.runCell": run_cell,
    "vivo.server.runCells": run_cells,
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
