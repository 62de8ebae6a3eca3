"""What is live: the names that Python would look up in the session's globals. Pure, by parso.

A name is live at a position unless something between there and the module binds it: a
parameter, a local, a comprehension's or lambda's variable, a class body's name. The text may be
broken elsewhere: it is being typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import parso

from .analysis.plain_python import plain_line
from .cells import part_of

_CHAIN = re.compile(
    r"[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*|\[(?:-?\d+|'[^'\n]*'|\"[^\"\n]*\")\])*(?:\s*\.\s*)?$"
)
_FUNCTIONS = ("funcdef", "lambdef")
_COMPREHENSIONS = ("comp_for", "sync_comp_for")


@dataclass(frozen=True)
class LiveExpression:
    """An expression that can be asked of the session."""

    text: str
    """A name, with attributes and constant look-ups: ``a.b[0]``."""
    start: int
    """Its first column, in characters."""
    end: int


def expression_at(text: str, line: int, column: int) -> LiveExpression | None:
    """The live expression under a position (0-based, in characters), or None."""
    text, line = part_of(text, line)
    lines = text.split("\n")
    if not 0 <= line < len(lines):
        return None
    content = lines[line]
    end = column + len(_word(content[column:]))
    match = _CHAIN.search(content[:end])
    if match is None or not match[0].strip() or match[0].rstrip().endswith("."):
        return None
    leaf = _leaf(text, line, match.start())
    if leaf is None or leaf.type != "name" or leaf.start_pos != (line + 1, match.start()):
        return None
    if not is_global(leaf):
        return None
    return LiveExpression(match[0], match.start(), end)


def live_root(text: str, line: int, column: int) -> bool:
    """Whether what is completed at a position may be asked of the session: its root is global."""
    text, line = part_of(text, line)
    lines = text.split("\n")
    content = lines[line][:column] if 0 <= line < len(lines) else ""
    match = _CHAIN.search(content)
    if match is None or ("." not in match[0] and "[" not in match[0]):
        return True
    leaf = _leaf(text, line, match.start())
    return leaf is not None and leaf.type == "name" and is_global(leaf)


def chain_before(content: str) -> str:
    """The expression whose attribute stands at the end of a line, with its dot: ``a.b.``."""
    match = _CHAIN.search(content)
    return re.sub(r"\s+", "", match[0]) if match is not None and "." in match[0][-2:] else ""


def with_commands_as_code(text: str, line: int) -> str:
    """The text in which the Python of a magic is code; at ``line`` that of a comment's too."""
    if "%" not in text:
        return text
    lines = text.split("\n")
    if 0 <= line < len(lines) and "%" in lines[line]:
        lines[line] = plain_line(lines[line], in_comment=True)
        return "\n".join(lines)
    return text


def local_names(text: str, line: int, column: int) -> set[str]:
    """The names that something between a position and the module binds: none of them is live."""
    text, line = part_of(text, line)
    leaf = _leaf(text, line, max(0, column - 1)) or _last_leaf_before(text, line)
    names: set[str] = set()
    for scope, is_direct in enclosing(leaf):
        declared = declared_global(scope)
        if scope.type != "classdef" or is_direct:
            names |= bound_in(scope) - declared
    return names


def is_global(leaf: Any) -> bool:
    """Whether a name's leaf is looked up in the module's globals."""
    for scope, is_direct in enclosing(leaf):
        if leaf.value in declared_global(scope):
            return True
        if scope.type == "classdef" and not is_direct:
            continue  # a class body's names are not seen from its methods
        if leaf.value in bound_in(scope):
            return False
    return is_looked_up(leaf)


def is_looked_up(leaf: Any) -> bool:
    """Whether a name is looked up or bound: it is no attribute, keyword or part of an import."""
    return not (_is_attribute(leaf) or _is_keyword(leaf) or _is_in_import(leaf))


def _is_attribute(leaf: Any) -> bool:
    before = leaf.get_previous_leaf()
    return before is not None and before.value == "."


def _is_in_import(leaf: Any) -> bool:
    """Whether a name is a module's in an import: only the name that it binds is looked up."""
    node = leaf.parent
    while node is not None and node.type not in ("import_name", "import_from"):
        node = node.parent
    return node is not None and not leaf.is_definition()


