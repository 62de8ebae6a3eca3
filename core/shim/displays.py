"""``IPython.display`` as the wild calls it: the functions' full signatures, and further classes.

What a session's own code is given as ``display`` is :func:`vivo.core.displaying.display`; here are
the options that it does not need.
"""

from __future__ import annotations

import html
import importlib
import io
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..displaying import (
    HTML,
    JSON,
    SVG,
    DisplayHandle,
    DisplayObject,
    Image,
    Javascript,
    Latex,
    Markdown,
    TextDisplayObject,
)
from ..shell import current_shell

Mimes = Iterable[str] | None


def display(
    *objs: Any,
    include: Mimes = None,
    exclude: Mimes = None,
    metadata: dict[str, Any] | None = None,
    transient: dict[str, Any] | None = None,
    display_id: str | bool | None = None,
    raw: bool = False,
    clear: bool = False,
    update: bool = False,
    **_: Any,
) -> DisplayHandle | None:
    """Show values, each by its best renderings.

    ``include`` and ``exclude`` choose among the MIME types; ``clear`` clears the cell's output when
    the first value comes. The rest is as for :func:`vivo.core.displaying.display`.
    """
    if display_id is True:
        display_id = uuid.uuid4().hex
    shown_under = display_id or (transient or {}).get("display_id")
    if update and not shown_under:
        raise TypeError("an update wants the display_id of what it replaces")
    shell = current_shell()
    if shell is None:
        print(*objs)  # noqa: T201 - without a shell there is nothing but the terminal
        return DisplayHandle(str(shown_under)) if shown_under else None
    if clear:
        clear_output(wait=True)
    if not objs and shown_under:
        objs, raw = ({},), True  # a place that an update fills later
    for value in objs:
        data, extra = (
            (value, {}) if raw else shell.display_formatter.format(value, include, exclude)
        )
        if data or raw:
            publish_display_data(
                data,
                {**extra, **(metadata or {})},
                transient={"display_id": shown_under} if shown_under else None,
                update=update,
            )
    return DisplayHandle(str(shown_under)) if display_id else None


def update_display(obj: Any, *, display_id: str, **options: Any) -> None:
    """Replace what was shown under ``display_id``."""
    display(obj, display_id=display_id, update=True, **options)


def publish_display_data(
    data: dict[str, Any],
    metadata: dict[str, Any] | None = None,
    *,
    transient: dict[str, Any] | None = None,
    update: bool = False,
    **_: Any,
) -> None:
    """Show a MIME bundle."""
    shell = current_shell()
    if shell is not None:
        shell.display_pub.publish(data, metadata, transient=transient, update=update)
    elif "text/plain" in data:
        print(data["text/plain"])  # noqa: T201 - without a shell there is nothing but the terminal


def clear_output(wait: bool = False) -> None:
    """Clear what the running cell has shown; with ``wait``, when its next output comes."""
    shell = current_shell()
    if shell is not None:
        shell.display_pub.clear_output(wait)


def _displayer(name: str, mime: str, kind: type[DisplayObject]) -> Any:
    """``display_html`` and its kin: values by one MIME type, or texts of that type (``raw``)."""

    def show(*objs: Any, raw: bool = False, metadata: dict[str, Any] | None = None) -> None:
        if raw:
            for data in objs:
                publish_display_data({mime: data}, {mime: metadata} if metadata else None)
        else:
            display(*objs, metadata=metadata, include=["text/plain", mime])

    show.__name__ = show.__qualname__ = name
    show.__doc__ = f"Show values as {mime}; with ``raw`` they are texts of that type."
    return show


class Pretty(TextDisplayObject):
    """Plain text."""


class GeoJSON(JSON):
    """Geographical data, shown on a map where the front end can.

    ``url_template`` and ``layer_options`` say which tiles the map is drawn with.
    """

    mime = "application/geo+json"

    def __init__(
        self,
        data: Any = None,
        *,
        url_template: str | None = None,
        layer_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data, **options)
        given = {"url_template": url_template, "layer_options": layer_options}
        self.metadata |= {name: value for name, value in given.items() if value is not None}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        bundle = {self.mime: self.data, "text/plain": repr(self)}
        return (bundle, {self.mime: self.metadata}) if self.metadata else bundle


