"""The language server through its real process, over stdio, with real sessions."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from vivo.server.lsp_client import ResponseError

from .editors import Editor, at, end_all, make_editor

CELLS = "# %% one\nx = 20\nx + 1\n\n# %% two\nx / 0\n\n# %% three\ny = x * 2\ny\n"


async def test_a_cells_value_stands_beside_the_code(editor: Editor) -> None:
    """The command answers at once with an id; the end tells status, count, value and range."""
    editor.open(CELLS)
    started = await editor.start("runCell", **at(1, 0))
    assert started["next"] == {"line": 4, "character": 0}
    assert started["executionIds"] == [started["executionId"]]
    ended = await editor.end_of(started["executionId"])
    assert (ended["status"], ended["executionCount"]) == ("ok", 1)
    assert ended["value"] == {"text/plain": "21"}
    assert ended["range"]["start"]["line"] == 1
    assert await editor.labels() == [(2, "⟶ 21")]
    states = [status["state"] for status in editor.told["vivo/status"]]
    assert states[0] == "starting"
    assert states[-1] == "idle"
    result = next(o for o in editor.told["vivo/output"] if o["kind"] == "result")
    assert result["data"] == {"text/plain": "21"}


async def test_lenses_stand_at_the_cells(editor: Editor) -> None:
    """Run Cell at each, Run Below at the first, Run Above from the second on; each can be executed
    as it is."""
    editor.open(CELLS)
    lenses = await editor.ask("codeLens")
    shown = [(lens["range"]["start"]["line"], lens["command"]["title"]) for lens in lenses]
    assert shown == [
        (0, "Run Cell"), (0, "Run Below"), (4, "Run Cell"), (4, "Run Above"),
        (7, "Run Cell"), (7, "Run Above"),
    ]  # fmt: skip
    above = lenses[3]["command"]
    params = {"command": above["command"], "arguments": above["arguments"]}
    started = await editor.client.request("workspace/executeCommand", params)
    assert (await editor.end_of(started["executionId"]))["value"] == {"text/plain": "21"}


async def test_an_error_is_a_diagnostic_on_its_line(editor: Editor) -> None:
    """With the frames as related information; it goes when the cell is mended."""
    editor.open("# %%\ndef f(a):\n    return a / 0\n\n# %%\nf(\n  1)\n")
    await editor.run_cell(1)
    ended = await editor.run_cell(5)
    assert ended["status"] == "error"
    assert ended["error"]["name"] == "ZeroDivisionError"
    assert [frame["line"] for frame in ended["error"]["frames"]] == [5, 2]
    (diagnostic,) = await editor.until(editor.diagnostics)
    assert diagnostic["range"]["start"]["line"] == 5
    assert diagnostic["message"] == "ZeroDivisionError: division by zero"
    related = diagnostic["relatedInformation"]
    assert [each["location"]["range"]["start"]["line"] for each in related] == [2, 5]
    change = {"range": {"start": {"line": 6, "character": 2}, "end": {"line": 6, "character": 3}},
              "text": "2"}  # fmt: skip
    params = {"textDocument": {"uri": editor.uri, "version": 2}, "contentChanges": [change]}
    editor.client.notify("textDocument/didChange", params)
    await editor.until(lambda: not editor.diagnostics())


async def test_syntax_errors_and_wrong_magics_lose_nothing(editor: Editor) -> None:
    """One clear message each; the variables are still there."""
    editor.open("# %%\nkept = 1\n# %%\nx = (\n# %%\n%tiem 1\n# %%\nkept\n")
    await editor.run_cell(1)
    broken = await editor.run_cell(3)
    assert broken["error"]["name"] == "SyntaxError"
    wrong = await editor.run_cell(5)
    assert wrong["error"]["message"].startswith("There is no magic %tiem. Did you mean %time")
    assert (await editor.run_cell(7))["value"] == {"text/plain": "1"}


async def test_hover_and_completion_are_live_also_while_a_cell_runs(editor: Editor) -> None:
    """And tell so; with astral characters before them the range is still right."""
    editor.open("# %%\nwords = {'a😀': [1, 2]}; table = words\n# %%\nwhile True: pass\n# %%\nwor\n")
    assert "*static*" in (await editor.ask("hover", **at(1, 1)))["contents"]["value"]
    await editor.run_cell(1)
    started = await editor.start("runCell", **at(3, 0))
    await editor.until(lambda: editor.told["vivo/status"][-1]["state"] == "busy")
    hover = await editor.ask("hover", **at(1, 26))
    assert "`dict` · length 1 — *live, while a cell runs*" in hover["contents"]["value"]
    assert hover["range"]["start"] == {"line": 1, "character": 25}

    async def words() -> dict[str, Any] | None:
        """The session's; a list without says that it is incomplete."""
        completion = await editor.ask("completion", **at(5, 3))
        found = [each for each in completion["items"] if each["detail"] == "dict · live"]
        assert found or completion["isIncomplete"]
        return found[0] if found else None

    while (item := await words()) is None:
        pass
    assert item["label"] == "words"
    assert item["textEdit"]["range"]["start"] == {"line": 5, "character": 0}
    outcome = await editor.start("interrupt", executionId=started["executionId"])
    assert outcome == {"outcome": "interrupted"}
    assert (await editor.end_of(started["executionId"]))["error"]["name"] == "KeyboardInterrupt"


