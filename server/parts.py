"""The part of a document that has to be parsed to know about one of its lines. Pure.

Parsing ten thousand lines takes seconds; what encloses a line is its own top-level statement.

Rules:

1. A part begins at a cell's mark, or at the beginning of a top-level statement, and so does the
   next.
2. Lines alone are looked at: what stands at column 0 outside of a string begins a statement,
   unless it goes on with the one above. Where a text is broken, a part is larger, never smaller,
   than needed.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from .bounded import remembered

LONGEST = 2_000
"""Lines of one statement that are parsed; the parser's time grows with the square of comments."""
_SHORT = 200
"""Lines that are parsed as they are: looking for parts of them would not pay."""
_QUOTED = re.compile(
    r"""\"{3}(?:\\[\s\S]|[^\\])*?(?:\"{3}|\Z)|'{3}(?:\\[\s\S]|[^\\])*?(?:'{3}|\Z)"""
    r"""|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|\#[^\n]*"""
)
_BEGINS = re.compile(r"(?!(?:else|elif|except|finally)\b)[^\W\d]|@|%|!")
_GOES_ON = re.compile(r"[(\[{,\\=+*/|&<>.:-]$|\b(?:and|or|not|in|is|if|else|lambda)$")


def part_around(lines: list[str], line: int, start: int, end: int) -> tuple[int, int]:
    """The part of lines ``start`` to ``end`` (exclusive) that holds a line: its start and end."""
    if end - start <= _SHORT:
        return start, end
    begins = _beginnings("\n".join(lines[start:end]))
    place = bisect_right(begins, line - start)
    low = start + begins[place - 1] if place else start
    high = start + begins[place] if place < len(begins) else end
    return low, high


def parts_of(lines: list[str]) -> list[tuple[int, int]]:
    """All parts of a text, top to bottom."""
    begins = _beginnings("\n".join(lines))
    starts = [0, *(number for number in begins if number)]
    return list(zip(starts, [*starts[1:], len(lines)], strict=True))


@remembered(4, 2**21)
def _beginnings(text: str) -> list[int]:
    """The lines on which top-level statements begin."""
    quoted = _lines_in_quotes(text)
    found: list[int] = []
    above, is_decorated = "", False
    for number, line in enumerate(text.split("\n")):
        if number in quoted or not line.strip():
            continue
        if line[0] in " \t#":
            above = "" if line.lstrip().startswith("#") else line
            continue
        goes_on = is_decorated or _goes_on(above)
        if not goes_on and _BEGINS.match(line):
            found.append(number)
        above, is_decorated = line, line.startswith("@")
    return found


def _goes_on(above: str) -> bool:
    """Whether a line at column 0 goes on with the line above it."""
    return bool(_GOES_ON.search(above.rstrip())) and not above.rstrip().endswith(":")


def _lines_in_quotes(text: str) -> set[int]:
    """The lines that begin within a string."""
    found: set[int] = set()
    number, last = 0, 0
    for match in _QUOTED.finditer(text):
        if "\n" in (quoted := match[0]):
            number += text.count("\n", last, match.start())
            inside = quoted.count("\n")
            found.update(range(number + 1, number + inside + 1))
            number, last = number + inside, match.end()
    return found
