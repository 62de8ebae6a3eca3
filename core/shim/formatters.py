"""The formatters of a shell as libraries address them.

``get_ipython().display_formatter.formatters["text/html"].for_type(Kind, function)`` and its kin,
over :class:`vivo.core.formatters.DisplayFormatters`, which holds all there is to know. Rules:

1. Functions of ``text/plain`` are called as ``function(value, printer, cycle)``, others as
   ``function(value)``: that is how libraries write them.
2. A formatter that a library puts in place of one (``formatters[mime] = …``) is asked instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

from ..formatters import METHODS, DisplayFormatters
from .printing import printed_by

PLAIN = "text/plain"
_SELF = "_ipython_display_"
_BUNDLE = "_repr_mimebundle_"


class _Printing:
    """A function of ``text/plain``, called as rule 1 says."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, value: Any) -> str:
        return printed_by(self.function, value)


def _wrapped(mime: str, function: Any) -> Any:
    if function is None or mime != PLAIN or isinstance(function, _Printing):
        return function
    return _Printing(function)


def _unwrapped(function: Any) -> Any:
    return function.function if isinstance(function, _Printing) else function


class Registrations(MutableMapping[Any, Any]):
    """The functions of one MIME type, by type or by name: a live view."""

    def __init__(self, formatters: DisplayFormatters, mime: str, by_name: bool) -> None:
        self._formatters = formatters
        self._mime = mime
        self._by_name = by_name

    def _table(self) -> dict[Any, Any]:
        tables: Any = self._formatters._by_name if self._by_name else self._formatters._by_type
        table: dict[Any, Any] = tables.get(self._mime, {})
        return table

    def _key(self, key: Any) -> Any:
        return ".".join(key) if isinstance(key, tuple) else key

    def __getitem__(self, key: Any) -> Any:
        return _unwrapped(self._table()[self._key(key)])

    def __setitem__(self, key: Any, function: Any) -> None:
        self._formatters.register(self._mime, self._key(key), _wrapped(self._mime, function))

    def __delitem__(self, key: Any) -> None:
        del self._table()[self._key(key)]

    def __iter__(self) -> Iterator[Any]:
        return iter(tuple(self._table()))

    def __len__(self) -> int:
        return len(self._table())


class MimeFormatter:
    """The formatter of one MIME type."""

    def __init__(self, formatters: DisplayFormatters, mime: str) -> None:
        self._formatters = formatters
        self.format_type = mime
        self.print_method = METHODS.get(mime, "_repr_pretty_" if mime == PLAIN else mime)
        self.type_printers = Registrations(formatters, mime, by_name=False)
        self.deferred_printers = Registrations(formatters, mime, by_name=True)

    @property
    def enabled(self) -> bool:
        """Whether values are given this rendering at all."""
        return self.format_type not in self._formatters.disabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        if enabled:
            self._formatters.disabled.discard(self.format_type)
        else:
            self._formatters.disabled.add(self.format_type)

    def for_type(self, typ: type | str, func: Callable[..., Any] | None = None) -> Any:
        """Use a function for a type, or for one of that qualified name; what did so before.

        Without a function nothing changes.
        """
        table = self.deferred_printers if isinstance(typ, str) else self.type_printers
        before = table.get(typ)
        if func is not None:
            table[typ] = func
        return before

    def for_type_by_name(
        self, type_module: str, type_name: str, func: Callable[..., Any] | None = None
    ) -> Any:
        """Use a function for a type that need not be imported yet."""
        return self.for_type(f"{type_module}.{type_name}", func)

    def lookup_by_type(self, typ: type | str) -> Any:
        """The function of a type or its nearest base. Raises ``KeyError``."""
        if isinstance(typ, str):
            return self.deferred_printers[typ]
        found = self._formatters._registered(self.format_type, typ)
        if found is None:
            raise KeyError(f"no function is registered for {typ.__qualname__}")
        return _unwrapped(found)

    def lookup(self, obj: Any) -> Any:
        """The function for a value. Raises ``KeyError``."""
        return self.lookup_by_type(type(obj))

    def pop(self, typ: type | str, *default: Any) -> Any:
        """Take a function out. Raises ``KeyError`` unless a default is given."""
        table = self.deferred_printers if isinstance(typ, str) else self.type_printers
        return table.pop(typ, *default)

    def __contains__(self, typ: type | str) -> bool:
        try:
            self.lookup_by_type(typ)
        except KeyError:
            return False
        return True

    def __call__(self, obj: Any) -> Any:
        """The rendering of a value, or None."""
        return self._formatters.format(obj)[0].get(self.format_type)