def _is_keyword(leaf: Any) -> bool:
    """Whether a name is the keyword of an argument, which is no look-up at all."""
    parent = leaf.parent
    if parent is None or parent.type != "argument" or parent.children[0] is not leaf:
        return False
    return len(parent.children) > 1 and getattr(parent.children[1], "value", "") == "="


def _word(text: str) -> str:
    match = re.match(r"\w*", text)
    return match[0] if match else ""


def _parse(text: str) -> Any:
    return parso.parse(text)  # type: ignore[no-untyped-call]


def _leaf(text: str, line: int, column: int) -> Any:
    """The leaf that begins at a column or holds it."""
    try:
        # One further: at a border parso gives the leaf that ends there.
        return _parse(text).get_leaf_for_position((line + 1, column + 1), include_prefixes=False)
    except (ValueError, IndexError, RecursionError):
        return None


def _last_leaf_before(text: str, line: int) -> Any:
    """The last leaf on the lines above that says anything: a blank line is in its scope."""
    lines = text.split("\n")
    for number in range(min(line, len(lines) - 1), -1, -1):
        content = lines[number].rstrip()
        if content:
            return _leaf(text, number, len(content) - 1)
    return None


def enclosing(leaf: Any) -> list[tuple[Any, bool]]:
    """The scopes around a leaf, innermost first, and whether nothing but a body is between.

    A function's defaults, decorators and annotations belong to the scope outside of it.
    """
    found: list[tuple[Any, bool]] = []
    is_direct = True
    node, child = (leaf.parent, leaf) if leaf is not None else (None, None)
    while node is not None:
        if node.type in _FUNCTIONS and _is_inside(node, child, leaf):
            found.append((node, is_direct))
            is_direct = False
        elif (node.type == "classdef" and child is node.children[-1]) or any(
            each.type in _COMPREHENSIONS for each in getattr(node, "children", ())
        ):
            found.append((node, is_direct))
        node, child = node.parent, node
    return found


def _is_inside(function: Any, child: Any, leaf: Any) -> bool:
    """Whether a leaf is in a function's body, or is one of its parameters' names."""
    if child is function.children[-1]:
        return True
    if child.type == "parameters" or function.type == "lambdef":
        return any(parameter.name is leaf for parameter in function.get_params())
    return False


def bound_in(scope: Any) -> set[str]:
    """The names that a scope binds itself."""
    names: set[str] = set()
    if scope.type in _FUNCTIONS:
        names.update(parameter.name.value for parameter in scope.get_params())
        bodies = [scope.children[-1]]
    elif scope.type == "classdef":
        bodies = [scope.children[-1]]
    else:
        return _comprehension_names(scope)
    for body in bodies:
        _collect(body, names)
    return names


def _collect(node: Any, names: set[str]) -> None:
    if node.type == "name":
        if node.is_definition():
            names.add(node.value)
        return
    if node.type in ("funcdef", "classdef"):
        names.add(node.name.value)
        return
    if node.type == "lambdef" or any(
        each.type in _COMPREHENSIONS for each in getattr(node, "children", ())
    ):
        return
    for child in getattr(node, "children", ()):
        _collect(child, names)


def _comprehension_names(node: Any) -> set[str]:
    names: set[str] = set()

    def targets(part: Any) -> None:
        if part.type == "name":
            names.add(part.value)
        for child in getattr(part, "children", ()):
            targets(child)

    def walk(part: Any) -> None:
        if part.type == "sync_comp_for":
            targets(part.children[1])
        for child in getattr(part, "children", ()):
            if child.type in (*_COMPREHENSIONS, "comp_if"):
                walk(child)

    for child in node.children:
        if child.type in _COMPREHENSIONS:
            walk(child)
    return names


def declared_global(scope: Any) -> set[str]:
    """The names that a scope declares ``global``."""
    names: set[str] = set()

    def walk(node: Any) -> None:
        if node.type == "global_stmt":
            names.update(child.value for child in node.children[1:] if child.type == "name")
        elif node.type not in ("funcdef", "classdef", "lambdef") or node is scope:
            for child in getattr(node, "children", ()):
                walk(child)

    walk(scope)
    return names
