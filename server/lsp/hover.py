"""Hover: the live object under the cursor, and that it is live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ..scopes import expression_at
from .asking import in_characters, in_client_units, inspect, session_that_ran

if TYPE_CHECKING:
    from .server import VivoServer

_DOCSTRING_LINES = 30


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        uri = params.text_document.uri
        text = server.text_of(uri)
        session = session_that_ran(server, uri, params.position)
        if session is None:
            return None
        line, column = in_characters(server, uri, params.position)
        expression = expression_at(text, line, column)
        if expression is None:
            return None
        told = await inspect(server, session, expression.text)
        if told is None:
            return None
        state = "live, while a cell runs" if session.state == "busy" else "live"
        if session.engine is not None:
            state += f", on engine {session.engine}"
        return types.Hover(
            contents=types.MarkupContent(types.MarkupKind.Markdown, markdown(told, state)),
            range=types.Range(
                in_client_units(server, uri, line, expression.start),
                in_client_units(server, uri, line, expression.end),
            ),
        )


def markdown(told: dict[str, Any], state: str) -> str:
    """An inspection as Markdown."""
    name = told.get("signature") or told["name"]
    facts = [f"`{told['type']}`"]
    facts += [f"{label} {told[key]}" for key, label in _FACTS if key in told]
    parts = [f"```python\n{name}\n```", f"{' · '.join(facts)} — *{state}*"]
    if told.get("string_form") and "signature" not in told:
        parts.append(f"```text\n{told['string_form']}\n```")
    if told.get("docstring") and told["type"] not in _PLAIN:
        lines = told["docstring"].split("\n")
        shown = "\n".join(lines[:_DOCSTRING_LINES])
        parts.append(f"```text\n{shown}\n```")
    if told.get("file"):
        place = f"{told['file']}:{told['line']}" if told.get("line") else told["file"]
        parts.append(f"`{place}`")
    return "\n\n".join(parts)


_FACTS = (("shape", "shape"), ("dtype", "dtype"), ("length", "length"))
_PLAIN = ("int", "float", "complex", "bool", "str", "bytes", "list", "tuple", "dict", "set",
          "frozenset", "NoneType", "range")  # fmt: skip
