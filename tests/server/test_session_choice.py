"""Which session serves which document: by the settings, by the user's choice, trusted or not."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel.registry import Registry, SessionEntry
from vivo.server.lsp_client import ResponseError

from .editors import Editor, end_all, make_editor

pytestmark = pytest.mark.sessions


async def session_of(editor: Editor, name: str, code: str = "1") -> str:
    """Run a line in a document; the session that ran it."""
    editor.open(code, name)
    ended = await editor.run_cell(0)
    assert ended["status"] == "ok", ended
    return str(ended["sessionId"])


async def value_of(editor: Editor, name: str, code: str) -> str:
    """The value of a line, run in a document."""
    editor.open(code, name)
    return str((await editor.run_cell(0))["value"]["text/plain"])


async def listed(editor: Editor) -> dict[str, dict[str, Any]]:
    told = await editor.client.command("vivo.server.sessions", {})
    return {each["sessionId"]: each for each in told["sessions"]}


def configure(editor: Editor, **settings: Any) -> None:
    told = {"settings": {"vivo": settings}}
    editor.client.notify("workspace/didChangeConfiguration", told)


async def test_a_session_for_each_file_or_for_the_folder(home: Path) -> None:
    """As the user has set, changed while the server runs; each kind is found again by the next."""
    editor = await make_editor(home, sessionPer="file")
    try:
        a, b = await session_of(editor, "a.py"), await session_of(editor, "b.py")
        assert a != b
        assert (await listed(editor))[a]["name"] == "a.py"
        configure(editor, sessionPer="folder")
        folder = await session_of(editor, "a.py")
        assert folder not in (a, b)
        assert await session_of(editor, "b.py") == folder
        assert (await listed(editor))[folder]["name"] == "work"
        os.kill(editor.client.process.pid, signal.SIGKILL)
        await editor.client.process.wait()
        await editor.client.close()
        editor = await make_editor(home, sessionPer="file")
        assert await session_of(editor, "b.py") == b
        configure(editor, sessionPer="folder")
        assert await session_of(editor, "b.py") == folder
    finally:
        await end_all(editor)
        await editor.client.close()


async def test_a_folder_that_is_added_has_its_session(editor: Editor) -> None:
    """A file outside of every folder has its own folder's; one that is removed has it no more."""
    (editor.folder.parent / "other" / "deep").mkdir(parents=True)
    alone = await session_of(editor, "../other/deep/a.py")
    folder = {"uri": (editor.folder.parent / "other").as_uri(), "name": "other"}
    for change, is_alone in (("added", False), ("removed", True)):
        event = {"added": [], "removed": [], change: [folder]}
        editor.client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        assert (await session_of(editor, "../other/deep/a.py") == alone) == is_alone
    names = {info["name"] for info in (await listed(editor)).values()}
    assert names == {"deep", "other"}


async def test_sessions_side_by_side_and_the_choice_outlives_the_server(home: Path) -> None:
    """A new one for a document, one that runs for another, and back; a picker has what it needs."""
    editor = await make_editor(home)
    try:
        default = await session_of(editor, "a.py", "where = 'default'")
        told = await editor.start("useSession", new=True, name="beside")
        beside = told["session"]["sessionId"]
        assert told["session"]["name"] == "beside"
        assert await session_of(editor, "a.py", "where = 'beside'") == beside
        a = editor.uri
        assert await session_of(editor, "b.py") == default
        editor.open("where", "c.py")
        told = await editor.start("useSession", sessionId=beside)
        assert told["session"]["sessionId"] == beside
        assert await value_of(editor, "c.py", "where") == "'beside'"
        infos = await listed(editor)
        info = infos[beside]
        assert {a, editor.uri} <= set(info["documents"])
        assert a in infos[default]["documents"]  # it ran there
        assert (info["state"], info["python"], info["queued"]) == ("idle", sys.executable, 0)
        assert info["pythonVersion"] == ".".join(map(str, sys.version_info[:3]))
        assert info["memory"] > 1_000_000
        os.kill(editor.client.process.pid, signal.SIGKILL)
        await editor.client.process.wait()
        await editor.client.close()
        editor = await make_editor(home)
        for name, expected in (("a.py", beside), ("b.py", default), ("c.py", beside)):
            assert await session_of(editor, name) == expected
        told = await editor.start("useSession")
        assert told["session"]["sessionId"] == default
        assert await session_of(editor, "c.py") == default
        told = await editor.start("useSession", sessionId=beside, scope="folder")
        for name in ("a.py", "b.py", "c.py"):
            assert await session_of(editor, name) == beside
        with pytest.raises(ResponseError, match="There is no session nobody"):
            await editor.start("useSession", sessionId="nobody")
        assert await session_of(editor, "c.py") == beside
        await editor.client.command("vivo.server.endSession", {"sessionId": beside})
        for name in ("a.py", "b.py"):  # the choice ends with the session
            assert await session_of(editor, name) == default
    finally:
        await end_all(editor)
        await editor.client.close()


