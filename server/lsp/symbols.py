"""Cells as the symbols of a document, with the functions, classes and assignments in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from . import static_answers
from .asking import in_client_units

if TYPE_CHECKING:
    from .server import VivoServer

_KINDS = {
    "function": types.SymbolKind.Function,
    "method": types.SymbolKind.Method,
    "class": types.SymbolKind.Class,
    "field": types.SymbolKind.Field,
    "variable": types.SymbolKind.Variable,
}


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        uri = params.text_document.uri
        version = server.document(uri).version
        cells = server.document(uri).text.cells.marked()
        told = await static_answers.structure(server, "symbols", uri) or []
        document = server.workspace.text_documents.get(uri)
        if document is None or document.version != version:
            told = []  # it was edited meanwhile: the client will ask again
        inside = {part["line"]: part for part in told}
        if not cells:
            return [
                _symbol(server, uri, part["line"], each)
                for part in told
                for each in part["symbols"]
            ]
        found = []
        for number, cell in enumerate(cells, 1):
            whole = server.presenter.range_of(uri, cell.start, cell.end)
            head = server.presenter.range_of(uri, cell.start, cell.start + 1)
            name = cell.title or f"Cell {number}"
            kind = types.SymbolKind.String if cell.is_markdown else types.SymbolKind.Module
            part = inside.get(cell.start)
            children = [
                _symbol(server, uri, cell.start, each) for each in (part["symbols"] if part else ())
            ]
            tags = ", ".join(cell.tags) or None
            found.append(
                types.DocumentSymbol(
                    name, kind, whole, head, detail=tags, children=children or None
                )
            )
        return found


def _symbol(server: VivoServer, uri: str, first: int, told: Any) -> types.DocumentSymbol:
    name, kind, line, column, end, name_line, name_column, children = told
    last = first + max(line, end - 1)
    start = in_client_units(server, uri, first + line, column)
    head = types.Range(
        in_client_units(server, uri, first + name_line, name_column),
        in_client_units(server, uri, first + name_line, name_column + len(name)),
    )
    stop = types.Position(last, server.presenter.line_length(uri, last))
    inner = [_symbol(server, uri, first, each) for each in children]
    whole = types.Range(start, max(stop, head.end))
    return types.DocumentSymbol(name, _KINDS[kind], whole, head, children=inner or None)
