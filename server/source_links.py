"""Places in files that a text names: the lines of tracebacks. Pure.

``File "path", line 12`` as Python prints it, ``File path:12, in f`` and ``path.py:12``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PATTERNS = (
    re.compile(r'File "(?P<path>[^"\n]+)", line (?P<line>\d+)'),
    re.compile(r"File (?P<path>[^\"\s][^\n]*?\.pyi?):(?P<line>\d+)"),
    re.compile(r"(?<![\w./\\-])(?P<path>(?:~?/|\.{1,2}/|\w:\\)?[\w.@+\\/-]+\.pyi?):(?P<line>\d+)"),
)
_MAXIMUM_LINKS = 2000


class SourceLink(NamedTuple):
    """A place that a text names."""

    line: int
    """0-based, and columns in characters: where it is named."""
    start: int
    end: int
    path: str
    target: int
    """The 1-based line of the file."""


def source_links(lines: list[str]) -> Iterator[SourceLink]:
    """The places that some lines name, in order."""
    count = 0
    for number, content in enumerate(lines):
        if ".py" not in content and 'File "' not in content:
            continue
        taken: list[tuple[int, int]] = []
        for pattern in _PATTERNS:
            for match in pattern.finditer(content):
                start, end = match.start("path"), match.end()
                if any(start < last and first < end for first, last in taken):
                    continue
                taken.append((start, end))
                count += 1
                if count > _MAXIMUM_LINKS:
                    return
                yield SourceLink(number, start, end, match["path"], int(match["line"]))
