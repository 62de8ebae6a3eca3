"""The text of a document that is being edited: lines, kept as they change. Pure.

Rules:

1. An edit costs what it changes, not what the document holds: one list of lines is spliced in
   place, and the marks of cells are kept beside it.
2. Lines are those of LSP: ``\\n``, ``\\r\\n`` and ``\\r`` end one, nothing else does; a text that
   ends with a line end has an empty line after it. The ends themselves are not kept: all who
   read see ``\\n``.
3. Positions are (line, column), 0-based, in characters. Those beyond the text are put inside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from .cell_index import CellIndex
from .cells import Cell, statement_at, statements_in

_COMPARED_LINES = 20_000
"""Above as many differing lines a replaced text is one edit: comparing costs more than it tells."""


@dataclass(frozen=True)
class Edit:
    """A change: what stands from ``start`` to ``end`` is replaced by ``text``."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


def lines_of(text: str) -> list[str]:
    """The lines of a text, without their ends."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")


class DocumentText:
    """A text that is edited."""

    def __init__(self, text: str = "") -> None:
        self.lines = lines_of(text)
        """For reading: always this one list, spliced by every edit."""
        self.cells = CellIndex(self.lines)
        self._source: str | None = None

    @property
    def source(self) -> str:
        """The whole text; made once for each state."""
        if self._source is None:
            self._source = "\n".join(self.lines)
        return self._source

    def inside(self, position: tuple[int, int]) -> tuple[int, int]:
        """A position, or the nearest one inside the text."""
        line, column = position
        if line < 0:
            return 0, 0
        if line >= len(self.lines):
            return len(self.lines) - 1, len(self.lines[-1])
        return line, min(max(column, 0), len(self.lines[line]))

    def cell_at(self, line: int) -> Cell | None:
        """The cell at a line; between two statements the next one. None where there is none."""
        return self.cells.at(line) or statement_at(self.lines, line)

    def all_cells(self) -> list[Cell]:
        """All cells: the marked ones, or its statements."""
        return self.cells.marked() or statements_in(self.lines)

    def next_cell(self, cell: Cell) -> Cell | None:
        """The cell after another that can be run."""
        if marked := self.cells.marked():
            later = (other for other in marked if other.start >= cell.end)
            return next((other for other in later if not other.is_markdown), None)
        found = statement_at(self.lines, cell.end) if cell.end < len(self.lines) else None
        return found if found is not None and found.start >= cell.end else None

    def edit(self, start: tuple[int, int], end: tuple[int, int], text: str) -> Edit:
        """Replace what stands between two positions; the edit as it was done."""
        start, end = self.inside(start), self.inside(end)
        if end < start:
            start, end = end, start
        added = lines_of(text)
        done = Edit(start, end, "\n".join(added))
        head, tail = self.lines[start[0]][: start[1]], self.lines[end[0]][end[1] :]
        added[0] = head + added[0]
        added[-1] += tail
        self.lines[start[0] : end[0] + 1] = added
        self.cells.edited(start[0], end[0], len(added))
        self._source = None
        return done

    def edits_for(self, start: tuple[int, int], end: tuple[int, int], text: str) -> list[Edit]:
        """The edits, from the end up, that are one change: many lines that are
        replaced whole may agree in part, as where a formatter writes a cell anew.
        """
        start, end = self.inside(start), self.inside(end)
        lines = lines_of(text)
        last = end[0] - start[0]
        is_whole = start[1] == 0 and (
            (end[1] == 0 and not lines[-1]) or end[1] == len(self.lines[end[0]])
        )
        if last < 1 or len(lines) < 2 or not is_whole:
            return [Edit(start, end, "\n".join(lines))]
        if end[1] == 0 and not lines[-1]:
            lines.pop()
            return self._compared(start[0], end[0], lines)
        return self._compared(start[0], end[0] + 1, lines)

    def replacing(self, text: str) -> list[Edit]:
        """The edits that make this text another, to be done in this order: from the end up.

        Lines that agree are not touched, so that what is anchored to them stays.
        """
        return self._compared(0, len(self.lines), lines_of(text))

    def _compared(self, start: int, end: int, new: list[str]) -> list[Edit]:
        """The edits, from the end up, that put lines in place of lines ``start`` to ``end``."""
        old = self.lines[start:end]
        limit = min(len(old), len(new))
        first = 0
        while first < limit and old[first] == new[first]:
            first += 1
        same = 0
        while same < limit - first and old[-1 - same] == new[-1 - same]:
            same += 1
        before, after = old[first : len(old) - same], new[first : len(new) - same]
        blocks: list[tuple[int, int, int, int]] = []
        if len(before) + len(after) > _COMPARED_LINES:
            blocks.append((0, len(before), 0, len(after)))
        else:
            matcher = SequenceMatcher(None, before, after)
            for kind, low, high, from_, to in matcher.get_opcodes():
                if kind == "replace" and high - low == to - from_:
                    blocks += [(low + n, low + n + 1, from_ + n, from_ + n + 1)
                               for n in range(high - low)]  # fmt: skip
                elif kind != "equal":
                    blocks.append((low, high, from_, to))
        return [
            self._replaced(start + first + low, start + first + high, after[from_:to])
            for low, high, from_, to in reversed(blocks)
        ]

    def _replaced(self, start: int, end: int, lines: list[str]) -> Edit:
        """The edit that puts whole lines in place of others."""
        if end - start == 1 and len(lines) == 1:
            return Edit((start, 0), (start, len(self.lines[start])), lines[0])
        if end < len(self.lines):
            return Edit((start, 0), (end, 0), "".join(f"{line}\n" for line in lines))
        last = len(self.lines) - 1, len(self.lines[-1])
        if start == 0:
            return Edit((0, 0), last, "\n".join(lines))
        above = start - 1, len(self.lines[start - 1])
        return Edit(above, last, "".join(f"\n{line}" for line in lines))
