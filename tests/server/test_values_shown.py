"""Values beside the code, through the real process over stdio: which, where, in full, how long."""

from __future__ import annotations

import asyncio
import base64
import copy
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from vivo.server.lsp_client import ResponseError

from .editors import CAPABILITIES, Editor, at, editing, make_editor

FULL: dict[str, Any] = copy.deepcopy(CAPABILITIES)
FULL["textDocument"]["inlayHint"] = {"resolveSupport": {"properties": ["tooltip"]}}
FULL["textDocument"]["codeAction"] = {
    "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}
}
FULL["experimental"]["vivo"]["images"] = True


@pytest.fixture
async def editor(home: Path) -> AsyncIterator[Editor]:
    """An editor that can do everything, and shows assignments too."""
    async with editing(home, FULL, values="assignments") as made:
        yield made


async def hints(editor: Editor) -> list[dict[str, Any]]:
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}}
    found: list[dict[str, Any]] = await editor.ask("inlayHint", range=whole)
    return found


async def in_full(editor: Editor, label: str) -> str:
    """The tooltip of the hint whose label has a text, as the client resolves it."""
    (hint,) = [each for each in await hints(editor) if label in each["label"]]
    assert "tooltip" not in hint
    told = await editor.client.request("inlayHint/resolve", hint)
    return str(told["tooltip"]["value"])


def edit(editor: Editor, line: int, start: int, end: int, text: str, version: int) -> None:
    change = {
        "range": {
            "start": {"line": line, "character": start},
            "end": {"line": line, "character": end},
        },
        "text": text,
    }
    params = {
        "textDocument": {"uri": editor.uri, "version": version},
        "contentChanges": [change],
    }
    editor.client.notify("textDocument/didChange", params)


ASSIGNMENTS = """# %% assignments
x = 20
a, (b, *c) = 1, (2, 3)
total: int = sum(
    [x, a],
)
total += 1
x + a
hidden = 3;
for i in range(3):
    inner = i
class Loud:
    def __repr__(self):
        raise RuntimeError("the user's code ran")
loud = Loud()
password = "abc"
(y := 5)
z = w = y
big = ["word"] * 100_000
"""


async def test_values_of_statements_by_setting(editor: Editor) -> None:
    """Assignments tell their names' values without the user's code; the setting chooses."""
    editor.open(ASSIGNMENTS)
    assert (await editor.run_cell(1))["status"] == "ok"
    shown = await editor.labels()
    assert shown == [
        (1, "⟶ 20"),
        (2, "⟶ a = 1 · b = 2 · c = [3]"),
        (5, "⟶ 21"),
        (6, "⟶ 22"),
        (7, "⟶ 21"),
        (14, "⟶ <Loud>"),
        (15, "⟶ <hidden: its name looks like a secret>"),
        (16, "⟶ 5"),
        (17, "⟶ 5"),
        (18, "⟶ ['word', 'word', 'word', 'word', 'word',…"),
    ]
    results = [each for each in editor.told["vivo/output"] if each["kind"] == "result"]
    assert [each["data"]["text/plain"] for each in results] == ["21", "5"]
    for setting, width, wanted in (
        ("all", 43, [(7, "⟶ 21"), (16, "⟶ 5")]),
        ("last", 43, []),
        ("assignments", 10, [(2, "⟶ a = 1 ·…"), (7, "⟶ 21")]),
    ):
        settings = {"values": setting, "valueWidth": width}
        editor.client.notify("workspace/didChangeConfiguration", {"settings": settings})
        await editor.run_cell(1)
        shown = await editor.labels()
        assert shown == wanted or (setting == "assignments" and set(wanted) <= set(shown))


async def test_a_value_in_full_is_made_when_it_is_asked_for(editor: Editor) -> None:
    """Tables and arrays as Markdown with shape and dtype; a fence that text cannot end."""
    text = """# %%
import numpy
grid = numpy.arange(24.0).reshape(2, 12)
numpy.zeros((3, 2, 2), dtype="int8")
rows = [{"a|b": n, "*c*": "<i>"} for n in range(30)]
'```\\n# no heading'
print('''```''')
"""
    editor.open(text)
    await editor.run_cell(1)
    grid = await in_full(editor, "2×12")
    assert grid.startswith("`numpy.ndarray` · 2×12 · `float64`\n\n|  | 0 | 1 |")
    assert "| **1** | 12.0 | 13.0 |" in grid
    assert grid.splitlines()[2].endswith("| 7 | … |")
    cube = await in_full(editor, "3×2×2")
    assert cube.startswith("`numpy.ndarray` · 3×2×2 · `int8` · the first sheet\n")
    table = await in_full(editor, "a|b")
    assert "| a\\|b | \\*c\\* |" in table
    assert "| **0** | 0 | &lt;i> |" in table
    assert table.splitlines()[-1] == "| … | … | … |"
    fenced = await in_full(editor, "no heading")
    assert fenced == "````text\n'```\\n# no heading'\n````"


