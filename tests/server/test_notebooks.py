"""Notebooks: their cells as documents, one program together, in one session."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.parallel.messages import RunRecord
from vivo.parallel.runs import RunTable
from vivo.server.lsp_client import ResponseError
from vivo.server.notebooks import CombinedText, Notebook, NotebookCell, Notebooks
from vivo.server.sessions import path_of

from .editors import Editor, at, end_all, make_editor
from .test_debugging_cells import Adapter

CELL = "vscode-notebook-cell:{path}#W{number}sZmlsZQ%3D%3D"


class NotebookEditor(Editor):
    """An editor with a notebook open; ``uri`` is the cell that is asked about."""

    def open_notebook(self, cells: list[str], name: str = "my work.ipynb") -> list[str]:
        """Open a notebook of code cells; their URIs."""
        self.path = self.folder / name
        self.path.write_text("{}")
        self.notebook = self.path.as_uri()
        path = self.notebook.removeprefix("file://")
        uris = [CELL.format(path=path, number=number) for number in range(len(cells))]
        document = {
            "uri": self.notebook,
            "notebookType": "jupyter-notebook",
            "version": 1,
            "cells": [{"kind": 2, "document": uri} for uri in uris],
        }
        texts = [_document(uri, text) for uri, text in zip(uris, cells, strict=True)]
        params = {"notebookDocument": document, "cellTextDocuments": texts}
        self.client.notify("notebookDocument/didOpen", params)
        self.uri = uris[0]
        return uris

    def change(self, version: int, **cells: Any) -> None:
        """Tell of a change to the notebook's cells."""
        params = {
            "notebookDocument": {"uri": self.notebook, "version": version},
            "change": {"cells": cells},
        }
        self.client.notify("notebookDocument/didChange", params)

    async def run_whole(self, uri: str) -> dict[str, Any]:
        """Run a cell of the notebook; its end."""
        self.uri = uri
        return await self.run_cell(0)


def _document(uri: str, text: str) -> dict[str, Any]:
    return {"uri": uri, "languageId": "python", "version": 1, "text": text}


@pytest.fixture
async def editor(home: Path) -> AsyncIterator[NotebookEditor]:
    """An editor whose sessions end with the test."""
    made = await make_editor(home)
    notebook_editor = NotebookEditor(made.client, made.folder)
    yield notebook_editor
    await end_all(notebook_editor)
    await notebook_editor.client.close()


async def test_cells_of_a_notebook_share_a_session_and_its_names(editor: NotebookEditor) -> None:
    """What one cell made is live in the others; each runs whole, with magics and marks in it."""
    first, second, third = editor.open_notebook(
        ["import math\n# %% no cell of its own\n%precision 3\nradius = {'wide': 2.0}\nradius",
         "radius['wide'] * math.pi\n\n", "rad\nradius['"]
    )  # fmt: skip
    hover = await editor.ask("hover", **at(3, 1))
    assert "*static*" in hover["contents"]["value"]
    ended = await editor.run_whole(first)
    assert (ended["status"], ended["value"]) == ("ok", {"text/plain": "{'wide': 2.000}"})
    assert ended["uri"] == first
    assert (await editor.run_whole(second))["value"] == {"text/plain": "6.283"}
    assert await editor.labels() == [(0, "⟶ 6.283")]
    editor.uri = third
    completion = await editor.ask("completion", **at(0, 3))
    assert "radius" in [item["label"] for item in completion["items"]]
    completion = await editor.ask("completion", **at(1, 8))
    assert any("wide" in item["label"] for item in completion["items"])
    editor.uri = second
    assert "`dict`" in (await editor.ask("hover", **at(0, 1)))["contents"]["value"]
    assert await editor.ask("codeLens") == []
    infos = (await editor.client.command("vivo.server.sessions", {}))["sessions"]
    assert [info["workspace"] for info in infos] == [str(editor.folder)]


