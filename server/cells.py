"""The cells of a document. Pure.

A line such as ``# %% title [markdown] tags=["a", "b"]`` begins a cell (also ``#%%``, ``# In[3]:``
and ``# <codecell>``). In a file without marks every top-level statement is a cell of its own. Lines
are 0-based here, as LSP counts them; the end is exclusive.

A line is a mark by its own text alone, also inside a string of several lines: so do jupytext, VS
Code and Spyder, a user sees at one line what it is, and an edit far above cannot change it. Running
what such a cut leaves is a syntax error, which shows the string that was cut.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
from dataclasses import dataclass
from typing import Any

import parso

from .bounded import remembered
from .parts import LONGEST, part_around, parts_of

_MARK = re.compile(
    r"^[ \t]*\#[ \t]*(?:%%(?!%)(?P<title>.*)|In\[[ \d]*\]:?|<codecell>|<markdowncell>)\s*$"
)
_WORDS = re.compile(r"\[(?:markdown|md|raw)\]|<markdowncell>")
_KIND = re.compile(r"\[(?:markdown|md|raw|code)\]")
_OPTION = re.compile(
    r"(?:^|(?<=\s))(?:(?P<key>[A-Za-z_][\w.-]*)\s?=\s?)"
    r"""(?P<value>\[[^\]]*\]|\{.*\}|"[^"]*"|'[^']*'|true|false|null|(?<=tags=)[^\s\[{"']+)"""
    r"(?=\s|$)"
)


@dataclass(frozen=True)
class Cell:
    """A cell: lines ``start`` to before ``end``."""

    start: int
    end: int
    title: str = ""
    is_markdown: bool = False
    """Whether it holds words, Markdown or raw, which are never run."""
    is_marked: bool = True
    """Whether a mark begins it; otherwise it is a statement, or the text above the first mark."""
    tags: tuple[str, ...] = ()


def mark_of(line: str) -> re.Match[str] | None:
    """The mark that a line is, if it is one."""
    return _MARK.match(line) if "#" in line else None


def cells_of(lines: list[str], marks: list[int] | None = None) -> list[Cell]:
    """The marked cells of a document, top to bottom; none if it has no marks.

    What stands above the first mark is a cell too, if it says anything. ``marks`` are the lines
    that are marks, if they are known.
    """
    if marks is None:
        marks = [number for number, line in enumerate(lines) if mark_of(line)]
    if not marks:
        return []
    cells = []
    first = marks[0]
    if any(line.strip() and not line.lstrip().startswith("#") for line in lines[:first]):
        cells.append(Cell(0, first, is_marked=False))
    for start, end in zip(marks, [*marks[1:], len(lines)], strict=True):
        match = _MARK.match(lines[start])
        title, tags = _title_of((match["title"] or "") if match is not None else "")
        is_markdown = bool(_WORDS.search(lines[start]))
        cells.append(Cell(start, end, title, is_markdown, tags=tags))
    return cells


def _title_of(text: str) -> tuple[str, tuple[str, ...]]:
    """The title in what follows a mark, and the tags; other options, as jupytext writes them, and
    the cell's kind are no part of the title."""
    tags: tuple[str, ...] = ()
    for option in _OPTION.finditer(text):
        if option["key"] == "tags":
            tags = _tags_of(option["value"])
    title = _KIND.sub(" ", _OPTION.sub(" ", text))
    return " ".join(title.split()), tags


def _tags_of(value: str) -> tuple[str, ...]:
    """``["a", "b"]``, ``"a,b"`` or ``a,b``; what is no list of words gives those that it has."""
    try:
        listed = json.loads(value)
    except ValueError:
        listed = value.strip("[]'\"")
    if isinstance(listed, str):
        listed = listed.split(",")
    words = [str(each).strip().strip("'\"") for each in listed if isinstance(each, str)]
    return tuple(dict.fromkeys(word for word in words if word))


def statements_of(text: str) -> list[Cell]:
    """The top-level statements of a document, also where other parts of it are broken."""
    found: list[Cell] = []
    module: Any = parso.parse(text)  # type: ignore[no-untyped-call]
    for node in module.children:
        if node.type in ("endmarker", "newline") or not node.get_code().strip():
            continue
        start, end = node.start_pos[0] - 1, node.end_pos[0]
        if node.end_pos[1] == 0:
            end -= 1  # it ends with its line end
        if found and start < found[-1].end:  # statements on one line run together
            found[-1] = Cell(found[-1].start, max(end, found[-1].end), is_marked=False)
        else:
            found.append(Cell(start, max(end, start + 1), is_marked=False))
    return _merge_broken(found, text.split("\n"))


def _merge_broken(cells: list[Cell], lines: list[str]) -> list[Cell]:
    """Join a broken statement with the indented lines that the parser left behind it."""
    merged: list[Cell] = []
    for cell in cells:
        if merged and lines[cell.start][:1] in (" ", "\t"):
            merged[-1] = Cell(merged[-1].start, cell.end, is_marked=False)
        else:
            merged.append(cell)
    return merged


