"""Document links: the files and lines that a traceback names, in any document that is open.

A link is made only to a file that is there; nothing is opened to find out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from ..sessions import path_of
from ..source_links import source_links
from .places import range_in, uri_of

if TYPE_CHECKING:
    from .server import VivoServer


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_LINK)
    async def document_links(params: types.DocumentLinkParams) -> list[types.DocumentLink]:
        uri = params.text_document.uri
        own = path_of(uri)
        bases = [own.parent] if own is not None else []
        bases.append(server.sessions.folder_of(uri))
        lines = server.text_of(uri).split("\n")
        known: dict[str, Path | None] = {}
        found = []
        for link in source_links(lines):
            if (cell := server.notebooks.uri_shown_as(link.path)) is not None:
                place = range_in(server, uri, link.line, link.start, link.end - link.start)
                tip = f"Line {link.target} of {link.path}"
                found.append(types.DocumentLink(place, cell, tooltip=tip))
                continue
            if link.path not in known:
                known[link.path] = _file(link.path, bases)
            path = known[link.path]
            if path is None:
                continue
            place = range_in(server, uri, link.line, link.start, link.end - link.start)
            target = f"{uri_of(server, str(path))}#L{link.target}"
            tip = f"Line {link.target} of {path.name}"
            found.append(types.DocumentLink(place, target, tooltip=tip))
        return found


def _file(told: str, bases: list[Path]) -> Path | None:
    path = Path(told)
    try:
        if told.startswith("~"):
            path = path.expanduser()
        candidates = [path] if path.is_absolute() else [base / path for base in bases]
        return next((each for each in candidates if each.is_file()), None)
    except (OSError, ValueError, RuntimeError):
        return None