@pytest.mark.sessions
async def test_a_new_name_stays_also_with_a_new_keeper(editor: Editor) -> None:
    """It stands in the registry; so does the session's age."""
    session = await session_of(editor, "a.py")
    before = entry_of(session)
    renamed = await editor.client.command(
        "vivo.server.renameSession", {"sessionId": session, "name": "  fit of  2026 "}
    )
    assert renamed["name"] == "fit of 2026"
    with pytest.raises(ResponseError, match="between 1 and 100 letters"):
        await editor.client.command(
            "vivo.server.renameSession", {"sessionId": session, "name": " "}
        )
    with pytest.raises(ResponseError, match="There is no session nobody"):
        await editor.client.command(
            "vivo.server.renameSession", {"sessionId": "nobody", "name": "x"}
        )
    os.kill(before.keeper_pid, signal.SIGKILL)
    assert (await editor.run_cell(0))["status"] == "ok"
    after = entry_of(session)
    assert after.keeper_pid != before.keeper_pid
    assert (after.name, after.created) == ("fit of 2026", before.created)


def entry_of(session: str) -> SessionEntry:
    entry = Registry().get(session)
    assert entry is not None
    return entry


@pytest.mark.sessions
async def test_a_session_is_restarted_by_its_id_used_here_or_not(home: Path) -> None:
    """Its variables are gone, its id stays."""
    editor, other = await make_editor(home), await make_editor(home)
    try:
        for each in (editor, other):
            session = await session_of(editor, "a.py", "x = 1")
            told = await each.client.command("vivo.server.restart", {"sessionId": session})
            assert (told["sessionId"], told["state"]) == (session, "idle")
            assert await value_of(editor, "a.py", "'x' in globals()") == "False"
        for wrong, sentence in (
            ({}, "wants a uri"),
            ({"sessionId": "nobody"}, "no session nobody"),
        ):
            with pytest.raises(ResponseError, match=sentence):
                await editor.client.command("vivo.server.restart", wrong)
    finally:
        await end_all(editor)
        for each in (editor, other):
            await each.client.close()


@pytest.mark.sessions
async def test_a_session_is_interrupted_by_its_id_used_here_or_not(home: Path) -> None:
    """What runs in another session goes on, also that of the document in front."""
    editor, other = await make_editor(home), await make_editor(home)
    try:
        for each in (editor, other):
            session = await session_of(editor, "a.py", "x = 1")
            editor.open("# %%\nprint('runs', flush=True)\nwhile True: pass\n", "a.py")
            editor.told.pop("vivo/output", None)
            started = await editor.start("runCell", position={"line": 1, "character": 0})
            await editor.until(lambda: editor.told.get("vivo/output"))
            told = await each.client.command("vivo.server.interrupt", {"sessionId": session})
            assert told == {"outcome": "interrupted"}
            ended = await editor.end_of(started["executionId"])
            assert ended["error"]["name"] == "KeyboardInterrupt"
        for wrong, sentence in (
            ({}, "wants a uri"),
            ({"sessionId": "nobody"}, "no session nobody"),
        ):
            with pytest.raises(ResponseError, match=sentence):
                await editor.client.command("vivo.server.interrupt", wrong)
    finally:
        await end_all(editor)
        for each in (editor, other):
            await each.client.close()


# --- Interpreters, trusted or not --------------------------------------------------------------


def make_environment(folder: Path) -> str:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin" / "python")


def make_trap(folder: Path, mark: Path) -> None:
    """A program that is no interpreter, and leaves a mark whenever it is run."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\necho run >> '{mark}'\n")
    python.chmod(0o755)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")


async def test_an_interpreter_is_chosen_for_a_document_or_the_folder(editor: Editor) -> None:
    """By its environment's folder; the session before goes on, and is there again when chosen."""
    first = await session_of(editor, "a.py", "x = 1")
    python = make_environment(editor.folder / "mine")
    told = await editor.start("useInterpreter", python="mine", scope="document")
    assert told["python"] == python
    assert await value_of(editor, "a.py", "import sys; sys.executable") == repr(python)
    assert await session_of(editor, "b.py") == first
    told = await editor.start("useInterpreter", python="mine")
    assert await value_of(editor, "b.py", "import sys; sys.executable") == repr(python)
    again = await editor.start("useInterpreter", python=python)
    assert again["sessionId"] == told["sessionId"]
    with pytest.raises(ResponseError, match="There is no interpreter named nowhere"):
        await editor.start("useInterpreter", python="nowhere")
    assert await session_of(editor, "b.py") == told["sessionId"]
    told = await editor.start("useSession", sessionId=first, scope="folder")
    assert await value_of(editor, "b.py", "x") == "1"


