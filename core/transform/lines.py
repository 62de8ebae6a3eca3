"""Logical lines: what a rule sees, and how a cell is cut into them.

Rules:

1. A logical line ends where Python's own tokenizer says so, so that a ``%`` inside brackets,
   strings or continuation lines is never taken for a magic.
2. Each physical line is tokenized once: the cost is linear in the length of the cell.
3. Text that the tokenizer refuses is a logical line of one physical line: a shell command
   may hold any quotes it likes.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from typing import NamedTuple

_SKIPPED = (
    tokenize.NL,
    tokenize.COMMENT,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
)


class LogicalLine(NamedTuple):
    """A logical line of a cell, with its line ends as they were typed."""

    text: str
    """The line or lines, as typed, the last line's end included."""
    number: int
    """0-based physical line of its start, in the cell."""

    @property
    def indent(self) -> str:
        """The white space before the first character."""
        return self.text[: len(self.text) - len(self.text.lstrip(" \t\f"))]

    @property
    def body(self) -> str:
        """The text without indentation and without the final line end."""
        return self.text[len(self.indent) :].rstrip("\r\n")


def split_lines(text: str) -> list[str]:
    """The lines of a text with their ends, split where Python splits: not at form feeds."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def python_extent(lines: list[str], start: int) -> int | None:
    """How many physical lines the Python statement at ``start`` takes.

    Returns None if the cell ends inside a string or bracket, and 1 for text that Python's
    tokenizer refuses.
    """
    feed = _from(lines, start)
    try:
        for token in tokenize.generate_tokens(lambda: next(feed, "")):
            if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
                return max(1, token.start[0])
            if token.type == tokenize.NL and not token.line.strip():
                return token.start[0]
            if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip():
                return token.start[0]
    except tokenize.TokenError as error:
        if "EOF" in str(error.args[0]) and "multi-line" in str(error.args[0]):
            return None
        return 1
    except (SyntaxError, ValueError):  # IndentationError is a SyntaxError
        return 1
    return 1


def _from(lines: list[str], start: int) -> Iterator[str]:
    for number in range(start, len(lines)):
        yield lines[number]


def continuation_extent(lines: list[str], start: int) -> int:
    """How many physical lines a magic at ``start`` takes: a final backslash continues it."""
    number = start
    while number < len(lines) - 1 and lines[number].rstrip("\r\n").endswith("\\"):
        number += 1
    return number - start + 1


def join_continued(text: str) -> str:
    """The text of a magic line with its backslash continuations taken out."""
    parts = [line.rstrip("\r\n") for line in split_lines(text)]
    joined = [part[:-1] if part.endswith("\\") else part for part in parts[:-1]]
    return "".join([*joined, parts[-1]]) if parts else ""


def tokens_of(text: str) -> Iterator[tokenize.TokenInfo]:
    """The significant tokens of a text, as far as the tokenizer gets."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text.lstrip(" \t")).readline):
            if token.type not in _SKIPPED and token.string.strip(" \t"):
                yield token
    except (tokenize.TokenError, SyntaxError, ValueError):
        return
