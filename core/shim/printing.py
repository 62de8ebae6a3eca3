"""The printer that ``_repr_pretty_`` methods and functions of ``text/plain`` are given.

Such a method writes with ``printer.text``, marks where a line may end with ``printer.breakable``,
and nests with ``with printer.group(indent, open, close):``. Theory of operation: the calls build a
tree of groups; at the end each group stands on one line if it fits, else each of its breakables
ends a line (Oppen's consistent breaking).

Rules:

1. A value within its own representation is written as ``...`` (the method's ``cycle``).
2. A value without such a method is written as a session shows it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..formatters import DisplayFormatters
from ..pretty import WIDTH
from ..pretty import pretty as core_pretty
from ..shell import current_shell

_METHOD = "_repr_pretty_"
_inside: set[int] = set()
"""The values that are being written, to know a cycle."""


@dataclass
class _Break:
    """A place where a line may end."""

    separator: str
    indentation: int
    forced: bool = False


@dataclass
class _Group:
    """Texts, breaks and groups that stand on one line or are broken together."""

    items: list[str | _Break | _Group] = field(default_factory=list)

    def width(self) -> int:
        """Its length on one line."""
        return sum(
            len(item)
            if isinstance(item, str)
            else len(item.separator)
            if isinstance(item, _Break)
            else item.width()
            for item in self.items
        )

    def must_break(self) -> bool:
        """Whether it cannot stand on one line."""
        return any(
            (isinstance(item, _Break) and item.forced)
            or (isinstance(item, _Group) and item.must_break())
            or (isinstance(item, str) and "\n" in item)
            for item in self.items
        )


class PrettyPrinter:
    """Lays out what it is told to write; ``getvalue`` gives the text."""

    def __init__(
        self,
        output: Any = None,
        max_width: int = WIDTH,
        newline: str = "\n",
        max_seq_length: int = 1000,
    ) -> None:
        self.output = output
        self.max_width = max_width
        self.newline = newline
        self.max_seq_length = max_seq_length
        self.indentation = 0
        self._root = _Group()
        self._open = [self._root]

    def text(self, obj: str) -> None:
        """Write a text."""
        self._open[-1].items.append(str(obj))

    def breakable(self, sep: str = " ") -> None:
        """Write a separator; a line may end in its place."""
        self._open[-1].items.append(_Break(sep, self.indentation))

    def break_(self) -> None:
        """End the line."""
        self._open[-1].items.append(_Break("", self.indentation, forced=True))

    def begin_group(self, indent: int = 0, open: str = "") -> None:
        """Open a group, its further lines moved to the right."""
        if open:
            self.text(open)
        group = _Group()
        self._open[-1].items.append(group)
        self._open.append(group)
        self.indentation += indent

    def end_group(self, dedent: int = 0, close: str = "") -> None:
        """Close the group that was opened last."""
        self.indentation -= dedent
        if len(self._open) > 1:
            self._open.pop()
        if close:
            self.text(close)

    @contextmanager
    def group(self, indent: int = 0, open: str = "", close: str = "") -> Iterator[None]:
        """A group as a block."""
        self.begin_group(indent, open)
        try:
            yield
        finally:
            self.end_group(indent, close)

    @contextmanager
    def indent(self, indent: int) -> Iterator[None]:
        """Move the lines of a block to the right."""
        self.indentation += indent
        try:
            yield
        finally:
            self.indentation -= indent

    def getvalue(self) -> str:
        """What was written, laid out."""
        parts: list[str] = []
        self._lay_out(self._root, 0, parts)
        return "".join(parts)

    def flush(self) -> None:
        """Write it to ``output``, if there is one."""
        if self.output is not None:
            self.output.write(self.getvalue())
            self._root = _Group()
            self._open = [self._root]

    def _lay_out(self, group: _Group, column: int, parts: list[str]) -> int:
        """Append a group that begins at ``column``; the column where it ends."""
        fits = not group.must_break() and column + group.width() <= self.max_width
        for item in group.items:
            if isinstance(item, _Group):
                column = self._lay_out(item, column, parts)
                continue
            if isinstance(item, _Break) and not fits:
                text = self.newline + " " * item.indentation
            else:
                text = item if isinstance(item, str) else item.separator
            parts.append(text)
            _, end, last = text.rpartition("\n")
            column = len(last) if end else column + len(last)
        return column


class RepresentationPrinter(PrettyPrinter):
    """Also writes values, each by its own representation, or by what ``formatters`` know of it."""

    formatters: DisplayFormatters | None = None

    def pretty(self, obj: Any) -> None:
        """Write a value."""
        method = getattr(type(obj), _METHOD, None)
        if method is None:
            self.text(self.formatters.plain(obj) if self.formatters else core_pretty(obj))
            return
        cycle = id(obj) in _inside
        _inside.add(id(obj))
        try:
            with self.group():
                method(obj, self, cycle)
        finally:
            if not cycle:
                _inside.discard(id(obj))


def _formatters() -> DisplayFormatters:
    shell = current_shell()
    return shell.formatters if shell else DisplayFormatters()


def pretty(
    obj: Any,
    verbose: bool = False,
    max_width: int = WIDTH,
    newline: str = "\n",
    max_seq_length: int = 1000,
) -> str:
    """The text of a value."""
    printer = RepresentationPrinter(None, max_width, newline, max_seq_length)
    printer.pretty(obj)
    return printer.getvalue()


def pprint(obj: Any, *options: Any, **more: Any) -> None:
    """Print a value."""
    sys.stdout.write(pretty(obj, *options, **more) + "\n")


def printed_by(function: Callable[..., Any], value: Any) -> str:
    """What ``function(value, printer, cycle)`` writes."""
    printer = RepresentationPrinter()
    printer.formatters = _formatters()
    cycle = id(value) in _inside
    _inside.add(id(value))
    try:
        function(value, printer, cycle)
    finally:
        if not cycle:
            _inside.discard(id(value))
    return printer.getvalue()


def for_type(typ: type, func: Callable[..., Any]) -> Any:
    """Write values of a type by ``func(value, printer, cycle)``; what did so before."""
    from .formatters import MimeFormatter

    return MimeFormatter(_formatters(), "text/plain").for_type(typ, func)


def for_type_by_name(type_module: str, type_name: str, func: Callable[..., Any]) -> Any:
    """The same for a type that need not be imported yet."""
    from .formatters import MimeFormatter

    return MimeFormatter(_formatters(), "text/plain").for_type(f"{type_module}.{type_name}", func)


class CallExpression:
    """A call, written as one: ``CallExpression("Point", 1, y=2)`` shows ``Point(1, y=2)``."""

    def __init__(self, name: str, /, *args: Any, **kwargs: Any) -> None:
        self.name, self.args, self.kwargs = name, args, kwargs

    @classmethod
    def factory(cls, name: str) -> Callable[..., CallExpression]:
        """What makes calls of one name."""
        return lambda *args, **kwargs: cls(name, *args, **kwargs)

    def _repr_pretty_(self, p: Any, cycle: bool) -> None:
        with p.group(len(self.name) + 1, self.name + "(", ")"):
            entries = [(None, value) for value in self.args] + list(self.kwargs.items())
            for number, (key, value) in enumerate(entries):
                if number:
                    p.text(",")
                    p.breakable()
                if key is not None:
                    p.text(f"{key}=")
                p.pretty(value)
