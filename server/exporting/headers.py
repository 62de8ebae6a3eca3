"""The comment at a script's head that holds the notebook's metadata, as jupytext has it. Pure.

It is YAML between two lines ``# ---``. What is written here is JSON, which is YAML too; what
jupytext wrote is read as far as it is keys and plain values by indentation.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from .notebook import DEFAULT_METADATA

_FENCE = "# ---"
_ENTRY = re.compile(r"(?P<indent> *)(?P<key>[^\s:#][^:]*):(?: +(?P<value>.*?))? *")
_LEFT_OUT = ("widgets", "language_info")
"""Not worth a place in a script: state, and what every kernel tells of itself."""


@dataclass(frozen=True)
class Header:
    """What a script's header says, and the line behind it (0 if it has none)."""

    end: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)


def read_header(lines: list[str]) -> Header:
    """The header of a script."""
    start = 1 if lines[0].startswith("#!") else 0
    if len(lines) <= start or lines[start].rstrip() != _FENCE:
        return Header()
    for end in range(start + 1, len(lines)):
        line = lines[end].rstrip()
        if line == _FENCE:
            told = _parse([each[2:].rstrip() for each in lines[start + 1 : end]])
            jupyter = told.get("jupyter")
            return Header(end + 1, jupyter if isinstance(jupyter, dict) else {})
        if not line.startswith("#"):
            break
    return Header()


def _parse(lines: list[str]) -> dict[str, Any]:
    """Keys and values by indentation; lines that are nothing of the kind are passed over."""
    root: dict[str, Any] = {}
    open_: list[tuple[int, dict[str, Any]]] = [(-1, root)]
    for line in lines:
        match = _ENTRY.fullmatch(line)
        if match is None:
            continue
        indent = len(match["indent"])
        while open_[-1][0] >= indent:
            open_.pop()
        inner: dict[str, Any] = {}
        value = _value(match["value"]) if match["value"] else inner
        open_[-1][1][match["key"].strip()] = value
        if value is inner:
            open_.append((indent, inner))
    return root


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.strip("'\"")


def write_header(metadata: dict[str, Any], *, comment_magics: bool) -> str:
    """The header of a script; empty if there is nothing to say."""
    told = {key: value for key, value in metadata.items() if key not in _LEFT_OUT}
    if told == {key: DEFAULT_METADATA[key] for key in ("kernelspec",)}:
        told = {}
    if comment_magics:
        told["jupytext"] = {"comment_magics": True}
    if not told:
        return ""
    said = json.dumps({"jupyter": told}, ensure_ascii=False, sort_keys=True)
    return (
        f"{_FENCE}\n# {said[1:-1].replace(chr(34) + 'jupyter' + chr(34), 'jupyter', 1)}\n{_FENCE}"
    )
