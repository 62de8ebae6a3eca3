"""Consoles of editors: opened on a session, live before anything was typed, with its history."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path
from typing import Any

import pytest
from vivo.server.consoles import as_typed, console_of, console_uri
from vivo.server.lsp_client import ResponseError

from .editors import Editor, end_all, make_editor

pytestmark = pytest.mark.sessions


def test_a_consoles_uri_says_what_it_is_of() -> None:
    """It holds the session and the document, whatever that is called; others are no consoles."""
    for document in ("file:///a%20b/ü?#x.py", "untitled:*scratch*"):
        assert console_of(console_uri("s 1", document, "7")) == ("s 1", document)
    assert console_of("file:///cells.py") is None


def test_an_empty_line_ends_a_block_however_it_is_indented() -> None:
    """As it is judged, the last line holds nothing."""
    assert as_typed("for i in x:\n    i\n    ") == "for i in x:\n    i\n"
    assert as_typed("for i in x:\n    i") == "for i in x:\n    i"


async def opened(editor: Editor, **wanted: Any) -> dict[str, Any]:
    """A console, open as a document with an empty text."""
    console: dict[str, Any] = await editor.start("openConsole", **wanted)
    editor.client.open(console["uri"], "")
    return console


def typed(editor: Editor, console: dict[str, Any], text: str) -> None:
    document = {"uri": console["uri"], "version": 2}
    changes = [{"text": text}]
    told = {"textDocument": document, "contentChanges": changes}
    editor.client.notify("textDocument/didChange", told)


async def labels(editor: Editor, console: dict[str, Any], text: str) -> list[str]:
    """What completes a text that is typed into a console."""
    typed(editor, console, text)
    place = {"line": text.count("\n"), "character": len(text.rpartition("\n")[2])}
    params = {"textDocument": {"uri": console["uri"]}, "position": place}
    found = await editor.client.request("textDocument/completion", params)
    return [item["label"] for item in found["items"]]


async def test_a_console_is_live_before_anything_was_typed(editor: Editor) -> None:
    """It starts its session; the session's names complete, with their kinds, and are inspected."""
    editor.open("import math\nradius = [1, 2]\n")
    console = await opened(editor)
    assert console["nextCount"] == 1
    await editor.until(lambda: editor.told["vivo/status"][-1]["state"] == "idle")
    assert console["session"]["name"] == "work"
    assert "print" in await labels(editor, console, "prin")
    await editor.run_cell(1)
    assert await labels(editor, console, "if radius:\n    radi") == ["radius"]
    asked = {"uri": console["uri"], "position": {"line": 0, "character": 4}}
    told = await editor.client.request("vivo/inspect", asked)
    assert (told["provenance"], told["type"], told["length"]) == ("live", "list", 2)


async def test_an_input_has_the_id_that_the_client_gave_it(editor: Editor) -> None:
    """So it knows its own from others; what is no id, or was given before, is refused."""
    editor.open("1\n")
    console = await opened(editor)
    run = uuid.uuid4().hex
    text = {"uri": console["uri"], "text": "6 * 7", "executionId": run}
    await editor.client.command("vivo.server.runText", text)
    ended = await editor.end_of(run)
    assert ended["value"]["text/plain"] == "42"
    begun = editor.told["vivo/executionStarted"][-1]
    assert (begun["executionId"], begun["own"], begun["client"]) == (run, True, "vivo lsp")
    await editor.until(lambda: editor.told["vivo/status"][-1]["nextCount"] == 2)
    for unfit in (run, "1", "Z" * 32):
        with pytest.raises(ResponseError, match="32 hexadecimal"):
            await editor.client.command("vivo.server.runText", {**text, "executionId": unfit})


