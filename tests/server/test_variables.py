"""The variables of a session as an editor's list of them asks for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from vivo.server.lsp_client import ResponseError
from vivo.server.protocol import MESSAGES

from .editors import Editor, at, editing

MANY = "names = {'ab': [1, 2], 'cd': 3.5}\nsmall = [[1, 'a'], [2, 'b']]\nbig = list(range(5000))\n"
FRAME = "class Hostile:\n    def __repr__(self): raise SystemExit\nhostile = Hostile()\n"


@pytest.fixture
async def editor(home: Path) -> AsyncIterator[Editor]:
    """An editor that notes when variables may have changed; its sessions end with the test."""
    async with editing(home) as made:
        method = "vivo/variablesChanged"
        made.client.on_notification[method] = made._noter(method)
        yield made


async def ask(editor: Editor, method: str, **params: Any) -> Any:
    return await editor.client.request(f"vivo/{method}", {"uri": editor.uri, **params})


async def refused(editor: Editor, method: str, **params: Any) -> str:
    with pytest.raises(ResponseError) as caught:
        await ask(editor, method, **params)
    return str(caught.value)


async def test_variables_are_listed_by_pages_and_by_what_they_hold(editor: Editor) -> None:
    """Filtered, sorted, with their children; also while a cell runs, and no user code runs."""
    editor.open(f"# %%\n{MANY}{FRAME}\n# %%\nwhile True: pass\n")
    told = await refused(editor, "variables")
    assert told == "No session runs for this document: run a cell, and it has variables."
    ended = await editor.run_cell(1)
    page = await ask(editor, "variables")
    assert page["total"] == 5
    assert [each["name"] for each in page["variables"]] == [
        "Hostile", "big", "hostile", "names", "small",
    ]  # fmt: skip
    assert all(each["changed"] for each in page["variables"])
    assert page["sessionId"] == editor.told["vivo/status"][-1]["sessionId"]
    changed = editor.told["vivo/variablesChanged"]
    run = ended["executionId"]
    await editor.until(lambda: changed[-1]["executionId"] == run)
    assert (changed[-1]["sessionId"], changed[-1]["uris"]) == (page["sessionId"], [editor.uri])
    started = await editor.start("runCell", **at(9, 0))
    await editor.until(lambda: editor.told["vivo/status"][-1]["state"] == "busy")
    page = await ask(editor, "variables", filter="S", sort="size", descending=True, count=2)
    assert (page["total"], page["busy"]) == (4, False)
    assert [each["name"] for each in page["variables"]] == ["Hostile", "names"]
    page = await ask(editor, "variables", path=["names"])
    assert [(each["name"], each["text"]) for each in page["variables"]] == [
        ("['ab']", "[1, 2]"), ("['cd']", "3.5"),
    ]  # fmt: skip
    page = await ask(editor, "variables", path=["names", 0], start=1)
    assert [each["text"] for each in page["variables"]] == ["2"]
    assert page["total"] == 2
    page = await ask(editor, "variables", path=["big"], start=4990, count=3)
    assert [each["text"] for each in page["variables"]] == ["4990", "4991", "4992"]
    table = await ask(editor, "table", path=["small"], rows=1, row=1)
    assert (table["rows"], table["cells"]) == (2, [["2", "b"]])
    told = await refused(editor, "variables", path=["gone"])
    assert told == "There is no variable gone in the session (any more)."
    told = await refused(editor, "variables", path=["names", 7])
    assert told == "names → 7 is not there (any more): ask for names again."
    told = await refused(editor, "variables", sort="colour")
    assert told.startswith("The parameters of vivo/variables do not fit")
    await editor.start("interrupt", executionId=started["executionId"])
    await editor.end_of(started["executionId"])


async def test_tables_come_by_corners(editor: Editor) -> None:
    """Rows and columns with their labels and types; what is none is told in a sentence."""
    editor.open("import numpy as np\nlarge = np.arange(60000).reshape(200, 300)\nother = 1\n")
    for line in range(3):
        await editor.run_cell(line)
    table = await ask(editor, "table", path=["large"], row=10, rows=2, column=5, columns=3)
    assert (table["rows"], table["columns"]) == (200, 300)
    assert table["cells"] == [["3005", "3006", "3007"], ["3305", "3306", "3307"]]
    assert table["labels"] == ["10", "11"]
    assert table["names"] == ["5", "6", "7"]
    told = await refused(editor, "table", path=["other"])
    assert told.startswith("other is no table: arrays, data frames and lists of rows are.")
    assert "begins with the name" in await refused(editor, "table", path=[])
    page = await ask(editor, "variables", filter="large")
    assert (page["variables"][0]["shape"], page["variables"][0]["dtype"]) == ([200, 300], "int64")


async def test_a_restart_changes_the_variables(editor: Editor) -> None:
    """It is told without an execution, and the list is empty."""
    editor.open("x = 1\n")
    run = (await editor.run_cell(0))["executionId"]
    await editor.until(lambda: editor.told["vivo/variablesChanged"][-1]["executionId"] == run)
    before = len(editor.told["vivo/variablesChanged"])
    await editor.start("restart")

    def news() -> list[dict[str, Any]]:
        return editor.told["vivo/variablesChanged"][before:]

    await editor.until(news)
    assert {each["executionId"] for each in news()} == {None}
    assert (await ask(editor, "variables"))["variables"] == []


async def test_every_message_is_described(editor: Editor) -> None:
    """With types that are all there, the server's version, and what this client is shown."""
    told = await editor.client.request("vivo/describe", {})
    described = {each["name"]: each for each in told["messages"]}
    assert set(described) == {each.name for each in MESSAGES}
    types = {each["name"] for each in told["types"]}
    for each in told["messages"]:
        assert each["params"] in types
        assert each["result"] is None or each["result"] in types
        assert each["doc"]
    fields = next(each for each in told["types"] if each["name"] == "VariablesParams")["fields"]
    assert [field["name"] for field in fields][:3] == ["uri", "start", "count"]
    assert fields[0] == {"name": "uri", "type": "string", "optional": False, "doc": ""}
    assert fields[2]["doc"] == "At most 1,000 come."
    assert (told["valuesBy"], told["input"], told["positionEncoding"]) == ("hints", True, "utf-16")


async def test_a_table_is_answered_once_its_rows_are_in_order(editor: Editor) -> None:
    """Sorted, filtered, a sheet of several; who asks for another order before is told so."""
    editor.open("# %%\nimport numpy\ncube = numpy.arange(24).reshape(2, 4, 3)\nbig = cube % 5\n")
    await editor.run_cell(1)
    sorted_rows = {"path": ["cube"], "at": [1], "sort": 2, "descending": True}
    page = await ask(editor, "table", **sorted_rows)
    assert (page["cells"][0], page["shape"]) == (["21", "22", "23"], [2, 4, 3])
    filters = [{"column": 0, "condition": "> 15"}]
    page = await ask(editor, "table", path=["cube"], at=[1], filters=filters)
    assert (page["labels"], page["rows"], page["allRows"]) == (["2", "3"], 2, 4)
