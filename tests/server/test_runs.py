"""Cells and runs: what counts as one, and every way to run it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.server.cells import all_cells, cells_of, selection_of
from vivo.server.lsp_client import ResponseError

from .editors import Editor, at

# --- What a cell is ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "title", "tags", "is_words"),
    [
        ("# %%", "", (), False),
        ("#%% load", "load", (), False),
        ("# %% a = 3", "a = 3", (), False),
        ('# %% load [markdown] tags=["a", "b"]', "load", ("a", "b"), True),
        ("# %% [md] load", "load", (), True),
        ("# %% [raw]", "", (), True),
        ("# %% load tags=a,b", "load", ("a", "b"), False),
        ('# %% tags="a" load', "load", ("a",), False),
        ('# %% tags=["a", "a", 3] slideshow={"type": "slide"}', "", ("a",), False),
        ("# %% tags=[", "tags=[", (), False),
        ("# In[ ]:", "", (), False),
        ("# In[12]:", "", (), False),
        ("# <codecell>", "", (), False),
        ("# <markdowncell>", "", (), True),
    ],
)
def test_a_mark_has_title_tags_and_kind(
    mark: str, title: str, tags: tuple[str, ...], is_words: bool
) -> None:
    """As jupytext, VS Code, Spyder and exported notebooks write them."""
    (cell,) = cells_of([mark])
    assert (cell.title, cell.tags, cell.is_markdown) == (title, tags, is_words)


def test_a_mark_inside_a_string_is_a_mark() -> None:
    """A line is one by its own text: nothing far above can change that."""
    text = '# %% one\nx = """\n# %% two\n"""\n'
    assert [(cell.start, cell.title) for cell in all_cells(text)] == [(0, "one"), (2, "two")]


LINES = [
    "x = f(1,",          # 0
    "      2); y = 3",   # 1
    "for i in x:",       # 2
    "    a = i; b = 2",  # 3
    "    c = a",         # 4
    "    %time c",       # 5
    "z = 1",             # 6
]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end", "text", "lines"),
    [
        ((1, 10), (1, 15), "y = 3", (1, 2)),  # a part of a line
        ((0, 4), (1, 8), "f(1,\n      2)", (0, 2)),  # parts of two lines: the very text
        ((0, 6), (1, 8), "x = f(1,\n      2); y = 3", (0, 2)),  # no Python: whole lines
        ((3, 11), (4, 9), "b = 2\nc = a", (3, 5)),  # dedented with the block of its line
        ((3, 4), (4, 9), "a = i; b = 2\nc = a", (3, 5)),  # from the first letter on: whole
        ((3, 11), (5, 11), "a = i; b = 2\nc = a\n%time c", (3, 6)),  # a magic is no Python
        ((3, 0), (6, 0), "a = i; b = 2\nc = a\n%time c", (3, 6)),  # an indented block
        ((4, 3), (4, 3), "\n".join(LINES[2:6]), (2, 6)),  # empty: the statement under the cursor
        ((0, 2), (0, 2), "\n".join(LINES[:2]), (0, 2)),
    ],
)
def test_a_selection_means_code(
    start: tuple[int, int], end: tuple[int, int], text: str, lines: tuple[int, int]
) -> None:
    """The very text where that is Python, else whole lines; dedented."""
    found = selection_of(LINES, start, end)
    assert found is not None
    assert (found.text, (found.line, found.end)) == (text, lines)


def test_an_empty_selection_stays_in_its_cell() -> None:
    """The statement under the cursor, also where the cell below is broken."""
    lines = ["# %% one", "a = 1", "", "b = (", "# %% [markdown]", "words", "# %% two", "c"]
    found = selection_of(lines, (3, 0), (3, 0))
    assert found is not None
    assert found.text == "b = ("
    assert selection_of(lines, (5, 0), (5, 0)) is None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("ab1 ()#%:\t'=\\", max_size=8), min_size=1, max_size=6), st.data())
def test_any_selection_of_any_text(lines: list[str], data: Any) -> None:
    """Nothing raises, and what is found stands within the lines that were selected."""
    first = data.draw(st.integers(0, len(lines) - 1))
    last = data.draw(st.integers(first, len(lines) - 1))
    start = (first, data.draw(st.integers(0, len(lines[first]))))
    least = start[1] if first == last else 0
    end = (last, data.draw(st.integers(least, max(least, len(lines[last])))))
    found = selection_of(lines, start, end)
    if found is not None and start != end:
        assert first <= found.line < found.end <= last + 1
        assert found.text.strip()


