"""Post-mortems in an editor's own debugger: the frames of the last error, through the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from vivo.server.lsp_client import ResponseError

from .editors import Editor, at, editing, make_editor

pytestmark = pytest.mark.sessions

TEXT = """# %%
def inner(numbers, by):
    half = sum(numbers) / 2
    return half / by
# %%
def outer(count):
    numbers = list(range(count))
    try:
        return inner(numbers, 0)
    except ZeroDivisionError as error:
        raise ValueError("no such share") from error
outer(300)
# %%
'another'
"""


@pytest.fixture
async def editor(home: Path) -> AsyncIterator[Editor]:
    async with editing(home) as made:
        yield made


class Adapter:
    """An editor's debugger that looks at the last error."""

    def __init__(self, editor: Editor) -> None:
        self.editor, self.count = editor, 0
        self.events: list[dict[str, Any]] = []

    async def answer(self, command: str, **arguments: Any) -> dict[str, Any]:
        self.count += 1
        request = {"type": "request", "seq": self.count, "command": command, "arguments": arguments}
        told = await self.editor.start("debug", message=request, postMortem=True)
        assert told["message"]["request_seq"] == self.count
        self.events += told["events"]
        message: dict[str, Any] = told["message"]
        return message

    async def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        message = await self.answer(command, **arguments)
        assert message["success"], message
        body: dict[str, Any] = message.get("body") or {}
        return body

    async def attach(self) -> None:
        for command in ("initialize", "attach", "configurationDone"):
            await self.ask(command)
        assert [each["event"] for each in self.events] == ["initialized", "stopped"]

    async def variables(self, reference: int, **page: int) -> dict[str, str]:
        found = await self.ask("variables", variablesReference=reference, **page)
        return {each["name"]: each["value"] for each in found["variables"]}

    async def value(self, expression: str, frame: int) -> str:
        found = await self.ask("evaluate", expression=expression, frameId=frame, context="repl")
        return str(found["result"])


async def _failed(editor: Editor) -> Adapter:
    editor.open(TEXT)
    await editor.run_cell(0)
    assert (await editor.run_cell(4))["status"] == "error"
    adapter = Adapter(editor)
    await adapter.attach()
    return adapter


async def test_it_stands_where_the_error_was_raised_with_the_variables_of_each_frame(
    editor: Editor,
) -> None:
    """The error and its cause are stacks of their own; lines are those of the document."""
    adapter = await _failed(editor)
    path = str(editor.folder / "cells.py")
    threads = (await adapter.ask("threads"))["threads"]
    assert [each["name"].partition(": ")[0] for each in threads] == [
        "ValueError",
        "before that, ZeroDivisionError",
    ]
    frames = (await adapter.ask("stackTrace", threadId=2))["stackFrames"]
    told = [(each["name"], each["source"]["path"], each["line"]) for each in frames]
    assert told == [("inner", path, 4), ("outer", path, 9)]
    frames = (await adapter.ask("stackTrace", threadId=1))["stackFrames"]
    assert [(each["name"], each["line"]) for each in frames] == [("outer", 11), ("<module>", 12)]
    one = await adapter.ask("stackTrace", threadId=1, startFrame=1, levels=1)
    assert (one["totalFrames"], one["stackFrames"]) == (2, frames[1:])
    scopes = (await adapter.ask("scopes", frameId=frames[0]["id"]))["scopes"]
    assert [each["name"] for each in scopes] == ["Locals", "Globals"]
    found = await adapter.ask("variables", variablesReference=scopes[0]["variablesReference"])
    shown = {each["name"]: each for each in found["variables"]}
    assert shown["count"]["value"] == "300"
    assert shown["numbers"]["indexedVariables"] == 300
    part = await adapter.variables(shown["numbers"]["variablesReference"], start=298, count=5)
    assert part == {"[298]": "298", "[299]": "299"}
    names = await adapter.variables(scopes[1]["variablesReference"])
    assert set(names) == {"inner", "outer"}
    module = (await adapter.ask("scopes", frameId=frames[1]["id"]))["scopes"]
    assert [each["name"] for each in module] == ["Globals"]
    info = await adapter.ask("exceptionInfo", threadId=1)
    assert (info["exceptionId"], info["description"]) == ("ValueError", "no such share")


