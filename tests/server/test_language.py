"""What the server tells of the language, over stdio: beyond what scenarios can say."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from vivo.server.lsp_client import ResponseError
from vivo.server.sessions import path_of
from vivo.server.static import STATIC_DEADLINE

from .editors import CAPABILITIES, Editor, at, end_all, make_editor


def range_of(told: dict[str, Any]) -> tuple[int, int, int, int]:
    start, end = told["start"], told["end"]
    return start["line"], start["character"], end["line"], end["character"]


async def inspect(editor: Editor, **params: Any) -> Any:
    return await editor.client.request("vivo/inspect", {"uri": editor.uri, **params})


async def test_inspect_tells_all_fields_and_what_an_object_holds(editor: Editor) -> None:
    """Of a class its constructor's documentation too; children by reference; static elsewhere."""
    editor.open(
        "# %%\nclass Shape:\n    'A shape.'\n"
        "    def __init__(self, sides=3):\n        'Makes one.'\n"
        "table = {'a': [1, 2], 'b': Shape}\n# %%\ndef later():\n    'Never ran.'\n"
    )
    await editor.run_cell(1)
    told = await inspect(editor, position={"line": 1, "character": 7}, detailLevel=1)
    assert told["provenance"] == "live"
    assert (told["type"], told["namespace"], told["line"]) == ("type", "Interactive", 2)
    assert (told["docstring"], told["initDocstring"]) == ("A shape.", "Makes one.")
    assert told["signature"] == "Shape(sides=3)"
    assert told["source"].startswith("class Shape:")
    assert told["location"]["uri"] == editor.uri
    assert told["executionId"] == editor.told["vivo/executionFinished"][0]["executionId"]
    table = await inspect(editor, expression="table")
    assert (table["length"], table["total"]) == (2, 2)
    assert table["stringForm"].startswith("{'a': [1, 2]")
    first = table["children"][0]
    assert (first["name"], first["type"], first["children"]) == ("['a']", "list", 2)
    held = await inspect(editor, path=first["path"])
    assert [child["text"] for child in held["children"]] == ["1", "2"]
    assert (held["name"], held["stringForm"]) == ("['a']", "[1, 2]")
    never = await inspect(editor, position={"line": 7, "character": 5})
    assert (never["provenance"], never["docstring"]) == ("static", "Never ran.")
    assert never["signature"] == "def later()"
    magic = await inspect(editor, expression="%time")
    assert magic["type"] == "magic"
    assert await inspect(editor, expression="nothing") is None
    with pytest.raises(ResponseError, match="wants a position, an expression or a path"):
        await inspect(editor)


async def test_completion_runs_no_user_code_and_is_documented_when_asked(editor: Editor) -> None:
    """A property that records being run; the documentation comes with resolve alone."""
    editor.open(
        "# %%\nran = []\nclass Watched:\n    @property\n    def risky(self):\n        'Do not.'\n"
        "        ran.append(1)\n    def __getattr__(self, name):\n        ran.append(name)\n"
        "    def __dir__(self):\n        ran.append('dir')\n        return []\n"
        "def plain(a):\n    'Plain words.'\nwatched = Watched()\n# %%\nwatched.\npla\n# %%\nran\n"
        "# %%\ndef unrun():\n    'Not run.'\nunr\n"
    )
    await editor.run_cell(1)
    items = (await editor.ask("completion", **at(16, 8)))["items"]
    assert "risky" in [each["label"] for each in items]
    assert await editor.ask("hover", **at(16, 1)) is not None
    items = (await editor.ask("completion", **at(17, 3)))["items"]
    plain = next(each for each in items if each["label"] == "plain")
    assert "documentation" not in plain
    resolved = await editor.client.request("completionItem/resolve", plain)
    assert "Plain words." in resolved["documentation"]["value"]
    assert (await editor.run_cell(19))["value"] == {"text/plain": "[]"}
    while (told := await editor.ask("completion", **at(23, 3)))["isIncomplete"]:
        continue  # as an editor does at the next letter
    unrun = next(each for each in told["items"] if each["label"] == "unrun")
    assert unrun["detail"].endswith("static")
    assert unrun["sortText"] >= plain["sortText"]
    resolved = await editor.client.request("completionItem/resolve", unrun)
    assert "Not run." in resolved["documentation"]["value"]


