"""The text of a document as it is edited: lines, cells, positions, and parts of it to parse."""

from __future__ import annotations

import asyncio
import json
import sys
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types
from vivo.server.bounded import Bounded, remembered
from vivo.server.cells import all_cells, cells_of, part_of, statements_of
from vivo.server.lsp import trimming
from vivo.server.lsp.workspace import Document, Positions
from vivo.server.position_units import column_of, units_of
from vivo.server.scopes import expression_at
from vivo.server.text import DocumentText, lines_of

ENCODINGS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
TEXTS = st.text(alphabet="aé€😀𝒳\n\r", max_size=12)


@pytest.mark.parametrize("encoding", list(ENCODINGS))
@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet="aé€😀𝒳", max_size=10), column=st.integers(0, 12))
def test_columns_and_units(encoding: str, text: str, column: int) -> None:
    """There and back; beyond the line is its end, inside of a character its beginning."""
    column = min(column, len(text))
    size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    units = len(text[:column].encode(ENCODINGS[encoding])) // size
    assert units_of(text[:column], encoding) == units
    assert column_of(text, units, encoding) == column
    assert column_of(text, 10**9, encoding) == len(text)
    if column < len(text):
        inside = units_of(text[: column + 1], encoding) - 1
        assert column_of(text, inside, encoding) == column


def test_half_a_surrogate_pair_is_a_character() -> None:
    """JSON can say it; nothing fails on it."""
    for encoding in ENCODINGS:
        assert column_of("a\ud800b", units_of("a\ud800", encoding), encoding) == 2


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 5),
                                 st.integers(0, 9), TEXTS), max_size=5))  # fmt: skip
def test_edits_do_what_they_would_to_a_string(
    text: str, edits: list[tuple[int, int, int, int, str]]
) -> None:
    """The document is what slicing one string gives, whatever the encoding and the positions."""
    document = Document("file:///a.py", text, position_codec=Positions("utf-16"))
    plain = "\n".join(lines_of(text))
    for first, from_, last, to, new in edits:
        start, end = types.Position(first, from_), types.Position(last, to)
        change = types.TextDocumentContentChangePartial(types.Range(start, end), new)
        offsets = sorted(
            document.offset_at_server_position(document.position_from_client_units(place))
            for place in (start, end)
        )
        document.apply_change(change)
        plain = plain[: offsets[0]] + "\n".join(lines_of(new)) + plain[offsets[1] :]
        assert document.source == plain
        assert document.lines == plain.split("\n")
        for offset in range(len(plain) + 1):
            place = document.server_position_at_offset(offset)
            assert document.offset_at_server_position(place) == offset


MARKED = st.sampled_from(["# %%", "#%% t", "# %% [markdown]", "x = 1", "", "# note", "# In[3]:"])


@settings(max_examples=200, deadline=None)
@given(st.lists(MARKED, min_size=1, max_size=9), st.data())
def test_the_index_of_cells_is_what_looking_at_all_lines_finds(
    lines: list[str], data: st.DataObject
) -> None:
    """After any edits; and for each line its cell."""
    text = DocumentText("\n".join(lines))
    for _ in range(4):
        last = len(text.lines) - 1
        start = data.draw(st.tuples(st.integers(0, last), st.integers(0, 4)))
        end = data.draw(st.tuples(st.integers(0, last), st.integers(0, 4)))
        text.edit(start, end, "\n".join(data.draw(st.lists(MARKED, max_size=3))))
        expected = cells_of(text.lines)
        assert text.cells.marked() == expected
        for line in range(len(text.lines)):
            wanted = next((c for c in expected if line < c.end), expected[-1] if expected else None)
            assert text.cells.at(line) == wanted


def test_a_replaced_text_is_edited_where_it_differs() -> None:
    """Lines that agree are not touched; the edits, in their order, make the new text."""
    text = DocumentText("a\nb\nc\nd\ne")
    edits = text.replacing("a\nB\nc\nnew\nd\ne")
    assert [(edit.start[0], edit.text) for edit in edits] == [(3, "new\n"), (1, "B")]
    for edit in edits:
        text.edit(edit.start, edit.end, edit.text)
    assert text.source == "a\nB\nc\nnew\nd\ne"


