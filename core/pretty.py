"""Bounded pretty printing: the ``text/plain`` of a value.

Rules:

1. Length is bounded whatever the structure: deep, long, wide or self-referencing. A large value
   is cut before its text is made, where it is of a built-in type.
2. A class's own ``__repr__`` is respected; only containers that print as the built-in ones
   do are laid out here, from what they hold and not by what a subclass says of it.
3. A ``__repr__`` that raises is shown as text that says so; the cell goes on. Only an interrupt
   and a limit of time or memory pass through.
"""

from __future__ import annotations

import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from .safe import UNKNOWN, ExactTypes, class_attribute, issubclass_exact, type_module, type_qualname
from .time_limit import TimeIsUp

WIDTH = 79
ONE_LINE = 1_000_000  # a width that no line reaches
MAXIMUM_ITEMS = 1000
MAXIMUM_DEPTH = 40
MAXIMUM_CHARACTERS = 200_000

Printer = Callable[[Any], str]

# By the ``__repr__`` that a type has: its base, whose own methods are asked, and its brackets.
_BRACKETS: dict[Any, tuple[Any, str, str]] = {
    list.__repr__: (list, "[", "]"),
    tuple.__repr__: (tuple, "(", ")"),
    dict.__repr__: (dict, "{", "}"),
    set.__repr__: (set, "{", "}"),
    frozenset.__repr__: (frozenset, "frozenset({", "})"),
}
_VIEWS: tuple[Any, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_BASES: tuple[Any, ...] = (OrderedDict, defaultdict, deque, *_VIEWS)
_NAMED: dict[Any, Any] = {base.__repr__: base for base in _BASES}
_MAPPINGS = (dict, OrderedDict, defaultdict)
_TEXTS = ExactTypes(str, bytes, bytearray)
_NUMBERS = ExactTypes(int, float, complex, bool)


def pretty(value: Any, *, width: int = WIDTH, printers: dict[type, Printer] | None = None) -> str:
    """The text of a value, laid out to ``width`` columns. Never raises an ``Exception``."""
    return Printing(width, printers or {}).text(value, 0)


class Printing:
    """One pretty printing: what is left of the budget, and what is being printed."""

    def __init__(self, width: int, printers: dict[type, Printer]) -> None:
        self.width = width
        self._printers = {id(kind): printer for kind, printer in printers.items()}
        self.left = MAXIMUM_CHARACTERS
        self._inside: set[int] = set()

    def text(self, value: Any, indent: int, depth: int = 0) -> str:
        """The text of a value that starts at column ``indent``."""
        kind = type(value)
        printer = self._printers.get(id(kind))  # a metaclass may have a hash of its own
        if printer is not None:
            return self._spend(_guarded(printer, value))
        if kind in _TEXTS:
            return self._spend(_repr_of_text(value, self.left))
        if kind in _NUMBERS:  # what follows asks what they are known not to have
            return self._spend(_guarded(repr, value))
        if class_attribute(kind, "_repr_pretty_") is not UNKNOWN:
            return self._spend(_guarded(_printed_by_itself, value))
        own = class_attribute(kind, "__repr__")
        if _is_key(own, _BRACKETS):
            return self._container(value, indent, depth, *_BRACKETS[own])
        if kind is types.FunctionType:
            return self._spend(_guarded(_function_text, value))
        if own is type.__repr__ and issubclass_exact(kind, type):
            return self._spend(_class_text(value))
        if _is_key(own, _NAMED):
            return self._named(value, indent, depth, _NAMED[own])
        return self._spend(_guarded(repr, value))

    def _spend(self, text: str) -> str:
        if len(text) > self.left:
            text = text[: max(0, self.left)] + "…"
        self.left -= len(text)
        return text

    def _named(self, value: Any, indent: int, depth: int, base: Any) -> str:
        name = type_qualname(type(value)).rpartition(".")[2]
        opening, closing = f"{name}(", ")"
        if base is defaultdict:
            factory = defaultdict.__dict__["default_factory"].__get__(value)
            opening += f"{self._spend(_guarded(repr, factory))}, "
        elif base is deque:
            most = deque.__dict__["maxlen"].__get__(value)
            closing = ")" if most is None else f", maxlen={most})"
        brackets = ("{", "}") if base in _MAPPINGS else ("[", "]")
        if not base.__len__(value) and base is not defaultdict:
            return f"{opening}{closing}" if base is OrderedDict else f"{opening}[]{closing}"
        inside = self._container(value, indent + len(opening), depth, base, *brackets)
        return f"{opening}{inside}{closing}"

    def _container(
        self, value: Any, indent: int, depth: int, base: Any, opening: str, closing: str
    ) -> str:
        if base in (set, frozenset) and type(value) is not base:
            opening, closing = f"{type_qualname(type(value))}({{", "})"
        if not base.__len__(value):
            is_set = base in (set, frozenset)
            return f"{opening.partition('{')[0] or 'set('})" if is_set else opening + closing
        if depth >= MAXIMUM_DEPTH or id(value) in self._inside:
            return f"{opening}...{closing}"
        self._inside.add(id(value))
        try:
            parts = self._items(value, indent + len(opening), depth, base)
        finally:
            self._inside.discard(id(value))
        if base is tuple and len(parts) == 1:
            parts[0] += ","
        flat = sum(map(len, parts)) + 2 * len(parts) + len(opening) + len(closing)
        if indent + flat <= self.width and not any("\n" in part for part in parts):
            return f"{opening}{', '.join(parts)}{closing}"
        margin = ",\n" + " " * (indent + len(opening))
        return f"{opening}{margin.join(parts)}{closing}"

    def _items(self, value: Any, indent: int, depth: int, base: Any) -> list[str]:
        parts: list[str] = []
        is_mapping = base in _MAPPINGS
        entries = base.items(value) if is_mapping else _ordered(value, base)
        try:
            for number, item in enumerate(entries):
                if number >= MAXIMUM_ITEMS or self.left <= 0:
                    parts.append("...")
                    break
                if is_mapping:
                    key = self.text(item[0], indent, depth + 1)
                    start = indent + len(key.rsplit("\n", 1)[-1]) + 2
                    parts.append(f"{key}: {self.text(item[1], start, depth + 1)}")
                else:
                    parts.append(self.text(item, indent, depth + 1))
        except RuntimeError:
            parts.append("... (it changes while it is printed)")
        return parts


def _is_key(own: Any, table: dict[Any, Any]) -> bool:
    """Whether a table has a ``__repr__``; one of the user's might have a hash of its own."""
    return type(own) is types.WrapperDescriptorType and own in table


def _ordered(value: Any, base: Any) -> Iterable[Any]:
    """A set's members in order where they have one: the same set prints the same."""
    if base in (set, frozenset) and base.__len__(value) <= MAXIMUM_ITEMS:
        try:
            return sorted(base.__iter__(value))
        except (KeyboardInterrupt, TimeIsUp):
            raise
        except BaseException:  # noqa: BLE001 - members of the user's may refuse or fail to compare
            pass
    members: Iterable[Any] = base.__iter__(value)
    return members


def _guarded(function: Callable[[Any], str], value: Any) -> str:
    name = type_qualname(type(value))
    try:
        text = function(value)
        if type(text) is str:
            return text
        if issubclass_exact(type(text), str):
            return "".join([text])  # a str of its own class becomes a plain one
    except (KeyboardInterrupt, TimeIsUp):
        raise
    except RecursionError:
        return f"<{name}: its repr recurses too deeply>"
    except BaseException as error:  # noqa: BLE001 - rule 3
        from .tracebacks import described

        return f"<{name}: its repr raised {described(error)}>"
    return f"<{name}: its repr is no text>"


def _repr_of_text(value: Any, limit: int) -> str:
    """The repr of a built-in string; a gigabyte is cut before, not after."""
    if len(value) <= limit:
        return repr(value)
    return repr(value[: max(0, limit)]) + "…"


def _printed_by_itself(value: Any) -> str:
    from .shim.printing import printed_by

    return printed_by(type(value)._repr_pretty_, value)


def _function_text(value: types.FunctionType) -> str:
    import inspect

    try:
        signature = str(inspect.signature(value))
    except (ValueError, TypeError):
        signature = "(...)"
    return f"<function {value.__module__}.{value.__qualname__}{signature}>"


def _class_text(value: type) -> str:
    module, name = type_module(value), type_qualname(value)
    return name if module in ("builtins", "") else f"{module}.{name}"
