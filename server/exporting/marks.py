"""The line that begins a cell in a script: ``# %% title [markdown] tags=["a"] id="b"``. Pure.

What stands between title and end is ``key=JSON``, as jupytext writes a cell's metadata. A title
that would be read as something else is written as such a key. What is written is read as the same.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from .documents import CellKind

MARK = re.compile(
    r"[ \t]*\#[ \t]*"
    r"(?:%%(?!%)(?P<rest>.*)|(?:In\[[ \d]*\]:?|<codecell>|(?P<md><markdowncell>))[ \t]*)"
)
_ESCAPED = re.compile(r"(?P<indent>[ \t]*)(?P<hashes>(?:# )*)(?P<rest>.*)", re.DOTALL)
_KIND = re.compile(r"(?:^|(?<=\s))\[(markdown|md|raw)\](?=\s|$)")
_KEY = re.compile(r"\s*([\w.:-]+)=")
_KINDS: dict[str, CellKind] = {"markdown": "markdown", "md": "markdown", "raw": "raw"}
_decoder = json.JSONDecoder()


@dataclass
class Mark:
    """What a mark says."""

    title: str = ""
    kind: CellKind = "code"
    values: dict[str, Any] = field(default_factory=dict)


def read_mark(line: str) -> Mark | None:
    """The mark that a line is; None for another line."""
    match = MARK.fullmatch(line)
    if match is None:
        return None
    if match["md"]:
        return Mark(kind="markdown")
    rest = match["rest"] or ""
    for start in _word_starts(rest):
        values = _read_values(rest[start:])
        if values is not None:
            break
    else:
        start, values = len(rest), {}
    before = rest[:start]
    kind: CellKind = "code"
    if (found := _KIND.search(before)) is not None:
        kind = _KINDS[found[1]]
        before = before[: found.start()] + before[found.end() :].lstrip()
    title = values.pop("title", None)
    return Mark(title if isinstance(title, str) else before.strip(), kind, values)


def _word_starts(text: str) -> list[int]:
    return [match.end() for match in re.finditer(r"\s+|^", text)]


def _read_values(text: str) -> dict[str, Any] | None:
    """The keys and values that a text is, from its beginning to its end; None if it is not."""
    values: dict[str, Any] = {}
    at = 0
    while at < len(text.rstrip()):
        match = _KEY.match(text, at)
        if match is None or (at and not match[0][0].isspace()):
            return None
        try:
            values[match[1]], at = _decoder.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            return None
    return values if values else None


def write_mark(mark: Mark) -> str:
    """The line of a mark: read back, it is the same."""
    kind = f" [{mark.kind}]" if mark.kind != "code" else ""
    told = "".join(f" {key}={_json(value)}" for key, value in mark.values.items())
    line = f"# %%{' ' if mark.title else ''}{mark.title}{kind}{told}"
    if "\n" not in line and read_mark(line) == mark:
        return line
    return f"# %%{kind} title={_json(mark.title)}{told}"


def is_key(text: str) -> bool:
    """Whether a name may stand as a key in a mark."""
    return text != "title" and re.fullmatch(r"[\w.:-]+", text) is not None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def escape(line: str) -> str:
    """A line of a cell's text that is no mark, nor the escape of one."""
    match = _ESCAPED.fullmatch(line)
    assert match is not None
    is_like_one = _is_like_mark(match)
    return f"{match['indent']}# {line[len(match['indent']) :]}" if is_like_one else line


def unescape(line: str) -> str:
    """What :func:`escape` made a line of."""
    match = _ESCAPED.fullmatch(line)
    assert match is not None
    if not match["hashes"] or MARK.fullmatch(line) or not _is_like_mark(match):
        return line
    return match["indent"] + line[len(match["indent"]) + 2 :]


def _is_like_mark(match: re.Match[str]) -> bool:
    """Whether a line is a mark, or one behind some ``# ``."""
    rest = match["rest"]
    if MARK.fullmatch(rest):
        return True
    return bool(match["hashes"]) and MARK.fullmatch(f"# {rest}") is not None
