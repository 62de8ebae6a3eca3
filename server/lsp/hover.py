"""Hover: the live object under the cursor, and that it is live; else what static analysis says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ..magic_words import magic_at, magic_help
from ..scopes import LiveExpression, expression_at
from . import static_answers
from .asking import (
    in_characters,
    in_client_units,
    inspect,
    session_that_ran,
    soon,
    state_of,
)

if TYPE_CHECKING:
    from .server import VivoServer

_DOCSTRING_LINES = 30
_GRACE = 0.05
"""Seconds that a static answer gets beyond the deadline of a session that hangs."""


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        uri = params.text_document.uri
        text = server.text_of(uri)
        line, column = in_characters(server, uri, params.position)
        magic = magic_at(text, line, column)
        if magic is not None:
            return await _magic(server, uri, params.position, magic)
        expression = expression_at(text, line, column)
        begun = asyncio.get_running_loop().time()
        may_be_live = (
            expression is not None and session_that_ran(server, uri, params.position) is not None
        )
        statically = asyncio.create_task(_static(server, uri, (line, column), may_be_live))
        try:
            found = await _live(server, uri, params.position, expression)
            if found is not None:
                return found
            # A session that hangs has used the time up: then only what is there already counts.
            is_late = asyncio.get_running_loop().time() - begun >= server.deadline
            told = await soon(statically, _GRACE) if is_late else await statically
        finally:
            statically.cancel()
        return told if isinstance(told, types.Hover) else None


async def _live(
    server: VivoServer, uri: str, position: types.Position, expression: LiveExpression | None
) -> types.Hover | None:
    session = session_that_ran(server, uri, position)
    if session is None or expression is None:
        return None
    told = await inspect(server, session, expression.text)
    if told is None:
        return None
    place = (position.line, expression.start, expression.end)
    return _hover(server, uri, markdown(told.fields, state_of(session, told)), place)


async def _magic(
    server: VivoServer, uri: str, position: types.Position, magic: LiveExpression
) -> types.Hover | None:
    session = server.sessions.known(uri)
    told = await inspect(server, session, magic.text) if session is not None else None
    place = (position.line, magic.start, magic.end)
    if told is not None and session is not None:
        return _hover(server, uri, markdown(told.fields, state_of(session, told)), place)
    help_text = await magic_help(magic.text)
    if help_text is None:
        return None
    shown = f"```text\n{magic.text}\n```\n\n`magic` — *static*\n\n```text\n{help_text}\n```"
    return _hover(server, uri, shown, place)


async def _static(
    server: VivoServer, uri: str, place: tuple[int, int], may_be_live: bool
) -> types.Hover | None:
    told = await static_answers.after_live(server, "hover", uri, place, may_be_live=may_be_live)
    if told is None:
        return None
    parts = [f"```python\n{told['title']}\n```", f"`{told['type']}` — *static*"]
    if told["docstring"] and not (told["type"] in _VALUES and set(told["types"]) <= set(_PLAIN)):
        lines = told["docstring"].split("\n")
        parts.append("```text\n" + "\n".join(lines[:_DOCSTRING_LINES]) + "\n```")
    return types.Hover(contents=types.MarkupContent(types.MarkupKind.Markdown, "\n\n".join(parts)))


def _hover(server: VivoServer, uri: str, shown: str, place: tuple[int, int, int]) -> types.Hover:
    line, start, end = place
    return types.Hover(
        contents=types.MarkupContent(types.MarkupKind.Markdown, shown),
        range=types.Range(
            in_client_units(server, uri, line, start), in_client_units(server, uri, line, end)
        ),
    )


def markdown(told: dict[str, Any], state: str) -> str:
    """An inspection as Markdown."""
    name = told.get("signature") or told["name"]
    facts = [f"`{told['type']}`"]
    facts += [f"{label} {told[key]}" for key, label in _FACTS if key in told]
    parts = [f"```python\n{name}\n```", f"{' · '.join(facts)} — *{state}*"]
    if told.get("preview"):
        parts.append(told["preview"])
    elif told.get("string_form") and "signature" not in told:
        parts.append(f"```text\n{told['string_form']}\n```")
    if told.get("docstring") and not told.get("preview") and told["type"] not in _PLAIN:
        lines = told["docstring"].split("\n")
        shown = "\n".join(lines[:_DOCSTRING_LINES])
        parts.append(f"```text\n{shown}\n```")
    if told.get("file") and not told.get("preview"):
        place = f"{told['file']}:{told['line']}" if told.get("line") else told["file"]
        parts.append(f"`{place}`")
    return "\n\n".join(parts)


_FACTS = (("shape", "shape"), ("dtype", "dtype"), ("length", "length"))
_PLAIN = ("int", "float", "complex", "bool", "str", "bytes", "list", "tuple", "dict", "set",
          "frozenset", "NoneType", "range")  # fmt: skip
_VALUES = ("statement", "instance", "param")
