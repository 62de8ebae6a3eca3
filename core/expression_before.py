"""The expression that ends at a cursor, found backwards in a line that need not parse."""

from __future__ import annotations

import re

_OPENING = {")": "(", "]": "[", "}": "{"}
_WORD = re.compile(r"\w+$")
_STRING_PREFIX = re.compile(r"(?<!\w)[bBrRuUfF]{1,2}$")


def expression_before(line: str) -> str:
    """The longest chain of names, attributes, items, calls and literals at the end of ``line``.

    ``x = f(a).b["c"]`` gives ``f(a).b["c"]``; empty where none ends there.
    """
    start = len(line)
    while start > 0:
        begin = _piece(line[:start])
        if begin is None:
            break
        start = begin
        if line[start] in "'\"":
            prefix = _STRING_PREFIX.search(line[:start])
            start = prefix.start() if prefix else start
            break
        before = line[:start]
        if line[start] in "([{":
            if before and (before[-1].isalnum() or before[-1] in "_)]}'\""):
                continue  # a call or an item of what stands before
            break
        if before.endswith("."):
            start -= 1
            continue
        break
    found = line[start:]
    return "" if found[:1] in (".", "") or found[0].isdigit() else found


def _piece(text: str) -> int | None:
    """Where the last bracket, string or word of a text begins; None if it ends in none."""
    last = text[-1]
    if last in _OPENING:
        return _bracket(text)
    if last in "'\"":
        return _string(text)
    match = _WORD.search(text)
    return match.start() if match else None


def _bracket(text: str) -> int | None:
    """Where the bracket that a text ends with was opened."""
    wanted: list[str] = []
    position = len(text) - 1
    while position >= 0:
        character = text[position]
        if character in "'\"":
            begin = _string(text[: position + 1])
            if begin is None:
                return None
            position = begin
        elif character in _OPENING:
            wanted.append(_OPENING[character])
        elif wanted and character == wanted[-1]:
            wanted.pop()
            if not wanted:
                return position
        elif character in "([{":
            return None
        position -= 1
    return None


def _string(text: str) -> int | None:
    """Where the string that a text ends with begins."""
    quote = text[-1]
    position = len(text) - 2
    while position >= 0:
        if text[position] == quote:
            slashes = len(text[:position]) - len(text[:position].rstrip("\\"))
            if slashes % 2 == 0:
                return position
        position -= 1
    return None


def field_of_fstring(line: str) -> str | None:
    """What has been typed of the expression that a field of an f-string holds, if one is open."""
    match = re.search(r"(?<!\w)(?:[rR]?[fF][rR]?)(\"|')((?:(?!\1).)*)$", line)
    if match is None:
        return None
    text = match[2].replace("{{", "  ").replace("}}", "  ")
    opening = text.rfind("{")
    if opening < 0 or "}" in text[opening:]:
        return None
    return text[opening + 1 :]
