"""HTML of cells without anything that acts: what is not known to be harmless is left out. Pure.

Rules:

1. Elements and attributes are allowed by name; all others go. Of elements that act or that hold no
   text (``script``, ``style``, ``iframe``, …) the content goes too.
2. Nothing is loaded: pictures are ``data:`` alone. Links lead to web pages, mail, or into the page.
3. Whatever comes in, what comes out is balanced: it cannot leave the element that it is put into.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

_ALLOWED = frozenset(
    (
        "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup",
        "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1",
        "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p",
        "pre", "q", "s", "samp", "small", "span", "strong", "sub", "summary", "sup", "table",
        "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var",
    )
)  # fmt: skip
_EMPTY = frozenset(("br", "col", "hr", "img"))
_WITH_CONTENT = frozenset(
    (
        "script", "style", "iframe", "object", "embed", "applet", "svg", "math", "template",
        "noscript", "title", "textarea", "select", "button", "form", "audio", "video",
        "canvas", "frameset", "noframes", "xmp", "head",
    )
)  # fmt: skip
_ATTRIBUTES = frozenset(
    (
        "align", "alt", "border", "class", "colspan", "dir", "headers", "height", "lang",
        "rowspan", "scope", "span", "start", "title", "valign", "value", "width", "open",
    )
)  # fmt: skip
_DECLARATION = re.compile(r"<!(?:--.*?(?:-->|\Z)|[^>]*(?:>|\Z))", re.DOTALL)
_LINK = re.compile(r"(?:https?://|mailto:|#)", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_STYLE = re.compile(
    r"(?:color|background-color|text-align|font-weight|font-style|width|max-width|white-space|"
    r"vertical-align|padding|border)\s*:\s*[\w#.%\s,()-]*"
)
ACTS = re.compile(
    r"<\s*(?:script|iframe|object|embed|applet)\b|\son\w+\s*=|javascript:", re.IGNORECASE
)
"""What marks an HTML that would act if it could."""


class _Sanitizer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.open: list[str] = []
        self.skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.skipped or tag in _WITH_CONTENT:
            if tag in _WITH_CONTENT and tag not in ("embed",):
                self.skipped.append(tag)
            return
        if tag not in _ALLOWED:
            return
        kept = "".join(
            f' {name}="{html.escape(value or "")}"'
            for name, value in attrs
            if _is_fit(tag, name, value or "")
        )
        self.parts.append(f"<{tag}{kept}>")
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _EMPTY or tag not in _WITH_CONTENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.skipped:
            if tag == self.skipped[-1]:
                self.skipped.pop()
            return
        if tag in self.open:
            while (closed := self.open.pop()) != tag:
                self.parts.append(f"</{closed}>")
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.parts.append(html.escape(data))


def _is_fit(tag: str, name: str, value: str) -> bool:
    if name in _ATTRIBUTES:
        return True
    if name == "href":
        return tag == "a" and _LINK.match(value.strip()) is not None
    if name == "src":
        return tag == "img" and _PICTURE.fullmatch(value) is not None
    if name == "style":
        told = [part.strip() for part in value.split(";") if part.strip()]
        return all(_STYLE.fullmatch(part) and "url" not in part for part in told)
    return False


def sanitized(text: str) -> str:
    """An HTML fragment with what is harmless in it."""
    parser = _Sanitizer()
    try:
        parser.feed(_DECLARATION.sub("", text))
        parser.close()
    except AssertionError:  # Python's parser gives up on some declarations in this way
        return html.escape(text)
    return "".join([*parser.parts, *(f"</{tag}>" for tag in reversed(parser.open))])
