"""Tables sorted and filtered, a sheet of several: which rows, and when made anew."""

from __future__ import annotations

import threading
from typing import Any

import numpy
import pytest
from vivo.core import Shell
from vivo.core.arranged_tables import ArrangedTables
from vivo.core.cell_marks import CellMark

NAN = float("nan")


class Session:
    """Tables of a session whose cells the test counts."""

    def __init__(self) -> None:
        self.cells, self.is_running = 0, False
        self.tables = ArrangedTables(lambda: CellMark(self.cells), lambda: self.is_running)

    def ask(self, value: object, cut: tuple[int, ...] = (0, 100, 0, 50), **arranged: Any) -> Any:
        """The corner, once the rows are in order."""
        found = self.tables.corner(["value"], value, cut, arranged)  # type: ignore[arg-type]
        while found is not None and found.get("pending"):
            found = self.tables.corner(["value"], value, cut, arranged)  # type: ignore[arg-type]
        return found


@pytest.fixture
def session() -> Session:
    return Session()


ROWS = [[3, "b", NAN], [1, "B", 2.5], [2, None, -1.0], [1, "a", 7.0]]
AS_FIELDS = numpy.array(
    [(3, "b", NAN), (1, "B", 2.5), (2, "", -1.0), (1, "a", 7.0)],
    dtype=[("n", "i4"), ("t", "U5"), ("x", "f8")],
)


@pytest.mark.parametrize("value", [ROWS, AS_FIELDS], ids=["lists", "fields"])
def test_rows_are_sorted_both_ways(session: Session, value: Any) -> None:
    """Equal ones keep their order, what is missing comes last; labels say where a row stands."""
    assert session.ask(value, sort=0)["labels"] == ["1", "3", "2", "0"]
    assert session.ask(value, sort=0, descending=True)["labels"] == ["0", "2", "1", "3"]
    assert session.ask(value, sort=2)["labels"] == ["2", "1", "3", "0"]
    assert session.ask(value, sort=2, descending=True)["labels"] == ["3", "1", "2", "0"]
    page = session.ask(value, (1, 2, 1, 1), sort=0)
    assert (page["labels"], page["names"][0] in ("1", "t")) == (["3", "2"], True)


@pytest.mark.parametrize("value", [ROWS, AS_FIELDS], ids=["lists", "fields"])
@pytest.mark.parametrize(
    ("column", "condition", "rows"),
    [
        (0, "> 1", ["0", "2"]), (0, "1", ["1", "3"]), (0, ">= 1 & < 3", ["1", "2", "3"]),
        (1, "b", ["0", "1"]), (1, "= b", ["0"]), (2, "!= 7", ["1", "2"]), (2, "=", ["0"]),
        (2, "!=", ["1", "2", "3"]), (2, "", ["0", "1", "2", "3"]), (0, "> 99", []),
    ],
)  # fmt: skip
def test_rows_are_filtered(
    session: Session, value: Any, column: int, condition: str, rows: list[str]
) -> None:
    """By comparisons, parts of texts, what is missing; and it is said how many there were."""
    found = session.ask(value, filters=((column, condition),))
    assert (found["labels"], found["rows"], found["all_rows"]) == (rows, len(rows), 4)


def test_filters_and_order_go_together(session: Session) -> None:
    """Of what the filters of several columns leave, in an order."""
    filters = ((0, "< 3"), (2, "!="))
    found = session.ask(AS_FIELDS, sort=2, descending=True, filters=filters)
    assert found["labels"] == ["3", "1", "2"]


def test_what_cannot_be_compared_is_said(session: Session) -> None:
    """A filter that is no number; objects with an order of their own, whose code does not run."""

    class Own:
        def __lt__(self, other: object) -> bool:
            raise AssertionError("the user's code ran")

        __eq__ = __gt__ = __lt__  # type: ignore[assignment]
        __hash__ = None  # type: ignore[assignment]

    said = session.ask(AS_FIELDS, filters=((0, "> x"),))
    assert (said["problem"], said["rows"]) == ("“x” is no number: the column n holds numbers.", 0)
    for value in ([[Own()], [Own()]], numpy.array([[Own()], [Own()]], dtype=object)):
        assert "only their own code could compare" in session.ask(value, sort=0)["problem"]
    mixed = [[2], ["a"], [None], [1.5], [True]]
    assert session.ask(mixed, sort=0)["labels"] == ["4", "3", "0", "1", "2"]


def test_an_order_is_made_once_while_the_table_is_unchanged(session: Session) -> None:
    """A cell that changes it is seen when it ends; others cost a checksum alone."""
    value = numpy.arange(200_000.0)[::-1].copy()
    assert session.ask(value, (0, 2, 0, 1), sort=0)["cells"] == [["0.0"], ["1.0"]]
    kept = next(iter(session.tables._orders._kept.values()))
    made = kept.order
    session.cells += 1
    assert session.ask(value, (0, 2, 0, 1), sort=0)["labels"] == ["199999", "199998"]
    assert kept.order is made
    session.is_running = True
    value[7] = -1
    session.cells += 1
    session.is_running = False
    assert session.ask(value, (0, 1, 0, 1), sort=0)["cells"] == [["-1.0"]]
    assert kept.order is not made
    assert session.ask(numpy.array([2, 1]), sort=0)["labels"] == ["1", "0"]


def test_while_a_cell_runs_it_is_said(session: Session) -> None:
    """The order may be out of date until it ends."""
    session.is_running = True
    assert session.ask(AS_FIELDS, sort=0)["running"]
    session.is_running = False
    assert not session.ask(AS_FIELDS, sort=0)["running"]


def test_a_sheet_of_an_array_is_picked(session: Session) -> None:
    """By positions along the dimensions before the last two; it is sorted by itself."""
    value = numpy.arange(2 * 3 * 4 * 2).reshape(2, 3, 4, 2)
    found = session.ask(value, at=(1, 2))
    assert (found["shape"], found["cells"][0]) == ([2, 3, 4, 2], ["40", "41"])
    assert session.ask(value, at=(1, 2), sort=0, descending=True)["cells"][0] == ["46", "47"]
    assert session.ask(value, at=(9, 9))["cells"][0] == ["40", "41"], "beyond the end: the last"
    assert session.ask(value)["cells"][0] == ["0", "1"]


def test_no_thread_stays_and_an_abandoned_order_stops(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that nobody asks for any more is given up, and can be asked for again."""
    monkeypatch.setattr("vivo.core.table_orders.PATIENCE", -1.0)
    wanted = {"sort": 0}
    value = numpy.arange(100.0)
    assert session.tables.corner(["value"], value, (0, 1, 0, 1), wanted)["pending"]  # type: ignore[index]
    assert not [each for each in threading.enumerate() if each.name == "vivo-table"]
    monkeypatch.undo()
    assert session.ask(value, (0, 1, 0, 1), sort=0)["cells"] == [["0.0"]]


def test_the_session_sorts_what_a_path_leads_to(shell: Shell) -> None:
    """As the lane asks for it."""
    shell.run_cell("held = {'t': [[3], [1], [2]]}")
    arranged = {"at": (), "sort": 0, "descending": False, "filters": ()}
    found = shell.variables.corner(["held", 0], 0, 10, 0, 10, arranged)
    assert found is not None
    assert found["cells"] == [["1"], ["2"], ["3"]]