async def test_nothing_of_an_untrusted_workspace_is_run_unasked(home: Path) -> None:
    """Neither by opening, asking, listing nor running: an interpreter from elsewhere runs the cell,
    and the user is told. No settings of the workspace's are read, no profile of it is loaded."""
    mark, folder = home / "mark", home / "work"
    for name in (".venv", "venv"):
        make_trap(folder / name, mark)
    trap = str(folder / ".venv" / "bin" / "python")
    hostile = f'python = "{trap}"\nprofile = "{folder}/default.toml"\n'
    for name in ("vivo.toml", ".vivo.toml", "default.toml", ".vivo/config.toml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f'{hostile}code = ["import os; os.mkdir({str(mark)!r})"]\n')
    (folder / "pyproject.toml").write_text(f"[tool.vivo]\n{hostile}[project]\nname = 'x'\n")
    (folder / ".vscode").mkdir()
    (folder / ".vscode" / "settings.json").write_text(f'{{"vivo.python": "{trap}"}}')
    (folder / ".python-version").write_text(f"../../../{folder.name}/.venv\n")
    editor = await make_editor(home, python="", trusted=False, profile="default.toml")
    try:
        editor.open("import sys\nsys.executable\n")
        await editor.ask("hover", position={"line": 1, "character": 1})
        told = await editor.start("interpreters")
        assert told["trusted"] is False
        found = {each["path"]: each for each in told["interpreters"]}
        assert (found[trap]["version"], found[trap]["kind"]) == ("3.12.1", "venv")
        assert found[trap]["inWorkspace"]
        assert not found[trap]["chosen"]
        (chosen,) = [each for each in told["interpreters"] if each["chosen"]]
        assert (chosen["path"], chosen["inWorkspace"]) == (sys.executable, False)
        await editor.run_cell(0)
        assert (await editor.run_cell(1))["value"] == {"text/plain": repr(sys.executable)}
        messages = [each["message"] for each in editor.told["window/showMessage"]]
        assert len(messages) == 2
        assert f"is not trusted: its interpreter {trap} is not used" in messages[0]
        assert f"not trusted: the profile {folder}/default.toml is not loaded" in messages[1]
        assert not mark.exists()
        # Trusted, the next session runs it; the user's word for one interpreter comes before.
        python = make_environment(folder / "ours")
        assert (await editor.start("useInterpreter", python="ours"))["python"] == python
        await editor.start("useSession", scope="folder")
        await end_all(editor)
        configure(editor, trusted=True)
        told = await editor.start("interpreters")
        assert [each["path"] for each in told["interpreters"] if each["chosen"]] == [trap]
        assert not mark.exists()
        ended = await editor.run_cell(1)
        assert "is no working Python" in ended["error"]["message"]
        assert mark.read_text() == "run\n"
    finally:
        await end_all(editor)
        await editor.client.close()


@pytest.mark.sessions
async def test_settings_that_change_are_those_of_the_next_session(home: Path) -> None:
    """The interpreter of a session that runs stays; a document whose session has not begun gets the
    new one."""
    editor = await make_editor(home, python="")
    python = make_environment(home / "elsewhere")
    try:
        editor.open("import sys; sys.executable")
        await editor.ask("hover", position={"line": 0, "character": 8})
        configure(editor, python=python)
        assert (await editor.run_cell(0))["value"] == {"text/plain": repr(python)}
        configure(editor, python=sys.executable)
        assert (await editor.run_cell(0))["value"] == {"text/plain": repr(python)}
        await end_all(editor)
        assert (await editor.run_cell(0))["value"] == {"text/plain": repr(sys.executable)}
        told = await editor.start("interpreters")
        assert [e["path"] for e in told["interpreters"] if e["chosen"]] == [sys.executable]
        configure(editor, sessionPer="planet")
        await editor.until(lambda: editor.told.get("window/showMessage"))
        told = editor.told["window/showMessage"][-1]["message"]
        assert told == "The setting sessionPer cannot be 'planet': it stays 'folder'."
    finally:
        await asyncio.gather(end_all(editor))
        await editor.client.close()


async def test_what_has_no_file_runs_the_folders_environment(home: Path) -> None:
    """An untitled document, or the console of a page, is of the workspace it was opened in."""
    editor = await make_editor(home, python="")
    python = make_environment(editor.folder / ".venv")
    try:
        editor.uri = "untitled:Untitled-1"
        editor.client.open(editor.uri, "import sys; sys.executable\n")
        assert (await editor.run_cell(0))["value"] == {"text/plain": repr(python)}
        told = await editor.start("interpreters")
        assert [each["path"] for each in told["interpreters"] if each["chosen"]] == [python]
    finally:
        await end_all(editor)
        await editor.client.close()