async def test_an_error_is_a_diagnostic_on_the_cell_and_its_frames(editor: NotebookEditor) -> None:
    """On the line within the cell; a frame in another cell leads there; it goes with an edit."""
    first, second = editor.open_notebook(
        ["\ndef fail(by):\n    return 1 / by", "zero = 0\nfail(zero)"]
    )
    await editor.run_whole(first)
    ended = await editor.run_whole(second)
    assert ended["error"]["name"] == "ZeroDivisionError"
    (diagnostic,) = await editor.until(editor.diagnostics)
    assert diagnostic["range"]["start"]["line"] == 1
    places = [each["location"] for each in diagnostic["relatedInformation"]]
    assert [(each["uri"], each["range"]["start"]["line"]) for each in places] == [
        (first, 2), (second, 1),
    ]  # fmt: skip
    copied = (await editor.start("copyTraceback"))["text"]
    for text in (re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(ended["error"]["traceback"])), copied):
        assert 'File "my work.ipynb, cell 2", line 2' in text
        assert 'File "my work.ipynb, cell 1", line 3, in fail' in text
        assert ".ipynb#" not in text
    whole = {"start": {"line": 0, "character": 7}, "end": {"line": 0, "character": 8}}
    changes = [{"range": whole, "text": "1"}]
    edited = {"document": {"uri": second, "version": 2}, "changes": changes}
    editor.change(2, textContent=[edited])
    await editor.until(lambda: not editor.diagnostics())
    assert (await editor.run_whole(second))["value"] == {"text/plain": "1.0"}


async def test_cells_come_and_go_and_the_notebook_runs_in_its_order(editor: NotebookEditor) -> None:
    """A cell put between others runs in its turn; one that was taken out no more."""
    first, second = editor.open_notebook(["order = ['first']", "order += ['second']\norder"])
    between = first.replace("W0", "W7")
    array = {"start": 1, "deleteCount": 0, "cells": [{"kind": 2, "document": between}]}
    opened = [_document(between, "order += ['between']")]
    editor.change(2, structure={"array": array, "didOpen": opened})
    editor.uri = editor.notebook
    started = await editor.start("runAll")
    assert len(started["executionIds"]) == 3
    ended = await editor.end_of(started["executionId"])
    assert ended["value"] == {"text/plain": "['first', 'between', 'second']"}
    editor.uri = second
    above = await editor.start("runAbove", **at(0, 0))
    assert len(above["executionIds"]) == 2
    array = {"start": 0, "deleteCount": 1}
    editor.change(3, structure={"array": array, "didClose": [{"uri": first}]})
    above = await editor.start("runAbove", **at(0, 0))
    assert len(above["executionIds"]) == 1
    await editor.end_of(above["executionId"])


async def test_a_cell_that_fails_takes_those_behind_it_out_of_the_queue(
    editor: NotebookEditor, tmp_path: Path
) -> None:
    """Of the same notebook, sent together or one by one; cells without code are passed over."""
    sent = tmp_path / "sent"
    waiting = f"import os\nwhile not os.path.exists({str(sent)!r}): pass\n1 / 0"
    first, empty, third = editor.open_notebook([waiting, " ", "3"])
    started = await editor.start("runCells", uris=[first, empty, third])
    sent.touch()
    assert len(started["executionIds"]) == 2
    for run, status in zip(started["executionIds"], ("error", "aborted"), strict=True):
        assert (await editor.end_of(run))["status"] == status
    sent.unlink()
    for uri, status in ((first, "error"), (third, "aborted")):
        editor.uri = uri
        run = (await editor.start("runCell", **at(0, 0)))["executionId"]
        started["executionIds"].append((run, status))
    sent.touch()
    for run, status in started["executionIds"][2:]:
        assert (await editor.end_of(run))["status"] == status


