"""The names that the text of a cell assigns on its top level. Reads the text, runs nothing."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

_LONGEST_SOURCE = 50_000  # characters: parsing more would hold up whoever asks
_ASSIGNMENT = re.compile(r"^[ \t]*([^\W\d]\w*)[ \t]*(?:[-+*/%&|^@<>]{0,3}=)(?!=)", re.MULTILINE)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Assigned(NamedTuple):
    """What a text assigns."""

    bound: frozenset[str]
    """Names that are bound: ``x = 1``, ``import x``, ``for x in y``, ``def x``."""
    inside: frozenset[str]
    """Names whose value is changed: ``x[0] = 1``, ``x.a = 1``, ``del x[0]``."""


def assigned_names(source: str) -> Assigned:
    """The names that a cell assigns. Text that is not Python is searched for assignments."""
    if len(source) > _LONGEST_SOURCE:
        return Assigned(frozenset(), frozenset())
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Assigned(frozenset(_ASSIGNMENT.findall(source)), frozenset())
    bound: set[str] = set()
    inside: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _SCOPES):
            if not isinstance(node, ast.Lambda):
                bound.add(node.name)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound.update((each.asname or each.name).partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(
            node.ctx, ast.Load
        ):
            root: ast.AST = node
            while isinstance(root, (ast.Subscript, ast.Attribute)):
                root = root.value
            if isinstance(root, ast.Name):
                inside.add(root.id)
        waiting.extend(ast.iter_child_nodes(node))
    return Assigned(frozenset(bound), frozenset(inside))
