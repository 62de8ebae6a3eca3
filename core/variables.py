"""The list of the user's variables, a page at a time, for another thread than the one that runs.

Rules:

1. No user code runs (:mod:`.value_facts`).
2. A page costs a page. The names are kept in order between pages (:mod:`.variable_names`), so is
   what a filter leaves of them. An order by type or size is made by one pass over all, once a cell;
   names that come later are put into it.
3. Cells pay nothing for it: of the beginning of a cell a :class:`CellMark` is kept, no more.
4. Whether a variable has changed since the last cell began is told from what is at hand: the
   names that the cell's text assigns, those that are new, what the page before that cell showed.
"""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from .assigned_names import Assigned, assigned_names
from .cell_marks import CellMark
from .children import at_path, children, children_count
from .safe import UNKNOWN, ExactTypes, name_of_type
from .value_facts import Facts, facts_of, sizer_of
from .variable_names import NameIndex

if TYPE_CHECKING:
    from .arranged_tables import ArrangedTables

MAXIMUM_COUNT = 1000
_MAXIMUM_SEEN = 10_000
Sort = Literal["name", "type", "size", "definition"]
Row = dict[str, Any]
_Seen = tuple[int, Facts]
_WITHOUT_CHILDREN = ExactTypes(int, float, complex, bool, str, bytes, bytearray, type(None), range)