async def test_who_insists_is_asked_whether_the_process_is_to_be_ended(editor: Editor) -> None:
    """At the third interrupt; then the cell ends with its stack, and the next one runs afresh."""
    asked: list[dict[str, Any]] = []

    async def end(params: dict[str, Any]) -> Any:
        asked.append(params)
        return params["actions"][0]

    editor.client.on_request["window/showMessageRequest"] = end
    text = """# %%
import collections, itertools
while True:
    try:
        print('begun')
        collections.deque(itertools.repeat(0), maxlen=0)
    except KeyboardInterrupt:
        pass  # it came before the call, which hears of none
# %%
6 * 7
"""
    editor.open(text)
    started = await editor.start("runCell", **at(1, 0))
    await editor.until(
        lambda: any("begun" in str(each) for each in editor.told.get("vivo/output", ()))
    )
    running = {"executionId": started["executionId"]}
    while (await editor.start("interrupt", **running)) == {"outcome": "interrupted"} and not asked:
        continue
    ended = await editor.end_of(started["executionId"])
    assert ended["error"]["name"] == "EngineEnded"
    assert len(asked) == 1
    assert (await editor.run_cell(9))["value"] == {"text/plain": "42"}


async def test_what_is_not_live_gets_no_live_answer(editor: Editor) -> None:
    """A parameter, a local, and a name of a file that never ran."""
    text = "# %%\nvalue = [1]\ndef f(value):\n    other = value\n    return other\nother = 2\n"
    editor.open(text)
    await editor.run_cell(1)

    async def is_live(line: int, character: int) -> bool:
        hover = await editor.ask("hover", **at(line, character))
        return hover is not None and "*live*" in hover["contents"]["value"]

    assert await is_live(1, 1)
    assert not await is_live(2, 7)
    assert not await is_live(3, 14)
    assert not await is_live(4, 12)
    editor.open("value\nval\n", "never_ran.py")
    assert not await is_live(0, 1)
    items = (await editor.ask("completion", **at(1, 3)))["items"]
    assert [each["label"] for each in items if each["detail"].endswith("live")] == []


async def test_a_long_cell_is_progress_that_can_be_cancelled(editor: Editor) -> None:
    """Begun after a second; cancelling interrupts."""
    tokens: list[str] = []

    async def create(params: dict[str, Any]) -> None:
        tokens.append(params["token"])

    editor.client.on_request["window/workDoneProgress/create"] = create
    editor.open("import time\nwhile True: time.sleep(0.01)\n")
    await editor.run_cell(0)
    started = await editor.start("runCell", **at(1, 0))
    await editor.until(lambda: editor.told.get("$/progress"))
    begun = editor.told["$/progress"][0]["value"]
    assert begun["kind"] == "begin"
    assert begun["cancellable"] is True
    editor.client.notify("window/workDoneProgress/cancel", {"token": tokens[0]})
    assert (await editor.end_of(started["executionId"]))["status"] == "error"
    await editor.until(lambda: editor.told["$/progress"][-1]["value"]["kind"] == "end")


