"""Bounded pretty printing: the ``text/plain`` of a value.

Rules:

1. Time and length are bounded whatever the structure: deep, long, wide or self-referencing.
2. A class's own ``__repr__`` is respected; only containers that print as the built-in ones
   do are laid out here.
3. A ``__repr__`` that raises is shown as text that says so; the cell goes on.
"""

from __future__ import annotations

import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

WIDTH = 79
ONE_LINE = 1_000_000  # a width that no line reaches
MAXIMUM_ITEMS = 1000
MAXIMUM_DEPTH = 40
MAXIMUM_CHARACTERS = 200_000

Printer = Callable[[Any, "Printing"], str]

_BRACKETS: dict[Any, tuple[str, str]] = {
    list.__repr__: ("[", "]"),
    tuple.__repr__: ("(", ")"),
    dict.__repr__: ("{", "}"),
    set.__repr__: ("{", "}"),
    frozenset.__repr__: ("frozenset({", "})"),
}


def pretty(
    value: Any, *, width: int = WIDTH, printers: dict[type, Callable[[Any], str]] | None = None
) -> str:
    """The text of a value, laid out to ``width`` columns. Never raises an ``Exception``."""
    return Printing(width, printers or {}).text(value, 0)


class Printing:
    """One pretty printing: what is left of the budget, and what is being printed."""

    def __init__(self, width: int, printers: dict[type, Callable[[Any], str]]) -> None:
        self.width = width
        self.printers = printers
        self.left = MAXIMUM_CHARACTERS
        self._inside: set[int] = set()

    def text(self, value: Any, indent: int, depth: int = 0) -> str:
        """The text of a value that starts at column ``indent``."""
        kind = type(value)
        printer = self.printers.get(kind)
        if printer is not None:
            return self._spend(_guarded(printer, value))
        own: Any = kind.__repr__
        if hasattr(kind, "_repr_pretty_"):
            return self._spend(_guarded(_printed_by_itself, value))
        if own in _BRACKETS:
            return self._container(value, indent, depth, *_BRACKETS[own])
        if kind is types.FunctionType:
            return self._spend(_function_text(value))
        if isinstance(value, type) and own is type.__repr__:
            return self._spend(_class_text(value))
        if own in (OrderedDict.__repr__, defaultdict.__repr__, deque.__repr__):
            return self._named(value, indent, depth)
        return self._spend(_guarded(repr, value))

    def _spend(self, text: str) -> str:
        if len(text) > self.left:
            text = text[: max(0, self.left)] + "…"
        self.left -= len(text)
        return text

    def _named(self, value: Any, indent: int, depth: int) -> str:
        name = type(value).__name__
        held: Any = dict(value) if isinstance(value, dict) else list(value)
        opening = f"{name}("
        if isinstance(value, defaultdict):
            opening += f"{_guarded(repr, value.default_factory)}, "
        brackets = ("{", "}") if isinstance(held, dict) else ("[", "]")
        if id(value) in self._inside:
            return f"{name}(...)"
        self._inside.add(id(value))
        try:
            inside = self._container(held, indent + len(opening), depth, *brackets)
        finally:
            self._inside.discard(id(value))
        return f"{opening}{inside})"

    def _container(self, value: Any, indent: int, depth: int, opening: str, closing: str) -> str:
        if id(value) in self._inside:
            return f"{opening}...{closing}"
        if not len(value):
            return repr(value)
        if depth >= MAXIMUM_DEPTH:
            return f"{opening}...{closing}"
        self._inside.add(id(value))
        try:
            parts = self._items(value, indent + len(opening), depth)
        finally:
            self._inside.discard(id(value))
        if isinstance(value, tuple) and len(parts) == 1:
            parts[0] += ","
        flat = sum(map(len, parts)) + 2 * len(parts) + len(opening) + len(closing)
        if indent + flat <= self.width and not any("\n" in part for part in parts):
            return f"{opening}{', '.join(parts)}{closing}"
        margin = ",\n" + " " * (indent + len(opening))
        return f"{opening}{margin.join(parts)}{closing}"

    def _items(self, value: Any, indent: int, depth: int) -> list[str]:
        parts: list[str] = []
        is_dict = isinstance(value, dict)
        entries = value.items() if is_dict else _ordered(value)
        for number, item in enumerate(entries):
            if number >= MAXIMUM_ITEMS or self.left <= 0:
                parts.append("...")
                break
            if is_dict:
                key = self.text(item[0], indent, depth + 1)
                start = indent + len(key.rsplit("\n", 1)[-1]) + 2
                parts.append(f"{key}: {self.text(item[1], start, depth + 1)}")
            else:
                parts.append(self.text(item, indent, depth + 1))
        return parts


def _ordered(value: Any) -> Any:
    """A set's members in order where they have one: the same set prints the same."""
    if isinstance(value, (set, frozenset)) and len(value) <= MAXIMUM_ITEMS:
        try:
            return sorted(value)
        except Exception:  # noqa: BLE001 - members of the user's may refuse or fail to compare
            return value
    return value


def _guarded(function: Callable[[Any], str], value: Any) -> str:
    try:
        text = function(value)
    except RecursionError:
        return f"<{type(value).__qualname__}: its repr recurses too deeply>"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - rule 3
        return f"<{type(value).__qualname__}: its repr raised {_told(error)}>"
    return text if isinstance(text, str) else f"<{type(value).__qualname__}: its repr is no text>"


def _printed_by_itself(value: Any) -> str:
    from .shim.printing import printed_by

    return printed_by(type(value)._repr_pretty_, value)


def _told(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:300]
    except Exception:  # noqa: BLE001 - even the message of a hostile exception may raise
        return type(error).__name__


def _function_text(value: types.FunctionType) -> str:
    import inspect

    try:
        signature = str(inspect.signature(value))
    except (ValueError, TypeError):
        signature = "(...)"
    return f"<function {value.__module__}.{value.__qualname__}{signature}>"


def _class_text(value: type) -> str:
    module = value.__module__
    return value.__qualname__ if module == "builtins" else f"{module}.{value.__qualname__}"
