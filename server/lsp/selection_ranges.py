"""Selection ranges: expression, statement, block, cell, document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from ..cells import cells_of
from . import static_answers
from .asking import in_characters, in_client_units

if TYPE_CHECKING:
    from .server import VivoServer


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_SELECTION_RANGE)
    async def selection_ranges(params: types.SelectionRangeParams) -> list[types.SelectionRange]:
        uri = params.text_document.uri
        lines = server.text_of(uri).split("\n")
        places = [in_characters(server, uri, each) for each in params.positions]
        told = await static_answers.structure(server, "selections", uri, positions=places)
        cells = cells_of(lines)
        found = []
        for number, (place, position) in enumerate(zip(places, params.positions, strict=True)):
            ranges = [
                types.Range(
                    in_client_units(server, uri, first, start),
                    in_client_units(server, uri, last, end),
                )
                for first, start, last, end in (told[number] if told else [])
            ]
            cell = next((each for each in cells if each.start <= place[0] < each.end), None)
            if cell is not None:
                ranges.append(server.presenter.range_of(uri, cell.start, cell.end))
            ranges.append(server.presenter.range_of(uri, 0, len(lines)))
            found.append(_nested(ranges) or types.SelectionRange(types.Range(position, position)))
        return found


def _nested(ranges: list[types.Range]) -> types.SelectionRange | None:
    """The ranges, smallest first, as LSP nests them; what does not grow is left out."""
    chosen: types.SelectionRange | None = None
    last: types.Range | None = None
    for each in reversed(ranges):
        if last is not None and (each == last or not _holds(last, each)):
            continue
        chosen, last = types.SelectionRange(each, parent=chosen), each
    return chosen


def _holds(outer: types.Range, inner: types.Range) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
