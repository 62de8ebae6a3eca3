"""Exporting what an editor shows: the buffer if it is open, else the file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from ..exporting.convert import ExportError, Wanted, convert, read_file, write_file
from ..protocol.exporting import ExportParams, ExportResult
from ..sessions import path_of

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer


async def export_document(server: VivoServer, params: ExportParams) -> ExportResult:
    """Convert a document, and write it if a file is named. Raises :class:`VivoError`."""
    uri = server.notebooks.owner(params.uri)
    path = path_of(uri)
    wanted = Wanted(
        params.form,
        outputs=params.outputs,
        session=params.session_id,
        comment_magics=params.comment_magics,
        active=params.active,
    )
    is_open = uri in server.workspace.text_documents
    text = server.text_of(uri) if is_open else None
    if text is None and path is None:
        raise ExportError(f"{uri} is neither open nor a file: save it first.")

    def exported() -> ExportResult:
        # A journal may be long: it is read beside the loop.
        if params.path is not None and Path(params.path).resolve() == path:
            raise ExportError(f"{path} cannot be exported onto itself: name another file.")
        source = text if text is not None or path is None else read_file(path)
        done = convert(source or "", path, wanted, uri=uri)
        if params.path is not None:
            write_file(Path(params.path), done.text, overwrite=params.overwrite)
        told = None if params.path is not None else done.text
        return ExportResult(params.path, told, done.cells, done.runs, done.session, done.left_out)

    return await asyncio.to_thread(exported)


HANDLERS: dict[str, Handler] = {"vivo.server.exportDocument": export_document}
