"""Completions as LSP has them, each with where it comes from."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

_KINDS = {
    "function": types.CompletionItemKind.Function,
    "method": types.CompletionItemKind.Method,
    "class": types.CompletionItemKind.Class,
    "module": types.CompletionItemKind.Module,
    "property": types.CompletionItemKind.Property,
    "keyword": types.CompletionItemKind.Keyword,
    "magic": types.CompletionItemKind.Event,
    "option": types.CompletionItemKind.EnumMember,
    "argument": types.CompletionItemKind.Value,
    "path": types.CompletionItemKind.File,
    "key": types.CompletionItemKind.Field,
    "parameter": types.CompletionItemKind.Variable,
    "param": types.CompletionItemKind.Variable,
}


_UNDOCUMENTED = ("keyword", "path", "option")


def _kind(name: str) -> types.CompletionItemKind:
    return _KINDS.get(name, types.CompletionItemKind.Variable)


def live_item(
    entry: dict[str, Any],
    place: types.Range,
    number: int,
    *,
    session: str,
    owner: str,
    source: str = "live",
) -> types.CompletionItem:
    """An item of a session's, by its id; ``owner`` is what stands before it, as ``table.``."""
    text, kind = entry["text"], entry["type"]
    name = f"{owner}{text}" if kind != "magic" else text
    told = entry["signature"] or kind
    return types.CompletionItem(
        label=text,
        kind=_kind(kind),
        detail=f"{told} · {source}" if told else source,
        sort_text=f"{number:05d}",
        filter_text=text,
        text_edit=types.TextEdit(place, text),
        data=None if kind in _UNDOCUMENTED else {"live": name, "session": session},
    )


def static_item(
    name: str, kind: str, place: types.Range, number: int, data: dict[str, Any]
) -> types.CompletionItem:
    """An item of the analysis'; all come after the live ones."""
    told = kind if kind not in ("", "statement") else "variable" if kind else ""
    return types.CompletionItem(
        label=name,
        kind=_kind(kind),
        detail=f"{told} · static" if told else "static",
        sort_text=f"{number:05d}",
        filter_text=name,
        text_edit=types.TextEdit(place, name),
        data=data,
    )


def word_item(
    text: str, kind: str, detail: str, place: types.Range, number: int
) -> types.CompletionItem:
    """A word of a magic or a command, from the declarations."""
    told = detail or kind
    return types.CompletionItem(
        label=text,
        kind=_kind(kind),
        detail=f"{told} · static",
        sort_text=f"{number:05d}",
        filter_text=text,
        text_edit=types.TextEdit(place, text),
    )