class BaseFormatter:
    """Base of the formatters that libraries write: called with a value, gives its rendering."""

    format_type = PLAIN
    enabled = True
    print_method: Any = ""

    def __init__(self, *_: Any, **options: Any) -> None:
        for name, value in options.items():
            setattr(self, name, value)
        self.type_printers: dict[type, Callable[[Any], Any]] = {}

    def for_type(self, typ: type, func: Callable[[Any], Any] | None = None) -> Any:
        """Use a function for a type; what did so before."""
        before = self.type_printers.get(typ)
        if func is not None:
            self.type_printers[typ] = func
        return before

    def __call__(self, obj: Any) -> Any:
        """The rendering of a value, or None."""
        if not self.enabled:
            return None
        for base in type(obj).__mro__:
            if base in self.type_printers:
                return self.type_printers[base](obj)
        name = inspect.getattr_static(self, "print_method", "")
        name = getattr(name, "default_value", name)  # a trait of traitlets is its default here
        method = getattr(obj, str(name), None) if name else None
        return method() if callable(method) and not isinstance(obj, type) else None


FormatterABC = PlainTextFormatter = HTMLFormatter = MarkdownFormatter = BaseFormatter
SVGFormatter = PNGFormatter = JPEGFormatter = LatexFormatter = PDFFormatter = BaseFormatter
JSONFormatter = JavascriptFormatter = BaseFormatter
MimeBundleFormatter = IPythonDisplayFormatter = BaseFormatter


class FormatterTable(MutableMapping[str, Any]):
    """The formatters by MIME type; setting one puts it in place of ours (rule 2)."""

    def __init__(self, formatters: DisplayFormatters) -> None:
        self._formatters = formatters
        self._made = {mime: MimeFormatter(formatters, mime) for mime in (PLAIN, *METHODS)}

    def __getitem__(self, mime: str) -> Any:
        if mime in self._formatters.replaced:
            return self._formatters.replaced[mime]
        return self._made[mime]

    def __setitem__(self, mime: str, formatter: Any) -> None:
        if isinstance(formatter, MimeFormatter):
            self._formatters.replaced.pop(mime, None)
        else:
            self._formatters.replaced[mime] = formatter

    def __delitem__(self, mime: str) -> None:
        del self._formatters.replaced[mime]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._made, **self._formatters.replaced})

    def __len__(self) -> int:
        return len({**self._made, **self._formatters.replaced})


class DisplayFormatter:
    """All formatters of a shell: ``get_ipython().display_formatter``."""

    def __init__(self, formatters: DisplayFormatters) -> None:
        self._formatters = formatters
        self.formatters = FormatterTable(formatters)
        self.mimebundle_formatter = MimeFormatter(formatters, _BUNDLE)
        self.ipython_display_formatter = MimeFormatter(formatters, _SELF)

    @property
    def format_types(self) -> list[str]:
        """The MIME types there are."""
        return list(self.formatters)

    @property
    def active_types(self) -> list[str]:
        """The MIME types that values are given."""
        return [mime for mime in self.formatters if mime not in self._formatters.disabled]

    @active_types.setter
    def active_types(self, mimes: Iterable[str]) -> None:
        self._formatters.disabled = set(self.formatters) - set(mimes) - {PLAIN}

    def format(
        self, obj: Any, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The renderings of a value and their metadata; of some MIME types alone if it is said."""
        data, metadata = self._formatters.format(obj)
        chosen = set(data) if include is None else set(include)
        chosen -= set(exclude or ())
        return (
            {mime: made for mime, made in data.items() if mime in chosen},
            {mime: told for mime, told in metadata.items() if mime in chosen},
        )


def format_display_data(
    obj: Any, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The renderings of a value by the running shell."""
    from .interactive import InteractiveShell

    return InteractiveShell.instance().display_formatter.format(obj, include, exclude)
