"""The structure of a document, by parso: symbols, folding, selections, names of globals.

Rules:

1. A document is taken apart at its cell marks and parsed cell by cell; what was parsed is kept by
   its text, so that an edit costs one cell.
2. Lines are 0-based, columns characters, ends exclusive.
"""

from __future__ import annotations

from typing import Any

import parso

from ..bounded import remembered
from ..cells import cells_of
from ..name_tokens import NameToken, global_names
from .plain_python import plain_python
from .process import Answer

_BLOCKS = frozenset(
    {"funcdef", "classdef", "if_stmt", "for_stmt", "while_stmt", "try_stmt", "with_stmt",
     "match_stmt"}
)  # fmt: skip
_BRACKETS = frozenset({"atom", "trailer", "atom_expr"})
_IMPORTS = frozenset({"import_name", "import_from"})
Symbol = tuple[str, str, int, int, int, int, int, tuple[Any, ...]]
"""Name, kind, line, column, end line, line and column of its name, children."""
Fold = tuple[int, int, str]


def chunks_of(text: str) -> list[tuple[int, int, str]]:
    """The parts that are parsed by themselves: first line, end, text."""
    lines = text.split("\n")
    marked = cells_of(lines)
    if not marked:
        return [(0, len(lines), text)]
    starts = [cell.start for cell in marked]
    if starts[0] > 0:
        starts.insert(0, 0)
    ends = [*starts[1:], len(lines)]
    markdown = {cell.start for cell in marked if cell.is_markdown}
    return [
        (start, end, "\n".join(lines[start:end]))
        for start, end in zip(starts, ends, strict=True)
        if start not in markdown
    ]


def _parse(text: str) -> Any:
    return parso.parse(plain_python(text))  # type: ignore[no-untyped-call]


# --- Symbols -----------------------------------------------------------------------------------


@remembered(4096, 2**21)
def _symbols(text: str) -> tuple[Symbol, ...]:
    found: list[Symbol] = []
    try:
        _collect_symbols(_parse(text), found, is_in_class=False)
    except RecursionError:
        return ()
    return tuple(found)


def _collect_symbols(node: Any, found: list[Symbol], *, is_in_class: bool) -> None:
    for child in getattr(node, "children", ()):
        if child.type in ("funcdef", "classdef"):
            inner: list[Symbol] = []
            _collect_symbols(child.children[-1], inner, is_in_class=child.type == "classdef")
            kind = "class" if child.type == "classdef" else "method" if is_in_class else "function"
            if kind != "class":
                inner = [each for each in inner if each[1] in ("function", "class", "method")]
            found.append(_symbol(child, child.name, kind, tuple(inner)))
        elif child.type == "expr_stmt":
            seen = {each[0] for each in found}
            for name in child.get_defined_names():
                if name.parent.type != "trailer" and name.value not in seen and name.value != "_":
                    kind = "field" if is_in_class else "variable"
                    found.append(_symbol(child, name, kind, ()))
        elif child.type not in ("lambdef",):
            _collect_symbols(child, found, is_in_class=is_in_class)


def _symbol(node: Any, name: Any, kind: str, children: tuple[Any, ...]) -> Symbol:
    line, column = node.start_pos
    end = node.end_pos[0] if node.end_pos[1] else node.end_pos[0] - 1
    last = max(line, end)
    return (name.value, kind, line - 1, column, last, name.start_pos[0] - 1,
            name.start_pos[1], children)  # fmt: skip


def symbols(asked: dict[str, Any], text: str) -> list[dict[str, Any]]:
    """Functions, classes and assignments, by part."""
    return [{"line": start, "symbols": _symbols(part)} for start, _, part in chunks_of(text)]


# --- Folding -----------------------------------------------------------------------------------


@remembered(4096, 2**21)
def _folds(text: str) -> tuple[Fold, ...]:
    found: list[Fold] = []
    try:
        _collect_folds(_parse(text), found)
    except RecursionError:
        return ()
    return tuple(found)


