"""Completion from the live namespace, also while a cell runs, within the deadline."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ...core.completer import MAXIMUM_ITEMS
from ...parallel.errors import SessionError
from ..scopes import live_root, local_names
from .asking import in_characters, in_client_units, session_that_ran

if TYPE_CHECKING:
    from .server import VivoServer

_log = logging.getLogger(__name__)
_KINDS = {
    "function": types.CompletionItemKind.Function,
    "method": types.CompletionItemKind.Method,
    "class": types.CompletionItemKind.Class,
    "module": types.CompletionItemKind.Module,
    "property": types.CompletionItemKind.Property,
    "keyword": types.CompletionItemKind.Keyword,
    "magic": types.CompletionItemKind.Event,
    "path": types.CompletionItemKind.File,
    "key": types.CompletionItemKind.Field,
    "parameter": types.CompletionItemKind.Variable,
}
_OPTIONS = types.CompletionOptions(trigger_characters=[".", "[", "'", '"', "%", "/"])


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, _OPTIONS)
    async def completion(params: types.CompletionParams) -> types.CompletionList:
        uri = params.text_document.uri
        text = server.text_of(uri)
        nothing = types.CompletionList(is_incomplete=False, items=[])
        session = session_that_ran(server, uri, params.position)
        line, column = in_characters(server, uri, params.position)
        if session is None or session.client is None or not live_root(text, line, column):
            return nothing
        # The lines before the cursor's own tell the completer what is open around it.
        lines = text.split("\n")
        first = max(0, line - 50)
        code = "\n".join([*lines[first:line], lines[line][:column]])
        try:
            reply = await session.client.complete(code, timeout=server.deadline)
        except SessionError as error:
            _log.info("No live completion: %s", error)
            return types.CompletionList(is_incomplete=True, items=[])
        start = column - (reply["cursor_end"] - reply["cursor_start"])
        place = types.Range(in_client_units(server, uri, line, max(0, start)), params.position)
        hidden = local_names(text, line, column) if "." not in lines[line][start:column] else set()
        # Beside code that holds the interpreter's lock the keeper answers, and has no types.
        details = reply.get("metadata", {}).get("_jupyter_types_experimental", [])
        items = [
            _item(entry, place, number)
            for number, entry in enumerate(details)
            if entry["text"] not in hidden or _is_attribute(lines[line], start)
        ]
        return types.CompletionList(is_incomplete=len(items) >= MAXIMUM_ITEMS, items=items)


def _is_attribute(line: str, start: int) -> bool:
    return line[:start].rstrip().endswith(".")


def _item(entry: dict[str, Any], place: types.Range, number: int) -> types.CompletionItem:
    return types.CompletionItem(
        label=entry["text"],
        kind=_KINDS.get(entry["type"], types.CompletionItemKind.Variable),
        detail=f"{entry['signature'] or entry['type']} · live",
        sort_text=f"{number:05d}",
        filter_text=entry["text"],
        text_edit=types.TextEdit(place, entry["text"]),
    )
