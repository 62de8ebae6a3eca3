"""The sources that a debugger's messages name: an editor's documents, and the names that code runs
under. They differ for the cells of notebooks, which are in no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .server import VivoServer

Message = dict[str, Any]


def to_session(server: VivoServer, message: Message) -> Message:
    """A client's request, its cells under the names that they run under."""
    source = (message.get("arguments") or {}).get("source")
    path = source.get("path") if isinstance(source, dict) else None
    if not isinstance(path, str) or source is None or not server.notebooks.is_cell(path):
        return message
    name = server.notebooks.file_name(path)
    if name is None:
        return message
    named = {**source, "path": name}
    return {**message, "arguments": {**message["arguments"], "source": named}}


def to_client(server: VivoServer, message: Message) -> Message:
    """A response or an event of the session's, its cells as the client's documents."""
    body = message.get("body")
    if not isinstance(body, dict):
        return message
    for key in ("stackFrames", "breakpoints"):
        for each in body.get(key) or ():
            _show(server, each)
    for key in ("breakpoint", "source"):
        _show(server, body if key == "source" else body.get(key))
    return message


def _show(server: VivoServer, holder: Any) -> None:
    source = holder.get("source") if isinstance(holder, dict) else None
    path = source.get("path") if isinstance(source, dict) else None
    if not isinstance(path, str) or source is None:
        return
    uri = server.notebooks.uri_of(path)
    if uri is not None:
        number = server.notebooks.number_of(uri)
        source.update(
            path=uri,
            sourceReference=0,
            name=f"{path.rpartition('/')[2].partition('#')[0]}, cell {number}",
        )
