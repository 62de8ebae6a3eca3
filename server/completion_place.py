"""What is completed at a place: it decides whom to ask. Pure."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from ..core.completion_sources import is_inside_string_or_comment
from ..core.completion_words import command_in_comment

Kind = Literal["name", "attribute", "key", "import", "command", "string", "comment"]

_ATTRIBUTE = re.compile(r"\.\s*(?!\d)\w*$")
_KEY = re.compile(r"[\w\])]\[\s*(?:[bBrRuU]*['\"])?[^\[\]'\"]*$")
_IMPORT = re.compile(r"^\s*(?:from|import)\s[^#;]*$")
_COMMAND = re.compile(r"^\s*(?:[\w., ]+=\s*)?(?:%{1,2}[\w.]*|!)")
_PYTHON = re.compile(r"^\s*%{1,2}(?:time|timeit|prun|px|debug)\s+(?!-)\S")
_WORD = re.compile(r"\w*$")


class Place(NamedTuple):
    """What stands before a cursor."""

    kind: Kind
    line: str
    """The line up to the cursor; of a comment that is a command, the command."""
    word: str
    """The name that is being typed."""


def place_of(line: str) -> Place:
    """What is completed at the end of a line."""
    match = _WORD.search(line)
    word = match[0] if match is not None else ""
    inner = command_in_comment(line) if "#" in line else None
    content = inner if inner is not None else line
    return Place(_kind(content, line, inner is not None), content, word)


def _kind(content: str, line: str, is_comment_command: bool) -> Kind:
    if _COMMAND.match(content) and not _PYTHON.match(content):
        return "command"
    if is_inside_string_or_comment(content):
        if _KEY.search(content):
            return "key"
        return "comment" if "#" in content and not _is_in_string(content) else "string"
    if _KEY.search(content) and not _ATTRIBUTE.search(content):
        return "key"
    if _IMPORT.match(content):
        return "import"
    if _ATTRIBUTE.search(content):
        return "attribute"
    return "name"


def _is_in_string(line: str) -> bool:
    return is_inside_string_or_comment(line.replace("#", " "))
