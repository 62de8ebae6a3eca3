"""Send to Cluster: an action at every cell, a lens where a cluster runs or one is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ..cells import Cell

if TYPE_CHECKING:
    from .server import VivoServer

TITLE, COMMAND = "Send to Cluster", "vivo.server.sendToCluster"
KIND = "source.vivo.cluster"
"""No quick fix: it lights no bulb on every line."""


def lens_of(server: VivoServer, uri: str, cell: Cell) -> types.CodeLens | None:
    """The lens at a cell; None where the user would not want it."""
    if not server.clusters.is_offered(uri):
        return None
    place = types.Range(types.Position(cell.start, 0), types.Position(cell.start, 0))
    arguments = [_at(uri, cell.start)]
    return types.CodeLens(range=place, command=types.Command(TITLE, COMMAND, arguments=arguments))


def actions(server: VivoServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The action for what is selected, else for the cell at the cursor."""
    uri = params.text_document.uri
    only = params.context.only
    if only and not any(each == KIND or KIND.startswith(f"{each}.") for each in only):
        return []
    cell = server.document(uri).text.cell_at(params.range.start.line)
    if cell is None or cell.is_markdown:
        return []
    argument: dict[str, Any] = _at(uri, params.range.start.line)
    title = TITLE
    if params.range.start != params.range.end:
        title = "Send Selection to Cluster"
        start, end = params.range.start, params.range.end
        place = {
            "start": {"line": start.line, "character": start.character},
            "end": {"line": end.line, "character": end.character},
        }
        argument = {"uri": uri, "what": "selection", "range": place}
    command = types.Command(title, COMMAND, arguments=[argument])
    return [types.CodeAction(title, kind=KIND, command=command)]


def _at(uri: str, line: int) -> dict[str, Any]:
    return {"uri": uri, "position": {"line": line, "character": 0}}
