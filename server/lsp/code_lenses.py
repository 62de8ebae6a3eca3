"""Run Cell and Run Above at the head of each cell, Run Below at the first; the values too, where
there are no hints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from . import cluster_actions
from .shown import shown_in

if TYPE_CHECKING:
    from .server import VivoServer


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def code_lenses(params: types.CodeLensParams) -> list[types.CodeLens]:
        uri = params.text_document.uri
        lenses: list[types.CodeLens] = []
        runnable = 0
        is_cell = server.notebooks.is_cell(uri)  # the editor has buttons of its own there
        for cell in () if is_cell else server.document(uri).text.cells.marked():
            if cell.is_markdown:
                continue
            argument = {"uri": uri, "position": {"line": cell.start, "character": 0}}
            lenses.append(_lens(cell.start, "Run Cell", "vivo.server.runCell", argument))
            if runnable:
                lenses.append(_lens(cell.start, "Run Above", "vivo.server.runAbove", argument))
            else:
                lenses.append(_lens(cell.start, "Run Below", "vivo.server.runBelow", argument))
            if server.presenter.can.debugger:
                lenses.append(_lens(cell.start, "Debug Cell", "vivo.debugCell", argument))
            if (lens := cluster_actions.lens_of(server, uri, cell)) is not None:
                lenses.append(lens)
            runnable += 1
        if server.presenter.values_by == "lenses":
            for shown in shown_in(server.presenter, uri):
                lenses.append(_lens(shown.line, shown.label, "", None))
        return lenses


def _lens(line: int, title: str, command: str, argument: Any) -> types.CodeLens:
    place = types.Range(types.Position(line, 0), types.Position(line, 0))
    arguments = [argument] if argument is not None else None
    return types.CodeLens(range=place, command=types.Command(title, command, arguments=arguments))
