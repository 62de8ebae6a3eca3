"""Lines that a running cell writes over again: progress bars, counters. Pure.

A cell's text is read as a terminal would: ``\\r`` goes to the line's start, ``ESC [ A`` a line up.
A row that was written over is a bar; what is printed below it and never changed is none.
"""

from __future__ import annotations

import ast
import re

_TOKENS = re.compile(
    r"\r\n|[\r\n]|\x1b\[(\d*)A|\x1b\[(\d*)B|\x1b\[[0-9;?]*[A-Za-z]|[^\r\n\x1b]+|\x1b"
)
_MOST_ROWS = 30
_LONGEST = 500  # characters of a row that are kept
_BARS = frozenset({"tqdm", "trange", "track", "progress_bar", "notebook_tqdm"})


class Bars:
    """What one cell has written, as far as it concerns its bars."""

    def __init__(self) -> None:
        self._rows: list[str] = [""]
        self._rewritten: set[int] = set()
        self._row = 0
        self._at_start = False
        self._displayed = ""
        self._is_plain = True

    def write(self, text: str) -> bool:
        """Take in some text of a stream; whether the label differs now."""
        self._is_plain = self._is_plain and "\r" not in text and "\x1b" not in text
        if self._is_plain:
            # Most text is no bar: only its last line can become one.
            if "\n" in text:
                self._rows, self._row = [""], 0
            self._rows[0] = (self._rows[0] + text.rpartition("\n")[2])[:_LONGEST]
            return False
        before = self.label
        for token in _TOKENS.finditer(text):
            self._take(token)
        self._forget()
        return self.label != before

    def display(self, text: str) -> bool:
        """Take in the text of a display that was updated; whether the label differs now."""
        before = self.label
        self._displayed = text
        return self.label != before

    def _take(self, token: re.Match[str]) -> None:
        text = token[0]
        if text == "\r":
            self._at_start = True
            if self._rows[self._row].strip():
                self._rewritten.add(self._row)
        elif text in ("\n", "\r\n"):
            self._move(1)
            self._at_start = True
        elif text.endswith("A") and text[0] == "\x1b":
            self._move(-int(token[1] or 1))
        elif text.endswith("B") and text[0] == "\x1b":
            self._move(int(token[2] or 1))
        elif text[0] != "\x1b":
            self._put(text)

    def _put(self, text: str) -> None:
        held = "" if self._at_start else self._rows[self._row]
        self._at_start = False
        self._rows[self._row] = (held + text)[:_LONGEST]

    def _move(self, by: int) -> None:
        self._row = max(0, self._row + min(by, _MOST_ROWS))
        while self._row >= len(self._rows):
            self._rows.append("")

    def _forget(self) -> None:
        extra = len(self._rows) - _MOST_ROWS
        if extra > 0:
            del self._rows[:extra]
            self._row = max(0, self._row - extra)
            self._rewritten = {row - extra for row in self._rewritten if row >= extra}

    @property
    def label(self) -> str:
        """The bars as they stand, empty if there is none."""
        rows = [self._rows[row].strip() for row in sorted(self._rewritten) if row < len(self._rows)]
        shown = [row for row in rows if row]
        if self._displayed.strip():
            shown.append(self._displayed.strip())
        return " · ".join(shown[-3:])


def line_of_bar(source: str) -> int:
    """The line of a cell, from 0, beside which its bar stands.

    That of the loop over a bar (``for … in tqdm(…)``); else of its only loop; else of its last
    statement's end.
    """
    lines = source.rstrip().split("\n")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return len(lines) - 1
    loops = [
        each for each in ast.walk(tree) if isinstance(each, (ast.For, ast.AsyncFor, ast.While))
    ]
    over = [each for each in loops if not isinstance(each, ast.While) and _is_bar(each.iter)]
    for found in (over, [each for each in loops if each in tree.body]):
        if found and (found is over or len(found) == 1):
            return int(found[0].lineno) - 1
    return len(lines) - 1


def _is_bar(iterable: ast.expr) -> bool:
    names = (
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(iterable)
        if isinstance(node, (ast.Attribute, ast.Name))
    )
    return any(name in _BARS for name in names)
