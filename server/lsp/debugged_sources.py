"""The sources that a debugger's messages name: an editor's documents, and the names that code runs
under. They differ for the cells of notebooks, which are in no file.

A debugger's front end may write the URI of a cell otherwise than the language client of the same
editor: VS Code's adds the authority of a remote workspace. It is answered as it asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from .server import VivoServer

Message = dict[str, Any]


class DebuggedSources:
    """The names of sources on the way between a client and its sessions."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self._authority = ""

    def to_session(self, message: Message) -> Message:
        """A client's request, its cells under the names that they run under."""
        source = (message.get("arguments") or {}).get("source")
        path = source.get("path") if isinstance(source, dict) else None
        if not isinstance(path, str) or source is None:
            return message
        notebooks = self._server.notebooks
        uri = self._known(path) if notebooks.is_cell(path) else None
        name = notebooks.file_name(uri) if uri is not None else None
        if name is None:
            return message
        named = {**source, "path": name}
        return {**message, "arguments": {**message["arguments"], "source": named}}

    def _known(self, uri: str) -> str:
        """The cell as the language client names it."""
        if self._server.notebooks.holding(uri) is not None:
            self._authority = ""
            return uri
        parts = urlsplit(uri)
        self._authority = parts.netloc
        return parts._replace(netloc="").geturl()

    def to_client(self, message: Message) -> Message:
        """A response or an event of the session's, its cells as the client's documents."""
        body = message.get("body")
        if not isinstance(body, dict):
            return message
        for key in ("stackFrames", "breakpoints"):
            for each in body.get(key) or ():
                self._show(each)
        self._show(body)
        self._show(body.get("breakpoint"))
        return message

    def _show(self, holder: Any) -> None:
        source = holder.get("source") if isinstance(holder, dict) else None
        path = source.get("path") if isinstance(source, dict) else None
        uri = self._server.notebooks.uri_of(path) if isinstance(path, str) else None
        if not isinstance(path, str) or source is None or uri is None:
            return
        file = path.rpartition("/")[2].partition("#")[0]
        name = f"{file}, cell {self._server.notebooks.number_of(uri)}"
        shown = urlsplit(uri)._replace(netloc=self._authority).geturl() if self._authority else uri
        source.update(path=shown, sourceReference=0, name=name)
