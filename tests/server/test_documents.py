"""The pure parts of the server: cells, anchors, scopes, labels, generated pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.parallel.messages import RunRecord
from vivo.server.anchors import Anchors, Edit
from vivo.server.cells import all_cells, selection_of, snippet_of
from vivo.server.generate import outputs
from vivo.server.interpreters import choose_interpreter
from vivo.server.scopes import expression_at, live_root, local_names
from vivo.server.source_files import SourceFileError, read_source
from vivo.server.text import DocumentText
from vivo.server.values import MAXIMUM_LABEL, value_label

MARKED = "import os\n\n# %% one\na = 1\n\n#%% two\nb\n# %% [markdown] words\n# text\n# In[3]:\nc\n"


def test_cells_begin_with_marks() -> None:
    """# %%, #%%, # In[n]:, and the text above the first mark."""
    cells = all_cells(MARKED)
    assert [(c.start, c.end, c.title, c.is_markdown) for c in cells] == [
        (0, 2, "", False),
        (2, 5, "one", False),
        (5, 7, "two", False),
        (7, 9, "words", True),
        (9, 12, "", False),
    ]
    two = DocumentText(MARKED).cell_at(6)
    assert two is not None
    after = DocumentText(MARKED).next_cell(two)
    assert after is not None
    assert after.start == 9


UNMARKED = (
    "x = 1\n\n@decorated\ndef f(a,\n      b):\n    return a\n\nif x:\n    y\nelse:\n    z\nf(1)\n"
)


@pytest.mark.parametrize(
    ("line", "lines"), [(0, (0, 1)), (1, (2, 6)), (4, (2, 6)), (9, (7, 11)), (11, (11, 12))]
)
def test_without_marks_a_cell_is_a_statement(line: int, lines: tuple[int, int]) -> None:
    """Decorators, continuation lines and else belong to it; a blank line means the next."""
    cell = DocumentText(UNMARKED).cell_at(line)
    assert cell is not None
    assert (cell.start, cell.end) == lines


def test_broken_text_elsewhere_does_not_hide_a_statement() -> None:
    """A document that is being typed has cells all the same."""
    text = "a = 1\ndef broken(:\n    pass\nb = (\nc = 2\n"
    assert DocumentText(text).cell_at(0) is not None
    first = DocumentText(text).cell_at(0)
    assert first is not None
    assert (first.start, first.end) == (0, 1)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab1 \n#%()[]:\t'\"=.", max_size=120))
def test_cells_never_overlap_and_nothing_raises(text: str) -> None:
    """For any text, in order, inside the document."""
    last = 0
    for cell in all_cells(text):
        assert last <= cell.start < cell.end <= len(text.split("\n"))
        last = cell.end
    DocumentText(text).cell_at(0)


def test_selections() -> None:
    """Whole lines are dedented, a part of a line stands as it is, blanks are nothing."""
    lines = ["def f():", "    a = 1", "    b = a + 2", "", ""]
    indented = selection_of(lines, (1, 0), (3, 0))
    assert indented is not None
    assert (indented.text, indented.line, indented.end) == ("a = 1\nb = a + 2", 1, 3)
    part = selection_of(lines, (2, 8), (2, 13))
    assert part is not None
    assert part.text == "a + 2"
    assert selection_of(lines, (3, 0), (4, 0)) is None
    snippet = snippet_of(["", "# %%", "x", ""], 0, 4)
    assert snippet is not None
    assert (snippet.text, snippet.line) == ("x", 2)


# --- Anchors ---------------------------------------------------------------------------------


def record(name: str, source: str, first_line: int = 1) -> RunRecord:
    return RunRecord(id=name, source=source, status="ok", first_line=first_line)


def test_a_result_follows_its_text() -> None:
    """Lines above move it; changed text makes it stale, the old text fresh again."""
    anchors = Anchors(["a", "b", "c", ""])
    anchors.place(record("r", "b\nc"), 1, 3)
    anchors.edit(Edit((0, 0), (0, 0), "new\n"), ["new", "a", "b", "c", ""])
    assert [(x.start, x.end, x.is_stale) for x in anchors.anchors] == [(2, 4, False)]
    anchors.edit(Edit((2, 1), (2, 1), "x"), ["new", "a", "bx", "c", ""])
    assert anchors.anchors[0].is_stale
    anchors.edit(Edit((2, 1), (2, 2), ""), ["new", "a", "b", "c", ""])
    assert not anchors.anchors[0].is_stale
    anchors.edit(Edit((2, 0), (4, 0), ""), ["new", "a", ""])
    assert anchors.anchors == []


def test_a_new_run_takes_the_place_of_the_old() -> None:
    """And a moved cell is found where its text is."""
    anchors = Anchors(["a", "b", ""])
    anchors.place(record("1", "a"), 0, 1)
    anchors.place(record("2", "a"), 0, 1)
    assert [x.record.id for x in anchors.anchors] == ["2"]
    assert anchors.adopt(record("3", "b", first_line=7))
    assert not anchors.adopt(record("4", "nowhere"))
    anchors.replace(["b", "z", "a", ""])
    assert {x.record.id: x.start for x in anchors.anchors if not x.is_stale} == {"2": 2, "3": 0}


