"""The list of variables, through a session's real processes."""

from __future__ import annotations

from typing import Any

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.errors import SessionError
from vivo.parallel.messages import RunRecord, Variable

pytestmark = pytest.mark.sessions


async def run(client: SessionClient, code: str) -> RunRecord:
    record = await (await client.execute(code)).finished()
    assert record.status == "ok", record.error
    return record


async def listed(client: SessionClient, **wanted: Any) -> dict[str, Variable]:
    reply = await client.variables(**wanted)
    assert not reply.busy
    return {each.name: each for each in reply.variables}


async def test_the_variables_come_with_what_is_known_of_them(client: SessionClient) -> None:
    """Type, shape, dtype, length, bytes and the value on one line; nothing of the shell's."""
    await run(
        client,
        "import numpy as np\ntable = np.arange(12.0).reshape(3, 4)\n"
        "words = ['a', 'b']\n_private = 1\nnumber = 42",
    )
    found = await listed(client)
    assert list(found) == ["np", "number", "table", "words"]
    table = found["table"]
    assert (table.type, table.shape, table.dtype, table.size) == (
        "numpy.ndarray", [3, 4], "float64", 96,
    )  # fmt: skip
    assert "3×4 float64: 0.0, 1.0" in table.text
    assert (found["words"].length, found["words"].text) == (2, "['a', 'b']")
    assert (found["number"].type, found["number"].text) == ("int", "42")


async def test_what_the_last_cell_changed_is_marked(client: SessionClient) -> None:
    """Assigned, made, changed inside, changed by a function that was called."""
    await run(client, "a = b = c = 1\nitems = []\ndef more(): items.append(1)")
    assert all(each.changed for each in (await listed(client)).values())
    await run(client, "a = 2; globals()['made'] = 1")
    changed = {name for name, each in (await listed(client)).items() if each.changed}
    assert changed == {"a", "made"}
    await run(client, "more(); b = 1")
    changed = {name for name, each in (await listed(client)).items() if each.changed}
    assert changed == {"items"}


async def test_the_variables_are_answered_while_a_cell_runs(client: SessionClient) -> None:
    """With the values as they are, and what the running cell has changed."""
    await run(client, "still = 1")
    cell = await client.execute("count = 0\nwhile True: count += 1")
    found: dict[str, Variable] = {}
    while "count" not in found:
        found = await listed(client)
    assert (found["still"].changed, found["count"].changed) == (False, True)
    assert (await client.session())["running"] == cell.id
    await client.interrupt()
    await cell.finished()


async def test_what_a_value_holds_is_asked_for_by_its_path(client: SessionClient) -> None:
    """Items, attributes, and theirs, a page at a time."""
    await run(client, "class P: pass\np = P(); p.items = {'k': [10, 20]}\nlong = list(range(500))")
    page = await client.variables(path=["long"], start=490, count=5)
    assert (page.total, [each.text for each in page.variables]) == (
        500, ["490", "491", "492", "493", "494"],
    )  # fmt: skip
    attributes = await client.variables(path=["p"])
    assert [(each.name, each.children) for each in attributes.variables] == [(".items", 1)]
    deeper = await client.variables(path=["p", 0, 0])
    assert [(each.name, each.text) for each in deeper.variables] == [("[0]", "10"), ("[1]", "20")]
    assert not (await client.variables(path=["nothing"])).found


async def test_a_request_that_does_not_fit_is_refused_in_a_sentence(client: SessionClient) -> None:
    """It says which message, and what of it; the session goes on."""
    for wanted in ({"start": "x"}, {"sort": "colour"}, {"path": [0]}, {"path": ["a", "b"]}):
        with pytest.raises(SessionError, match=r"vivo_variables_request does not fit: .+\."):
            await client.variables(**wanted)
    assert (await client.variables()).total == 0


async def test_both_channels_answer(client: SessionClient) -> None:
    """A client asks where it likes; the keeper's own control channel is not blocked by it."""
    await run(client, "x = 1")
    for channel in ("shell", "control"):
        reply = await client.request(channel, "vivo_variables_request", {})
        assert reply.type == "vivo_variables_reply"
        assert [row["name"] for row in reply.content["variables"]] == ["x"]


async def test_a_corner_of_a_table_is_shown_while_a_cell_runs(client: SessionClient) -> None:
    """For a viewer of tables: any rows and columns of what a path leads to."""
    made = "held = {'t': [[number, -number] for number in range(100_000)]}"
    await (await client.execute(made)).finished()
    after = (await client.session())["last"]
    loop = await client.execute("print('on')\nwhile True: pass")
    async for event in client.events(after=after):
        if event.type == "stream":
            break
    table = await client.table(["held", 0], row=50_000, rows=2, column=1)
    assert (table.found, table.rows, table.columns) == (True, 100_000, 2)
    assert (table.labels, table.names) == (["50000", "50001"], ["1"])
    assert table.cells == [["-50000"], ["-50001"]]
    assert not (await client.table(["nothing"])).found
    with pytest.raises(SessionError, match="a path begins with a variable's name"):
        await client.table([])
    await client.interrupt()
    await loop.finished()


async def test_a_table_is_sorted_and_filtered_while_a_cell_runs(client: SessionClient) -> None:
    """Millions of rows: the order is made beside the cell, and asked for until it is there."""
    await run(client, "import numpy\nhuge = numpy.arange(3_000_000.0)[::-1].reshape(-1, 2).copy()")
    loop = await client.execute("while True: pass")
    await client.variables()
    wanted = {"sort": 0, "filters": [{"column": 1, "condition": ">= 100"}], "rows": 2}
    found = await client.table(["huge"], **wanted)
    while found.pending:
        found = await client.table(["huge"], **wanted)
    assert (found.cells[0], found.rows, found.all_rows) == (
        ["101.0", "100.0"],
        1_499_950,
        1_500_000,
    )
    assert found.running
    refused = await client.table(["huge"], filters=[{"column": 0, "condition": "> x"}])
    assert "“x” is no number" in refused.problem
    await client.interrupt()
    await loop.finished()
