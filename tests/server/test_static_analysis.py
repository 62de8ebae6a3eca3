"""The analysis process itself: modules read from their files, and what becomes of a hang."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import vivo.server.static
from lsprotocol import types
from vivo.server.analysis.modules import members
from vivo.server.analysis.searching import Search
from vivo.server.lsp import references
from vivo.server.static import Source, StaticAnalysis

FILES = {
    "lib/__init__.pyi": """
        import sys
        from . import inner as inner
        from .parts import *
        from typing import Any
        __all__ = ["_listed"]
        class Shape: ...
        def area(shape: Shape) -> float: ...
        _listed: int
        _hidden: int
        one, (two, *rest) = ...
        if sys.platform == "linux":
            def only_here(): ...
        try:
            fast = True
        except ImportError:
            slow = True
    """,
    "lib/parts.py": "from . import inner\nstarred = 1\n_not = 2\n",
    "lib/inner/__init__.py": "deep = 1\nimport os as system\nraise SystemExit('was imported')\n",
    "lib/loop.py": "from .loop import *\nfrom lib.loop import *\nround = 1\n",
    "lib/broken.py": "def (:\n",
    "single.py": "value = 1\n",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = text.strip("\n").split("\n")
        file.write_text("\n".join(line.removeprefix("        ") for line in lines))
    return tmp_path


def names(folder: Path, text: str, owner: str) -> dict[str, str] | None:
    asked = {"owner": owner, "python": sys.executable, "folder": str(folder), "path": None}
    found = members(asked, text)
    return dict(found) if found is not None else None


def test_the_names_of_a_module_are_read_from_its_file(folder: Path) -> None:
    """Of a stub, of what it lists, of what a star brings, of a package's own modules."""
    assert names(folder, "import lib\nlib.", "lib") == {
        "Shape": "class", "area": "function", "_listed": "instance", "__all__": "instance",
        "one": "instance", "two": "instance", "only_here": "function", "fast": "instance",
        "slow": "instance", "starred": "instance", "inner": "", "loop": "module",
        "parts": "module", "broken": "module",
    }  # fmt: skip
    inner = {"deep": "instance", "system": "module"}
    for text, owner in (
        ("import lib as l\n", "l.inner"),
        ("import lib.inner  # words\n", "lib.inner"),
        ("from lib import inner as i\ni.\n", "i"),
        ("import lib.inner as there\nvalue = there.deep\n", "there"),
    ):
        assert names(folder, text, owner) == inner, text
    assert names(folder, "import single as s", "s") == {"value": "instance"}
    assert names(folder, "from lib import loop", "loop") == {"round": "instance"}


@pytest.mark.parametrize(
    "text",
    [
        "l.x", "import lib as l\nl = 1", "import lib as l\nfor l in x: pass",
        "import lib as l\ndef f(a, l): pass", "import lib as l\nimport single as l",
        "def f():\n    import lib as l", "from .lib import inner as l", "import nothing as l",
        "from lib import broken as l", "from lib import Shape as l", "l: int\nimport lib as l",
        "import lib as l\nwith x as l: pass", "import lib as l\nlambda l: l",
        "import lib as l\nclass l: pass", "import lib as l\nl = l.inner",
        "import lib as l, os",
    ],
)  # fmt: skip
def test_what_is_in_doubt_is_not_told(folder: Path, text: str) -> None:
    assert names(folder, text, "l") is None


def source(text: str, folder: Path) -> Source:
    return Source("file:///a.py", 1, text, None, str(folder), sys.executable)


async def test_modules_are_told_of_while_jedi_is_not_ready(folder: Path) -> None:
    analysis = StaticAnalysis()
    try:
        asked = source("import lib\nlib.", folder)
        by_jedi = asyncio.create_task(
            analysis.ask("complete", asked, line=1, column=4, deadline=60)
        )
        told: Any = await analysis.ask("members", asked, owner="lib", deadline=60)
        assert ["area", "function"] in told
        assert not by_jedi.done()
        assert "area" in [each[0] for each in (await by_jedi)["items"]]
    finally:
        await analysis.close()


HANGING_AT_REFERENCES = """
import threading
from vivo.server.analysis import framing, process
if __name__ == "__main__":
    import vivo.server.analysis.jedi_answers as jedi_answers
    def hang(self, asked, text):
        threading.Event().wait()
    jedi_answers.JediAnswers.references = hang
    process.main()
"""


