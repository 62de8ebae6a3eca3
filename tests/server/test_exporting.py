"""Documents of cells from one form to another: what is kept, and what every reader accepts."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from vivo.core.notebook_files import NotebookFileError
from vivo.server.exporting import notebook, percent
from vivo.server.exporting.documents import ExportCell, ExportDocument
from vivo.server.exporting.headers import read_header
from vivo.server.exporting.marks import Mark, escape, read_mark, unescape, write_mark

LINES = st.sampled_from(
    ["# %%", "#%%", "%% x", "# # %% a", "%%bash -e", "%time x", "!ls", "# !ls", "x = 1", "", "  ",
     "    # %% deep", "# In[3]:", "<codecell>", "# <codecell>", "# ", "#", "a?", "'''", '"""',
     "# %% title=\"x\"", "é😀", "# ---"]
)  # fmt: skip
SOURCES = st.one_of(
    st.lists(LINES, max_size=6).map("\n".join),
    st.text(
        alphabet=st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=40
    ),
)
IDS = st.one_of(st.none(), st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=4,
)
USUAL = {"tags": st.lists(st.text(min_size=1), max_size=3), "title": st.text(max_size=20)}
KEYS = st.sampled_from(["id", "title", "ending", "language", "metadata", "a-b.c"])
METADATA = st.one_of(
    st.fixed_dictionaries({}, optional=USUAL),
    st.dictionaries(st.one_of(st.text(max_size=6), KEYS), VALUES, max_size=3),
)
CELLS = st.lists(
    st.builds(ExportCell, st.sampled_from(["code", "markdown", "raw"]), SOURCES, IDS, METADATA),
    max_size=5,
)


def told(cells: list[ExportCell]) -> list[tuple[Any, ...]]:
    """What a script keeps of cells."""
    return [(cell.kind, cell.source, cell.id, cell.metadata) for cell in cells]


@given(CELLS, st.booleans())
@example([ExportCell("code", "%%bash\n# %% x\n\n")], True)
@example([ExportCell("code", " ", None, {"title": "[markdown] a=1"})], False)
def test_a_notebook_comes_back_from_a_script_as_it_was(
    cells: list[ExportCell], comment_magics: bool
) -> None:
    """Sources, kinds, tags, ids, metadata; also of cells that look like marks and magics."""
    document = ExportDocument(cells)
    script = percent.write(document, comment_magics=comment_magics)
    again = percent.read(script)
    assert [cell.id for cell in again.cells] == [
        cell.id if f"id={json.dumps(cell.id)}" in script else None for cell in cells
    ]
    first = json.loads(notebook.write(document))
    second = json.loads(notebook.write(again))
    assert second["cells"] == first["cells"]
    assert percent.write(again, comment_magics=comment_magics) == script


@given(CELLS)
def test_what_is_written_as_a_notebook_is_one(cells: list[ExportCell]) -> None:
    """By nbformat's own schema; read again it says the same, and is the same file."""
    for cell in cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "title"}
    text = notebook.write(ExportDocument(cells))
    nbformat.validate(json.loads(text))
    again = notebook.read(text, "it")
    assert [(cell.kind, cell.source) for cell in again.cells] == [
        (cell.kind, cell.source) for cell in cells
    ]
    assert notebook.write(again) == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80))
@example("# %% a [markdown] x=1\n# b\n\n\n#%%\nx\n")
@example("# ---\n# jupyter: {\n# ---\n")
def test_any_text_is_a_document(text: str) -> None:
    """And what is read from it is written and read as the same."""
    cells = percent.read(text).cells
    again = percent.read(percent.write(ExportDocument(cells))).cells
    assert [(cell.kind, cell.source, cell.metadata) for cell in again] == [
        (cell.kind, cell.source, cell.metadata) for cell in cells
    ]


@given(st.text(max_size=30).filter(lambda text: "\n" not in text))
def test_titles_come_back(title: str) -> None:
    """Whatever they hold."""
    mark = Mark(title.strip(), "markdown", {"tags": ["a"]})
    line = write_mark(mark)
    assert "\n" not in line
    assert read_mark(line) == mark


