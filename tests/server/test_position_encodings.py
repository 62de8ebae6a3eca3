"""utf-8, utf-16 and utf-32, as the client asks: astral characters in code, names and output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .editors import CAPABILITIES, Editor, at, end_all, make_editor

SIZES = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
TEXT = """\
# %% 𝒳 😀
𝒳 = '😀é'; words = 𝒳 * 2  # 😀
'😀' + words
# %%
"😀"; word
# %%
'😀'; 1 / 0
"""


@pytest.mark.parametrize("encoding", list(SIZES))
async def test_every_position_is_in_the_units_of_the_client(home: Path, encoding: str) -> None:
    """Runs, values, hover, completion, diagnostics, selections and edits, in one session."""

    def units(text: str) -> int:
        name, size = SIZES[encoding]
        return len(text.encode(name)) // size

    lines = TEXT.split("\n")
    capabilities = CAPABILITIES | {"general": {"positionEncodings": [encoding, "utf-16"]}}
    editor = await make_editor(home, capabilities)
    try:
        editor.open(TEXT)
        ended = await editor.run_cell(2)
        assert ended["value"] == {"text/plain": "'😀😀é😀é'"}
        assert ended["range"] == _range(1, 0, 2, units(lines[2]))
        assert ended["executionCount"] == 1
        (hint,) = await editor.ask("inlayHint", range=_range(0, 0, 9, 0))
        assert hint["position"] == {"line": 2, "character": units(lines[2])}
        await _hover(editor, lines, units)
        await _completion(editor, lines, units)
        await _failing(editor, lines, units)
        await _selection(editor, lines, units)
        await _edits(editor, lines, units)
    finally:
        await end_all(editor)
        await editor.client.close()


def _range(line: int, character: int, to: int, end: int) -> dict[str, Any]:
    return {
        "start": {"line": line, "character": character}, "end": {"line": to, "character": end},
    }  # fmt: skip


async def _hover(editor: Editor, lines: list[str], units: Any) -> None:
    """A name behind astral characters, and one that is an astral character."""
    before = lines[1].index("words")
    hover = await editor.ask("hover", **at(1, units(lines[1][:before]) + 1))
    assert "`str`" in hover["contents"]["value"]
    start, end = units(lines[1][:before]), units(lines[1][: before + 5])
    assert hover["range"] == _range(1, start, 1, end)
    before = lines[1].rindex("𝒳")
    hover = await editor.ask("hover", **at(1, units(lines[1][:before])))
    assert "`str`" in hover["contents"]["value"]
    start, end = units(lines[1][:before]), units(lines[1][: before + 1])
    assert hover["range"] == _range(1, start, 1, end)


async def _completion(editor: Editor, lines: list[str], units: Any) -> None:
    end = units(lines[4])
    found = await editor.ask("completion", **at(4, end))
    item = next(each for each in found["items"] if each["label"] == "words")
    assert item["textEdit"]["range"] == _range(4, end - 4, 4, end)


async def _failing(editor: Editor, lines: list[str], units: Any) -> None:
    ended = await editor.run_cell(6)
    assert ended["error"]["name"] == "ZeroDivisionError"
    (diagnostic,) = await editor.until(editor.diagnostics)
    assert diagnostic["range"]["end"] == {"line": 6, "character": units(lines[6])}


async def _selection(editor: Editor, lines: list[str], units: Any) -> None:
    """A part of a line, cut behind an astral character."""
    start = lines[1].index("𝒳 * 2")
    where = _range(1, units(lines[1][:start]), 1, units(lines[1][: start + 5]))
    started = await editor.start("runSelection", range=where)
    ended = await editor.end_of(started["executionId"])
    assert ended["value"] == {"text/plain": "'😀é😀é'"}


async def _edits(editor: Editor, lines: list[str], units: Any) -> None:
    """A change behind astral characters falls where the client meant it."""
    start = units(lines[2][: lines[2].index("words")])
    changes = [
        {"range": _range(2, start, 2, start + 5), "text": "𝒳"},
        {"range": _range(2, units("'"), 2, units("'😀")), "text": "é"},
    ]
    params = {"textDocument": {"uri": editor.uri, "version": 2}, "contentChanges": changes}
    editor.client.notify("textDocument/didChange", params)
    assert (await editor.run_cell(2))["value"] == {"text/plain": "'é😀é'"}


async def test_a_document_whose_name_has_to_be_quoted(home: Path) -> None:
    """Spaces, accents and astral characters in a path; and line ends of Windows."""
    editor = await make_editor(home)
    try:
        editor.open("# %%\r\nx = 1\r\nx + 1\r\n# %%\r\n2\r\n", "a b é 😀 %.py")
        assert "%20" in editor.uri
        assert (await editor.run_cell(1))["value"] == {"text/plain": "2"}
        assert await editor.labels() == [(2, "⟶ 2")]
        change = {"range": _range(0, 0, 0, 0), "text": "\r\n"}
        params = {"textDocument": {"uri": editor.uri, "version": 2}, "contentChanges": [change]}
        editor.client.notify("textDocument/didChange", params)
        assert await editor.labels() == [(3, "⟶ 2")]
    finally:
        await end_all(editor)
        await editor.client.close()