LINES = st.sampled_from(["x = 1", "y", "", "    z", "# %%", "print(x)"])


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=10), st.data())
def test_results_stay_on_their_statement_or_are_stale(lines: list[str], data: Any) -> None:
    """Whatever is edited: validate() holds, and what is fresh stands on its own text."""
    anchors = Anchors(list(lines))
    for number in range(3):
        start = data.draw(st.integers(0, len(lines) - 1))
        end = data.draw(st.integers(start + 1, len(lines)))
        anchors.place(record(str(number), "\n".join(lines[start:end])), start, end)
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(lines) - 1))
        end = data.draw(st.integers(start, len(lines) - 1))
        from_column = data.draw(st.integers(0, len(lines[start])))
        least = from_column if end == start else 0
        to_column = data.draw(st.integers(least, max(least, len(lines[end]))))
        text = "\n".join(data.draw(st.lists(LINES, min_size=1, max_size=3)))
        middle = lines[start][:from_column] + text + lines[end][to_column:]
        lines = [*lines[:start], *middle.split("\n"), *lines[end + 1 :]]
        anchors.edit(Edit((start, from_column), (end, to_column), text), list(lines))
        for anchor in anchors.anchors:
            if not anchor.is_stale:
                here = [line.rstrip() for line in lines[anchor.start : anchor.end]]
                assert [h.strip() for h in here] == [t.strip() for t in anchor.text]


# --- What is live ------------------------------------------------------------------------------

SCOPES = """\
import numpy as np
total = 1
def f(p, q=total):
    local = p.y
    global changed
    changed = total
    return [i for i in total if i], (lambda p: p + total)
class A:
    z = 3
    w = z
    def m(self): return z, local
for k in total:
    k.real
total.x[0].bar
f(p=3)
"""


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        (0, 8, None),
        (1, 0, "total"),
        (2, 6, None),
        (2, 11, "total"),
        (3, 4, None),
        (3, 12, None),
        (5, 4, "changed"),
        (5, 14, "total"),
        (6, 12, None),
        (6, 23, "total"),
        (6, 47, None),
        (6, 52, "total"),
        (9, 8, None),
        (10, 24, "z"),
        (12, 4, "k"),
        (12, 7, "k.real"),
        (13, 0, "total"),
        (13, 6, "total.x"),
        (13, 12, "total.x[0].bar"),
        (14, 0, "f"),
        (14, 2, None),
    ],
)
def test_only_what_python_would_look_up_in_the_globals_is_live(
    line: int, column: int, expected: str | None
) -> None:
    """Parameters, locals, comprehension and lambda variables, class bodies: never live."""
    found = expression_at(SCOPES, line, column)
    assert (found.text if found else None) == expected


def test_completion_leaves_out_local_names() -> None:
    """Also where the text is broken below the cursor."""
    text = "def f(p):\n    loc = 1\n    x = p.\n    \nclass ("
    assert {"p", "loc"} <= local_names(text, 3, 4)
    assert not live_root(text, 2, 10)
    assert live_root("total.", 0, 6)


def test_labels_fit() -> None:
    """One line, no longer than the editor shows, stale ones marked."""
    assert value_label("3") == "⟶ 3"
    assert value_label("a\n   b") == "⟶ a b"
    assert len(value_label("x" * 500)) == MAXIMUM_LABEL
    assert "stale" in value_label("3", is_stale=True)


def test_generated_pages_are_up_to_date() -> None:
    """docs/protocol.md and the TypeScript types say what the declarations say."""
    for path, text in outputs().items():
        assert path.read_text("utf-8") == text, f"{path.name} differs: run `make docs`"


def test_the_interpreter_is_the_users_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting, an activated environment, the nearest .venv, vivo's own."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    python = tmp_path / ".venv" / "bin" / "python"
    file = tmp_path / "deep" / "er" / "a.py"
    python.parent.mkdir(parents=True)
    python.touch()
    assert choose_interpreter(file, "/my/python") == "/my/python"
    assert choose_interpreter(file, None) == str(python)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / ".venv"))
    assert choose_interpreter(None, None) == str(python)


def test_a_file_that_is_not_utf8_gets_one_sentence(tmp_path: Path) -> None:
    """Which byte, which line, and what to do; a coding line is respected."""
    path = tmp_path / "a.py"
    path.write_bytes(b"a = 1\nx = '\xe9'\n")
    with pytest.raises(SourceFileError, match=r"byte 11 \(line 2\) is 0xe9\. Save it as UTF-8"):
        read_source(path)
    path.write_bytes(b"# -*- coding: latin-1 -*-\r\nx = '\xe9'\r\n")
    assert read_source(path) == "# -*- coding: latin-1 -*-\nx = 'é'\n"
    with pytest.raises(SourceFileError, match="There is no file"):
        read_source(tmp_path / "nowhere.py")
