"""Values in full, as Markdown: what a tooltip or a hover shows of a MIME bundle. Pure.

Rules:

1. A rendering is bounded: editors cut Markdown (VS Code at 100,000 characters), and a table or a
   picture that is cut is worse than none.
2. Text of the user's stands in a fence that it cannot end. Only what a value gives as Markdown
   itself is Markdown.
3. Pictures are there only for a client that said that it shows them.
"""

from __future__ import annotations

import binascii
import re
from typing import Any

from ..core.previews import markdown_table
from ..parallel.messages import TableReply

MAXIMUM = 95_000
"""Characters of a rendering."""
LARGEST_PICTURE = 60_000
"""Bytes of a picture that is shown in Markdown."""
_LONGEST_TEXT = 8_000
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")


def rendering_of(data: dict[str, Any], *, images: bool = False, limit: int = MAXIMUM) -> str:
    """The Markdown of a MIME bundle: its picture, its Markdown, else its text."""
    parts = [shown] if (shown := picture_of(data, images=images)) else []
    markdown = data.get("text/markdown")
    if isinstance(markdown, str) and len(markdown) <= limit // 2:
        parts.append(markdown)
    elif not parts or not has_picture(data):
        parts.append(fenced(str(data.get("text/plain", ""))))
    made = "\n\n".join(parts)
    return made if len(made) <= limit else fenced(str(data.get("text/plain", "")))


def rendering_of_table(type_name: str, told: TableReply) -> str:
    """The Markdown of a live table's corner, as a session tells it; empty for what is none."""
    if not told.found:
        return ""
    kinds = {kind for kind in told.dtypes if kind is not None}
    facts = [f"`{type_name}`", f"{told.rows}×{told.columns}"]
    facts += [f"`{kind}`" for kind in kinds if len(kinds) == 1]
    table = markdown_table(
        told.labels, told.names, told.dtypes, told.cells, told.rows, told.columns
    )
    return f"{' · '.join(facts)}\n\n{table}"


def fenced(text: str, language: str = "text", limit: int = _LONGEST_TEXT) -> str:
    """A text in a code block that it cannot end."""
    if len(text) > limit:
        text = text[:limit] + "…"
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def has_picture(data: dict[str, Any]) -> bool:
    """Whether a bundle has a picture."""
    return any(mime in data for mime in _PICTURES)


def picture_of(data: dict[str, Any], *, images: bool) -> str:
    """A bundle's picture as Markdown, or in words; empty if it has none."""
    for mime in _PICTURES:
        content = data.get(mime)
        if not isinstance(content, str):
            continue
        raw = binary_of(mime, content)
        if images and len(raw) <= LARGEST_PICTURE:
            encoded = binascii.b2a_base64(raw, newline=False).decode("ascii")
            return f"![figure](data:{mime};base64,{encoded})"
        size = png_size(raw) if mime == "image/png" else None
        told = f"{size[0]}×{size[1]} " if size else ""
        kind = mime.removeprefix("image/").partition("+")[0].upper()
        return f"*figure: {told}{kind}, {max(1, len(raw) // 1000)} kB*"
    return ""


def binary_of(mime: str, content: str) -> bytes:
    """The bytes of a bundle's entry: text as UTF-8, binary types from base64."""
    if is_text(mime):
        return content.encode("utf-8", "surrogatepass")
    try:
        return binascii.a2b_base64(content)
    except (binascii.Error, ValueError):
        return content.encode("utf-8", "surrogatepass")


def is_text(mime: str) -> bool:
    """Whether a bundle holds a MIME type as text, not in base64."""
    return mime.startswith("text/") or mime.endswith(("+xml", "+json", "/json", "/javascript"))


def png_size(raw: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG in pixels; None for what is none."""
    if raw[:8] != b"\x89PNG\r\n\x1a\n" or len(raw) < 24:
        return None
    return int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big")
