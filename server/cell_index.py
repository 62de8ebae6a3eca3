"""Where the cells of a document are, kept while it is edited. Pure.

Rules:

1. An edit looks at its own lines alone; the marks below it are moved.
2. What :meth:`CellIndex.marked` gives is what :func:`cells.cells_of` would find in the lines.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from .cells import Cell, cells_of, mark_of


class CellIndex:
    """The cell marks of a list of lines, which others splice and tell of."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._marks = [number for number, line in enumerate(lines) if mark_of(line)]
        self._found: list[Cell] | None = None

    def edited(self, first: int, last: int, count: int) -> None:
        """Lines ``first`` to ``last``, inclusive, have become ``count`` lines."""
        delta = count - (last - first + 1)
        low, high = bisect_left(self._marks, first), bisect_right(self._marks, last)
        new = [n for n in range(first, first + count) if mark_of(self._lines[n])]
        # A line that was a mark and still is one may have another title.
        if new or low != high or delta or first <= (self._marks[0] if self._marks else first):
            self._found = None
        if delta:
            self._marks[high:] = [number + delta for number in self._marks[high:]]
        self._marks[low:high] = new

    def marked(self) -> list[Cell]:
        """The marked cells, top to bottom; none if there are no marks."""
        if self._found is None:
            self._found = cells_of(self._lines, self._marks)
        return self._found

    def at(self, line: int) -> Cell | None:
        """The marked cell that holds a line; the last one for a line below all."""
        cells = self.marked()
        if not cells:
            return None
        place = bisect_right(cells, line, key=lambda cell: cell.start) - 1
        return cells[max(0, place)]

    def part_around(self, line: int) -> tuple[int, int]:
        """The lines between the marks around a line: start, and end exclusive."""
        place = bisect_right(self._marks, line)
        start = self._marks[place - 1] if place else 0
        end = self._marks[place] if place < len(self._marks) else len(self._lines)
        return start, end
