"""Debugging cells and files: by an editor's debug adapter, relayed, and by pdb at a prompt."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from vivo.server.lsp.debugging import first_statement
from vivo.server.lsp_client import ResponseError

from .editors import CAPABILITIES, Editor, at, make_editor

TEXT = """# %%
def f(a):
    b = a * 2
    return b
# %%
# a remark
x = f(1)
y = f(x)
y
"""


class Adapter:
    """An editor's debugger: it speaks the Debug Adapter Protocol through the server."""

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        self.count = self.seen = 0
        noter = editor._noter("vivo/debugEvent")
        editor.client.on_notification["vivo/debugEvent"] = noter

    async def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        self.count += 1
        request = {"type": "request", "seq": self.count, "command": command, "arguments": arguments}
        response = (await self.editor.start("debug", message=request))["message"]
        assert (response["type"], response["request_seq"]) == ("response", self.count)
        assert response["success"], response
        body: dict[str, Any] = response.get("body") or {}
        return body

    async def event(self, name: str) -> dict[str, Any]:
        """The next event of a name."""

        def look() -> Any:
            told = self.editor.told.get("vivo/debugEvent", [])
            for number in range(self.seen, len(told)):
                if told[number]["message"]["event"] == name:
                    self.seen = number + 1
                    return told[number]["message"]
            return None

        body: dict[str, Any] = (await self.editor.until(look)).get("body") or {}
        return body

    async def attach(self) -> None:
        await self.ask("initialize", clientID="test", adapterID="vivo", pathFormat="path")
        await self.ask("attach")
        await self.event("initialized")

    async def breakpoints(self, *lines: int) -> None:
        path = str(self.editor.folder / "cells.py")
        wanted = [{"line": line} for line in lines]
        await self.ask("setBreakpoints", source={"path": path}, breakpoints=wanted)

    async def stop(self) -> tuple[str, int, int]:
        """Where it stopped next: path, line, thread."""
        thread = (await self.event("stopped"))["threadId"]
        frame = (await self.ask("stackTrace", threadId=thread))["stackFrames"][0]
        return frame["source"]["path"], frame["line"], thread

    async def ours(self) -> list[int]:
        """The lines of all breakpoints that the session has."""
        found = (await self.ask("debugInfo"))["breakpoints"]
        return sorted(each["line"] for file in found for each in file["breakpoints"])


@pytest.mark.sessions
async def test_a_cell_stops_at_its_first_statement_and_at_the_users_breakpoints(
    editor: Editor,
) -> None:
    """In the document's own lines; ours is gone after the stop, and once detached nothing stops."""
    editor.open(TEXT)
    path = str(editor.folder / "cells.py")
    adapter = Adapter(editor)
    await editor.run_cell(1)
    await adapter.attach()
    await editor.run_cell(1)
    await adapter.breakpoints(3)
    started = await editor.start("debugCell", **at(5, 0))
    assert started["by"] == "adapter"
    for line in (7, 3, 3):
        where, stopped, thread = await adapter.stop()
        assert (where, stopped) == (path, line)
        if line == 7:
            async with asyncio.timeout(30):
                while await adapter.ours() != [3]:
                    continue
        await adapter.ask("continue", threadId=thread)
    ended = await editor.end_of(started["executionId"])
    assert ended["value"] == {"text/plain": "4"}
    await adapter.breakpoints()
    assert (await editor.run_cell(6))["value"] == {"text/plain": "4"}
    started = await editor.start("debugFile", arguments=["word"])
    where, line, thread = await adapter.stop()
    assert (where, line) == (path, 2)
    argument = (await adapter.ask("evaluate", expression="__import__('sys').argv[1:]"))["result"]
    assert argument == "['word']"
    await adapter.ask("continue", threadId=thread)
    assert (await editor.end_of(started["executionId"]))["status"] == "ok"
    await adapter.ask("disconnect")
    assert (await editor.run_cell(6))["value"] == {"text/plain": "4"}


@pytest.mark.sessions
async def test_without_a_debugger_of_the_editors_pdb_asks_by_input(editor: Editor) -> None:
    """At the first statement, with the document's line numbers."""
    answers = iter(["n", "p x", "c", "c"])

    async def answer(params: dict[str, Any]) -> dict[str, Any]:
        assert params["prompt"] == "vdb> "
        return {"value": next(answers)}

    editor.client.on_request["vivo/input"] = answer
    editor.open(TEXT)
    await editor.run_cell(1)
    started = await editor.start("debugCell", **at(7, 0))
    assert started["by"] == "input"
    assert (await editor.end_of(started["executionId"]))["status"] == "ok"
    told = "".join(each["text"] for each in editor.told["vivo/output"] if each["kind"] == "stream")
    assert "cells.py(7)" in told
    assert "cells.py(8)" in told
    assert "\n2\n" in told
    started = await editor.start("debugFile")
    assert started["by"] == "input"
    assert (await editor.end_of(started["executionId"]))["status"] == "ok"
    told = "".join(each["text"] for each in editor.told["vivo/output"] if each["kind"] == "stream")
    assert "cells.py(2)" in told


async def test_an_editor_that_can_do_neither_is_told(home: Path) -> None:
    """And nothing is started."""
    capabilities = {**CAPABILITIES, "experimental": {}}
    editor = await make_editor(home, capabilities)
    try:
        editor.open(TEXT)
        for command, argument in (("debugCell", at(7, 0)), ("debugFile", {})):
            with pytest.raises(ResponseError, match="attached no debugger"):
                await editor.start(command, **argument)
        listed = await editor.client.command("vivo.server.sessions", {})
        assert listed == {"sessions": []}
    finally:
        await editor.client.close()


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("# a\n\nx", 3),
        ('"""Doc."""\nimport os', 2),
        ("'only'", 1),
        ("@a\n@b\ndef f(): pass", 1),
        ("# a\n%time x", 2),
        ("", 1),
    ],
)
def test_where_the_first_stop_is(source: str, line: int) -> None:
    """The first line that does something."""
    assert first_statement(source) == line