SOURCES = ("textwrap.py", "bisect.py", "this.py", "csv.py", "sched.py", "shlex.py", "numbers.py")


@pytest.mark.parametrize("name", SOURCES)
def test_statements_are_found_part_by_part_as_in_the_whole(name: str) -> None:
    """All of them, the one at a line, and the next one."""
    text = (Path(sysconfig.get_path("stdlib")) / name).read_text("utf-8")
    whole = statements_of(text)
    assert all_cells(text) == whole
    for line in range(0, text.count("\n"), 7):
        here = next((cell for cell in whole if line < cell.end), whole[-1])
        assert DocumentText(text).cell_at(line) == here
        later = (cell for cell in whole if cell.start >= here.end)
        assert DocumentText(text).next_cell(here) == next(later, None)


LONG = "import os\n" * 200 + '''
text = """
def not_a_statement():
"""
@decorated
@twice
def function(parameter,
other):
    local = parameter
    return os, local
if os:
    pass
else:
    os.path
''' + "x = 1\n" * 200  # fmt: skip


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [("def not", "text =", '"""'), ("return os", "@decorated", "    return os, local"),
     ("other)", "@decorated", "    return os, local"), ("os.path", "if os:", "    os.path")],
)  # fmt: skip
def test_the_part_of_a_line_is_its_statement(words: str, first: str, last: str) -> None:
    """Also where a string, a decorator or an argument stands at column 0."""
    line = next(n for n, content in enumerate(LONG.split("\n")) if words in content)
    part, number = part_of(LONG, line)
    lines = part.rstrip().split("\n")
    assert lines[0].startswith(first)
    assert lines[-1] == last
    assert words in lines[number]


def test_what_is_live_is_told_in_a_long_document() -> None:
    """A local is none; a global is, in ten thousand lines without parsing them."""
    lines = LONG.split("\n")
    line = next(n for n, content in enumerate(lines) if "return os" in content)
    found = expression_at(LONG, line, lines[line].index("os"))
    assert found is not None
    assert found.text == "os"
    assert expression_at(LONG, line, lines[line].index("local")) is None


def test_what_was_made_of_texts_is_remembered_by_their_length() -> None:
    """The latest are there; a text that is too long is not kept, and makes no room for others."""
    made: list[str] = []

    @remembered(entries=3, characters=10)
    def length(text: str) -> int:
        made.append(text)
        return len(text)

    def again(*texts: str) -> list[str]:
        made.clear()
        assert [length(text) for text in texts] == [len(text) for text in texts]
        return made[:]

    assert again("a", "b", "a", "c", "a", "d", "a") == ["a", "b", "c", "d"]
    assert again("c", "d", "a", "b") == ["b"]
    assert again("x" * 8, "x" * 8, "a", "b", "d") == ["x" * 8, "d"]
    assert again("y" * 11, "y" * 11, "a", "b", "d") == ["y" * 11] * 2


async def test_memory_is_given_back_once_after_what_was_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However much was; for small things nobody is asked."""
    asked: list[int] = []
    came = asyncio.Event()

    def trim(room: int) -> int:
        asked.append(room)
        came.set()
        return 1

    assert trimming._trimmer() is not None or sys.platform != "linux"
    monkeypatch.setattr(trimming, "_trimmer", lambda: trim)
    monkeypatch.setattr(trimming, "_AFTER", 0.01)
    wanted = trimming.Trimming()
    wanted.after(trimming.LARGE - 1)
    assert wanted._timer is None
    for _ in range(3):
        wanted.after(trimming.LARGE)
    await asyncio.wait_for(came.wait(), 10)
    assert (asked, wanted._timer) == ([0], None)
    wanted.after(trimming.LARGE)
    wanted.close()


def test_what_is_remembered_is_bounded() -> None:
    """In number and in bytes; the oldest go, the newest stays whatever its size."""
    kept = Bounded(entries=3, size=1_000)
    for number in range(5):
        kept[str(number)] = {"text": "x"}
    assert list(kept) == ["2", "3", "4"]
    kept["large"] = {"text": json.dumps(["y" * 2_000])}
    assert list(kept) == ["large"]
    kept["large"] = {}
    kept["small"] = {}
    assert list(kept) == ["large", "small"]