class VariableList:
    """The variables of a namespace."""

    def __init__(
        self,
        namespace: dict[str, Any],
        reserved: Mapping[str, Any],
        last_cell: Callable[[], CellMark],
        is_running: Callable[[], bool] = lambda: False,
    ) -> None:
        self._namespace = namespace
        self._last_cell, self._is_running = last_cell, is_running
        self._index = NameIndex(namespace, reserved)
        self._rebuilt = 0
        self._sorted: dict[str, list[tuple[Any, str]]] = {}
        """By type and by size: the key of each value and its name, in their order."""
        self._filtered: tuple[tuple[str, str, int], list[str]] | None = None
        self._mark = last_cell()
        self._new: set[int] | None = None
        """The ids of the keys that came with the last cell, or since."""
        self._assigned: Assigned | None = None
        self._before: dict[str, _Seen] = {}
        self._shown: dict[str, _Seen] = {}
        self._tables: ArrangedTables | None = None

    def page(
        self,
        start: int = 0,
        count: int = 100,
        *,
        filter: str = "",
        sort: Sort = "name",
        descending: bool = False,
    ) -> tuple[list[Row], int]:
        """The rows from ``start`` on, at most ``count``, and how many there are in all.

        ``filter`` is a part of the name, or a pattern with ``*`` and ``?``; case does not count.
        """
        self._turn_page()
        self._refresh()
        names = self._chosen(sort, filter) if filter else self._ordered(sort)
        total = len(names)
        start, count = max(0, start), max(0, min(count, MAXIMUM_COUNT))
        if descending:
            chosen = names[max(0, total - start - count) : max(0, total - start)][::-1]
        else:
            chosen = names[start : start + count]
        rows = []
        for each in chosen:
            name = each if type(each) is str else each[1]
            value = self._namespace.get(name, UNKNOWN)
            if value is not UNKNOWN:
                rows.append(self._row(name, value))
        return rows, total

    def children(
        self, path: Sequence[Any], start: int = 0, count: int = 100
    ) -> tuple[list[Row], int] | None:
        """The rows of what a value holds; None if the path leads nowhere (any more).

        A path is a variable's name and then positions among the children of the one before.
        """
        value = self._value_at(path)
        if value is UNKNOWN:
            return None
        start, count = max(0, start), max(0, min(count, MAXIMUM_COUNT))
        rows = []
        for name, child, facts in children(value, start, count):
            inside = 0 if child is UNKNOWN else children_count(child)
            rows.append(row_of(name, facts, inside))
        return rows, children_count(value)

    def corner(
        self,
        path: Sequence[Any],
        row: int,
        rows: int,
        column: int,
        columns: int,
        arranged: dict[str, Any],
    ) -> dict[str, Any] | None:
        """Some rows and columns of a table; None where the path leads to none.

        ``arranged`` are the fields of an :class:`~.table_orders.Arrangement`.
        """
        from .arranged_tables import ArrangedTables  # few ask

        value = self._value_at(path)
        if value is UNKNOWN:
            return None
        if self._tables is None:
            self._tables = ArrangedTables(self._last_cell, self._is_running)
        return self._tables.corner(path, value, (row, rows, column, columns), arranged)

    def _value_at(self, path: Sequence[Any]) -> Any:
        value = self._namespace.get(path[0], UNKNOWN)
        return value if value is UNKNOWN else at_path(value, path[1:])

    # --- Names -----------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Bring the kept names up to date (rule 2)."""
        index = self._index
        added = index.refresh((self._mark.number, self._is_running()))
        if index.rebuilt != self._rebuilt:
            self._rebuilt, self._new, self._filtered = index.rebuilt, None, None
            self._sorted.clear()
        if not added:
            return
        self._filtered = None
        if self._new is not None:
            self._new.update(map(id, added))
        users = [name for name in added if index.is_users(name)]
        for sort, kept in self._sorted.items():
            found = list(zip(self._keys_of(users, sort), users, strict=True))
            if len(found) > 64:
                kept[:] = sorted([*kept, *found])
            else:
                for each in found:
                    insort(kept, each)

    def _ordered(self, sort: Sort) -> Sequence[Any]:
        """The names, or pairs that end with one, in an order."""
        if sort == "name":
            return self._index.by_name
        if sort == "definition":
            return self._index.names
        if sort not in self._sorted:
            names = self._index.by_name
            self._sorted[sort] = sorted(zip(self._keys_of(names, sort), names, strict=True))
        return self._sorted[sort]

    def _chosen(self, sort: Sort, wanted: str) -> list[str]:
        """The names that a filter leaves, in an order."""
        key = wanted, sort, self._mark.number
        if self._filtered is None or self._filtered[0] != key:
            ordered = self._ordered(sort)
            names = [each if type(each) is str else each[1] for each in ordered]
            self._filtered = key, _filtered(names, wanted)
        return self._filtered[1]

    def _keys_of(self, names: list[str], sort: str) -> list[Any]:
        """What values are sorted by: the text of the type, or the size."""
        values = [self._namespace.get(name) for name in names]
        # by id: a metaclass of the user's may have a hash of its own
        kinds = {id(kind): kind for kind in map(type, values)}
        if sort == "type":
            texts = {number: name_of_type(kind) for number, kind in kinds.items()}
            return [texts[id(type(value))] for value in values]
        sizers = {number: sizer_of(kind) for number, kind in kinds.items()}
        return [sizers[id(type(value))](value) for value in values]

    # --- Rows ------------------------------------------------------------------------------

    def _turn_page(self) -> None:
        """Keep what was shown before the cell that runs, or ran last, as what it is compared to."""
        mark = self._last_cell()
        if mark.number != self._mark.number:
            # what an older page showed may have been changed by another cell than the last
            self._before = self._shown if self._mark.number == mark.number - 1 else {}
            self._shown, self._mark, self._assigned = {}, mark, None
            self._new = None
            self._sorted.clear()
        if len(self._shown) > _MAXIMUM_SEEN:
            self._shown.clear()

    def _row(self, name: str, value: Any) -> Row:
        facts = facts_of(value)
        inside = 0 if type(value) in _WITHOUT_CHILDREN else children_count(value)
        row = row_of(name, facts, inside)
        row["changed"] = self._is_changed(name, value, facts)
        self._shown[name] = (id(value), facts)
        return row

    def _is_changed(self, name: str, value: Any, facts: Facts) -> bool:
        if self._mark.number == 0:
            return False
        if self._assigned is None:
            self._assigned = assigned_names(self._mark.source)
        if name in self._assigned.inside:
            return True
        before = self._before.get(name)
        if before is not None:
            return before != (id(value), facts)
        return name in self._assigned.bound or self._is_new(name)

    def _is_new(self, name: str) -> bool:
        """Whether a name stands behind those that there were when the cell began."""
        if self._new is None:
            start = self._index.first_new(self._mark.names, self._mark.last_name)
            self._new = set(map(id, self._index.keys[start:]))
        return id(name) in self._new


def row_of(name: str, facts: Facts, children: int) -> Row:
    """A row of the list."""
    kind, shape, dtype, length, size, text = facts
    return {
        "name": name, "type": kind, "shape": shape, "dtype": dtype, "length": length, "size": size,
        "text": text, "children": children, "changed": False,
    }  # fmt: skip


def _filtered(names: list[str], wanted: str) -> list[str]:
    if "*" in wanted or "?" in wanted:
        pattern = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
        fits = re.compile(pattern, re.IGNORECASE).fullmatch
        return [name for name in names if fits(name)]
    lowered = wanted.lower()
    return [name for name in names if lowered in name.lower()]
