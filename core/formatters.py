"""From a value to a MIME bundle.

Rules:

1. A type's own methods decide: ``_ipython_display_`` shows by itself, ``_repr_mimebundle_`` gives
   several types at once, ``_repr_html_`` and its kin one each. ``text/plain`` is always there.
2. What is registered for a type comes before the methods; a registration by name
   (``"numpy.ndarray"``) waits until such a type is shown, and imports nothing.
3. A method that raises, or gives what does not fit its MIME type, costs that type and one line
   that says so, never the cell; one that does not end is given up by time and memory, and an
   interrupt ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .frontend import MimeBundle
from .mime import UnfitContentError, content_of
from .pretty import ONE_LINE, WIDTH, pretty
from .safe import ExactTypes, isinstance_exact, issubclass_exact, mro_of, type_module, type_qualname
from .time_limit import MemoryIsUp, TimeIsUp, time_limit

Formatter = Callable[[Any], Any]
Complaint = Callable[[str], None]

METHODS = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "text/latex": "_repr_latex_",
    "image/svg+xml": "_repr_svg_",
    "image/png": "_repr_png_",
    "image/jpeg": "_repr_jpeg_",
    "application/json": "_repr_json_",
    "application/javascript": "_repr_javascript_",
    "application/pdf": "_repr_pdf_",
}
_CANARY = "_vivo_canary_method_that_nothing_has_"
# Types whose text is all there is to them: most values shown, at no cost.
_ATOMS = ExactTypes(int, float, complex, bool, str, bytes, type(None))
_PLAIN = ExactTypes(list, tuple, dict, set, frozenset)


class DisplayFormatters:
    """The formatters of a shell, by MIME type and type."""

    def __init__(self) -> None:
        self._by_type: dict[str, dict[type, Formatter]] = {}
        self._by_name: dict[str, dict[str, Formatter]] = {}
        self._is_plain: dict[type, bool] = {}
        """Which of the built-in types have nothing registered for them: most values shown."""
        self.precision: int | None = None
        """Digits after the point of a float; None for all."""
        self.lays_out = True
        """Whether long values are laid out over lines (%pprint)."""
        self.float_format: str | None = None
        self.maximum_seconds: float = 20
        """After how many seconds a rendering is given up; 0 is never."""
        self.maximum_growth = 2**31
        """By how many bytes the process may grow in a rendering; 0 is no limit."""
        self.complain: Complaint = lambda text: None
        self.disabled: set[str] = set()
        """MIME types that no value is given."""
        self.replaced: dict[str, Formatter] = {}
        """Formatters that libraries put in place of ours, by MIME type."""

    def register(self, mime: str, kind: type | str, formatter: Formatter | None) -> None:
        """Use ``formatter`` for a type, or for a type of that qualified name; None ends it."""
        self._is_plain.clear()
        if isinstance(kind, str):
            names = self._by_name.setdefault(mime, {})
            names.pop(kind, None)
            if formatter is not None:
                names[kind] = formatter
            return
        table = self._by_type.setdefault(mime, {})
        table.pop(kind, None)
        if formatter is not None:
            table[kind] = formatter

    def format(self, value: Any) -> tuple[MimeBundle, dict[str, Any]]:
        """The bundle and the metadata of a value. Both empty if the value has shown itself."""
        if type(value) in _ATOMS:
            return self._format(value)
        try:
            with time_limit(self.maximum_seconds, self.maximum_growth):
                return self._format(value)
        except MemoryIsUp:
            told = f"its rendering took more than {self.maximum_growth:,} bytes and was given up"
        except TimeIsUp:
            told = f"its rendering took more than {self.maximum_seconds} s and was given up"
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - rule 3, for what no method did by itself
            from .tracebacks import described

            told = f"its rendering failed: {described(error)}"
        return {"text/plain": f"<{type_qualname(type(value))}: {told}>"}, {}

    def _format(self, value: Any) -> tuple[MimeBundle, dict[str, Any]]:
        kind = type(value)
        if (kind in _ATOMS or kind in _PLAIN) and not self.replaced and self._has_nothing(kind):
            return {"text/plain": self.plain(value)}, {}
        if self._shows_itself(value):
            return {}, {}
        data: MimeBundle = {}
        metadata: dict[str, Any] = {}
        self._add_bundle(value, data, metadata)
        for mime, method in METHODS.items():
            if mime in data or mime in self.disabled or mime in self.replaced:
                continue
            self._add(mime, self._make(mime, method, value), value, data, metadata)
        for mime, replacement in self.replaced.items():
            self._add(mime, self._called(mime, replacement, value), value, data, metadata)
        if "text/plain" not in data:
            formatter = self._registered("text/plain", type(value))
            made = self._called("text/plain", formatter, value) if formatter else None
            data["text/plain"] = made if isinstance(made, str) else self.plain(value)
        return data, metadata

    def _add(
        self, mime: str, made: Any, value: Any, data: MimeBundle, metadata: dict[str, Any]
    ) -> None:
        """Add a rendering, alone or with its metadata, if it fits its MIME type."""
        if type(made) is tuple and len(made) == 2:
            made, told = made
            if told:
                metadata[mime] = told
        if made is None:
            return
        try:
            data[mime] = content_of(mime, made)
        except UnfitContentError as unfit:
            metadata.pop(mime, None)
            self.complain(f"{mime} of {type_qualname(type(value))} is left out: {unfit}.")
        except (KeyboardInterrupt, TimeIsUp):
            raise
        except BaseException as error:  # noqa: BLE001 - rule 3
            metadata.pop(mime, None)
            self._complain(mime, value, error)

    def plain(self, value: Any) -> str:
        """The ``text/plain`` of a value."""
        printers: dict[type, Callable[[Any], str]] = dict(self._by_type.get("text/plain", {}))
        if self.float_format is not None:
            form = self.float_format
            printers[float] = lambda number: form % number
        return pretty(value, printers=printers, width=WIDTH if self.lays_out else ONE_LINE)

    def _shows_itself(self, value: Any) -> bool:
        method = self._own_or_registered("_ipython_display_", value)
        if method is None:
            return False
        try:
            method()
        except NotImplementedError:
            return False
        except (KeyboardInterrupt, TimeIsUp):
            raise
        except BaseException as error:  # noqa: BLE001 - rule 3
            self._complain("_ipython_display_", value, error)
            return False
        return True

    def _add_bundle(self, value: Any, data: MimeBundle, metadata: dict[str, Any]) -> None:
        method = self._own_or_registered("_repr_mimebundle_", value)
        if method is None:
            return
        try:
            made = method(include=None, exclude=None)
        except NotImplementedError:
            return
        except (KeyboardInterrupt, TimeIsUp):
            raise
        except BaseException as error:  # noqa: BLE001 - rule 3
            self._complain("_repr_mimebundle_", value, error)
            return
        if type(made) is tuple and len(made) == 2:
            made, more = made
            metadata.update(more)
        if isinstance_exact(made, dict):
            for mime, content in dict.items(made):
                self._add(str(mime), (content, None), value, data, metadata)

    def _own_or_registered(self, name: str, value: Any) -> Callable[..., Any] | None:
        """What is registered for a method of no MIME type, else the value's own method."""
        registered = self._registered(name, type(value))
        if registered is None:
            return _method(value, name)
        return lambda **options: registered(value, **options)

    def _make(self, mime: str, method: str, value: Any) -> Any:
        formatter = self._registered(mime, type(value))
        if formatter is None:
            found = _method(value, method)
            if found is None:
                return None
            return self._called(mime, lambda _: found(), value)
        return self._called(mime, formatter, value)

    def _called(self, mime: str, formatter: Formatter, value: Any) -> Any:
        try:
            return formatter(value)
        except NotImplementedError:
            return None
        except (KeyboardInterrupt, TimeIsUp):
            raise
        except BaseException as error:  # noqa: BLE001 - rule 3
            self._complain(mime, value, error)
            return None

    def _complain(self, what: str, value: Any, error: BaseException) -> None:
        from .tracebacks import described

        name = type_qualname(type(value))
        self.complain(f"{what} of {name} could not be made: {described(error)}")

    def _has_nothing(self, kind: type) -> bool:
        """Whether nothing is registered for a built-in type under any MIME type."""
        if kind not in self._is_plain:
            mimes = {*self._by_type, *self._by_name}
            self._is_plain[kind] = all(self._registered(mime, kind) is None for mime in mimes)
        return self._is_plain[kind]

    def _registered(self, mime: str, kind: type) -> Formatter | None:
        table, names = self._by_type.get(mime), self._by_name.get(mime)
        if not table and not names:
            return None
        for base in mro_of(kind):
            if table:
                for held, formatter in table.items():  # a metaclass may have an __eq__ of its own
                    if held is base:
                        return formatter
            name = f"{type_module(base)}.{type_qualname(base)}"
            if names and name in names:
                return names[name]
        return None


def _method(value: Any, name: str) -> Callable[..., Any] | None:
    """A display method of a value; none of a class, nor of an object that has every attribute."""
    if issubclass_exact(type(value), type):
        return None
    try:
        method = getattr(value, name, None)
        if method is None or not callable(method) or hasattr(value, _CANARY):
            return None
    except (KeyboardInterrupt, TimeIsUp):
        raise
    except BaseException:  # noqa: BLE001 - the user's __getattr__ may raise anything
        return None
    return method  # type: ignore[no-any-return]


def mime_types() -> Iterator[str]:
    """Every MIME type that a value's methods may give."""
    yield "text/plain"
    yield from METHODS
