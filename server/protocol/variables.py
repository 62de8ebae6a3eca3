"""The variables of a session, pages of them and of tables; and what the server can be asked."""

from __future__ import annotations

from typing import Literal

import attrs

from .declaring import Message, NoParams


@attrs.define
class VariablesParams:
    """Which variables of the document's session are wanted, or which children of a value."""

    uri: str
    start: int = 0
    count: int = 100
    """At most 1,000 come."""
    filter: str = ""
    """A part of the name, or a pattern with ``*`` and ``?``; case does not count."""
    sort: Literal["name", "type", "size", "definition"] = "name"
    descending: bool = False
    path: list[str | int] = attrs.field(factory=list)
    """Whose children are wanted: a variable's name, then positions among the children of the one
    before. They come in their own order, without filter."""


@attrs.define
class VariableInfo:
    """A variable, or a child of a value: told without running any code of the user's."""

    name: str
    """Of a child how it is reached: ``['key']``, ``[0]``, ``.attribute``, the label of a column."""
    type: str
    shape: list[int] | None
    dtype: str | None
    length: int | None
    """How many items a built-in container or text has."""
    size: int | None
    """Bytes: of arrays and frames their data; of others the object without what it refers to."""
    text: str
    """The value on one line."""
    children: int
    """How many values it holds that can be asked for."""
    changed: bool
    """Whether the last cell, or the one that runs, made or changed it."""


@attrs.define
class VariablePage:
    """A page of variables."""

    session_id: str
    variables: list[VariableInfo]
    total: int
    """How many there are in all."""
    busy: bool
    """Whether the engine did not answer in time, so that this is what was known last."""
    known: float | None
    """When that was known, in seconds since the epoch; null if nothing was."""


@attrs.define
class TableFilter:
    """What the items of a column must be."""

    column: int
    condition: str
    """``> 5``, ``>= 5``, ``< 5``, ``<= 5``, ``= 5``, ``!= 5``, several with `` & `` between them;
    ``=`` alone: missing, ``!=`` alone: not. Anything else is a text that the cell has in it, in
    any case; of numbers it is the number itself."""


@attrs.define
class TableParams:
    """Which corner of which table is wanted."""

    uri: str
    path: list[str | int]
    """A variable's name, then positions among the children of the one before."""
    row: int = 0
    rows: int = 100
    """At most 1,000 come."""
    column: int = 0
    columns: int = 50
    """At most 200 come."""
    at: list[int] = attrs.field(factory=list)
    """Of an array of more than two dimensions: which sheet, by positions along those before the
    last two; the first where none is given."""
    sort: int | None = None
    """The column by which the rows are sorted: what is missing comes last."""
    descending: bool = False
    filters: list[TableFilter] = attrs.field(factory=list)
    """Rows that fit all of them are shown."""


@attrs.define
class TablePage:
    """A corner of a table, as texts: told without running any code of the user's."""

    session_id: str
    rows: int
    """How many there are in all."""
    columns: int
    labels: list[str]
    """What the rows that come are called."""
    names: list[str]
    """And the columns."""
    dtypes: list[str | None]
    cells: list[list[str]]
    """By row. ``…`` is a cell that only other code could read."""
    all_rows: int
    """How many there are before the filters."""
    shape: list[int]
    """Of an array of more than two dimensions: all of them."""
    problem: str
    """Why it can be neither sorted nor filtered so, as a sentence; no rows come then."""
    running: bool
    """Whether a cell runs, so that the order is that of its beginning, or of when it was made."""
    busy: bool
    """Whether the engine did not answer in time, so that this is what was known last."""
    known: float | None
    """When that was known, in seconds since the epoch; null if nothing was."""


@attrs.define
class VariablesChanged:
    """What was shown of a session's variables may not be true any more: ask again for it."""

    session_id: str
    uris: list[str]
    """The open documents that the session serves."""
    execution_id: str | None
    """The execution that has ended; null when the engine was started, restarted or ended."""


@attrs.define
class FieldDescription:
    """A field of a type, as it is on the wire."""

    name: str
    type: str
    """As TypeScript writes it."""
    optional: bool
    doc: str


@attrs.define
class TypeDescription:
    """A type that messages carry."""

    name: str
    doc: str
    fields: list[FieldDescription]


@attrs.define
class MessageDescription:
    """A message: who sends it, how, and what it carries."""

    name: str
    kind: Literal["command", "query", "notification", "request"]
    params: str
    """The name of a type."""
    result: str | None
    doc: str
    errors: str


@attrs.define
class Description:
    """What this server is, and every message that it knows beside LSP's own."""

    version: str
    python: str
    """The version of Python that the server itself runs on."""
    position_encoding: str
    values_by: Literal["hints", "lenses", "diagnostics"]
    """The channel by which this client is shown values."""
    input: bool
    """Whether this client is asked for a cell's lines of input."""
    messages: list[MessageDescription]
    types: list[TypeDescription]


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo/variables",
        "query",
        VariablesParams,
        VariablePage,
        "A page of the variables of the document's session, or of what one holds; also while a "
        "cell runs.",
        errors="No session runs for the document; the path leads to nothing (any more).",
    ),
    Message(
        "vivo/table",
        "query",
        TableParams,
        TablePage,
        "Rows and columns of an array, a data frame or a list of rows, as they stand, sorted or "
        "filtered; also while a cell runs. It is answered once the rows are in order.",
        errors="No session runs for the document; the path leads to no table (any more); the same "
        "table was asked for in another order before this one was made.",
    ),
    Message(
        "vivo/variablesChanged",
        "notification",
        VariablesChanged,
        None,
        "A cell ended, or the engine is another: variables that are shown are asked for again.",
    ),
    Message(
        "vivo/describe",
        "query",
        NoParams,
        Description,
        "Every message beside LSP's own, with its parameters, results and types, as data.",
    ),
)