def _collect_folds(node: Any, found: list[Fold]) -> None:
    imports: list[int] = []
    for child in getattr(node, "children", ()):
        if child.type == "simple_stmt" and child.children[0].type in _IMPORTS:
            imports += [child.start_pos[0] - 1, child.children[0].end_pos[0] - 1]
            continue
        if child.type != "newline" and imports:
            found.append((imports[0], imports[-1], "imports"))
            imports = []
        if child.type == "suite" and node.type in _BLOCKS | {"async_stmt"}:
            found.append((_head_line(node, child), _last_line(child), ""))
        elif child.type == "string" and node.type == "simple_stmt":
            found.append((child.start_pos[0] - 1, child.end_pos[0] - 1, "comment"))
        elif child.type in _BRACKETS:
            found.append((child.start_pos[0] - 1, child.end_pos[0] - 1, ""))
        _collect_folds(child, found)
    if imports:
        found.append((imports[0], imports[-1], "imports"))


def _head_line(node: Any, suite: Any) -> int:
    """The line that stays: of ``def``, or of the ``else`` that a suite belongs to."""
    before = suite.get_previous_sibling()
    while before is not None and before.type != "keyword" and not before.type.endswith("clause"):
        previous = before.get_previous_sibling()
        if previous is None:
            break
        before = previous
    line: int = (before if before is not None else node).start_pos[0] - 1
    return line


def _last_line(node: Any) -> int:
    last = node.get_last_leaf()
    while last is not None and last.type in ("newline", "endmarker") and last.get_previous_leaf():
        last = last.get_previous_leaf()
    line: int = last.end_pos[0] - 1
    return line


def folding(asked: dict[str, Any], text: str) -> list[Fold]:
    """What can be folded besides cells."""
    found: dict[int, Fold] = {}
    for start, _, part in chunks_of(text):
        for first, last, kind in _folds(part):
            if last > first:
                found.setdefault(start + first, (start + first, start + last, kind))
    return list(found.values())


# --- Selections --------------------------------------------------------------------------------


def selections(asked: dict[str, Any], text: str) -> list[list[list[int]]]:
    """For each position the ranges around it, from the smallest up to its cell."""
    chunks = chunks_of(text)
    found = []
    for line, column in asked["positions"]:
        part = next((each for each in chunks if each[0] <= line < each[1]), None)
        found.append(_selection(part, line, column) if part is not None else [])
    return found


def _selection(part: tuple[int, int, str], line: int, column: int) -> list[list[int]]:
    start, _, text = part
    module = _parse(text)
    place = (line - start + 1, column)
    try:
        leaf = module.get_leaf_for_position(place, include_prefixes=True)
    except (ValueError, RecursionError):
        return []
    ranges: list[list[int]] = []
    node = leaf
    if leaf is not None and place < leaf.start_pos:
        node = leaf.parent  # in the white space before it
    while node is not None and node.type != "file_input":
        first, last = node.start_pos, node.end_pos
        if node.type == "simple_stmt":
            last = node.children[-1].start_pos  # without its line end
        elif node.type not in ("name", "newline") and last[1] == 0:
            leaf_end = node.get_last_leaf()
            while leaf_end.type == "newline" and leaf_end.get_previous_leaf() is not None:
                leaf_end = leaf_end.get_previous_leaf()
            last = leaf_end.end_pos
        each = [start + first[0] - 1, first[1], start + last[0] - 1, last[1]]
        is_around = first <= place <= last and node.type not in ("newline", "endmarker")
        if is_around and (not ranges or (each != ranges[-1] and _holds(each, ranges[-1]))):
            ranges.append(each)
        node = node.parent
    return ranges


def _holds(outer: list[int], inner: list[int]) -> bool:
    return outer[:2] <= inner[:2] and outer[2:] >= inner[2:]


# --- Names -------------------------------------------------------------------------------------


@remembered(4096, 2**21)
def _tokens(text: str) -> tuple[NameToken, ...]:
    return global_names(plain_python(text))


def tokens(asked: dict[str, Any], text: str) -> list[list[Any]]:
    """The names that are looked up in the globals: line, column, name."""
    first, end = asked.get("lines") or (0, 1 << 30)
    return [
        [start + line, column, name]
        for start, stop, part in chunks_of(text)
        if start < end and stop > first
        for line, column, name in _tokens(part)
        if first <= start + line < end
    ]


ANSWERS: dict[str, Answer] = {
    "symbols": symbols,
    "folding": folding,
    "selections": selections,
    "tokens": tokens,
}
