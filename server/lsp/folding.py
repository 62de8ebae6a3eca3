"""Cells as folding ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from .server import VivoServer


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folding_ranges(params: types.FoldingRangeParams) -> list[types.FoldingRange]:
        text = server.document(params.text_document.uri).text
        lines = text.lines
        found = []
        for cell in text.cells.marked():
            end = cell.end
            while end > cell.start + 1 and not lines[end - 1].strip():
                end -= 1
            if cell.is_marked and end > cell.start + 1:
                kind = types.FoldingRangeKind.Region
                found.append(types.FoldingRange(cell.start, end - 1, kind=kind))
        return found