async def test_an_editor_that_comes_back_is_told_what_the_cells_showed(
    editor: NotebookEditor,
) -> None:
    """Of the last run of each cell, under the URIs that the cells have now; only what is new."""
    first, second = editor.open_notebook(["print('one'); 1", "print('two')"])
    ended = await editor.run_whole(first)
    await editor.run_whole(first)
    seen = editor.told["vivo/output"][-1]["sequence"]
    await editor.run_whole(second)
    closed = {"notebookDocument": {"uri": editor.notebook},
              "cellTextDocuments": [{"uri": first}, {"uri": second}]}  # fmt: skip
    editor.client.notify("notebookDocument/didClose", closed)
    (new, first_now, second_now) = editor.open_notebook(
        ["# new", "print('one'); 1", "print('two')"]
    )

    async def runs(**seen: int) -> list[tuple[str, list[str]]]:
        asked = {"uri": editor.notebook, "seen": seen}
        told = await editor.client.request("vivo/notebook", asked)
        return [(each["uri"], [text_of(one) for one in each["outputs"]]) for each in told["runs"]]

    def text_of(output: dict[str, Any]) -> str:
        return str(output.get("text") or output["data"]["text/plain"])

    both = [(first_now, ["one\n", "1"]), (second_now, ["two\n"])]
    assert await runs() == both
    session = ended["sessionId"]
    assert await runs(**{session: seen}) == both[1:]
    assert new != first_now


async def test_a_notebook_that_is_opened_again_shows_what_ran(editor: NotebookEditor) -> None:
    """Its cells have other URIs then; the values stand at their text, and names are live."""
    (first, second) = editor.open_notebook(["kept = 6 * 7\nkept", "kept"])
    await editor.run_whole(first)
    closed = {"notebookDocument": {"uri": editor.notebook},
              "cellTextDocuments": [{"uri": first}, {"uri": second}]}  # fmt: skip
    editor.client.notify("notebookDocument/didClose", closed)
    again = editor.open_notebook(["# new above", "kept = 6 * 7\nkept", "kept"])
    editor.uri = again[1]
    assert await editor.labels() == [(1, "⟶ 42")]
    editor.uri = again[2]
    assert "`int`" in (await editor.ask("hover", **at(0, 1)))["contents"]["value"]


async def test_what_is_run_before_the_editor_has_told_of_it_waits_for_it(
    editor: NotebookEditor,
) -> None:
    """As after a restart of the server, whose client tells of notebooks last."""
    path = (editor.folder / "late.ipynb").as_uri().removeprefix("file://")
    editor.uri = CELL.format(path=path, number=0)
    told = [editor.start("runCell", position={"line": 0, "character": 0})]
    told.append(editor.client.command("vivo.server.runCells", {"uris": [editor.uri]}))
    asked = [asyncio.create_task(each) for each in told]
    await editor.client.command("vivo.server.sessions", {})  # they are with the server
    assert editor.open_notebook(["6 * 7"], "late.ipynb") == [editor.uri]
    for each in await asyncio.gather(*asked):
        assert (await editor.end_of(each["executionId"]))["value"] == {"text/plain": "42"}
    with pytest.raises(ResponseError, match="is not open"):
        await editor.client.command("vivo.server.runCells", {"uris": [f"{editor.uri}-none"]})


async def test_a_file_whose_uri_is_quoted_is_found(editor: NotebookEditor) -> None:
    """Blanks and umlauts in a path, as clients quote them."""
    editor.open("1 + 1\n", "my größe.py")
    assert "%20" in editor.uri
    assert (await editor.run_cell(0))["value"] == {"text/plain": "2"}


# --- The pure parts ---------------------------------------------------------------------------


def _notebooks(*uris: str) -> Notebooks:
    notebooks = Notebooks()
    cells = [NotebookCell(uri, not uri.endswith("text")) for uri in uris]
    notebooks.open(Notebook("file:///home/me/a%20b.ipynb", cells))
    return notebooks