async def test_references_rename_and_highlights(editor: Editor) -> None:
    """Over the files of the workspace, in each one's units; not in what is installed."""
    other = editor.folder / "other.py"
    other.write_text("from cells import shape\n'😀', shape\n")
    editor.open("import json\nshape = 1\nprint(shape, json.dumps)\n'😀', shape\n")
    highlights = await editor.ask("documentHighlight", **at(1, 1))
    assert [(range_of(each["range"])[:2], each["kind"]) for each in highlights] == [
        ((1, 0), 3), ((2, 6), 2), ((3, 6), 2),
    ]  # fmt: skip
    found = await editor.ask("references", context={"includeDeclaration": False}, **at(1, 1))
    places = {(Path(each["uri"]).name, *range_of(each["range"])[:2]) for each in found}
    assert {("cells.py", 2, 6), ("cells.py", 3, 6), ("other.py", 1, 6)} <= places
    assert ("cells.py", 1, 0) not in places
    prepared = await editor.ask("prepareRename", **at(2, 7))
    assert prepared["placeholder"] == "shape"
    edit = await editor.ask("rename", newName="form", **at(2, 7))
    assert sorted(Path(uri).name for uri in edit["changes"]) == ["cells.py", "other.py"]
    assert len(edit["changes"][other.as_uri()]) == 2
    with pytest.raises(ResponseError, match="is no file of this workspace"):
        await editor.ask("rename", newName="form", **at(2, 20))
    with pytest.raises(ResponseError, match="is no name that Python allows"):
        await editor.ask("rename", newName="not this", **at(2, 7))
    with pytest.raises(ResponseError, match="is no file of this workspace"):
        await editor.ask("prepareRename", **at(2, 20))


async def test_the_structure_of_a_document(editor: Editor) -> None:
    """Symbols with what is in each cell, folding, selections from expression to document, links."""
    target = editor.folder / "broken.py"
    target.write_text("1 / 0\n")
    editor.open(
        "# %% load\nimport os\nimport sys\n\n"
        "class Shape:\n    '''Words\n    here.'''\n    sides = 3\n"
        "    def area(self):\n        return 1\n# %% [markdown] words\n# text\n# %% use\n"
        f'shape = Shape(\n    1, [2])\n# File "{target}", line 1, in <module>\n'
    )
    symbols = await editor.ask("documentSymbol")
    assert [each["name"] for each in symbols] == ["load", "words", "use"]
    (shape,) = symbols[0]["children"]
    assert [each["name"] for each in shape["children"]] == ["sides", "area"]
    assert range_of(shape["selectionRange"]) == (4, 6, 4, 11)
    assert [each["name"] for each in symbols[2]["children"]] == ["shape"]
    folds = [
        (each["startLine"], each["endLine"], each.get("kind"))
        for each in await editor.ask("foldingRange")
    ]
    assert folds == [
        (0, 9, "region"), (1, 2, "imports"), (4, 9, None), (5, 6, "comment"), (8, 9, None),
        (10, 11, "region"), (12, 15, "region"), (13, 14, None),
    ]  # fmt: skip
    (selection,) = await editor.ask("selectionRange", positions=[{"line": 9, "character": 15}])
    seen = []
    while selection is not None:
        seen.append(range_of(selection["range"]))
        selection = selection.get("parent")
    assert seen[0] == (9, 15, 9, 16)
    assert (9, 8, 9, 16) in seen  # the statement
    assert (8, 4, 9, 16) in seen  # the function
    assert (4, 0, 9, 16) in seen  # the class
    assert seen[-2][:3] == (0, 0, 9)  # the cell
    assert seen[-1][:2] == (0, 0)
    assert seen[-1][2] > 9
    (link,) = await editor.ask("documentLink")
    assert link["target"] == f"{target.as_uri()}#L1"
    assert range_of(link["range"])[0] == 15


async def test_a_hanging_session_is_answered_for_with_what_it_told_last(editor: Editor) -> None:
    """Code in C holds the interpreter's lock: the hover says how old it is, and does not wait."""
    editor.open(
        "# %%\nimport collections, itertools\nvalues = [1, 2]\nfresh = 1\n# %%\n"
        "print('begun')\ncollections.deque(itertools.repeat(0, 10**9), maxlen=0)\n# %%\nval\n"
    )
    await editor.run_cell(1)
    assert "*live*" in (await editor.ask("hover", **at(2, 1)))["contents"]["value"]
    started = await editor.start("runCell", **at(5, 0))
    await editor.until(
        lambda: any("begun" in str(each) for each in editor.told.get("vivo/output", ()))
    )
    async with asyncio.timeout(5):  # a hundred times the deadline would be more
        while "as known" not in (
            hover := (await editor.ask("hover", **at(2, 1)))["contents"]["value"]
        ):
            await asyncio.sleep(0)  # until C has the lock
        assert "s ago: the session does not answer just now*" in hover
        assert await editor.ask("completion", **at(8, 3)) is not None
    await editor.start("interrupt", executionId=started["executionId"], force=True)
    await editor.end_of(started["executionId"])


async def test_an_analysis_that_hangs_delays_no_live_answer(editor: Editor) -> None:
    """What is live is told meanwhile, also of names, and the list says that it is incomplete."""
    editor.open("# %%\nvalues = [1, 2]\n# %%\nvalues.app\nval\n")
    await editor.run_cell(1)
    (analysis,) = [
        each
        for each in psutil.Process(editor.client.process.pid).children()
        if "vivo.server.analysis.process" in each.cmdline()
    ]
    analysis.suspend()
    try:
        assert "*live*" in (await editor.ask("hover", **at(1, 1)))["contents"]["value"]
        told = await editor.ask("completion", **at(3, 10))
        assert [each["label"] for each in told["items"]] == ["append"]
        async with asyncio.timeout(STATIC_DEADLINE / 2):
            told = await editor.ask("completion", **at(4, 3))
        assert "values" in [each["label"] for each in told["items"]]
        assert told["isIncomplete"]
    finally:
        analysis.resume()


