"""Places in files as locations of the client's: from characters to its units, also in files that
are not open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.workspace import PositionCodec

from ..sessions import path_of
from .asking import in_client_units

if TYPE_CHECKING:
    from .server import VivoServer


def uri_of(server: VivoServer, path: str) -> str:
    """The URI of a file, spelled as the client does if it is open."""
    wanted = Path(path)
    for uri in server.workspace.text_documents:
        if path_of(uri) == wanted:
            return str(uri)
    return wanted.as_uri()


def range_in(
    server: VivoServer, uri: str, line: int, column: int, length: int, text: str = ""
) -> types.Range:
    """A range of characters on one line; ``text`` is the line, for a document that is not open."""
    if uri in server.workspace.text_documents:
        return types.Range(
            in_client_units(server, uri, line, column),
            in_client_units(server, uri, line, column + length),
        )
    codec = PositionCodec(server.workspace.position_encoding)
    start = int(codec.client_num_units(text[:column])) if text else column
    end = start + int(codec.client_num_units(text[column : column + length]) if text else length)
    return types.Range(types.Position(line, start), types.Position(line, end))


def location_of(server: VivoServer, uri: str, place: dict[str, Any]) -> types.Location | None:
    """A place that the analysis told, asked of the document ``uri``."""
    path = place["path"]
    target = uri if path is None or path_of(uri) == Path(path) else uri_of(server, path)
    line, column, length = place["line"], place["column"], len(place["name"])
    if target in server.workspace.text_documents:
        lines = server.text_of(target).split("\n")
        if line >= len(lines) or lines[line][column : column + length] != place["name"]:
            # The file on the disk is not what the editor shows.
            if target == uri:
                return None
            found = next((n for n, each in enumerate(lines) if place["text"] == each), None)
            if found is None:
                return None
            line = found
    return types.Location(
        target, range_in(server, target, line, column, length, place.get("text", ""))
    )