async def test_selection_file_text_and_input(editor: Editor) -> None:
    """The other ways to run, and a line of input asked of the editor."""

    async def answer(params: dict[str, Any]) -> dict[str, Any]:
        assert (params["prompt"], params["password"]) == ("who? ", False)
        return {"value": "ab"}

    editor.client.on_request["vivo/input"] = answer
    editor.open("import sys\nif True:\n    a = 1\n    a + 1\nsys.argv[1:]\n")
    where = {"start": {"line": 2, "character": 0}, "end": {"line": 4, "character": 0}}
    started = await editor.start("runSelection", range=where)
    assert (await editor.end_of(started["executionId"]))["value"] == {"text/plain": "2"}
    assert await editor.labels() == [(3, "⟶ 2")]
    started = await editor.start("runFile", arguments=["x"])
    assert (await editor.end_of(started["executionId"]))["status"] == "ok"
    started = await editor.start("runText", text="a, input('who? ')")
    assert (await editor.end_of(started["executionId"]))["value"] == {"text/plain": "(1, 'ab')"}


async def test_restart_and_clear(editor: Editor) -> None:
    """A fresh engine in the same session; the shown values go on request."""
    editor.open("x = 1\n'x' in globals()\n")
    await editor.run_cell(0)
    session = editor.told["vivo/status"][-1]["sessionId"]
    info = await editor.start("restart")
    assert info["sessionId"] == session
    assert (await editor.run_cell(1))["value"] == {"text/plain": "False"}
    assert await editor.labels() != []
    await editor.start("clear")
    assert await editor.labels() == []


async def test_a_cell_sent_right_after_a_restart_runs_in_the_fresh_engine(editor: Editor) -> None:
    """It is not lost with the old engine's queue, nor does it run there."""
    editor.open("x = 1\n# %%\n'x' in globals()\n")
    for _ in range(5):
        await editor.run_cell(0)
        _, started = await asyncio.gather(
            editor.start("restart"), editor.start("runCell", **at(2, 0))
        )
        ended = await editor.end_of(started["executionId"])
        assert (ended["status"], ended["value"]) == ("ok", {"text/plain": "False"})


async def test_a_cell_that_waits_for_a_restart_can_be_taken_out(editor: Editor) -> None:
    """Its interrupt removes it from the queue, and it never runs."""
    editor.open("x = 1\n# %%\ny = 2\n# %%\n'y' in globals()\n")
    await editor.run_cell(0)
    restarted = asyncio.create_task(editor.start("restart"))
    await asyncio.sleep(0)  # the request goes first
    started = await editor.start("runCell", **at(2, 0))
    told = await editor.start("interrupt", executionId=started["executionId"])
    assert told["outcome"] == "removed_from_queue"
    await restarted
    assert (await editor.run_cell(4))["value"] == {"text/plain": "False"}


async def test_a_killed_server_leaves_the_session_for_the_next(home: Path) -> None:
    """SIGKILL: the next server finds the session, shows its values, and has its variables."""
    first = await make_editor(home)
    first.open(CELLS)
    await first.run_cell(1)
    session = first.told["vivo/status"][-1]["sessionId"]
    os.kill(first.client.process.pid, signal.SIGKILL)
    await first.client.process.wait()
    await first.client.close()
    second = await make_editor(home)
    try:
        second.open("# a line above\n" + CELLS)
        await second.until(lambda: second.told.get("vivo/status"))
        await second.until(lambda: second.told.get("textDocument/publishDiagnostics"))
        assert second.told["vivo/status"][-1]["sessionId"] == session
        await second.until_labels([(3, "⟶ 21")])
        hover = await second.ask("hover", **at(2, 0))
        assert "live" in hover["contents"]["value"]
        assert (await second.run_cell(9))["value"] == {"text/plain": "40"}
    finally:
        await end_all(second)
        await second.client.close()