def test_a_cell_runs_under_a_name_of_its_own_and_is_found_by_it() -> None:
    """Whatever the editor's URIs look like; in no file there is no name."""
    plain, strange = "vscode-notebook-cell:/home/me/a%20b.ipynb#W1", "other:cell/1"
    notebooks = _notebooks(plain, strange)
    assert notebooks.file_name(plain) == "/home/me/a b.ipynb#W1"
    assert notebooks.file_name(strange) == "/home/me/a b.ipynb#cell-2"
    for uri in (plain, strange):
        assert notebooks.is_cell(uri)
        name = notebooks.file_name(uri)
        assert name is not None
        assert notebooks.uri_of(name) == uri
        assert notebooks.owner(uri) == "file:///home/me/a%20b.ipynb"
    assert notebooks.uri_of("/home/me/a b.ipynb#W2") is None
    assert notebooks.uri_of("/home/me/a b.py") is None
    assert not notebooks.is_cell("file:///home/me/a.py")
    assert notebooks.file_name("vscode-notebook-cell:Untitled-1.ipynb?x#W0") is None
    assert path_of("vscode-notebook-cell:Untitled-1.ipynb?x#W0") is None
    assert path_of(plain) == Path("/home/me/a b.ipynb")


def test_a_traceback_names_cells_as_people_know_them() -> None:
    """By the notebook's name and the cell's number; one that is gone by the name alone."""
    notebooks = Notebooks()
    cells = [NotebookCell("x:/me/a b.ipynb#T", is_code=False), NotebookCell("x:/me/a b.ipynb#W1")]
    notebooks.open(Notebook("file:///me/a%20b.ipynb", cells))
    text = 'File "/me/a b.ipynb#W1", line 2, File "\x1b[32m/me/a b.ipynb#W7\x1b[0m", /x.py#L1'
    assert notebooks.readable(text, {}) == (
        'File "a b.ipynb, cell 2", line 2, File "\x1b[32ma b.ipynb, a cell that is gone\x1b[0m", '
        "/x.py#L1"
    )
    moved = notebooks.readable("/me/a b.ipynb#W7", {"/me/a b.ipynb#W7": cells[1].uri})
    assert moved == "a b.ipynb, cell 2"
    assert notebooks.uri_shown_as("a b.ipynb, cell 2") == cells[1].uri
    assert notebooks.uri_shown_as("a b.ipynb, cell 3") is None
    assert notebooks.uri_shown_as("other.ipynb, cell 1") is None


def test_only_code_cells_are_part_of_the_program() -> None:
    """Text cells are left out, above a cell too."""
    notebooks = _notebooks("c:1", "c:text", "c:2", "c:3")
    assert notebooks.together("c:2") == ["c:1", "c:2", "c:3"]
    notebook = notebooks.get("file:///home/me/a%20b.ipynb")
    assert notebook is not None
    assert notebook.above("c:3") == ["c:1", "c:2"]
    assert notebook.above("c:text") == []
    notebook.splice(0, 2, [NotebookCell("c:9")])
    assert notebooks.together("c:2") == ["c:9", "c:2", "c:3"]
    notebooks.close(notebook.uri)
    assert notebooks.together("c:2") == ["c:2"]


def test_a_run_belongs_to_its_cell_or_to_whichever_has_its_text_now() -> None:
    """Runs of other open cells and other notebooks are none of a cell's."""
    notebooks = _notebooks("c:1", "c:2")
    runs = RunTable()
    place = "/home/me/a b.ipynb#"
    for uri, path in (("c:1", f"{place}1"), ("c:2", f"{place}2"), ("c:gone", f"{place}3"),
                      ("d:1", "/home/me/other.ipynb#1"), ("file:///x.py", "/x.py")):  # fmt: skip
        runs.put(RunRecord(id=uri, source="x = 1", uri=uri, path=path))

    def found(texts: dict[str, str]) -> list[str]:
        return [record.id for record in notebooks.runs_of(runs, "c:1", texts.__getitem__)]

    assert found({"c:2": "x = 1"}) == ["c:1", "c:gone"]
    assert found({"c:2": "edited"}) == ["c:1", "c:2", "c:gone"]
    assert notebooks.has_run(runs, "c:2")
    others = RunTable()
    others.put(RunRecord(id="d", source="1", uri="d:1", path="/home/me/other.ipynb#1"))
    assert not notebooks.has_run(others, "c:2")