# --- The ways to run ---------------------------------------------------------------------------

CELLS = """# %% one tags=["setup"]
ran = globals().get('ran', '') + '1'
# %% [markdown] words
# never run
# %% two
ran += '2'
# %% three
ran += '3'
# %% shown
ran
"""


async def test_above_below_to_here_and_afresh(editor: Editor) -> None:
    """Each runs its cells in order; a restart comes before all of them."""
    editor.open(CELLS)

    async def ran(command: str, line: int, count: int) -> str:
        started = await editor.start(command, **at(line, 0))
        assert len(started["executionIds"]) == count
        await editor.end_of(started["executionId"])
        return str((await editor.run_cell(9))["value"]["text/plain"])

    assert await ran("runToHere", 5, 2) == "'12'"
    assert await ran("runBelow", 5, 3) == "'1223'"
    assert await ran("runAbove", 7, 2) == "'122312'"
    assert await ran("restartAndRunToHere", 7, 3) == "'123'"
    started = await editor.start("restartAndRunAll")
    ended = await editor.end_of(started["executionId"])
    assert (ended["value"], ended["executionCount"]) == ({"text/plain": "'123'"}, 4)
    symbols = await editor.ask("documentSymbol")
    assert [(each["name"], each.get("detail")) for each in symbols] == [
        ("one", "setup"), ("words", None), ("two", None), ("three", None), ("shown", None),
    ]  # fmt: skip


async def test_an_unsaved_buffer_runs_what_it_shows(editor: Editor) -> None:
    """Every frame, `f??` and the diagnostic's lines name the buffer, also after it was edited."""
    editor.uri = "untitled:Untitled-1"
    text = "# %%\ndef f(a):\n    return a / 0\n# %%\nf(1)\n# %%\nf??\n"
    editor.client.open(editor.uri, text)
    await editor.run_cell(1)
    for shift in (0, 1):
        ended = await editor.run_cell(4 + shift)
        frames = [(each["path"], each["line"], each["source"]) for each in ended["error"]["frames"]]
        assert frames == [
            (editor.uri, 4 + shift, "f(1)"), (editor.uri, 2 + shift, "return a / 0"),
        ]  # fmt: skip
        (diagnostic,) = await editor.until(editor.diagnostics)
        assert diagnostic["range"]["start"]["line"] == 4 + shift
        related = [each["location"] for each in diagnostic["relatedInformation"]]
        assert [(each["uri"], each["range"]["start"]["line"]) for each in related] == [
            (editor.uri, 2 + shift), (editor.uri, 4 + shift),
        ]  # fmt: skip
        if not shift:
            top = {"line": 0, "character": 0}
            change = {"range": {"start": top, "end": top}, "text": "# a line\n"}
            document = {"uri": editor.uri, "version": 2}
            params = {"textDocument": document, "contentChanges": [change]}
            editor.client.notify("textDocument/didChange", params)
            await editor.run_cell(2)
    await editor.run_cell(7)
    page = next(each for each in editor.told["vivo/output"] if each["kind"] == "page")
    assert "return a / 0" in page["data"]["text/plain"]
    assert "Untitled-1" in page["data"]["text/plain"]
    with pytest.raises(ResponseError, match="save it first"):
        await editor.start("runFile")


async def test_a_buffer_runs_and_not_its_file(editor: Editor) -> None:
    """What was typed and not saved is what runs, and what the traceback shows."""
    editor.open("1 / 1\n")
    whole = {"textDocument": {"uri": editor.uri, "version": 2}, "contentChanges": [{"text": "1/0"}]}
    editor.client.notify("textDocument/didChange", whole)
    ended = await editor.run_cell(0)
    (frame,) = ended["error"]["frames"]
    assert (frame["path"], frame["source"]) == (str(editor.folder / "cells.py"), "1/0")
    for command in ("runFile", "debugFile"):  # what runs a file must not run another text
        with pytest.raises(ResponseError, match=r"cells\.py has changes that are not saved"):
            await editor.start(command)


async def test_what_cannot_run_says_so(editor: Editor) -> None:
    """Words, nothing, a place behind the end: one sentence, and nothing is started."""
    editor.open("# %% [markdown]\n# words\n")
    for command in ("runCell", "runToHere", "runBelow", "restartAndRunToHere"):
        with pytest.raises(ResponseError, match=r"There is no (cell with )?code"):
            await editor.start(command, **at(1, 0))
    assert (await editor.client.command("vivo.server.sessions", {}))["sessions"] == []
    assert await asyncio.wait_for(editor.ask("codeLens"), 10) == []