async def test_expressions_run_in_a_frame_on_the_main_thread(editor: Editor) -> None:
    """What they assign stays in the frame; what they print is an event; errors are told."""
    adapter = await _failed(editor)
    inner = (await adapter.ask("stackTrace", threadId=2))["stackFrames"][0]["id"]
    assert await adapter.value("half", inner) == "22425.0"
    assert await adapter.value("half * 2 + by", inner) == "44850.0"
    assert await adapter.value("by = 2", inner) == ""
    assert await adapter.value("half / by", inner) == "11212.5"
    assert await adapter.value("max", inner) == "<built-in function max>"
    thread = "__import__('threading')"
    is_main = f"{thread}.current_thread() is {thread}.main_thread()"
    assert await adapter.value(is_main, inner) == "True"
    await adapter.value("print('seen', by)", inner)
    assert adapter.events[-1]["body"] == {"category": "stdout", "output": "seen 2\n"}
    answer = await adapter.answer("evaluate", expression="half / 0", frameId=inner)
    assert (answer["success"], answer["message"].split(":")[0]) == (False, "ZeroDivisionError")
    found = await adapter.ask("evaluate", expression="numbers[:2]", frameId=inner)
    assert await adapter.variables(found["variablesReference"]) == {"[0]": "0", "[1]": "1"}


async def test_the_frames_stay_while_other_cells_run_and_go_when_it_ends(editor: Editor) -> None:
    """The session is idle meanwhile; ``%debug`` still has the error before the next cell."""
    adapter = await _failed(editor)
    ready = await editor.start("postMortem")
    assert ready["title"] == "ValueError: no such share"
    assert (await editor.run_cell(12))["value"] == {"text/plain": "'another'"}
    assert await adapter.value("count + 1", 1) == "301"
    with pytest.raises(ResponseError, match="no error to look at"):
        await editor.start("postMortem")
    await adapter.ask("continue", threadId=1)
    assert adapter.events[-1]["event"] == "terminated"
    answer = await adapter.answer("threads")
    assert "has ended" in answer["message"]
    answer = await adapter.answer("attach")
    assert "no error to look at" in answer["message"]


async def test_an_evaluation_that_does_not_end_is_interrupted(editor: Editor) -> None:
    """Stack and variables are answered meanwhile."""
    adapter = await _failed(editor)
    other = Adapter(editor)
    scope = (await other.ask("scopes", frameId=1))["scopes"][-1]["variablesReference"]
    endless = "globals().update(begun=1) or [each for each in iter(int, 1)]"
    waiting = asyncio.create_task(adapter.answer("evaluate", expression=endless, frameId=1))
    async with asyncio.timeout(30):
        while "begun" not in await other.variables(scope):
            continue
    assert (await editor.start("interrupt"))["outcome"] == "interrupted"
    answer = await waiting
    assert (answer["success"], answer["message"]) == (False, "KeyboardInterrupt")


async def test_a_restart_ends_it(editor: Editor) -> None:
    """The editor's debugger is told."""
    noter = editor._noter("vivo/debugEvent")
    editor.client.on_notification["vivo/debugEvent"] = noter
    await _failed(editor)
    await editor.start("restart")
    told = await editor.until(lambda: editor.told.get("vivo/debugEvent"))
    assert [(each["message"]["event"], each["postMortem"]) for each in told] == [
        ("terminated", True)
    ]


HELD = """# %%
class Kept: pass
def fail():
    kept = Kept()
    1 / 0
fail()
# %%
import gc
sum(type(each).__name__ == 'Kept' for each in gc.get_objects())
"""


async def test_a_client_that_goes_lets_the_frames_go(home: Path) -> None:
    """The session goes on without what was held for it."""
    made = await make_editor(home)
    made.open(HELD)
    assert (await made.run_cell(0))["status"] == "error"
    await Adapter(made).attach()
    assert (await made.run_cell(6))["value"] == {"text/plain": "1"}
    await made.client.close()
    async with editing(home) as again:
        again.open(HELD)
        assert (await again.run_cell(6))["value"] == {"text/plain": "0"}


async def test_an_error_offers_it_to_an_editor_with_a_debugger(home: Path) -> None:
    """By the editor's own command; nothing is run for it."""
    from .editors import CAPABILITIES

    literals = {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}}
    text = {**CAPABILITIES["textDocument"], **literals}
    capabilities = {
        **CAPABILITIES,
        "textDocument": text,
        "experimental": {"vivo": {"debugger": True}},
    }
    async with editing(home, capabilities) as editor:
        editor.open(TEXT)
        await editor.run_cell(0)
        ended = await editor.run_cell(4)
        place = {"start": at(10, 0)["position"], "end": at(10, 0)["position"]}
        context = {"diagnostics": [], "triggerKind": 1}
        actions = await editor.ask("codeAction", range=place, context=context)
        (found,) = [each for each in actions if each["title"].startswith("Debug")]
        assert found["command"]["command"] == "vivo.debugPostMortem"
        assert found["command"]["arguments"] == [
            {"uri": editor.uri, "executionId": ended["executionId"]}
        ]
