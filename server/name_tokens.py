"""Every name of a text that Python looks up in the globals, in one pass. Pure, by parso.

The same rules as :func:`vivo.server.scopes.is_global`, for all names at once: what each scope binds
is found out once. Built-in names are left out unless the text binds them.
"""

from __future__ import annotations

import builtins
from typing import Any

import parso

from .scopes import bound_in, declared_global, enclosing, is_looked_up

NameToken = tuple[int, int, str]
"""0-based line, column in characters, name."""
_BUILT_IN = frozenset(vars(builtins))


def global_names(text: str) -> tuple[NameToken, ...]:
    """The global names of a text, in its order; none where it cannot be parsed."""
    try:
        module: Any = parso.parse(text)  # type: ignore[no-untyped-call]
        return tuple(_Walk().names(module))
    except RecursionError:
        return ()


class _Walk:
    def __init__(self) -> None:
        self._bound: dict[int, set[str]] = {}
        self._declared: dict[int, set[str]] = {}

    def names(self, module: Any) -> list[NameToken]:
        found: list[Any] = []
        waiting = [module]
        while waiting:
            node = waiting.pop()
            if node.type == "name":
                if is_looked_up(node) and self._is_global(node):
                    found.append(node)
            else:
                waiting.extend(getattr(node, "children", ()))
        own = {leaf.value for leaf in found if leaf.is_definition()}
        return sorted(
            (leaf.start_pos[0] - 1, leaf.start_pos[1], leaf.value)
            for leaf in found
            if leaf.value in own or leaf.value not in _BUILT_IN
        )

    def _is_global(self, leaf: Any) -> bool:
        for scope, is_direct in enclosing(leaf):
            key = id(scope)
            if key not in self._bound:
                self._bound[key] = bound_in(scope)
                self._declared[key] = declared_global(scope)
            if leaf.value in self._declared[key]:
                return True
            if scope.type == "classdef" and not is_direct:
                continue
            if leaf.value in self._bound[key]:
                return False
        return True
