"""Magics that are written as comments, jupytext's form: the file stays valid Python.

Rules:

1. ``# %time f()``, ``# !ls``, ``# files = !ls`` and ``# %%time`` are what they would be without
   the mark; a comment that names no magic stays a comment, and so do ``# %%`` and ``# %% title``,
   which begin a cell, and ``#!/bin/sh``, which says what runs a file.
2. Where every later line of a cell magic is a comment as well, the marks are taken from all:
   the cell is another program's.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .lines import LogicalLine, split_lines
from .rules import ASSIGNMENT, ESCAPE, Rule

# Compiled at their first use, as re does it: a start has no use for them.
_COMMENT = r"(?s)^#(?!!/)[ \t]*(?P<line>[^#\s].*)$"
_MAGIC_NAME = r"(?:^|=[ \t]*)%(?P<name>[^\W\d][\w.]*)"
_CELL = (
    r"(?s)\A(?P<before>(?:[ \t]*(?:\#[^\n]*)?\r?\n)*?)#[ \t]*"
    r"(?P<line>%%(?P<name>[^\W\d][\w.]*|!)[^\n]*)(?:\n(?P<body>.*))?\Z"
)


def comment_magic_rule(is_magic: Callable[[str], bool] | None) -> Rule:
    """The rule for lines. Without ``is_magic`` any name is taken for a magic's."""

    def rewrite(line: LogicalLine) -> str | None:
        match = re.match(_COMMENT, line.body)
        if match is None:
            return None
        inner = LogicalLine(match["line"], line.number)
        named = re.search(_MAGIC_NAME, inner.body)
        if named and is_magic is not None and not is_magic(named["name"]):
            return None
        return ESCAPE.rewrite(inner) or ASSIGNMENT.rewrite(inner)

    return Rule("comment_magic", rewrite)


def uncommented_cell(source: str, is_magic: Callable[[str], bool] | None) -> str | None:
    """The cell of a cell magic that is written as a comment; None if there is none.

    ``is_magic`` answers for cell magics; without it any name is taken for one.
    """
    match = re.match(_CELL, source)
    if match is None:
        return None
    if match["name"] != "!" and is_magic is not None and not is_magic(match["name"]):
        return None
    body = match["body"]
    if body is None:
        return f"{match['before']}{match['line']}"
    lines = split_lines(body)
    if all(line.startswith("#") for line in lines if line.strip()):
        body = "".join(re.sub(r"^# ?", "", line) for line in lines)
    return f"{match['before']}{match['line']}\n{body}"
