"""The call that a cursor is in: what is called, and which argument. Pure.

The text is being typed and need not parse: brackets are read backwards from the cursor, over
strings and other brackets.
"""

from __future__ import annotations

import keyword
import re
from typing import NamedTuple

_CALLEE = re.compile(r"[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*|\[(?:-?\d+|'[^'\n]*'|\"[^\"\n]*\")\])*$")
_KEYWORD = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)")
_MAXIMUM_LINES = 100
_OPEN, _CLOSED = "([{", ")]}"


class Call(NamedTuple):
    """A call around a place."""

    callee: str
    line: int
    """0-based, and the column where the callee begins."""
    column: int
    arguments: int
    """How many arguments are complete before the cursor."""
    keyword: str | None
    """The keyword of the argument that is being typed."""


class Parameters(NamedTuple):
    """A signature taken apart."""

    labels: list[tuple[int, int]]
    """Start and end of each parameter in the text of the signature."""
    names: list[str]
    """With their stars."""


def call_at(text: str, line: int, column: int) -> Call | None:
    """The innermost call whose brackets hold a place."""
    lines = text.split("\n")[: line + 1]
    first = max(0, line - _MAXIMUM_LINES)
    lines[line] = lines[line][:column]
    source = "\n".join(lines[first:])
    code = code_before(source)
    depth = 0
    commas: list[int] = []
    for index in range(len(code) - 1, -1, -1):
        character = code[index]
        if character in _CLOSED:
            depth += 1
        elif character == "," and not depth:
            commas.append(index)
        elif character in _OPEN and depth:
            depth -= 1
        elif character in _OPEN:
            before = code[:index].rstrip()
            match = _CALLEE.search(before) if character == "(" else None
            if match is None or keyword.iskeyword(match[0]):
                commas = []  # what is written so far is a part of an argument of an outer call
                continue
            if _is_definition(code[: match.start()]):
                return None
            typed = _KEYWORD.match(code[commas[0] + 1 if commas else index + 1 :])
            above = code[: match.start()]
            return Call(
                re.sub(r"\s*\.\s*", ".", source[match.start() : match.end()]),
                first + above.count("\n"),
                match.start() - (above.rfind("\n") + 1),
                len(commas),
                typed[1] if typed is not None else None,
            )
    return None


def code_before(text: str) -> str:
    """A text with the insides of its strings and comments blanked, so that brackets count."""
    found: list[str] = []
    index = 0
    while index < len(text):
        character = text[index]
        if character == "#":
            end = text.find("\n", index)
            end = len(text) if end < 0 else end
            found.append(" " * (end - index))
            index = end
        elif character in "\"'":
            quote = text[index : index + 3]
            quote = quote if quote in ('"""', "'''") else character
            end = index + len(quote)
            while end < len(text) and not text.startswith(quote, end):
                if len(quote) == 1 and text[end] == "\n":
                    break
                end += 2 if text[end] == "\\" else 1
            end = min(len(text), end)
            inside = text[index + len(quote) : end]
            closing = quote if text.startswith(quote, end) else ""
            blank = "".join("\n" if each == "\n" else "_" for each in inside)
            found.append(quote + blank + closing)
            index = end + len(closing)
        else:
            found.append(character)
            index += 1
    return "".join(found)


def _is_definition(before: str) -> bool:
    return re.search(r"\b(?:def|class)\s+$", before) is not None


def parameters_of(signature: str) -> Parameters:
    """The parameters in the text of a signature, as in ``f(a, b=(1, 2), *, c)``."""
    start = signature.find("(")
    labels: list[tuple[int, int]] = []
    if start < 0:
        return Parameters([], [])
    depth, quote, begin = 0, "", start + 1
    for index in range(start + 1, len(signature)):
        character = signature[index]
        if quote:
            quote = "" if character == quote and signature[index - 1] != "\\" else quote
        elif character in "\"'":
            quote = character
        elif character in _OPEN or character == "<":
            depth += 1
        elif (character in _CLOSED or character == ">") and depth:
            depth -= character != ">" or signature[index - 1] != "-"
        elif character == ")" or (character == "," and not depth):
            while begin < index and signature[begin] == " ":
                begin += 1
            if begin < index:
                labels.append((begin, index))
            begin = index + 1
            if character == ")":
                break
    names = [re.split(r"[:=]", signature[a:b], maxsplit=1)[0].strip() for a, b in labels]
    return Parameters(labels, names)


def active_parameter(parameters: Parameters, call: Call) -> int | None:
    """The parameter that is being typed; None if the signature has none for it."""
    names = parameters.names
    if call.keyword is not None:
        for index, name in enumerate(names):
            if name == call.keyword:
                return index
        return next((index for index, name in enumerate(names) if name.startswith("**")), None)
    position = -1
    for index, name in enumerate(names):
        if name == "/":
            continue
        if name == "*":
            return None
        if name.startswith("**"):
            return None
        if name.startswith("*"):
            return index
        position += 1
        if position == call.arguments:
            return index
    return None
