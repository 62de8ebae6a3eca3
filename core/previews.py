"""Values as a front end shows them beside the code: one line, and a preview of tables.

Which ones: the ``last`` is as the setting ``interactivity`` says; ``all`` are those of each
expression; ``assignments`` are beside these what top-level statements assign to names.

Rules:

1. No user code runs: what is told comes from :mod:`.value_facts` and :mod:`.table_pages`. An
   assignment must neither cost nor fail because its value has a ``__repr__``.
2. A preview costs a corner, however large the value is.
3. A value whose name looks like a secret is not told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .safe import ExactTypes, safe_repr

LINE_MIME = "text/vnd.vivo.line"
"""A value on one line, where its text takes several."""
MAXIMUM_ASSIGNED = 500
"""How many values of a cell are told before assignments are passed over."""
_ROWS, _COLUMNS = 10, 8
_TEXT_LIMIT = 2000
_MOST_NAMES = 20
_ATOMS = ExactTypes(int, float, complex, bool, str, bytes, type(None), dict, set, frozenset)
_SEQUENCES = ExactTypes(list, tuple)
_ROW_TYPES = ExactTypes(list, tuple, dict)
_BUILT_IN = ExactTypes(
    *(list, tuple, dict, set, frozenset, str, bytes, bytearray, range),
    *(int, float, complex, bool, type(None)),
)


def with_preview(value: object, data: dict[str, Any]) -> dict[str, Any]:
    """A value's MIME bundle with its preview, if there is something to preview."""
    made = _preview(value)
    if made is None:
        return data
    line, facts, table = made
    told = {"text/markdown": f"{facts}\n\n{table}", **data}
    if "\n" in str(data.get("text/plain", "\n")):
        told[LINE_MIME] = line
    return told


def assigned_data(
    namespace: dict[str, Any], names: tuple[str, ...], secret_words: Iterable[str]
) -> dict[str, Any]:
    """The bundle of what a statement assigned to some names; empty if none of them is there."""
    from .traceback_values import HIDDEN, hides_by

    hides = hides_by(secret_words)
    held = [(name, namespace[name]) for name in names[:_MOST_NAMES] if name in namespace]
    if not held:
        return {}
    is_one = all(value is held[0][1] for _, value in held)
    if is_one:
        if any(hides(name) for name, _ in held):
            return {"text/plain": HIDDEN}
        value = held[0][1]
        return with_preview(value, {"text/plain": _text(value, _TEXT_LIMIT)})
    texts = [
        f"{name} = {HIDDEN if hides(name) else _text(value, _TEXT_LIMIT // len(held))}"
        for name, value in held
    ]
    return {"text/plain": "\n".join(texts), LINE_MIME: " · ".join(texts)}


def _text(value: object, limit: int) -> str:
    if type(value) in _BUILT_IN:
        return safe_repr(value, limit)
    from .value_facts import facts_of

    return facts_of(value).text


def table_preview(value: object) -> str | None:
    """The first rows of a table as Markdown; None for what is no table."""
    made = _preview(value)
    return None if made is None else made[2]


def _preview(value: object) -> tuple[str, str, str] | None:
    """A table's line, its facts and its rows, both Markdown; None for what is no table."""
    kind = type(value)
    if kind in _ATOMS:
        return None
    if kind in _SEQUENCES and (not value or type(value[0]) not in _ROW_TYPES):  # type: ignore[index]
        return None
    from .table_pages import corner
    from .value_facts import facts_of

    found = corner(value, 0, _ROWS, 0, _COLUMNS)
    if found is None:
        return None
    facts = facts_of(value)
    told = [f"`{facts.type}`"]
    shape = facts.shape if facts.shape is not None else (found.rows, found.columns)
    told.append("×".join(map(str, shape)))
    if facts.dtype is not None and len(set(found.dtypes)) == 1:
        told.append(f"`{facts.dtype}`")
    if len(shape) > 2:
        told.append("the first sheet")
    table = markdown_table(
        found.labels, found.names, found.dtypes, found.cells, found.rows, found.columns
    )
    return facts.text, " · ".join(told), table


def markdown_table(
    labels: list[str],
    names: list[str],
    dtypes: list[str | None],
    cells: list[list[str]],
    rows: int,
    columns: int,
) -> str:
    """The corner of a table as Markdown: an ellipsis stands for the rows and columns beyond."""
    more = ["…"] if columns > len(names) else []
    head = ["", *map(_cell, names), *more]
    lines = [_row(head), _row(["---", *["---:"] * len(names), *["---"] * len(more)])]
    if len(set(dtypes)) > 1:
        lines.append(_row(["", *[f"*{_cell(each or '')}*" for each in dtypes], *more]))
    for label, row in zip(labels, cells, strict=True):
        lines.append(_row([f"**{_cell(label)}**", *map(_cell, row), *more]))
    if rows > len(labels):
        lines.append(_row(["…", *["…"] * len(names), *more]))
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


_LONGEST_CELL = 40
_LONG_FLOAT = re.compile(r"-?\d*\.\d{7,}(?:e[+-]?\d+)?")
_MIDNIGHT = re.compile(r"(?<=^\d{4}-\d\d-\d\d)[T ]00:00:00(?:\.0+)?$")


def _cell(text: str) -> str:
    """A text as a cell of a Markdown table, where nothing of it is markup."""
    text = _MIDNIGHT.sub("", " ".join(text.split()))
    if _LONG_FLOAT.fullmatch(text):
        text = f"{float(text):.6g}"
    text = text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"
    for mark in "\\`*_|[]~#":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("&", "&amp;").replace("<", "&lt;")
