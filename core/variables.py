"""The list of the user's variables, a page at a time, for another thread than the one that runs.

Rules:

1. No user code runs (:mod:`.value_facts`).
2. A page costs a page. The names are kept in order between pages; whether they are still the
   same is seen by comparing references, in C, 25 ns a name. An order by type or size is made by
   one pass over all, once a cell.
3. Cells pay nothing for it: of the beginning of a cell a :class:`CellMark` is kept, no more.
4. Whether a variable has changed since the last cell began is told from what is at hand: the
   names that the cell's text assigns, those that are new, what the page before that cell showed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from .assigned_names import Assigned, assigned_names
from .cell_marks import CellMark
from .children import at_path, children, children_count
from .safe import UNKNOWN, name_of_type
from .value_facts import Facts, facts_of, sizer_of

MAXIMUM_COUNT = 1000
_MAXIMUM_SEEN = 10_000
Sort = Literal["name", "type", "size", "definition"]
Row = dict[str, Any]
_Seen = tuple[int, Facts]


class VariableList:
    """The variables of a namespace."""

    def __init__(
        self,
        namespace: dict[str, Any],
        reserved: Mapping[str, Any],
        last_cell: Callable[[], CellMark],
    ) -> None:
        self._namespace = namespace
        self._last_cell = last_cell
        self._reserved = reserved
        """What the shell itself put there: left out while it is unchanged."""
        self._keys: tuple[Any, ...] = ()
        self._hidden: frozenset[str] = frozenset()
        self._names: list[str] = []
        self._by_name: list[str] = []
        self._sorted: dict[str, tuple[int, list[str]]] = {}
        self._mark = last_cell()
        self._new: tuple[tuple[Any, ...], int, frozenset[int]] | None = None
        """By the keys and the cell that it holds for: the ids of the names that are new."""
        self._assigned: Assigned | None = None
        self._before: dict[str, _Seen] = {}
        self._shown: dict[str, _Seen] = {}

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
        names = self._ordered(sort)
        if filter:
            names = _filtered(names, filter)
        total = len(names)
        start, count = max(0, start), max(0, min(count, MAXIMUM_COUNT))
        if descending:
            chosen = names[max(0, total - start - count) : max(0, total - start)][::-1]
        else:
            chosen = names[start : start + count]
        rows = []
        for name in chosen:
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
        value = self._namespace.get(path[0], UNKNOWN)
        if value is not UNKNOWN:
            value = at_path(value, path[1:])
        if value is UNKNOWN:
            return None
        start, count = max(0, start), max(0, min(count, MAXIMUM_COUNT))
        rows = []
        for name, child, facts in children(value, start, count):
            inside = 0 if child is UNKNOWN else children_count(child)
            rows.append(row_of(name, facts, inside))
        return rows, children_count(value)

    # --- Names -----------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Bring the kept names up to date (rule 2)."""
        hidden = frozenset(
            name for name, held in self._reserved.items() if self._namespace.get(name) is held
        )
        keys, held = tuple(self._namespace), self._keys
        is_longer = len(keys) >= len(held) and all(map(operator.is_, held, keys))
        if is_longer and hidden == self._hidden:
            added = [each for each in keys[len(held) :] if self._is_users(each, hidden)]
            if added:
                self._names += added
                # two sorted runs are merged, not sorted again
                self._by_name = sorted([*self._by_name, *sorted(added)])
                self._sorted.clear()
            if len(keys) == len(held):
                return  # the same: what was made of them stays
        else:
            self._names = [each for each in keys if self._is_users(each, hidden)]
            self._by_name = sorted(self._names)
            self._sorted.clear()
        self._keys, self._hidden = keys, hidden

    @staticmethod
    def _is_users(name: Any, hidden: frozenset[str]) -> bool:
        return (
            type(name) is str
            and not name.startswith("_")
            and name not in ("In", "Out")
            and name not in hidden
        )

    def _ordered(self, sort: Sort) -> list[str]:
        self._refresh()
        if sort == "name":
            return self._by_name
        if sort == "definition":
            return self._names
        kept = self._sorted.get(sort)
        if kept is None or kept[0] != self._mark.number:
            kept = self._mark.number, self._sort_by_value(sort)
            self._sorted[sort] = kept
        return kept[1]

    def _sort_by_value(self, sort: Sort) -> list[str]:
        """All names by the type or the size of their values, equal ones by name."""
        names = self._by_name
        values = [self._namespace.get(name) for name in names]
        keys: list[Any]
        # by id: a metaclass of the user's may have a hash of its own
        kinds = {id(kind): kind for kind in map(type, values)}
        if sort == "type":
            texts = {number: name_of_type(kind) for number, kind in kinds.items()}
            keys = [texts[id(type(value))] for value in values]
        else:
            sizers = {number: sizer_of(kind) for number, kind in kinds.items()}
            keys = [sizers[id(type(value))](value) for value in values]
        order = sorted(range(len(names)), key=keys.__getitem__)
        return [names[at] for at in order]

    # --- Rows ------------------------------------------------------------------------------

    def _turn_page(self) -> None:
        """Keep what was shown before the cell that runs, or ran last, as what it is compared to."""
        mark = self._last_cell()
        if mark.number != self._mark.number:
            # what an older page showed may have been changed by another cell than the last
            self._before = self._shown if self._mark.number == mark.number - 1 else {}
            self._shown, self._mark, self._assigned = {}, mark, None
        if len(self._shown) > _MAXIMUM_SEEN:
            self._shown.clear()

    def _row(self, name: str, value: Any) -> Row:
        facts = facts_of(value)
        row = row_of(name, facts, children_count(value))
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
        if self._new is None or self._new[0] is not self._keys or self._new[1] != self._mark.number:
            keys, count, last = self._keys, self._mark.names, self._mark.last_name
            if not count or not (len(keys) >= count and keys[count - 1] is last):
                # some were deleted since: the last one of then is looked for
                places = range(len(keys) - 1, -1, -1)
                count = 1 + next((at for at in places if keys[at] is last), len(keys))
            self._new = keys, self._mark.number, frozenset(map(id, keys[count:]))
        return id(name) in self._new[2]


def row_of(name: str, facts: Facts, children: int) -> Row:
    """A row of the list."""
    return {"name": name, **facts._asdict(), "children": children, "changed": False}


def _filtered(names: list[str], wanted: str) -> list[str]:
    if "*" in wanted or "?" in wanted:
        pattern = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
        fits = re.compile(pattern, re.IGNORECASE).fullmatch
        return [name for name in names if fits(name)]
    lowered = wanted.lower()
    return [name for name in names if lowered in name.lower()]
