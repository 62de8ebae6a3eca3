"""Code actions through the real process over stdio: what they offer, and that each works."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from vivo.server.lsp_client import ResponseError

from .editors import Editor, editing, end_all, make_editor
from .test_errors_shown import ENGINE
from .test_values_shown import FULL, edit

OPENING: dict[str, Any] = copy.deepcopy(FULL)
OPENING["window"]["showDocument"] = {"support": True}


@pytest.fixture
async def editor(home: Path) -> AsyncIterator[Editor]:
    """An editor that opens documents, with a module of the user's."""
    async with editing(home, OPENING) as made:
        (made.folder / "engine.py").write_text(ENGINE)
        yield made


async def actions(editor: Editor, line: int, **context: Any) -> list[dict[str, Any]]:
    """What is offered on a line."""
    place = {"line": line, "character": 0}
    found: list[dict[str, Any]] = await editor.ask(
        "codeAction", range={"start": place, "end": place}, context={"diagnostics": [], **context}
    )
    return found


def titles(found: list[dict[str, Any]]) -> list[str]:
    return [each["title"] for each in found]


async def execute(editor: Editor, action: dict[str, Any]) -> Any:
    command = action["command"]
    params = {"command": command["command"], "arguments": command["arguments"]}
    return await editor.client.request("workspace/executeCommand", params)


MISSPELLED = """# %%
import math
values = [1]
class Point:
    abscissa = 1
point = Point()
# %%
print(valeus)
# %%
"é😀", point.abscisa
# %%
from math import sqrtt
# %%
import maths
# %%
prnt(1)
# %%
def f(parameter):
    return paramter
f(1)
# %%
nothing_comes_near_this
"""


async def test_did_you_mean(editor: Editor) -> None:
    """Names, attributes, what is imported: an edit in the client's units, of what is live."""
    editor.open(MISSPELLED)
    await editor.run_cell(1)
    for line, at, wrong, right in (
        (7, 7, (6, 12), "values"),
        (9, 9, (13, 20), "abscissa"),
        (11, 11, (17, 22), "sqrt"),
        (13, 13, (7, 12), "math"),
        (15, 15, (0, 4), "print"),
        (17, 19, (11, 19), "parameter"),
    ):
        await editor.run_cell(line)
        found = [each for each in await actions(editor, at) if "edit" in each]
        assert titles(found)[:1] == [f"Change to '{right}'"], (line, titles(found))
        assert found[0]["isPreferred"] is True
        (change,) = found[0]["edit"]["changes"][editor.uri]
        place = change["range"]
        assert (place["start"]["character"], place["end"]["character"]) == wrong
        assert change["newText"] == right
    await editor.run_cell(21)
    assert [each for each in await actions(editor, 21) if "edit" in each] == []


async def test_an_error_can_be_debugged_copied_and_its_frames_opened(editor: Editor) -> None:
    """Each as long as it can be: debugging until another cell has run."""
    asked: list[str] = []
    shown: list[dict[str, Any]] = []

    async def answer(params: dict[str, Any]) -> dict[str, Any]:
        asked.append(params["prompt"])
        return {"value": "p denominator + 41" if len(asked) == 1 else "quit"}

    async def show(params: dict[str, Any]) -> dict[str, Any]:
        shown.append(params)
        return {"success": True}

    editor.client.on_request["vivo/input"] = answer
    editor.client.on_request["window/showDocument"] = show
    editor.open("# %%\nimport engine\nengine.divide(1, 0)\n# %%\nx = 1\n")
    await editor.run_cell(1)
    found = await actions(editor, 2)
    assert titles(found) == [
        "Debug post-mortem here",
        "Copy traceback",
        "Open frame: divide, engine.py:2",
        "Clear the cell's values",
        "Send to Cluster",
    ]
    assert titles(await actions(editor, 2, only=["quickfix"])) == titles(found)[:3]
    assert await actions(editor, 2, only=["refactor"]) == []
    assert titles(await actions(editor, 4)) == ["Send to Cluster"]
    debugging = await execute(editor, found[0])
    assert (await editor.end_of(debugging["executionId"]))["status"] == "ok"
    printed = "".join(str(each["text"]) for each in editor.told["vivo/output"])
    assert "41" in printed
    copied = (await execute(editor, found[1]))["text"]
    assert "engine.divide(1, 0)" in copied
    assert copied.rstrip().endswith("ZeroDivisionError: division by zero")
    await execute(editor, found[2])
    assert shown[0]["uri"] == (editor.folder / "engine.py").as_uri()
    assert shown[0]["selection"]["start"]["line"] == 1
    await editor.run_cell(4)
    assert titles(await actions(editor, 2))[0] == "Copy traceback"
    cells = editor.uri
    editor.open(ENGINE, "engine.py")
    assert titles(await actions(editor, 1)) == [
        "Copy traceback",
        "Open frame: module, cells.py:3",
        "Send to Cluster",
    ]
    editor.uri = cells
    edit(editor, 2, 17, 18, "1", 2)
    assert titles(await actions(editor, 2)) == ["Clear the cell's values", "Send to Cluster"]
    with pytest.raises(ResponseError, match="There is no error there"):
        await editor.start("copyTraceback", position={"line": 4, "character": 0})


async def test_values_have_theirs_for_who_asks(editor: Editor) -> None:
    """Pin, copy, clear; no light bulb beside every value."""
    editor.open("# %%\n6 * 7\n")
    await editor.run_cell(1)
    assert await actions(editor, 1, triggerKind=2) == []
    found = await actions(editor, 1, only=["source"])
    assert titles(found) == [
        "Pin the value",
        "Copy the value",
        "Clear the cell's values",
        "Send to Cluster",
    ]
    await execute(editor, found[0])
    assert (await execute(editor, found[1]))["text"] == "42"
    await execute(editor, found[2])
    assert await editor.labels() == [(1, "⟶ (pinned) 42")]
    found = await actions(editor, 1, only=["source.vivo"])
    assert titles(found) == ["Unpin the value", "Send to Cluster"]
    await execute(editor, found[0])
    assert await editor.labels() == []


async def test_a_client_of_little_is_offered_commands_that_work(home: Path) -> None:
    """No literals, no documents to open, nobody to answer: what is left is to copy."""
    plain = await make_editor(home, {"textDocument": {"codeAction": {}}})
    try:
        plain.open("# %%\nfoo\n")
        await plain.run_cell(1)
        place = {"line": 1, "character": 0}
        found = await asyncio.wait_for(
            plain.ask("codeAction", range={"start": place, "end": place},
                      context={"diagnostics": [], "triggerKind": 2}),
            10,
        )  # fmt: skip
        assert titles(found) == ["Copy traceback"]
        assert found[0]["command"] == "vivo.server.copyTraceback"
    finally:
        await end_all(plain)
        await plain.client.close()