async def test_a_question_of_a_killed_server_is_asked_by_the_next(home: Path) -> None:
    """The cell goes on waiting, and ends with the answer that the second editor gives."""
    asked = asyncio.Event()

    async def never(params: dict[str, Any]) -> dict[str, Any]:
        asked.set()
        await asyncio.Event().wait()
        return {}

    async def answer(params: dict[str, Any]) -> dict[str, Any]:
        assert params["prompt"] == "who? "
        return {"value": "ab"}

    text = "# %% one\ninput('who? ') * 2\n"
    first = await make_editor(home)
    first.client.on_request["vivo/input"] = never
    first.open(text)
    await first.start("runCell", position={"line": 1, "character": 0})
    await asyncio.wait_for(asked.wait(), 30)
    os.kill(first.client.process.pid, signal.SIGKILL)
    await first.client.process.wait()
    await first.client.close()
    second = await make_editor(home)
    second.client.on_request["vivo/input"] = answer
    try:
        second.open(text)
        ended = await second.until(lambda: second.told.get("vivo/executionFinished"))
        assert ended[-1]["value"] == {"text/plain": "'abab'"}
    finally:
        await end_all(second)
        await second.client.close()


async def test_a_question_ends_with_the_cell_that_asked_it(editor: Editor) -> None:
    """An editor that asks its user is told when the cell was interrupted: it asks no more."""
    asked, taken_back = asyncio.Event(), asyncio.Event()

    async def never(params: dict[str, Any]) -> dict[str, Any]:
        asked.set()
        await asyncio.Event().wait()
        return {}

    editor.client.on_request["vivo/input"] = never
    editor.client.on_notification["$/cancelRequest"] = lambda params: taken_back.set()
    editor.open("input('who? ')\n")
    started = await editor.start("runCell", position={"line": 0, "character": 0})
    await asyncio.wait_for(asked.wait(), 30)
    assert (await editor.start("interrupt"))["outcome"] == "interrupted"
    assert (await editor.end_of(started["executionId"]))["status"] == "error"
    await asyncio.wait_for(taken_back.wait(), 30)


async def test_values_take_the_best_channel_of_the_client(home: Path) -> None:
    """Code lenses without inlay hints; diagnostics of severity Hint without either."""
    lenses = {"textDocument": {"codeLens": {}}}
    for capabilities, channel in ((lenses, "lenses"), ({}, "diagnostics")):
        editor = await make_editor(home, capabilities)
        try:
            editor.open("6 * 7\n")
            await editor.run_cell(0)
            if channel == "lenses":
                titles = [lens["command"]["title"] for lens in await editor.ask("codeLens")]
                assert titles == ["⟶ 42"]
            else:
                shown = await editor.until(editor.diagnostics)
                assert (shown[0]["severity"], shown[0]["message"]) == (4, "⟶ 42")
            assert "$/progress" not in editor.told
        finally:
            await end_all(editor)
            await editor.client.close()


@pytest.mark.parametrize(
    ("method", "params", "sentence"),
    [
        ("textDocument/hover", {"position": 3}, "The parameters of textDocument/hover do not fit"),
        ("textDocument/completion", {}, "do not fit"),
        ("workspace/executeCommand", {"command": "vivo.server.runCell"}, "wants one object"),
        (
            "workspace/executeCommand",
            {"command": "vivo.server.runCell", "arguments": [{"uri": "file:///x"}]},
            "do not fit: required field missing",
        ),
        (
            "workspace/executeCommand",
            {
                "command": "vivo.server.runCell",
                "arguments": [{"uri": "file:///x", "position": {"line": 0, "character": 0}}],
            },
            "The document file:///x is not open",
        ),
        ("workspace/executeCommand", {"command": "vivo.server.nothing"}, "not defined"),
        ("no/such/method", {}, "Method Not Found"),
    ],
)
async def test_a_malformed_request_gets_one_clear_answer(
    editor: Editor, method: str, params: dict[str, Any], sentence: str
) -> None:
    """Never silence; and the server goes on."""
    with pytest.raises(ResponseError) as caught:
        await asyncio.wait_for(editor.client.request(method, params), 10)
    assert sentence.lower() in str(caught.value).lower()
    editor.open("1 + 1\n")
    assert (await editor.run_cell(0))["value"] == {"text/plain": "2"}


async def test_an_interpreter_that_does_not_exist(home: Path) -> None:
    """One sentence to the user, and the execution ends; choosing another one helps."""
    editor = await make_editor(home, python="/nowhere/python")
    try:
        editor.open("1 + 1\n")
        ended = await editor.run_cell(0)
        assert ended["status"] == "error"
        told = editor.told["window/showMessage"][-1]["message"]
        assert told.startswith("There is no interpreter /nowhere/python: choose another")
        assert ended["error"]["message"] == told
    finally:
        await editor.client.close()