async def test_figures_are_thumbnails_for_who_shows_pictures(editor: Editor, home: Path) -> None:
    """A figure's hint says its size; its picture stays below 60 kB, however large it is."""
    text = """# %%
import numpy as np, matplotlib.pyplot as plt
plt.plot([1, 2]);
# %%
plt.figure(figsize=(8, 6))
plt.imshow(np.random.default_rng(0).random((400, 400, 3)));
"""
    editor.open(text)
    await editor.run_cell(1)
    await editor.run_cell(4)
    labels = [label for _, label in await editor.labels()]
    assert sum(label.startswith("⟶ figure ") for label in labels) == 2
    sizes = []
    for hint in await hints(editor):
        if not hint["label"].startswith("⟶ figure "):
            continue
        told = (await editor.client.request("inlayHint/resolve", hint))["tooltip"]["value"]
        found = re.fullmatch(r"!\[figure\]\(data:image/png;base64,([\w+/=]+)\)", told)
        assert found is not None, told[:200]
        sizes.append(len(base64.b64decode(found[1])))
    whole = [
        len(base64.b64decode(each["data"]["image/png"]))
        for each in editor.told["vivo/output"]
        if each["kind"] == "display"
    ]
    assert sizes[0] == whole[0]
    assert whole[1] > 60_000 >= sizes[1]
    plain = await make_editor(home)
    plain.uri = editor.uri
    plain.client.open(editor.uri, text)
    await plain.until(lambda: len(plain.told.get("vivo/output", ())) >= 2)
    whole_hints = await hints(plain)
    assert all("data:image" not in str(hint.get("tooltip")) for hint in whole_hints)
    assert len([hint for hint in whole_hints if "figure" in hint["label"]]) == 2
    await plain.client.close()


async def test_pinned_values_stay_and_all_can_be_copied_and_cleared(editor: Editor) -> None:
    """A pin stays through edits, reruns and clear, until it is taken off; a copy is whole."""
    editor.open("# %%\nx = 1\nx + 1\n# %%\n'ab' * 50_000\n")
    await editor.run_cell(1)
    await editor.run_cell(4)
    await editor.start("pinValue", **at(2, 0))
    assert (await editor.labels())[:2] == [(2, "⟶ (pinned) 2"), (1, "⟶ 1")]
    edit(editor, 1, 4, 5, "30", 2)
    assert [label for _, label in await editor.labels()][:2] == ["⟶ (pinned) 2", "⟶ (stale) 1"]
    await editor.run_cell(1)
    assert (await editor.labels())[:3] == [(2, "⟶ (pinned) 2"), (1, "⟶ 30"), (2, "⟶ 31")]
    edit(editor, 0, 0, 0, "# above\n\n", 3)
    assert (await editor.labels())[0] == (4, "⟶ (pinned) 2")
    copied = await editor.start("copyValue", **at(6, 0))
    assert copied["text"] == repr("ab" * 50_000)
    assert (await editor.start("copyValue", **at(3, 0)))["text"] == "30"
    await editor.start("clear", **at(6, 0))
    assert (6, "⟶ (pinned) 2") not in await editor.labels()
    assert len(await editor.labels()) == 3
    await editor.start("clear")
    assert await editor.labels() == [(4, "⟶ (pinned) 2")]
    assert (await editor.start("copyValue", **at(4, 0)))["text"] == "2"
    await editor.start("pinValue", **at(4, 0), pinned=False)
    assert await editor.labels() == []
    with pytest.raises(ResponseError, match="There is no value at line 5"):
        await editor.start("copyValue", **at(4, 0))
    with pytest.raises(ResponseError, match="There is no pinned value at line 5"):
        await editor.start("pinValue", **at(4, 0), pinned=False)


BAR = """# %%
import sys, time
for n in range(400):
    sys.stderr.write(f"\\r{n:3d}%|####  |")
    time.sleep(0.002)
input("go on? ");
"""


async def test_a_bar_moves_beside_its_loop_and_goes_with_it(editor: Editor) -> None:
    """At most ten refreshes a second, though the cell writes five hundred times a second."""
    refreshes: list[float] = []
    asked, answer = asyncio.Event(), asyncio.Event()

    async def refresh(_: dict[str, Any]) -> None:
        refreshes.append(asyncio.get_running_loop().time())

    async def wait(_: dict[str, Any]) -> dict[str, Any]:
        asked.set()
        await answer.wait()
        return {"value": ""}

    editor.client.on_request["workspace/inlayHint/refresh"] = refresh
    editor.client.on_request["vivo/input"] = wait
    editor.open(BAR)
    started = await editor.start("runCell", **at(1, 0))
    await editor.until(
        lambda: [each for each in editor.told.get("vivo/output", ()) if each["kind"] == "stream"]
    )
    before = len(refreshes)
    begun = asyncio.get_running_loop().time()
    await asyncio.wait_for(asked.wait(), 30)
    seconds = asyncio.get_running_loop().time() - begun
    assert 1 <= len(refreshes) - before <= seconds * 10 + 2
    while (shown := await editor.labels()) != [(2, "⟶ 399%|#### |")]:
        assert shown[0][0] == 2
        await asyncio.sleep(0)
    answer.set()
    assert (await editor.end_of(started["executionId"]))["status"] == "ok"
    assert await editor.labels() == []
