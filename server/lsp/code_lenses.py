"""Run Cell and Run Above at the head of each cell; the values too, where there are no hints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ..cells import cells_of

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
        for cell in () if is_cell else cells_of(server.text_of(uri).split("\n")):
            if cell.is_markdown:
                continue
            argument = {"uri": uri, "position": {"line": cell.start, "character": 0}}
            lenses.append(_lens(cell.start, "Run Cell", "vivo.server.runCell", argument))
            if runnable:
                lenses.append(_lens(cell.start, "Run Above", "vivo.server.runAbove", argument))
            runnable += 1
        if server.presenter.values_by == "lenses":
            for _, line, label, _ in server.presenter.labelled(uri):
                lenses.append(_lens(line, label, "", None))
        return lenses


def _lens(line: int, title: str, command: str, argument: Any) -> types.CodeLens:
    place = types.Range(types.Position(line, 0), types.Position(line, 0))
    arguments = [argument] if argument is not None else None
    return types.CodeLens(range=place, command=types.Command(title, command, arguments=arguments))
