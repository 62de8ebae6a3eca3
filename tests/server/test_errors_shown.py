"""Errors and warnings where they belong, through the real process over stdio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from .editors import Editor, at, editing, make_editor
from .test_values_shown import FULL, edit

ENGINE = """def divide(numerator, denominator):
    ratio = numerator / denominator
    return ratio
"""
CELLS = """# %%
import engine
step = 3
def outer(parts, password):
    count = len(parts)
    return engine.divide(count, step - 3)
# %%
values = [1, 2]
outer(
    values, "abc")
# %%
import warnings
warnings.warn("careful")
def old():
    warnings.warn("gone soon", DeprecationWarning, stacklevel=2)
old()
"""


@pytest.fixture
async def editor(home: Path) -> AsyncIterator[Editor]:
    """An editor with a module of the user's beside its cells."""
    async with editing(home, FULL) as made:
        (made.folder / "engine.py").write_text(ENGINE)
        yield made


def published(editor: Editor, uri: str) -> list[dict[str, Any]]:
    told = editor.told.get("textDocument/publishDiagnostics", [])
    mine = [each["diagnostics"] for each in told if each["uri"] == uri]
    return mine[-1] if mine else []


async def test_an_error_in_another_file_with_the_values_of_its_frames(editor: Editor) -> None:
    """On both lines, with related information; variables beside the lines of the frames."""
    editor.open(CELLS)
    await editor.run_cell(1)
    ended = await editor.run_cell(7)
    assert ended["error"]["name"] == "ZeroDivisionError"
    module = (editor.folder / "engine.py").as_uri()
    (there,) = await editor.until(lambda: published(editor, module))
    assert there["message"] == "ZeroDivisionError: division by zero"
    assert there["range"] == {
        "start": {"line": 1, "character": 4},
        "end": {"line": 1, "character": 35},
    }
    (here,) = await editor.until(editor.diagnostics)
    assert here["range"]["start"] == {"line": 8, "character": 0}
    related = [
        (each["location"]["uri"].rpartition("/")[2], each["location"]["range"]["start"]["line"])
        for each in here["relatedInformation"]
    ]
    assert related == [("engine.py", 1), ("cells.py", 5), ("cells.py", 8)]
    shown = await editor.labels()
    assert shown == [
        (8, "values = [1, 2]"),
        (5, "count = 2 · step = 3 · parts = [1, 2] …"),
    ]
    hints = await editor.ask(
        "inlayHint",
        range={"start": {"line": 5, "character": 0}, "end": {"line": 5, "character": 0}},
    )
    told = (await editor.client.request("inlayHint/resolve", hints[0]))["tooltip"]["value"]
    assert "password = <hidden: its name looks like a secret>" in told
    cells = editor.uri
    editor.open(ENGINE, "engine.py")
    assert await editor.labels() == [(1, "numerator = 2 · denominator = 0")]
    editor.uri = cells
    edit(editor, 7, 9, 10, "3", 2)
    await editor.until(lambda: not published(editor, module) and not editor.diagnostics())
    assert await editor.labels() == []
    editor.uri = module
    assert await editor.labels() == []


async def test_frames_follow_the_text_and_the_settings(editor: Editor) -> None:
    """Lines above move them; frames of a changed line are shown nowhere; a setting ends them."""
    editor.open("# %%\ndef f(n):\n    return f(n - 1) if n else 1 / n\n# %%\nf(2)\n")
    await editor.run_cell(1)
    edit(editor, 0, 0, 0, "# %%\none = 1\ntwo = 2\n", 2)
    await editor.run_cell(1)  # on the lines where f was when it ran
    await editor.run_cell(7)
    assert await editor.labels() == [(5, "n = 0")]
    edit(editor, 0, 0, 0, "# zero\n", 3)
    assert await editor.labels() == [(6, "n = 0")]
    settings = {"frameValues": False}
    editor.client.notify("workspace/didChangeConfiguration", {"settings": settings})
    assert await editor.labels() == []
    settings = {"frameValues": True}
    editor.client.notify("workspace/didChangeConfiguration", {"settings": settings})
    edit(editor, 6, 11, 12, "g", 4)
    assert await editor.labels() == []
    (diagnostic,) = await editor.until(editor.diagnostics)
    assert diagnostic["range"]["start"]["line"] == 8


async def test_warnings_stand_on_their_lines_by_setting(editor: Editor) -> None:
    """Of the line that they name, and none where the setting says so; the program sees its own."""
    editor.open(CELLS)
    await editor.run_cell(12)

    def shown() -> list[tuple[int, int, str]]:
        return [
            (each["severity"], each["range"]["start"]["line"], each["message"])
            for each in editor.diagnostics()
        ]

    wanted = [(2, 12, "UserWarning: careful"), (2, 15, "DeprecationWarning: gone soon")]
    await editor.until(lambda: shown() == wanted)
    for are_wanted in (False, True):
        settings = {"warnings": are_wanted}
        editor.client.notify("workspace/didChangeConfiguration", {"settings": settings})
        await editor.until(lambda: bool(shown()) is are_wanted)  # noqa: B023
    text = """import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.warn("unheard")
len(caught), warnings.showwarning is warnings._showwarning_orig
"""
    started = await editor.start("runText", text=text)
    ended = await editor.end_of(started["executionId"])
    assert ended["value"] == {"text/plain": "(1, True)"}
    edit(editor, 12, 15, 22, "quick", 2)
    await editor.until(lambda: not editor.diagnostics())


async def test_an_untitled_document_has_its_errors_and_frames(editor: Editor) -> None:
    """What stands in no file is found by the number of its cell."""
    editor.uri = "untitled:Untitled-1"
    editor.client.open(editor.uri, "# %%\ndef f(a):\n    return a / 0\n# %%\nx = 1\nf(x)\n")
    await editor.run_cell(1)
    await editor.run_cell(4)
    (diagnostic,) = await editor.until(editor.diagnostics)
    assert diagnostic["range"]["start"]["line"] == 5
    assert sorted(await editor.labels()) == [(2, "a = 1"), (5, "x = 1")]


async def test_the_next_server_shows_the_same(editor: Editor, home: Path) -> None:
    """Errors, frames and warnings derive from the session alone."""
    editor.open(CELLS)
    for line in (1, 7, 12):
        await editor.run_cell(line)
    before = await editor.labels()
    second = await make_editor(home, FULL)
    second.open(CELLS)
    await second.until_labels(before)
    await second.until(lambda: len(second.diagnostics()) == 3)
    assert second.diagnostics()[0]["relatedInformation"]
    copied = await second.start("copyTraceback", **at(8, 0))
    assert copied["text"].rstrip().endswith("ZeroDivisionError: division by zero")
    assert "\x1b" not in copied["text"]
    await second.client.close()
