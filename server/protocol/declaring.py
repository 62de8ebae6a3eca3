"""How a message is declared, and what the subjects share."""

from __future__ import annotations

from typing import Any, Literal

import attrs

MimeBundle = dict[str, Any]


@attrs.define
class NoParams:
    """Nothing."""


@attrs.define
class DocumentParams:
    """A document."""

    uri: str


@attrs.define
class Message:
    """A declaration: what a message is called, who sends it, and what it carries."""

    name: str
    kind: Literal["command", "query", "notification", "request"]
    """Of the client's: a ``command`` by ``workspace/executeCommand``, a ``query`` as a request of
    this name. Of the server's: a ``notification``, and a ``request`` that the client answers."""
    params: type
    result: type | None
    doc: str
    errors: str = ""


def camel(name: str) -> str:
    """``execution_id`` as ``executionId``."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