class ProgressBar(DisplayObject):
    """A bar that shows how far a loop is: ``for step in ProgressBar(100): …``."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total = total
        self._progress = 0
        self._display_id = uuid.uuid4().hex

    def __repr__(self) -> str:
        width = 60
        done = int(width * self.progress / self.total) if self.total else width
        return f"[{'=' * done:<{width}}] {self.progress}/{self.total}"

    def _repr_html_(self) -> str:
        return (
            f"<progress style='width:60ex' max='{self.total}' value='{self.progress}'></progress>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}

    def display(self) -> None:
        """Show the bar."""
        display(self, display_id=self._display_id)

    def update(self) -> None:
        """Show how far it is now, in place."""
        display(self, display_id=self._display_id, update=True)

    @property
    def progress(self) -> int:
        """How many steps are done; setting it updates the bar."""
        return self._progress

    @progress.setter
    def progress(self, value: int) -> None:
        self._progress = value
        self.update()

    def __iter__(self) -> ProgressBar:
        self.display()
        self._progress = -1
        return self

    def __next__(self) -> int:
        self.progress += 1
        if self.progress >= self.total:
            raise StopIteration
        return self.progress


class Video(DisplayObject):
    """A video, from a URL, from a file, or from bytes with their ``mimetype``."""

    def __init__(
        self,
        data: Any = None,
        url: str | None = None,
        filename: str | Path | None = None,
        embed: bool = False,
        mimetype: str | None = None,
        width: int | None = None,
        height: int | None = None,
        html_attributes: str = "controls",
    ) -> None:
        if isinstance(data, str) and url is None:
            if data.startswith(("http://", "https://", "//")):
                data, url = None, data
            elif filename is None and Path(data).exists():
                data, filename = None, data
        if data is not None and not embed:
            raise ValueError("A video's data must be embedded: Video(data, embed=True).")
        super().__init__(data)
        self.url = url
        self.filename = filename
        self.embed = embed
        self.mimetype = mimetype
        self.width, self.height = width, height
        self.html_attributes = html_attributes

    def _repr_html_(self) -> str:
        import binascii
        import mimetypes

        size = "".join(
            f' {name}="{value}"'
            for name, value in (("width", self.width), ("height", self.height))
            if value is not None
        )
        source = self.url or (str(self.filename) if self.filename else "")
        if self.embed:
            data = self.data
            if data is None and self.filename is not None:
                data = Path(self.filename).expanduser().read_bytes()
            kind = self.mimetype or mimetypes.guess_type(str(self.filename))[0] or "video/mp4"
            if isinstance(data, bytes):
                data = binascii.b2a_base64(data, newline=False).decode("ascii")
            source = f"data:{kind};base64,{data}"
        return (
            f'<video src="{html.escape(source)}" {self.html_attributes}{size}>'
            "This browser shows no video.</video>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}


display_pretty = _displayer("display_pretty", "text/plain", Pretty)
display_html = _displayer("display_html", "text/html", HTML)
display_markdown = _displayer("display_markdown", "text/markdown", Markdown)
display_svg = _displayer("display_svg", "image/svg+xml", SVG)
display_png = _displayer("display_png", "image/png", Image)
display_jpeg = _displayer("display_jpeg", "image/jpeg", Image)
display_latex = _displayer("display_latex", "text/latex", Latex)
display_json = _displayer("display_json", "application/json", JSON)
display_javascript = _displayer("display_javascript", "application/javascript", Javascript)
display_pdf = _displayer("display_pdf", "application/pdf", DisplayObject)


# --- Figures ---------------------------------------------------------------------------------


def set_matplotlib_formats(*formats: str, **options: Any) -> None:
    """Say how figures are shown: png, svg, retina, jpeg, pdf; options are ``savefig``'s."""
    names = tuple({"png2x": "retina", "jpg": "jpeg"}.get(name, name) for name in formats)
    shell = current_shell()
    if shell is not None and names:
        shell.settings.set("figure_formats", names)
        given = shell.inline_options.print_figure_kwargs
        shell.inline_options.set("print_figure_kwargs", given | options)


def select_figure_formats(shell: Any, formats: Any, **options: Any) -> None:
    """Say how figures are shown, of a shell."""
    names = (formats,) if isinstance(formats, str) else tuple(formats)
    set_matplotlib_formats(*names, **options)


def set_matplotlib_close(close: bool = True) -> None:
    """Say whether figures are closed when they have been shown."""
    shell = current_shell()
    if shell is not None:
        shell.inline_options.set("close_figures", bool(close))


def print_figure(
    fig: Any,
    fmt: str = "png",
    bbox_inches: str = "tight",
    base64: bool = False,
    **options: Any,
) -> Any:
    """A figure as bytes, text (svg) or base64; None for an empty one."""
    import binascii

    if not fig.axes and not fig.lines:
        return None
    if fmt == "retina":
        fmt, options["dpi"] = "png", fig.dpi * 2
    buffer = io.BytesIO()
    fig.savefig(buffer, format=fmt, bbox_inches=bbox_inches, **options)
    data = buffer.getvalue()
    if fmt == "svg":
        return data.decode("utf-8")
    return binascii.b2a_base64(data, newline=False).decode("ascii") if base64 else data


def figsize(width: float, height: float) -> None:
    """Set matplotlib's default size of figures, in inches."""
    sys.modules["matplotlib"].rcParams["figure.figsize"] = [width, height]


def getfigs(*numbers: int) -> list[Any]:
    """pyplot's open figures, all or those of some numbers."""
    helpers: Any = sys.modules["matplotlib._pylab_helpers"]
    managers = helpers.Gcf.get_all_fig_managers()
    return [manager.canvas.figure for manager in managers if not numbers or manager.num in numbers]


def latex_to_png(
    s: str,
    encode: bool = False,
    backend: str | None = None,
    wrap: bool = False,
    color: str = "Black",
    scale: float = 1.0,
) -> bytes | str | None:
    """A formula as a PNG picture, drawn by matplotlib; None where that is not installed.

    Raises ``ValueError`` for what matplotlib cannot read; ``encode`` gives base64.
    """
    import binascii

    try:
        draw = importlib.import_module("matplotlib.mathtext").math_to_image
    except ImportError:
        return None
    buffer = io.BytesIO()
    text = f"${s.strip('$')}$" if wrap else s
    draw(text, buffer, format="png", dpi=120 * scale, color=color.lower())
    data = buffer.getvalue()
    return binascii.b2a_base64(data, newline=False).decode("ascii") if encode else data


def latex_to_html(s: str, alt: str = "image") -> str:
    """A formula as an HTML picture."""
    picture = str(latex_to_png(s, encode=True))
    return f'<img src="data:image/png;base64,{picture}" alt="{alt}">'
