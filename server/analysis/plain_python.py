"""A document as plain Python: what only vivo reads is covered, and every position stays. Pure.

``%time f(x)`` becomes ``_    = f(x)``, so that the Python in it is analysed; other magics, ``!``
commands and the bodies of other programs' cells become comments.
"""

from __future__ import annotations

import re

_LINE_MAGIC = re.compile(r"^(\s*)((?:# ?)?%[^\W\d][\w.]*[ \t]+)(.*)$")
_ASSIGNED = re.compile(r"^(\s*[\w., ]+=\s*)([%!])(.*)$")
_OTHER = re.compile(r"^\s*(?:%|!|\?|[\w.]+\?\??\s*$)")
_COMMAND = re.compile(r"^\s*#(?!!/)[ \t]*(?:(?:[\w, ]+=[ \t]*)?%{1,2}[^\W\d]|!)")
TAKE_PYTHON = frozenset(
    {"time", "timeit", "prun", "lprun", "mprun", "memit", "px", "pxconfig", "debug"}
)
_CELL_OF_OTHERS = re.compile(r"^%%(?P<name>[^\W\d][\w.]*|!)")
_CELLS_OF_PYTHON = TAKE_PYTHON | {"capture", "python", "px", "autopx"}
_MARK = re.compile(r"^[ \t]*\#[ \t]*(?:%%(?!%)|In\[[ \d]*\]|<codecell>)")


def plain_python(text: str, *, line: int | None = None) -> str:
    """The text with what is no Python covered.

    On ``line`` (0-based), where the cursor is, the command of a comment counts as one.
    """
    if "%" not in text and "!" not in text and "?" not in text:
        return text
    lines = text.split("\n")
    foreign = False
    for number, content in enumerate(lines):
        if "#" in content and _MARK.match(content):
            foreign = False
            continue
        if content.startswith("%%") and (match := _CELL_OF_OTHERS.match(content)):
            foreign = match["name"] not in _CELLS_OF_PYTHON
            lines[number] = _covered(content)
        elif foreign:
            lines[number] = _covered(content)
        elif "%" in content or "!" in content or "?" in content:
            lines[number] = plain_line(content, in_comment=number == line)
    return "\n".join(lines)


def plain_line(content: str, *, in_comment: bool = False) -> str:
    """One line with what is no Python covered."""
    is_comment = content.lstrip().startswith("#")
    if is_comment and not (in_comment and _COMMAND.match(content)):
        return content
    match = _LINE_MAGIC.match(content)
    if match is not None:
        name = match[2].lstrip("# ").strip().lstrip("%")
        if name in TAKE_PYTHON and len(match[2]) >= 3:
            return f"{match[1]}_{' ' * (len(match[2]) - 3)}= {_without_options(match[3])}"
    if is_comment or _OTHER.match(content):
        return _covered(content)
    assigned = _ASSIGNED.match(content)
    if assigned is not None:
        return f"{assigned[1]}0" + " " * max(0, len(assigned[3]))
    return content


def _without_options(rest: str) -> str:
    """The statement behind a magic's options, at its place."""
    match = re.match(r"(?:-\w+(?:[ \t]+\d+)?[ \t]+)*", rest)
    width = match.end() if match is not None else 0
    if not width:
        return rest
    return " " * width + rest[width:]


def _covered(content: str) -> str:
    """A line as a comment of the same length, at its indentation."""
    indent = len(content) - len(content.lstrip())
    if len(content) == indent:
        return content
    return content[:indent] + "#" + content[indent + 1 :]
