"""Everything that is known of an object: ``obj?`` and ``obj??`` as data."""

from __future__ import annotations

from typing import Literal

import attrs
from lsprotocol.types import Location, Position

from .declaring import Message


@attrs.define
class InspectParams:
    """What is asked about: the expression at a position of a document, or one that is named."""

    uri: str
    position: Position | None = None
    expression: str | None = None
    """A name with its attributes and constant look-ups, or a magic: ``table.columns``, ``%time``.
    Without it, what stands at the position."""
    detail_level: Literal[0, 1] = 0
    """1 asks for the source too, as ``obj??`` does."""
    path: list[str | int] = attrs.field(factory=list)
    """Instead of both, what an earlier answer's ``children`` refer to: their ``path``."""
    session_id: str | None = None
    """With a path: the session or engine that the earlier answer named; else the document's."""
    start: int = 0
    """The first of the children that are wanted."""
    count: int = 50
    """At most 1,000 children come."""


@attrs.define
class InspectedChild:
    """A value that the object holds, told without running any code of the user's."""

    name: str
    """How it is reached: ``['key']``, ``[0]``, ``.attribute``, the label of a column."""
    type: str
    text: str
    """The value on one line."""
    children: int
    """How many values it holds itself."""
    path: list[str | int]
    """By which they are asked for."""


@attrs.define
class Inspection:
    """What is known of an object. Fields are null where there is nothing to tell."""

    name: str
    provenance: Literal["live", "static"]
    """Whether the object was looked at, or the text."""
    type: str
    session_id: str | None = None
    """Who told: the document's session, or the engine that was chosen for the cell."""
    known: float | None = None
    """When this was known (seconds since the epoch), if the session did not answer just now."""
    string_form: str | None = None
    namespace: str | None = None
    file: str | None = None
    line: int | None = None
    """1-based line of the definition in the file."""
    execution_id: str | None = None
    """The run that defined it, if a cell did."""
    location: Location | None = None
    """Where it is defined, as the client can open it."""
    length: int | None = None
    shape: str | None = None
    dtype: str | None = None
    signature: str | None = None
    docstring: str | None = None
    init_docstring: str | None = None
    """Of a class: what its ``__init__`` says of itself."""
    source: str | None = None
    children: list[InspectedChild] = attrs.field(factory=list)
    total: int = 0
    """How many children there are in all."""


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo/inspect",
        "query",
        InspectParams,
        Inspection,
        "What is known of an object, with all fields of ``obj?`` and ``obj??``; live where the "
        "document ran, else static. Null where nothing is known.",
        errors="A position outside of the text; neither position, expression nor path.",
    ),
)