async def test_history_is_the_sessions_whoever_sent_it(editor: Editor) -> None:
    """Inputs of cells and consoles, and of sessions before; those that hold a text, each once."""
    editor.open("first = 1\n")
    console = await opened(editor)
    assert (await editor.run_cell(0))["status"] == "ok"
    for text in ("second = first", "third = '*'", "second = first"):
        told = {"uri": console["uri"], "text": text}
        started = await editor.client.command("vivo.server.runText", told)
        await editor.end_of(started["executionId"])

    async def inputs(**wanted: Any) -> Any:
        asked = {"uri": console["uri"], **wanted}
        return (await editor.client.request("vivo/history", asked))["inputs"]

    assert await inputs() == ["first = 1", "second = first", "third = '*'", "second = first"]
    assert await inputs(count=1) == ["second = first"]
    assert sorted(await inputs(text="first")) == ["first = 1", "second = first"]
    assert await inputs(text="*") == ["third = '*'"]
    other = await editor.start("openConsole", new=True, name="other")
    assert other["session"]["name"] == "other"
    console = other
    assert "third = '*'" in await inputs()


@pytest.mark.parametrize(
    ("text", "status", "indent"),
    [
        ("1 + 1", "complete", ""),
        ("for i in range(3):", "incomplete", "    "),
        ("for i in range(3):\n    print(i)", "incomplete", "    "),
        ("for i in range(3):\n    print(i)\n    ", "complete", ""),
        ("x = (", "incomplete", ""),
        ("%%time\n1", "incomplete", ""),
        ("1 +* 2", "invalid", ""),
    ],
)
async def test_the_session_says_whether_an_input_is_complete(
    editor: Editor, text: str, status: str, indent: str
) -> None:
    """And how the next line is indented; before it has begun, the server says the same."""
    editor.open("1\n")
    asked = {"uri": editor.uri, "text": text}
    before = await editor.client.request("vivo/isComplete", asked)
    console = await opened(editor)
    after = await editor.client.request("vivo/isComplete", {**asked, "uri": console["uri"]})
    assert before == after == {"status": status, "indent": indent}


async def test_consoles_of_several_sessions_each_have_their_own(editor: Editor) -> None:
    """A name of one is no name of another; a session's end leaves the document's to its console."""
    editor.open("here = 1\n")
    await editor.run_cell(0)
    mine = await opened(editor)
    other = await opened(editor, new=True, name="other")
    again = await opened(editor, sessionId=other["session"]["sessionId"])
    assert again["session"]["sessionId"] == other["session"]["sessionId"]
    assert again["uri"] != other["uri"]
    text = {"uri": again["uri"], "text": "there = 2"}
    started = await editor.client.command("vivo.server.runText", text)
    ended = await editor.end_of(started["executionId"])
    assert ended["sessionId"] == other["session"]["sessionId"] != mine["session"]["sessionId"]
    assert await labels(editor, mine, "ther") == []
    assert await labels(editor, other, "ther") == ["there"]
    await editor.client.command("vivo.server.endSession", {"sessionId": ended["sessionId"]})
    text = {"uri": other["uri"], "text": "here"}
    started = await editor.client.command("vivo.server.runText", text)
    assert (await editor.end_of(started["executionId"]))["value"]["text/plain"] == "1"
    with pytest.raises(ResponseError, match="There is no session nowhere"):
        await editor.start("openConsole", sessionId="nowhere")


async def test_another_server_knows_the_console(home: Path) -> None:
    """After the server's death its URI still means the session, which a list shows without it."""
    editor = await make_editor(home)
    try:
        editor.open("1\n")
        other = await opened(editor, new=True, name="other")
        os.kill(editor.client.process.pid, signal.SIGKILL)
        await editor.client.process.wait()
        await editor.client.close()
        editor = await make_editor(home)
        editor.client.open(other["uri"], "")
        await editor.until(lambda: editor.told.get("vivo/status"))
        text = {"uri": other["uri"], "text": "2 + 2"}
        started = await editor.client.command("vivo.server.runText", text)
        ended = await editor.end_of(started["executionId"])
        assert ended["sessionId"] == other["session"]["sessionId"]
        listed = (await editor.client.command("vivo.server.sessions", {}))["sessions"]
        assert [each["documents"] for each in listed] == [[]]
    finally:
        await end_all(editor)
        await editor.client.close()


async def test_the_prompts_number_begins_anew_after_a_restart(editor: Editor) -> None:
    """As the session counts."""
    editor.open("1\n")
    console = await opened(editor)
    for _ in range(2):
        await editor.run_cell(0)
    assert (await editor.start("openConsole"))["nextCount"] == 3
    await editor.client.command("vivo.server.restart", {"uri": console["uri"]})
    assert (await editor.start("openConsole"))["nextCount"] == 1