@given(LINES)
def test_an_escaped_line_is_no_mark(line: str) -> None:
    """And comes back."""
    assert read_mark(escape(line)) is None
    assert unescape(escape(line)) == line


def test_a_script_is_what_people_and_jupytext_write() -> None:
    """The forms of marks, a text in quotes, the title, tags; blank lines between cells go."""
    text = '''# ---
# jupyter:
#   jupytext:
#     comment_magics: true
#   kernelspec:
#     display_name: Julia 1
#     name: julia
# ---

"""What it is for."""

# %% [markdown] The title
# # Head
#
# text


# %% Load tags=["slow", "io"] id="abc"
# %time load()
x = """
# # %% no cell
"""

#%%
y
# In[3]:
z
# %% [md]
"""
quoted
"""
# %% language="bash" magic_args="-e"
# ls
'''
    document = percent.read(text)
    assert document.metadata["kernelspec"] == {"display_name": "Julia 1", "name": "julia"}
    assert told(document.cells) == [
        ("code", '"""What it is for."""', None, {}),
        ("markdown", "# Head\n\ntext", None, {"title": "The title"}),
        ("code", '%time load()\nx = """\n# %% no cell\n"""', "abc",
         {"tags": ["slow", "io"], "title": "Load"}),
        ("code", "y", None, {}),
        ("code", "z", None, {}),
        ("markdown", "quoted", None, {}),
        ("code", "%%bash -e\nls", None, {}),
    ]  # fmt: skip
    lines = text.split("\n")
    assert document.cells[3].lines is not None
    assert lines[slice(*document.cells[3].lines)] == ["y"]


def test_a_script_looks_like_one_that_was_written_by_hand() -> None:
    """A mark, its title, tags; no ids that nobody gave, no header that says nothing."""
    cells = [
        ExportCell("markdown", "# Head\n\ntext", metadata={"title": "Intro"}),
        ExportCell("code", "%time x", "3f", {"tags": ["a"], "odd key": 1}),
        ExportCell("code", "%%bash\nls"),
    ]
    assert percent.write(ExportDocument(cells)) == (
        "# %% Intro [markdown]\n# # Head\n#\n# text\n\n"
        '# %% tags=["a"] metadata={"odd key": 1} id="3f"\n%time x\n\n'
        "# %%\n%%bash\nls\n"
    )
    written = percent.write(ExportDocument(cells[1:]), comment_magics=True)
    assert written == (
        '# ---\n# jupyter: {"jupytext": {"comment_magics": true}}\n# ---\n\n'
        '# %% tags=["a"] metadata={"odd key": 1} id="3f"\n# %time x\n\n'
        '# %% language="bash"\n# ls\n'
    )
    compile(written, "script", "exec")


def test_a_file_without_marks_is_divided_by_blank_lines() -> None:
    """Those outside of statements; comments belong to what follows them."""
    text = "# why\nimport a\n\n\ndef f():\n    x = 1\n\n    return x\n\nf()\ng()\n"
    assert [cell.source for cell in percent.read(text).cells] == [
        "# why\nimport a", "def f():\n    x = 1\n\n    return x", "f()\ng()",
    ]  # fmt: skip


def test_the_metadata_of_a_notebook_stands_in_the_header() -> None:
    """As jupytext's readers understand it; the state of widgets does not."""
    metadata = {"kernelspec": {"name": "julia", "display_name": "J"}, "widgets": {"a": 1}, "x": [1]}
    script = percent.write(ExportDocument([], metadata))
    assert read_header(script.split("\n")).metadata == {
        "kernelspec": {"name": "julia", "display_name": "J"}, "x": [1],
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"cells": 1}', '{"cells": [{"cell_type": "x", "source": ""}]}',
             '{"cells": [{"cell_type": "code", "source": "", "outputs": [{}]}]}',
             '{"cells": [{"cell_type": "code", "source": 3}]}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_notebook_is_refused_with_a_sentence(text: str) -> None:
    """With the name of the file."""
    with pytest.raises(NotebookFileError, match=r"^work\.ipynb "):
        notebook.read(text, "work.ipynb")
