"""The transcript of a session as text: pure."""

from __future__ import annotations

import re
from typing import Any

from ..parallel.transcripts import TranscriptEntry

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def text_of(entry: TranscriptEntry, *, colour: bool = False) -> str:
    """An entry as the console shows it: inputs behind ``In [n]:``, values behind ``Out[n]:``."""
    content = entry.content
    if entry.kind == "input":
        client = entry.record.client if entry.record else ""
        whose = f"  # {client}" if client else ""
        lines = str(content["code"]).split("\n")
        return f"\nIn [{content['execution_count']}]:{whose}\n{_indented(lines)}\n"
    if entry.kind == "stream":
        return str(content["text"])
    if entry.kind in ("value", "display"):
        shown = _rendered(content["data"])
        if entry.kind == "display":
            return f"{shown}\n"
        between = "\n" if "\n" in shown else " "
        return f"Out[{content['execution_count']}]:{between}{shown}\n"
    if entry.kind == "error":
        told = "\n".join(content["traceback"]) or f"{content['ename']}: {content['evalue']}"
        return f"{told if colour else _ESCAPES.sub('', told)}\n"
    if entry.kind == "gap":
        until = content["last"] if content["last"] is not None else "the end"
        return f"\n[events {content['first']} to {until} are missing: {content['reason']}]\n"
    if entry.kind == "news":
        return f"\n[{content['text']}]\n"
    return ""


def _indented(lines: list[str]) -> str:
    return "\n".join(f"    {line}".rstrip() for line in lines)


def _rendered(data: dict[str, Any]) -> str:
    """The plain text of a bundle; what has none is named."""
    text = data.get("text/plain")
    return str(text) if text is not None else f"<{', '.join(data) or 'nothing'}>"
