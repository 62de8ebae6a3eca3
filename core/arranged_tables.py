"""Corners of tables as they are arranged: sorted, filtered, a sheet of several.

Rules: as in :mod:`.table_pages` and :mod:`.table_orders`; a corner costs a corner, also of an order
of 10⁷ rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .table_orders import Arrangement, TableOrders
from .table_pages import MAXIMUM_ROWS, Corner, corner

if TYPE_CHECKING:
    from .cell_marks import CellMark


class ArrangedTables:
    """The tables of a session, as those who look at them want them."""

    def __init__(self, last_cell: Callable[[], CellMark], is_running: Callable[[], bool]) -> None:
        self._is_running = is_running
        self._orders = TableOrders(lambda: (last_cell().number, is_running()))

    def corner(
        self,
        path: Sequence[Any],
        value: object,
        cut: tuple[int, int, int, int],
        arranged: dict[str, Any],
    ) -> dict[str, Any] | None:
        """A corner as a ``vivo_table_reply`` tells it; None for what is no table.

        ``cut`` is row, rows, column, columns; ``arranged`` the fields of an
        :class:`~.table_orders.Arrangement`.
        """
        wanted = Arrangement(**arranged)
        row, rows, column, columns = cut
        if wanted.is_plain:
            found = corner(value, *cut, at=wanted.at)
            return None if found is None else _told(found, found.rows)
        whole = corner(value, 0, 0, column, columns, at=wanted.at)
        if whole is None:
            return None
        order = self._orders.order(path, value, whole.rows, wanted)
        if order is None:
            return {**_told(whole, whole.rows), "pending": True}
        told = {**_told(whole, whole.rows), "problem": order.problem, "rows": 0}
        if order.problem:
            return told
        count = max(0, min(rows, MAXIMUM_ROWS))
        first = max(0, row)
        for start, stop in _runs(order.positions[first : first + count]):
            part = corner(value, start, stop - start, column, columns, at=wanted.at)
            if part is None or len(part.cells) < stop - start:
                return {**_told(whole, whole.rows), "pending": True}  # it shrinks as we look
            told["labels"] += part.labels
            told["cells"] += part.cells
        told["rows"], told["running"] = len(order.positions), self._is_running()
        return told


def _told(found: Corner, rows: int) -> dict[str, Any]:
    return {**found._asdict(), "all_rows": rows, "shape": list(found.shape)}


def _runs(positions: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Positions that stand behind each other, as the first and one past the last."""
    start = stop = -1
    for position in map(int, positions):
        if position != stop:
            if start >= 0:
                yield start, stop
            start = position
        stop = position + 1
    if start >= 0:
        yield start, stop
