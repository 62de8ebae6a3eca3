"""``display()``, its handles, and the classes that say what a text or some bytes are.

``display`` reaches the shell that runs the calling cell; without one it prints plain text.
"""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .formatters import DisplayFormatters
from .frontend import MimeBundle, TerminalFrontEnd

if TYPE_CHECKING:
    from .shell import Shell


def _shell() -> Shell | None:
    from .shell import current_shell

    return current_shell()


def _new_id() -> str:
    return os.urandom(16).hex()


def display(
    *values: Any,
    display_id: str | bool | None = None,
    raw: bool = False,
    metadata: dict[str, Any] | None = None,
    include: Container[str] | None = None,
    exclude: Container[str] = (),
    clear: bool = False,
    update: bool = False,
) -> DisplayHandle | None:
    """Show values, each by its best renderings.

    With ``raw`` each value is a MIME bundle already. ``include`` and ``exclude`` choose among the
    MIME types; ``clear`` takes the place of what the cell has shown so far. ``display_id`` (True
    makes one) gives a :class:`DisplayHandle` that can replace what was shown.
    """
    if clear:
        clear_output(wait=True)
    if display_id is True:
        display_id = _new_id()
    shell = _shell()
    front_end = shell.front_end if shell else TerminalFrontEnd()
    formatters = shell.formatters if shell else DisplayFormatters()
    for value in values:
        data, extra = (value, {}) if raw else formatters.format(value)
        data = {
            mime: content
            for mime, content in data.items()
            if (include is None or mime in include) and mime not in exclude
        }
        if data:
            front_end.display(
                data, {**extra, **(metadata or {})}, display_id=display_id or None, update=update
            )
    return DisplayHandle(display_id) if display_id else None


def update_display(value: Any, *, display_id: str, **options: Any) -> None:
    """Replace what was shown under ``display_id``."""
    display(value, display_id=display_id, update=True, **options)


def clear_output(wait: bool = False) -> None:
    """Clear what the running cell has shown; with ``wait``, when its next output comes."""
    shell = _shell()
    if shell is not None:
        shell.front_end.clear_output(wait=wait)


class DisplayHandle:
    """What :func:`display` gives for an id."""

    def __init__(self, display_id: str | None = None) -> None:
        self.display_id = display_id or _new_id()

    def __repr__(self) -> str:
        return f"<DisplayHandle {self.display_id}>"

    def display(self, value: Any, **options: Any) -> None:
        """Show a value under this id, again."""
        display(value, display_id=self.display_id, **options)

    def update(self, value: Any, **options: Any) -> None:
        """Replace what is shown under this id."""
        update_display(value, display_id=self.display_id, **options)


class DisplayObject:
    """A text or bytes with a MIME type."""

    mime = "text/plain"
    binary = False

    def __init__(
        self,
        data: Any = None,
        *,
        filename: str | Path | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        if filename is not None:
            path = Path(filename).expanduser()
            data = path.read_bytes() if self.binary else path.read_text("utf-8")
        self.data = data
        self.metadata = metadata or {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        bundle: MimeBundle = {self.mime: self.data, "text/plain": repr(self)}
        return (bundle, {self.mime: self.metadata}) if self.metadata else bundle


class TextDisplayObject(DisplayObject):
    """A display object whose plain text is itself."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return {self.mime: self.data, "text/plain": str(self.data)}


class HTML(DisplayObject):
    """HTML, shown as it renders."""

    mime = "text/html"

    def _repr_html_(self) -> str:
        return str(self.data)


class Markdown(TextDisplayObject):
    """Markdown."""

    mime = "text/markdown"


class Latex(TextDisplayObject):
    """LaTeX, with its own dollar signs."""

    mime = "text/latex"


class Math(Latex):
    """LaTeX of a formula, without dollar signs."""

    def __init__(self, data: str, **options: Any) -> None:
        super().__init__(f"$\\displaystyle {data.strip('$')}$", **options)


class SVG(DisplayObject):
    """An SVG picture."""

    mime = "image/svg+xml"


class JSON(DisplayObject):
    """Plain data, shown as a tree where the front end can."""

    mime = "application/json"

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        if isinstance(self.data, str):
            import json

            self.data = json.loads(self.data)


class Javascript(DisplayObject):
    """JavaScript, run where the front end allows it."""

    mime = "application/javascript"


class Image(DisplayObject):
    """A PNG, JPEG, GIF or SVG picture, from bytes or a file."""

    binary = True
    _SIGNATURES = (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8", "image/jpeg"),
        (b"GIF8", "image/gif"),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        filename: str | Path | None = None,
        width: int | None = None,
        height: int | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        if isinstance(data, (str, Path)):
            data, filename = None, data
        super().__init__(data, filename=filename, metadata=metadata)
        size = {"width": width, "height": height}
        self.metadata |= {name: number for name, number in size.items() if number is not None}
        self.mime = self._mime_of(self.data)

    @classmethod
    def _mime_of(cls, data: Any) -> str:
        if isinstance(data, bytes):
            for signature, mime in cls._SIGNATURES:
                if data.startswith(signature):
                    return mime
            if b"<svg" in data[:1000]:
                return "image/svg+xml"
        given = type(data).__name__
        raise ValueError(
            f"Image wants the bytes or the file of a PNG, JPEG, GIF or SVG, not {given}"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        data = self.data.decode("utf-8") if self.mime == "image/svg+xml" else self.data
        bundle = {self.mime: data, "text/plain": repr(self)}
        return (bundle, {self.mime: self.metadata}) if self.metadata else bundle