def all_cells(text: str) -> list[Cell]:
    """The cells of a document: the marked ones, or its statements."""
    lines = text.split("\n")
    return cells_of(lines) or statements_in(lines)


def statements_in(lines: list[str]) -> list[Cell]:
    """The top-level statements of a document, parsed part by part."""
    return [cell for start, end in parts_of(lines) for cell in _statements(lines, start, end)]


def statement_at(lines: list[str], line: int) -> Cell | None:
    """The top-level statement at a line, the next one, else the last; None where there is none."""
    start, end = part_around(lines, line, 0, len(lines))
    while True:
        cells = _statements(lines, start, end)
        found = next((cell for cell in cells if line < cell.end), None)
        if found is not None:
            return found
        if end >= len(lines):
            break
        start, end = part_around(lines, end, 0, len(lines))
    while not cells and start > 0:
        start, end = part_around(lines, start - 1, 0, len(lines))
        cells = _statements(lines, start, end)
    return cells[-1] if cells else None


def _statements(lines: list[str], start: int, end: int) -> list[Cell]:
    """The statements of a part; one that is too long to be parsed is one."""
    while start < end and _says_nothing(lines[start]):
        start += 1
    while end > start and _says_nothing(lines[end - 1]):
        end -= 1
    if end - start > LONGEST:
        return [Cell(start, end, is_marked=False)]
    return [
        Cell(start + cell.start, start + cell.end, is_marked=False)
        for cell in _parsed("\n".join(lines[start:end]))
    ]


def _says_nothing(line: str) -> bool:
    return not line or line[0] == "#" or not line.strip()


@remembered(2048, 2**20)
def _parsed(text: str) -> tuple[Cell, ...]:
    return tuple(statements_of(text))


def part_of(text: str, line: int) -> tuple[str, int]:
    """The text that has to be parsed to know about a line, and the line's number in it."""
    lines = text.split("\n")
    if not 0 <= line < len(lines):
        return text, line
    start = next((n for n in range(line, 0, -1) if mark_of(lines[n])), 0)
    below = range(line + 1, len(lines))
    end = next((number for number in below if mark_of(lines[number])), len(lines))
    start, end = part_around(lines, line, start, end)
    if end - start > LONGEST:
        start, end = max(start, line - LONGEST // 4), min(end, line + LONGEST // 4)
    return "\n".join(lines[start:end]), line - start


@dataclass(frozen=True)
class Snippet:
    """What is sent to run: text, and the 0-based line of the document that it begins on."""

    text: str
    line: int
    end: int
    """The line after its last."""


def snippet_of(lines: list[str], start: int, end: int) -> Snippet | None:
    """The lines of a cell without blank ones at either end; None if nothing is left."""
    while start < end and (not lines[start].strip() or _MARK.match(lines[start])):
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    if start == end:
        return None
    return Snippet("\n".join(lines[start:end]), start, end)


def selection_of(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> Snippet | None:
    """The code that a selection means; None if it holds none.

    1. An empty one is the statement under the cursor.
    2. A part of one line is that text as it stands.
    3. Whole lines, also when it begins at the first or ends after the last letter of one, are
       dedented together.
    4. Of parts of several lines the very text, if that is Python; else the whole lines.
    """
    if start == end:
        return _statement_at(lines, start[0])
    if start[0] == end[0]:
        part = lines[start[0]][start[1] : end[1]]
        return Snippet(part.strip(), start[0], start[0] + 1) if part.strip() else None
    last = end[0] + (1 if end[1] > 0 else 0)
    begins_whole = not lines[start[0]][: start[1]].strip()
    ends_whole = end[1] == 0 or not lines[end[0]][end[1] :].strip()
    if not (begins_whole and ends_whole):
        exact = [*lines[start[0] : end[0]], lines[end[0]][: end[1]]]
        indented = len(exact[0]) - len(exact[0].lstrip())  # as the block that it belongs to
        exact[0] = exact[0][:indented] + exact[0][max(start[1], indented) :].lstrip()
        found = _exact(exact, start[0])
        if found is not None:
            return found
    found = snippet_of(lines, start[0], last)
    if found is None:
        return None
    return Snippet(textwrap.dedent(found.text), found.line, found.end)


def _exact(lines: list[str], line: int) -> Snippet | None:
    """A text that begins and ends in the middle of lines, if it can run as it is."""
    found = snippet_of(lines, 0, len(lines))
    if found is None:
        return None
    text = textwrap.dedent(found.text)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Snippet(text, line + found.line, line + found.end)


def _statement_at(lines: list[str], line: int) -> Snippet | None:
    """The top-level statement at a line, within its cell; between two the next one."""
    cell = next((each for each in cells_of(lines) if line < each.end), Cell(0, len(lines)))
    if cell.is_markdown:
        return None
    inside = lines[cell.start : cell.end]
    for each in statements_of("\n".join(inside)):
        if line - cell.start < each.end:
            return snippet_of(lines, cell.start + each.start, cell.start + each.end)
    return None
