"""Text of a terminal as HTML: colours become spans, everything else is escaped. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_SEQUENCE = re.compile(
    r"\x1b\[(?P<codes>[\d;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]?"
)
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_STYLES = {1: "bold", 2: "faint", 3: "italic", 4: "underline", 9: "struck"}
_OFF = {22: ("bold", "faint"), 23: ("italic",), 24: ("underline",), 29: ("struck",)}
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class _State:
    """The colours and styles that hold at a place."""

    def __init__(self) -> None:
        self.styles: list[str] = []
        self.colours: dict[str, tuple[str, str]] = {}
        """``color`` and ``background``: a class, or a style."""

    def apply(self, codes: list[int]) -> None:
        """Take in the numbers of one sequence."""
        at = iter(codes)
        for code in at:
            if code == 0:
                self.styles.clear()
                self.colours.clear()
            elif code in _STYLES:
                if _STYLES[code] not in self.styles:
                    self.styles.append(_STYLES[code])
            elif code in _OFF:
                self.styles = [style for style in self.styles if style not in _OFF[code]]
            elif code in (38, 48):
                self._extended("color" if code == 38 else "background", at)
            elif code in (39, 49):
                self.colours.pop("color" if code == 39 else "background", None)
            else:
                self._named(code)

    def _named(self, code: int) -> None:
        for first, what in ((30, "color"), (40, "background"), (90, "color"), (100, "background")):
            if first <= code < first + 8:
                bright = "bright-" if first >= 90 else ""
                prefix = "on-" if what == "background" else ""
                self.colours[what] = ("class", f"{prefix}{bright}{_NAMES[code - first]}")

    def _extended(self, what: str, at: Iterator[int]) -> None:
        form = next(at, 0)
        if form == 2:
            red, green, blue = (min(255, next(at, 0)) for _ in range(3))
        elif form == 5:
            red, green, blue = _of_256(min(255, next(at, 0)))
        else:
            return
        self.colours[what] = ("style", f"{what}:#{red:02x}{green:02x}{blue:02x}")

    def opening(self) -> str:
        """The span that begins here; empty where text is plain."""
        classes = [f"ansi-{style}" for style in self.styles]
        classes += [f"ansi-{value}" for kind, value in self.colours.values() if kind == "class"]
        styles = [value for kind, value in self.colours.values() if kind == "style"]
        if not classes and not styles:
            return ""
        told = f' class="{" ".join(classes)}"' if classes else ""
        return f"<span{told}" + (f' style="{";".join(styles)}"' if styles else "") + ">"


def _of_256(number: int) -> tuple[int, int, int]:
    if number < 16:
        level = 255 if number >= 8 else 170
        return tuple(level if number >> bit & 1 else 0 for bit in range(3))  # type: ignore[return-value]
    if number >= 232:
        grey = 8 + (number - 232) * 10
        return grey, grey, grey
    number -= 16
    steps = (0, 95, 135, 175, 215, 255)
    return steps[number // 36], steps[number // 6 % 6], steps[number % 6]


def as_html(text: str) -> str:
    """A text with its colours, to be put into ``<pre>``."""
    parts: list[str] = []
    state = _State()
    last = 0
    text = overwritten(text)
    for match in _SEQUENCE.finditer(text):
        _put(parts, text[last : match.start()], state)
        last = match.end()
        if match["codes"] is not None:
            codes = re.split("[;:]", match["codes"]) if match["codes"] else ["0"]
            state.apply([int(code[:4]) if code else 0 for code in codes])
    _put(parts, text[last:], state)
    return "".join(parts)


def _put(parts: list[str], text: str, state: _State) -> None:
    text = _CONTROLS.sub("", text)
    if text:
        opening = state.opening()
        parts.append(f"{opening}{html.escape(text)}{'</span>' if opening else ''}")


def overwritten(text: str) -> str:
    """A text as a terminal shows it in the end: what a carriage return overwrote is gone."""
    if "\r" not in text:
        return text
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        shown = line.rstrip("\r").split("\r")
        text = shown[-1]
        for earlier in reversed(shown[:-1]):
            if "\x1b" not in earlier + text and len(earlier) > len(text):
                text += earlier[len(text) :]
        lines.append(text)
    return "\n".join(lines)


STYLE = """
.ansi-bold{font-weight:bold}.ansi-faint{opacity:.7}.ansi-italic{font-style:italic}
.ansi-underline{text-decoration:underline}.ansi-struck{text-decoration:line-through}
""" + "".join(
    f".ansi-{prefix}{name}{{color:{colour}}}.ansi-on-{prefix}{name}{{background:{colour}}}\n"
    for prefix, colours in (
        (
            "",
            (
                "#3e424d",
                "#c0272d",
                "#007b3a",
                "#8a6100",
                "#1f5fbf",
                "#a03595",
                "#00737d",
                "#a1a6b2",
            ),
        ),
        (
            "bright-",
            (
                "#282c36",
                "#a01018",
                "#005e2b",
                "#6b4b00",
                "#0d47a1",
                "#7c1f73",
                "#00585f",
                "#6f7480",
            ),
        ),
    )
    for name, colour in zip(_NAMES, colours, strict=True)
)
"""The classes that the spans have."""
