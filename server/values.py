"""Values as short labels beside the code. Pure."""

from __future__ import annotations

from typing import Any

from ..core.previews import LINE_MIME

MAXIMUM_LABEL = 43
"""VS Code cuts an inlay hint's label at 43 characters."""
ARROW = "⟶ "
STALE = "⟶ (stale) "
PINNED = "⟶ (pinned) "
_LEAST = 8  # characters of a value, however narrow the user wants it


def one_line(text: str, limit: int) -> str:
    """A text on one line of at most ``limit`` characters, its white space folded."""
    # What cannot be shown is not looked at: a value may be megabytes of text.
    folded = " ".join(text[: 4 * limit + 400].split())
    is_whole = len(text) <= 4 * limit + 400
    if len(folded) <= limit and is_whole:
        return folded
    return folded[: max(1, limit - 1)] + "…"


def value_label(
    text: str, *, is_stale: bool = False, is_pinned: bool = False, limit: int = MAXIMUM_LABEL
) -> str:
    """What stands beside the code for a value."""
    prefix = PINNED if is_pinned else STALE if is_stale else ARROW
    return prefix + one_line(text, max(_LEAST, limit - len(prefix)))


def line_of(data: dict[str, Any]) -> str:
    """What a label says of a MIME bundle: its line, if it has one, else its text."""
    found = data.get(LINE_MIME) or data.get("text/plain") or ""
    return str(found)


def names_label(values: list[tuple[str, str]], first: str, limit: int) -> str:
    """``a = 3 · b = [1, 2]``: as many as fit; those that the text ``first`` names come first."""
    ordered = sorted(values, key=lambda each: each[0] not in first)
    label = ""
    for number, (name, text) in enumerate(ordered):
        left = limit - len(label) - (3 if label else 0)
        if number and left < len(name) + 3 + min(len(text), 6):
            return label + (" …" if len(label) + 2 <= limit else "")
        part = one_line(f"{name} = {text}", max(_LEAST, left))
        label = f"{label} · {part}" if label else part
    return label
