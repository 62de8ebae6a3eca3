"""Cell magics that show the cell itself: html, markdown, latex, svg, javascript."""

from __future__ import annotations

from typing import Any

from ..displaying import HTML, SVG, Javascript, Latex, Markdown, display
from .options import Option
from .registry import MagicCall, magic


def _shows(names: tuple[str, ...], kind: Any, what: str, options: tuple[Option, ...] = ()) -> None:
    def show(call: MagicCall) -> None:
        display(kind(_content(call)))

    show.__doc__ = f"Show the cell as {what}."
    show.__module__ = __name__
    for name in names:
        magic(name, kinds=("cell",), options=options, expands=False)(show)
    globals()[f"_{names[0]}"] = show


def _content(call: MagicCall) -> str:
    text = call.cell or ""
    if getattr(call.options, "isolated", False):
        # A frame of its own: the page's styles and scripts do not reach the front end's.
        from html import escape

        return f'<iframe srcdoc="{escape(text)}" width="100%" frameborder="0"></iframe>'
    return text


_ISOLATED = (
    Option("-i", "isolated", "in a frame of its own, whose styles stay inside", long="--isolated"),
)
_shows(("html", "HTML"), HTML, "HTML", _ISOLATED)
_shows(("markdown",), Markdown, "Markdown")
_shows(("latex",), Latex, "LaTeX")
_shows(("svg", "SVG"), SVG, "an SVG picture")
_shows(("javascript", "js"), Javascript, "JavaScript, run where the front end allows it")
