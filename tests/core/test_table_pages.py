"""Corners of tables, without the libraries that the other tests bring (tests/wild has those)."""

from __future__ import annotations

import datetime
from typing import Any

import numpy
import pytest
from vivo.core import Shell
from vivo.core.table_pages import corner

NANOSECOND = "2020-01-01T00:00:00.000000001"
HUGE = numpy.lib.stride_tricks.as_strided(numpy.zeros(1), (10**9, 10**6), (0, 0))


def test_a_corner_of_an_array_of_any_size() -> None:
    """Some rows and columns, and how many there are: of eight petabytes as of a few numbers."""
    found = corner(HUGE, 5, 2, 7, 3)
    assert found is not None
    assert (found.rows, found.columns) == HUGE.shape
    assert (found.labels, found.names) == (["5", "6"], ["7", "8", "9"])
    assert found.cells == [["0.0"] * 3] * 2
    assert corner(HUGE, 0, 10**12, 0, 10**12).cells[999][199] == "0.0"  # type: ignore[union-attr]
    beyond = corner(numpy.arange(6).reshape(2, 3), 1, 10, 2, 10)
    assert beyond is not None
    assert beyond.cells == [["5"]]
    past = corner(numpy.arange(3), 10, 10)
    assert past is not None
    assert past.cells == []


@pytest.mark.parametrize(
    ("value", "cells"),
    [
        (numpy.arange(8).reshape(2, 2, 2), [["0", "1"], ["2", "3"]]),
        (numpy.array([NANOSECOND], dtype="M8[ns]"), [[NANOSECOND]]),
        (numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]), [["1", "2.5"]]),
        ([[1, "a"], [2]], [["1", "a"], ["2", ""]]),
        ([{"a": 1, "b": None}, {"b": 2}], [["1", "None"], ["", "2"]]),
        ([(datetime.date(2020, 1, 1), datetime.timedelta(1))], [["2020-01-01", "1 day, 0:00:00"]]),
    ],
)  # fmt: skip
def test_what_is_a_table(value: Any, cells: list[list[str]]) -> None:
    """Arrays of more dimensions show their first sheet, records their fields."""
    found = corner(value)
    assert found is not None
    assert found.cells == cells


@pytest.mark.parametrize("value", [5, "text", [], [1, 2], [[1], 2], {"a": 1}, numpy.float64(1)])
def test_what_is_no_table(value: object) -> None:
    """It is said, not shown as something else."""
    assert corner(value) is None


def test_no_code_of_the_users_runs(shell: Shell) -> None:
    """Not that of items, of classes made from arrays, of keys, of time zones."""
    source = """
import datetime, numpy
ran = []
class Item:
    def __repr__(self): ran.append("repr"); return ""
class Array(numpy.ndarray):
    def __getitem__(self, key): ran.append("item"); return None
    def __array_finalize__(self, obj): ran.append("finalize") if obj is None else None
class Key(str):
    def __hash__(self): ran.append("hash"); return 1
    def __eq__(self, other): ran.append("eq"); return True
class Zone(datetime.tzinfo):
    def utcoffset(self, moment): ran.append("zone"); return None
class Row(list):
    def __getitem__(self, at): ran.append("row")
objects = numpy.array([[Item(), 1]], dtype=object)
array = numpy.zeros((2, 2)).view(Array)
keys = [{Key("a"): 1}]
moments = [[datetime.datetime(2020, 1, 1, tzinfo=Zone())]]
rows = [Row([1])]
ran.clear()
"""
    assert shell.run_cell(source).status == "ok"
    shown = {
        name: shell.variables.corner([name], 0, 10, 0, 10, {})
        for name in ("objects", "array", "keys", "moments", "rows")
    }
    assert shell.namespace["ran"] == []
    assert shown["objects"] is not None
    assert shown["objects"]["cells"] == [["<Item>", "1"]]
    assert shown["array"] is not None
    assert shown["array"]["cells"] == [["0.0", "0.0"]] * 2
    assert shown["keys"] is None
    assert shown["rows"] is None
