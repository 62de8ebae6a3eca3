"""Definition and type definition: the live object's source; else what static analysis says.

Rules:

1. What a cell defined is found in that cell, wherever it stands now (``run_places``). If it is gone
   the text that ran is shown, in the read-only document ``vivo-run:/RUN.py``.
2. Only a client that can read such documents is pointed to one; any other to a file with that text.
3. What is no definition of its own (a number, an instance) is defined where its name is bound,
   which the text tells; its type's definition is its class's.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from ...core.errors import VivoError
from ...parallel.messages import RunRecord
from ..live import LiveSession
from ..run_places import block_of, defines, find_block, find_heading, line_in_run
from ..scopes import expression_at
from ..sessions import path_of
from . import static_answers, virtual_documents
from .asking import in_characters, in_client_units, inspect, session_that_ran
from .places import location_of, uri_of

if TYPE_CHECKING:
    from .server import VivoServer

_log = logging.getLogger(__name__)
SCHEME = "vivo-run"
_DEADLINE = 2.0
"""Seconds that a definition waits for the session: it is asked for, not come upon."""


def register(server: VivoServer) -> None:
    """Register the features, and the documents of runs."""

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def definition(params: types.DefinitionParams) -> list[types.Location]:
        return await _found(server, params, "definition")

    @server.feature(types.TEXT_DOCUMENT_DECLARATION)
    async def declaration(params: types.DeclarationParams) -> list[types.Location]:
        return await _found(server, params, "definition")

    @server.feature(types.TEXT_DOCUMENT_TYPE_DEFINITION)
    async def type_definition(params: types.TypeDefinitionParams) -> list[types.Location]:
        return await _found(server, params, "type_definition")

    async def run_document(uri: str) -> tuple[str, str]:
        record = _run(server, unquote(urlsplit(uri).path).lstrip("/").removesuffix(".py"))
        if record is None:
            raise virtual_documents.DocumentError(
                f"No session in use here knows the run of {uri}: it has ended, or was long ago."
            )
        return record.source + "\n", "python"

    virtual_documents.provide(SCHEME, run_document)


async def _found(server: VivoServer, params: Any, wanted: str) -> list[types.Location]:
    uri = params.text_document.uri
    text = server.text_of(uri)
    place = in_characters(server, uri, params.position)
    live = await _live(server, uri, params.position, text, place, wanted)
    if live is not None:
        return [live]
    told = await static_answers.ask(server, wanted, uri, place) or []
    found = [location_of(server, uri, each) for each in told]
    return [each for each in found if each is not None]


async def _live(
    server: VivoServer,
    uri: str,
    position: types.Position,
    text: str,
    place: tuple[int, int],
    wanted: str,
) -> types.Location | None:
    session = session_that_ran(server, uri, position)
    expression = expression_at(text, *place)
    if session is None or expression is None:
        return None
    told = await inspect(server, session, expression.text, deadline=_DEADLINE)
    if told is None:
        return None
    return await location_of_told(server, session, told.fields, wanted)


async def location_of_told(
    server: VivoServer, session: LiveSession, fields: dict[str, Any], wanted: str
) -> types.Location | None:
    """Where what a session told of is defined (rules 1 and 3)."""
    if fields.get("is_place_of_type") and wanted == "definition":
        return None
    record = session.runs.get(fields.get("run") or "")
    line = fields.get("line")
    if record is None and fields.get("type") == "type":
        # A class without methods keeps no trace of its run.
        found = _latest_that_defines(session, fields.get("name", "").rpartition(".")[2])
        if found is not None:
            record, line = found
    if record is not None and line:
        return await _in_run(server, record, line)
    path = fields.get("file")
    if not path or session.is_far or not _is_file(path):
        return None
    at = types.Position(max(0, (line or 1) - 1), 0)
    return types.Location(uri_of(server, path), types.Range(at, at))


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def _latest_that_defines(session: LiveSession, name: str) -> tuple[RunRecord, int] | None:
    for record in reversed(session.runs.all()):
        if record.status in ("ok", "error", "running"):
            index = defines(record, name)
            if index is not None:
                return record, record.first_line + index
    return None


async def _in_run(server: VivoServer, record: RunRecord, line: int) -> types.Location | None:
    """Where a 1-based line of a run's file is now."""
    index = line_in_run(record, line)
    if index is None:
        return None
    block = block_of(record, index)
    for uri, lines in _documents_of(server, record):
        anchors = server.presenter.documents.get(uri)
        anchor = next(
            (each for each in anchors.anchors if each.record.id == record.id)
            if anchors is not None
            else iter(()),
            None,
        )
        near = anchor.line_of(line) if anchor is not None else line - 1
        found = find_block(lines, block, near)
        if found is None and anchor is not None:
            found = find_heading(lines, block, anchor.start, anchor.end)
        if found is not None:
            return _line(server, uri, lines, found)
    target = f"{SCHEME}:/{record.id}.py"
    if not server.presenter.can.read_documents:
        try:
            target = await asyncio.to_thread(server.written_runs.write, record)
        except (OSError, VivoError) as error:
            _log.warning("What ran cannot be shown: %s", error)
            return None
    at = types.Position(index, 0)
    return types.Location(target, types.Range(at, at))


def _documents_of(server: VivoServer, record: RunRecord) -> list[tuple[str, list[str]]]:
    """The document that a run came from, as it is now: in the editor, else on the disk."""
    uri = record.uri
    if uri is None:
        return []
    if uri in server.workspace.text_documents:
        return [(uri, server.text_of(uri).split("\n"))]
    path = path_of(uri)
    try:
        if path is not None and path.is_file():
            return [(uri, path.read_text("utf-8", errors="replace").split("\n"))]
    except OSError:
        pass  # then what ran is shown
    return []


def _line(server: VivoServer, uri: str, lines: list[str], line: int) -> types.Location:
    column = len(lines[line]) - len(lines[line].lstrip())
    if uri in server.workspace.text_documents:
        at = in_client_units(server, uri, line, column)
    else:
        at = types.Position(line, column)
    return types.Location(uri, types.Range(at, at))


def _run(server: VivoServer, run: str) -> RunRecord | None:
    for session in server.every_session():
        record = session.runs.get(run)
        if record is not None:
            return record
    return None
