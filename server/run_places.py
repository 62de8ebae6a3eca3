"""Where a line of a run is now: in its document, or in no document any more. Pure.

Rules:

1. A definition is found by its text: the lines that ran, wherever they stand now, nearest to where
   the anchor of the run is. White space at line ends and a common indent is nothing.
2. What was edited is found by its heading (``def f``) inside the run's cell; what was deleted is
   found nowhere, and shown as it ran.
"""

from __future__ import annotations

import re

from ..parallel.messages import RunRecord

_HEADING = re.compile(r"\s*(?:async\s+def|def|class)\s+(\w+)")
_MAXIMUM_BLOCK = 400


def line_in_run(record: RunRecord, line: int) -> int | None:
    """The 0-based line of a run's text for a 1-based line of its file; None outside of it."""
    index = line - record.first_line
    return index if 0 <= index < len(record.source.split("\n")) else None


def block_of(record: RunRecord, index: int) -> list[str]:
    """The definition that begins at a line of a run, with its body."""
    lines = record.source.split("\n")
    head = index
    while head < len(lines) - 1 and lines[head].lstrip().startswith("@"):
        head += 1
    indent = _indent(lines[head])
    end = head + 1
    while end < len(lines) and end - index < _MAXIMUM_BLOCK:
        if lines[end].strip() and _indent(lines[end]) <= indent:
            break
        end += 1
    while end > head + 1 and not lines[end - 1].strip():
        end -= 1
    return lines[index:end]


def find_block(lines: list[str], block: list[str], near: int) -> int | None:
    """The 0-based line where a block stands, the nearest to ``near``; None if it does not."""
    key = block[0].strip()
    found = [
        number
        for number, line in enumerate(lines)
        if line.strip() == key and _same(lines[number : number + len(block)], block)
    ]
    return min(found, key=lambda number: abs(number - near)) if found else None


def find_heading(lines: list[str], block: list[str], start: int, end: int) -> int | None:
    """The line between two where a definition of the block's name begins."""
    wanted = next((match[1] for line in block if (match := _HEADING.match(line))), None)
    if wanted is None:
        return None
    for number in range(max(0, start), min(end, len(lines))):
        match = _HEADING.match(lines[number])
        if match is not None and match[1] == wanted:
            return number
    return None


def defines(record: RunRecord, name: str) -> int | None:
    """The 0-based line of a run's text that defines a function or class of a name, the last one."""
    pattern = re.compile(rf"(?:async\s+def|def|class)\s+{re.escape(name)}\b")
    lines = record.source.split("\n")
    found = [number for number, line in enumerate(lines) if pattern.match(line)]
    return found[-1] if found else None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _same(lines: list[str], block: list[str]) -> bool:
    if len(lines) != len(block):
        return False
    shift = _indent(lines[0]) - _indent(block[0])
    for line, wanted in zip(lines, block, strict=True):
        if line.strip() != wanted.strip():
            return False
        if wanted.strip() and _indent(line) - _indent(wanted) != shift:
            return False
    return True
