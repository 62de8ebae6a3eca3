"""Notebook sync: a notebook's cells are documents as others are, and one program together.

Each code cell goes through the handlers of text documents when it appears, changes and goes, so
that every feature works in cells without knowing of notebooks. These handlers are synchronous:
pygls applies the next change only when the results have followed this one.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ..notebooks import Notebook, NotebookCell

if TYPE_CHECKING:
    from .server import VivoServer

SYNC = types.NotebookDocumentSyncOptions(
    notebook_selector=[
        types.NotebookDocumentFilterWithNotebook(
            notebook="*", cells=[types.NotebookCellLanguage(language="python")]
        )
    ],
    save=False,
)
"""What the server wants of notebooks, whatever their type: their cells of Python."""


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenNotebookDocumentParams) -> None:
        told = params.notebook_document
        server.notebooks.open(Notebook(told.uri, [_cell(cell) for cell in told.cells]))
        _opened(server, params.cell_text_documents)
        server.arriving.opened(told.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeNotebookDocumentParams) -> None:
        notebook = server.notebooks.get(params.notebook_document.uri)
        changed = params.change.cells
        if notebook is None or changed is None:
            return
        if changed.structure is not None:
            array = changed.structure.array
            cells = [_cell(cell) for cell in array.cells or ()]
            notebook.splice(array.start, array.delete_count, cells)
            _opened(server, changed.structure.did_open or ())
            for closed in changed.structure.did_close or ():
                _closed(server, closed)
        for text in changed.text_content or ():
            edited = types.DidChangeTextDocumentParams(text.document, text.changes)
            _pass_on(server, types.TEXT_DOCUMENT_DID_CHANGE, edited)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseNotebookDocumentParams) -> None:
        for closed in params.cell_text_documents:
            _closed(server, closed)
        server.notebooks.close(params.notebook_document.uri)


def _cell(cell: types.NotebookCell) -> NotebookCell:
    return NotebookCell(cell.document, cell.kind == types.NotebookCellKind.Code)


def _opened(server: VivoServer, documents: Any) -> None:
    for document in documents:
        if document.language_id == "python":
            opened = types.DidOpenTextDocumentParams(document)
            _pass_on(server, types.TEXT_DOCUMENT_DID_OPEN, opened)


def _closed(server: VivoServer, document: types.TextDocumentIdentifier) -> None:
    closed = types.DidCloseTextDocumentParams(document)
    _pass_on(server, types.TEXT_DOCUMENT_DID_CLOSE, closed)


def _pass_on(server: VivoServer, method: str, params: Any) -> None:
    """Give an event of a cell to the handler of text documents; pygls has kept the text itself."""
    answer = server.protocol.fm.features[method](params)
    if inspect.iscoroutine(answer):
        server.in_background(answer)
