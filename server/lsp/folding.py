"""Folding ranges: cells, and in them definitions, blocks, imports, long literals, docstrings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from . import static_answers

if TYPE_CHECKING:
    from .server import VivoServer

_KINDS = {
    "imports": types.FoldingRangeKind.Imports,
    "comment": types.FoldingRangeKind.Comment,
}


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folding_ranges(params: types.FoldingRangeParams) -> list[types.FoldingRange]:
        uri = params.text_document.uri
        text = server.document(uri).text
        lines = text.lines
        found = []
        for cell in text.cells.marked():
            end = cell.end
            while end > cell.start + 1 and not lines[end - 1].strip():
                end -= 1
            if cell.is_marked and end > cell.start + 1:
                kind = types.FoldingRangeKind.Region
                found.append(types.FoldingRange(cell.start, end - 1, kind=kind))
        taken = {each.start_line for each in found}
        for first, last, name in await static_answers.structure(server, "folding", uri) or []:
            if first not in taken and last < len(lines):
                found.append(types.FoldingRange(first, last, kind=_KINDS.get(name)))
        return sorted(found, key=lambda each: (each.start_line, -each.end_line))
