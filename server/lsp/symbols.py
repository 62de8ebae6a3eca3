"""Cells as the symbols of a document: an outline by their titles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from .server import VivoServer


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        uri = params.text_document.uri
        found = []
        cells = server.document(uri).text.cells.marked()
        for number, cell in enumerate(cells, 1):
            whole = server.presenter.range_of(uri, cell.start, cell.end)
            head = server.presenter.range_of(uri, cell.start, cell.start + 1)
            name = cell.title or f"Cell {number}"
            kind = types.SymbolKind.String if cell.is_markdown else types.SymbolKind.Module
            tags = ", ".join(cell.tags) or None
            found.append(types.DocumentSymbol(name, kind, whole, head, detail=tags))
        return found
