"""matplotlib's backend of a session: figures become pictures in the output.

Used as ``module://vivo.core.inline_backend``; imported by matplotlib, never by the shell.
A figure is shown when its cell ends, or at ``show()``, and closed then.
"""

from __future__ import annotations

import io
from typing import Any

from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

from .displaying import display
from .inline_options import InlineOptions

_MIME = {"png": "image/png", "svg": "image/svg+xml", "jpeg": "image/jpeg", "pdf": "application/pdf"}


class FigureManager(FigureManagerBase):
    """Shows its figure as a picture; there is no window."""

    def show(self) -> None:
        """Show the figure now and close it."""
        _show_and_close(self)

    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        """``pyplot.show()``: show every open figure."""
        flush_figures(everything=True)


class FigureCanvas(FigureCanvasAgg):
    """Draws with Agg."""

    manager_class = FigureManager

    def draw_idle(self, *_: Any, **__: Any) -> None:
        """Nothing: the figure is drawn when it is shown."""


def show_figure(figure: Any) -> None:
    """Show a figure in the formats that the settings name."""
    from .shell import current_shell

    shell = current_shell()
    formats = shell.settings.figure_formats if shell else ("png",)
    data, metadata = picture(figure, formats)
    if data:
        display(data, raw=True, metadata=metadata)


def picture(figure: Any, formats: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A figure's MIME bundle and metadata (its size, where the resolution is doubled).

    A figure that nothing has been drawn into is text alone.
    """
    data: dict[str, Any] = {"text/plain": repr(figure)}
    metadata: dict[str, Any] = {}
    is_empty = len(figure.get_children()) <= 1  # the one is its background
    for name in () if is_empty else formats:
        kind = "png" if name == "retina" else name
        dots = figure.dpi * (2 if name == "retina" else 1)
        buffer = io.BytesIO()
        options = {"dpi": dots, "bbox_inches": "tight", "facecolor": _face(figure)}
        figure.savefig(buffer, format=kind, **options | inline_options().print_figure_kwargs)
        content = buffer.getvalue()
        data[_MIME[kind]] = content.decode("utf-8") if kind == "svg" else content
        if name == "retina":
            width, height = (int.from_bytes(content[at : at + 4], "big") // 2 for at in (16, 20))
            metadata["image/png"] = {"width": width, "height": height}
    return data, metadata


def inline_options() -> InlineOptions:
    """The options of the running shell."""
    from .shell import current_shell

    shell = current_shell()
    return shell.inline_options if shell else InlineOptions()


def is_open(figure: Any) -> bool:
    """Whether pyplot holds a figure: then it is shown when its cell ends."""
    return any(manager.canvas.figure is figure for manager in Gcf.get_all_fig_managers())


def _face(figure: Any) -> Any:
    face = figure.get_facecolor()
    return "white" if len(face) > 3 and face[3] == 0 else face  # unreadable on a dark page


def flush_figures(*, everything: bool = False) -> None:
    """Show every open figure of this backend and close it; another backend's windows stay.

    Where figures are not closed, those are shown that have changed since, or ``everything``.
    """
    closes = inline_options().close_figures
    for manager in Gcf.get_all_fig_managers():
        if isinstance(manager, FigureManager) and (
            closes or everything or manager.canvas.figure.stale
        ):
            _show_and_close(manager)


def _show_and_close(manager: FigureManager) -> None:
    figure = manager.canvas.figure
    try:
        show_figure(figure)
    finally:
        if inline_options().close_figures:
            Gcf.destroy(manager)
        else:
            figure.stale = False