@pytest.mark.parametrize("waiting", [0.001, 1.0])
async def test_an_analysis_that_hangs_at_a_request_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waiting: float
) -> None:
    """Once nobody waits for it, and it had its time; what waits behind it is asked again."""
    monkeypatch.setattr(vivo.server.static, "PATIENCE", 0.2)
    program = tmp_path / "hanging.py"
    program.write_text(HANGING_AT_REFERENCES)
    analysis = StaticAnalysis([sys.executable, str(program)])
    try:
        asked = source("name = 1\nname", tmp_path)
        assert await analysis.ask("hover", asked, line=1, column=1, deadline=60)
        first = analysis._process
        place = {"line": 1, "column": 1}
        hung = asyncio.create_task(analysis.ask("references", asked, deadline=waiting, **place))
        await asyncio.sleep(0)  # it is sent first
        told = await analysis.ask("hover", asked, deadline=60, **place)
        assert told["name"] == "name"
        assert await hung is None
        if waiting >= 1:  # else it may not have begun
            assert analysis._process is not first
    finally:
        await analysis.close()


async def test_an_analysis_that_ends_by_itself_is_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not killed: asyncio then misses its exit status, and says so on the user's terminal."""
    for _ in range(20):
        analysis = StaticAnalysis(["sh", "-c", "exit 0"])
        assert await analysis.start()
        assert analysis._reader is not None
        await analysis._reader
        await analysis.close()
    assert "Unknown child process" not in caplog.text


async def test_an_analysis_that_says_no_more_and_stays_is_killed() -> None:
    """It has a second."""
    analysis = StaticAnalysis(["sh", "-c", "exec >&-; exec sleep 600"])
    assert await analysis.start()
    process = analysis._process
    assert process is not None
    assert analysis._reader is not None
    await analysis._reader
    assert process.returncode == -9
    await analysis.close()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A workspace of 1,200 files, of which the last hundred use a name."""
    (tmp_path / "tool.py").write_text("def gauge():\n    return 1\n")
    for number in range(1_200):
        is_user = number >= 1_100
        line = "from tool import gauge\ngauge()\n" if is_user else f"engauge = {number}\n"
        (tmp_path / f"part_{number:04}.py").write_text(line)
    return tmp_path


async def test_a_name_is_found_in_every_file_of_a_large_workspace(large: Path) -> None:
    """jedi by itself would parse thirty of them."""
    analysis = StaticAnalysis()
    path = large / "tool.py"
    asked = Source(path.as_uri(), 1, path.read_text(), str(path), str(large), sys.executable)
    try:
        told: Any = await analysis.ask(
            "references", asked, line=0, column=5, seconds=60, deadline=80
        )
        files = {Path(each["path"]).name for each in told["places"]}
        assert files == {"tool.py", *(f"part_{number}.py" for number in range(1_100, 1_200))}
        assert (told["is_cut"], told["files"]) == (False, 1_200)
        told = await analysis.ask("references", asked, line=0, column=5, seconds=-1, deadline=80)
        assert (told["is_cut"], [each["line"] for each in told["places"]]) == (True, [0])
    finally:
        await analysis.close()


def test_a_search_ends_when_nobody_waits_for_it() -> None:
    """At the next file, and for good."""
    waits = [True, True, False, True]
    search = Search(60, lambda: not waits.pop(0))
    assert [search.goes_on() for _ in range(4)] == [True, True, False, False]
    assert (search.files, search.is_cut) == (2, True)


async def test_what_was_not_looked_into_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """References come with a sentence; a rename is refused, for it would be done in part."""
    server: Any = SimpleNamespace(settings=SimpleNamespace(static="on"))
    told = {"places": [{"path": None, "line": 1}], "files": 2_345, "is_cut": True}

    async def answer(*_: Any, **__: Any) -> Any:
        return told

    monkeypatch.setattr(references.static_answers, "ask", answer)
    monkeypatch.setattr(references, "in_characters", lambda *_: (0, 0))
    monkeypatch.setattr(references, "_checked", lambda *_: [])
    at = types.Position(0, 0)
    places, sentence = await references._references(server, "file:///a.py", at)
    assert places == told["places"]
    assert sentence.startswith("There may be more: 2,345 files were looked into")
    document = types.TextDocumentIdentifier("file:///a.py")
    with pytest.raises(references.RenameError, match="some files would keep the old name"):
        await references._rename(server, types.RenameParams(document, at, "other"))