@given(st.lists(st.text(alphabet="ab%!\n😀 ", max_size=12), min_size=1, max_size=6), st.booleans())
def test_every_line_of_the_program_leads_back_to_its_cell(
    texts: list[str], python_only: bool
) -> None:
    """There and back, for each line of each cell; the text is the cells', line by line."""
    parts = [(f"c:{number}", text) for number, text in enumerate(texts)]
    combined = CombinedText(parts, python_only=python_only)
    if not python_only:
        assert combined.text == "\n".join(texts)
    number = 0
    for uri, text in parts:
        for line in range(text.count("\n") + 1):
            assert combined.to_combined(uri, line) == number
            assert combined.to_document(number) == (uri, line)
            number += 1
    assert len(combined.lines) == number


def test_what_is_no_python_is_blanked_for_tools_that_know_only_python() -> None:
    """Line magics and commands, and whole cells of another language."""
    cells = [("a", "%time x\ny = 1"), ("b", "\n%%bash\nls"), ("c", "!ls\ny")]
    combined = CombinedText(cells, python_only=True)
    compile(combined.text, "program", "exec")
    assert [line.strip() for line in combined.lines] == [
        "pass", "y = 1", "", "", "", "pass", "y",
    ]  # fmt: skip
    assert _notebooks("a", "b").combined("b", dict(cells).__getitem__).lines[2:] == [
        "",
        "%%bash",
        "ls",
    ]


async def test_some_of_a_notebooks_cells_run_by_the_place_of_one(editor: NotebookEditor) -> None:
    """Above, below, to here, all; afresh too."""
    cells = editor.open_notebook(["trace = ['a']", "trace += 'b'", "trace += 'c'; trace"])
    editor.uri = cells[1]

    async def ran(command: str) -> list[str]:
        started = await editor.start(command, **at(0, 0))
        for run in started["executionIds"]:
            await editor.end_of(run)
        ends = {each["executionId"]: each["uri"] for each in editor.told["vivo/executionFinished"]}
        return [ends[run] for run in started["executionIds"]]

    assert await ran("runAbove") == cells[:1]
    assert await ran("runBelow") == cells[1:]
    assert await ran("runToHere") == cells[:2]
    assert await ran("restartAndRunToHere") == cells[:2]
    assert await ran("restartAndRunAll") == cells
    assert (await editor.run_whole(cells[2]))["value"] == {"text/plain": "['a', 'b', 'c', 'c']"}


@pytest.mark.sessions
async def test_breakpoints_in_cells_are_hit_and_stops_name_the_cells(
    editor: NotebookEditor,
) -> None:
    """By the editor's own URIs, also where it writes them otherwise."""
    cells = ["def twice(n):\n    doubled = n * 2\n    return doubled", "twice(21)"]
    first, second = editor.open_notebook(cells)
    await editor.run_whole(first)
    editor.uri = second
    adapter = Adapter(editor)
    await adapter.attach()
    await adapter.ask("setBreakpoints", source={"path": first}, breakpoints=[{"line": 3}])
    remote = first.replace("cell:", "cell://host%2Bname")
    await adapter.ask("setBreakpoints", source={"path": remote}, breakpoints=[{"line": 3}])
    started = await editor.start("debugCell", **at(0, 0))
    for place in ((second.replace("cell:", "cell://host%2Bname"), 1), (remote, 3)):
        where, line, thread = await adapter.stop()
        assert (where, line) == place
        await adapter.ask("continue", threadId=thread)
    assert (await editor.end_of(started["executionId"]))["value"] == {"text/plain": "42"}
    await adapter.ask("disconnect")
