"""Variables and corners of tables of real libraries: told as they are, beside a cell too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session

from .conftest import ENVIRONMENTS

MAKE = """
import datetime
import numpy, pandas, polars, pyarrow, xarray
frame = pandas.DataFrame({
    "number": [1, 2, 3], "text": ["x", "y", None],
    "time": pandas.date_range("2020", periods=3, tz="UTC").as_unit("s"),
    "kind": pandas.Categorical(["u", "v", None]),
    "count": pandas.array([1, None, 3], dtype="Int64"),
    "period": pandas.period_range("2020", periods=3, freq="D"),
})
deep = frame.set_index(["kind", "number"])[["count"]]
series = frame["kind"]
wide = pandas.DataFrame(numpy.zeros((1_000_000, 300)))
fast = polars.DataFrame({"a": [1, None], "day": [datetime.date(2020, 1, 1)] * 2})
column = fast["a"]
arrow = pyarrow.table({"a": [1, None]})
labelled = xarray.DataArray(numpy.arange(6.0).reshape(2, 3), dims=["x", "y"])
"""


@pytest.fixture
async def client(home: Path) -> AsyncIterator[SessionClient]:
    """A session with the libraries, and what is made of them."""
    python = str(ENVIRONMENTS["without IPython"] / "bin" / "python")
    entry = await start_session(SessionOptions(python=python, cwd=str(home), workspace=str(home)))
    made = await SessionClient.connect(entry.connection_file, name="test")
    assert (await (await made.execute(MAKE)).finished()).status == "ok"
    yield made
    await made.close()
    await end_session(entry.id)


async def test_shapes_types_and_sizes_are_told(client: SessionClient) -> None:
    """Of frames, series, tensors and arrays with names; of frames their columns too."""
    rows = {row.name: row for row in (await client.variables()).variables}
    shapes = {name: rows[name].shape for name in ("frame", "wide", "fast", "arrow", "labelled")}
    assert shapes == {
        "frame": [3, 6],
        "wide": [1_000_000, 300],
        "fast": [2, 2],
        "arrow": [2, 1],
        "labelled": [2, 3],
    }
    assert rows["wide"].size == 2_400_000_000
    assert (rows["series"].dtype, rows["column"].dtype) == ("category", "Int64")
    assert (rows["labelled"].dtype, rows["labelled"].size) == ("float64", 48)
    columns = (await client.variables(path=["frame"])).variables
    assert [each.name for each in columns][:3] == ["number", "text", "time"]


async def test_corners_of_tables_are_shown_while_a_cell_runs(client: SessionClient) -> None:
    """Every kind of column that can be read without the library's own Python code."""
    after = (await client.session())["last"]
    loop = await client.execute("print('on')\nwhile True: pass")
    async for event in client.events(after=after):
        if event.type == "stream":
            break
    frame = await client.table(["frame"], row=1)
    assert (frame.rows, frame.columns, frame.labels) == (3, 6, ["1", "2"])
    assert frame.cells[0] == ["2", "y", "2020-01-02T00:00:00", "v", "<NA>", "…"]
    assert [row[3] for row in frame.cells] == ["v", "NaN"]
    assert [each for each in frame.dtypes if each][2:4] == ["datetime64[s, UTC]", "category"]
    deep = await client.table(["deep"])
    assert deep.labels == ["u, 1", "v, 2", ", 3"]
    assert deep.cells == [["1"], ["<NA>"], ["3"]]
    wide = await client.table(["wide"], row=999_998, column=299)
    assert (wide.labels, wide.names) == (["999998", "999999"], ["299"])
    assert wide.cells == [["0.0"], ["0.0"]]
    assert (await client.table(["series"])).cells == [["u"], ["v"], ["NaN"]]
    fast = await client.table(["fast"])
    assert fast.cells == [["1", "2020-01-01"], ["null", "2020-01-01"]]
    assert (await client.table(["column"])).cells == [["1"], ["null"]]
    assert (await client.table(["arrow"])).cells == [["1"], ["null"]]
    labelled = await client.table(["labelled"], row=1)
    assert labelled.cells == [["3.0", "4.0", "5.0"]]
    await client.interrupt()
    await loop.finished()