async def test_semantic_tokens_are_refreshed_and_follow_a_restart(home: Path) -> None:
    """After a run the client is asked to look again; a fresh engine has none of the names."""
    capabilities = {**CAPABILITIES, "workspace": {"semanticTokens": {"refreshSupport": True}}}
    editor = await make_editor(home, capabilities)
    asked = asyncio.Event()

    async def refresh(params: Any) -> None:
        asked.set()

    editor.client.on_request["workspace/semanticTokens/refresh"] = refresh
    editor.open("_own = 1\n'😀', _own, len\n")
    assert (await editor.ask("semanticTokens/full"))["data"] == []
    asked.clear()
    await editor.run_cell(0)
    await asyncio.wait_for(asked.wait(), 30)
    assert (await editor.ask("semanticTokens/full"))["data"] == [0, 0, 4, 0, 1, 1, 6, 4, 0, 1]
    line = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 3}}
    assert (await editor.ask("semanticTokens/range", range=line))["data"] == [1, 6, 4, 0, 1]
    await editor.start("restart")
    assert (await editor.ask("semanticTokens/full"))["data"] == [0, 0, 4, 0, 4, 1, 6, 4, 0, 4]
    await end_all(editor)
    await editor.client.close()


async def test_no_static_answers_beside_another_static_server(home: Path) -> None:
    """A client with one says so; the setting has the last word. Structure is told in any case."""
    capabilities = {**CAPABILITIES, "experimental": {"vivo": {"static": False}}}
    editor = await make_editor(home, capabilities)
    editor.open("def function():\n    'Words.'\nfunct\n")
    assert await editor.ask("hover", **at(0, 6)) is None
    assert (await editor.ask("completion", **at(2, 5)))["items"] == []
    assert await editor.ask("definition", **at(0, 6)) == []
    assert [each["name"] for each in await editor.ask("documentSymbol")] == ["function"]
    editor.client.notify("workspace/didChangeConfiguration", {"settings": {"static": "on"}})
    assert "Words." in (await editor.ask("hover", **at(0, 6)))["contents"]["value"]
    await editor.client.close()


async def test_static_answers_run_no_program_of_a_workspace(home: Path) -> None:
    """Neither its interpreter nor code that its environment holds; its packages are read all the
    same, and the one process that is started is vivo's own."""
    ran = home / "ran"
    environment = home / "work" / ".venv"
    packages = environment / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (environment / "bin").mkdir()
    python = environment / "bin" / "python"
    python.write_text(f'#!/bin/sh\ntouch {ran}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (environment / "pyvenv.cfg").write_text(
        f"home = {Path(sys.executable).parent}\nversion = 3.11\n"
    )
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "linked.py").write_text("def found():\n    'By its path.'\n")
    (packages / "evil.pth").write_text(f"import os; os.system('touch {ran}')\n{elsewhere}\n")
    (packages / "theirs.py").write_text(
        f"import os\nos.system('touch {ran}')\ndef thing():\n    'Of theirs.'\n"
    )
    (home / "work" / "sitecustomize.py").write_text(f"import os; os.system('touch {ran}')\n")
    editor = await make_editor(home, python=None, trusted=False)
    editor.open("import theirs, linked\ntheirs.thing\nlinked.found\n")
    assert "Of theirs." in (await editor.ask("hover", **at(1, 9)))["contents"]["value"]
    assert "By its path." in (await editor.ask("hover", **at(2, 9)))["contents"]["value"]
    (child,) = psutil.Process(editor.client.process.pid).children(recursive=True)
    assert Path(child.exe()).samefile(Path(sys.executable))
    assert not ran.exists()
    os.kill(child.pid, 9)
    assert "Of theirs." in (await editor.ask("hover", **at(1, 9)))["contents"]["value"]
    await editor.client.close()


GONE = "# %%\ndef work():\n    return 1\n# %%\nwork()\n"


async def test_who_opens_files_alone_is_led_to_a_file_with_what_ran(home: Path) -> None:
    """Where the cell is gone; the file is the user's alone, and goes with the server."""
    plain = await make_editor(home, {})
    try:
        plain.open(GONE)
        await plain.run_cell(1)
        await plain.run_cell(4)
        (there,) = await plain.ask("definition", **at(4, 1))
        assert (there["uri"], there["range"]["start"]["line"]) == (plain.uri, 1)
        whole = {"start": {"line": 1, "character": 0}, "end": {"line": 3, "character": 0}}
        change = {"range": whole, "text": "pass\n"}
        version = {"uri": plain.uri, "version": 2}
        plain.client.notify(
            "textDocument/didChange", {"textDocument": version, "contentChanges": [change]}
        )
        (gone,) = await plain.ask("definition", **at(3, 1))
        path = Path(path_of(gone["uri"]) or "")
        lines = path.read_text().split("\n")
        assert lines[gone["range"]["start"]["line"]] == "def work():"
        assert path.is_relative_to(home / "state")
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    finally:
        await end_all(plain)
        await plain.client.close()
    assert not path.exists()
