"""Widgets as an editor that draws them is told them, through the real server over stdio."""

from __future__ import annotations

import asyncio
import base64
import copy
import os
import signal
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from vivo.server.lsp_client import ResponseError

from ..server.editors import CAPABILITIES, Editor, end_all, make_editor
from ..server.test_notebooks import NotebookEditor

DRAWING: dict[str, Any] = copy.deepcopy(CAPABILITIES)
DRAWING["experimental"]["vivo"]["comms"] = True
CELLS = """# %%
import ipywidgets as widgets
slider = widgets.IntSlider(value=3, max=10)
seen = []
def moved(change):
    seen.append(change['new'])
    print('moved to', change['new'])
slider.observe(moved, 'value')
slider
# %%
seen, slider.value
# %%
slider.value = 6
# %%
out = widgets.Output()
def shows(change):
    with out:
        out.clear_output(wait=True)
        print('twice is', 2 * change['new'])
slider.observe(shows, 'value')
out
# %%
out.outputs
# %%
picture = widgets.Image(value=bytes(range(8)))
picture
# %%
import threading
bar = widgets.IntProgress(max=5)
display(bar)
for i in range(3):
    bar.value = i
with out:
    print('from a cell')
for step in range(2_100):
    display(step)
input('go on?')
with out:
    print('and after')
"""


def line_of(text: str) -> int:
    """The line, from 0, on which a text stands."""
    return CELLS[: CELLS.index(text)].count("\n")


class Drawing:
    """An editor that draws widgets: what it would know of their states."""

    def __init__(self, editor: Editor, python: str) -> None:
        self.editor, self.python = editor, python  # the user's interpreter
        self.states: dict[str, dict[str, Any]] = {}
        self.gone = self.count = 0
        editor.client.on_notification["vivo/comm"] = self.told

    def told(self, event: dict[str, Any]) -> None:
        data = event["data"] or {}
        self.count += 1
        if event["kind"] == "open":
            self.states[event["commId"]] = dict(data["state"])
            for path, raw in zip(data["buffer_paths"], event["buffers"], strict=True):
                self.states[event["commId"]][path[0]] = base64.b64decode(raw)
        elif event["kind"] == "msg" and data.get("method") in ("update", "echo_update"):
            self.states[event["commId"]].update(data["state"])
        elif event["kind"] == "gone":
            self.states.clear()
            self.gone += 1
        self.editor.changed.set()

    @property
    def session(self) -> str:
        return str(self.editor.told["vivo/executionFinished"][-1]["sessionId"])

    async def watch(self) -> list[str]:
        told = await self.editor.client.request("vivo/watchComms", {"sessionId": self.session})
        comms: list[str] = told["commIds"]
        return comms

    def of(self, model: str) -> tuple[str, dict[str, Any]]:
        """The comm and the state of the one widget of a kind."""
        found = [each for each in self.states.items() if each[1].get("_model_name") == model]
        assert len(found) == 1, self.states
        return found[0]

    async def move(self, comm: str, **state: Any) -> None:
        """Change a widget as a view does; returns once the session has handled it."""
        data = {"method": "update", "state": state, "buffer_paths": []}
        message = {"sessionId": self.session, "commId": comm, "messageId": uuid.uuid4().hex}
        await self.editor.client.request("vivo/sendComm", {**message, "data": data})

    async def until(self, model: str, **wanted: Any) -> None:
        """Wait until a widget's state is so."""

        def look() -> bool:
            found = [each for each in self.states.values() if each.get("_model_name") == model]
            return any(all(each.get(k) == v for k, v in wanted.items()) for each in found)

        await self.editor.until(look)


@pytest.fixture
async def drawing(home: Path, environment: Path) -> AsyncIterator[Drawing]:
    """An editor that draws widgets, and a session in each environment in turn."""
    python = str(environment / "bin" / "python")
    editor = await make_editor(home, DRAWING, python=python)
    editor.open(CELLS)
    made = Drawing(editor, python)
    yield made
    await end_all(made.editor)
    await made.editor.client.close()


def text_of(outputs: list[dict[str, Any]]) -> str:
    return "".join(each.get("text") or "" for each in outputs)


def stdout(text: str) -> dict[str, Any]:
    """A printed output as a notebook has it."""
    return {"output_type": "stream", "name": "stdout", "text": text}


async def value_of(drawing: Drawing, mark: str) -> str:
    ended = await drawing.editor.run_cell(line_of(mark))
    return str(ended["value"]["text/plain"])


async def test_a_slider_goes_both_ways(drawing: Drawing) -> None:
    """A view's change reaches Python and its callback, whose text is its cell's; Python's change
    reaches the view."""
    first = await drawing.editor.run_cell(0)
    assert await drawing.watch() == list(drawing.states)
    comm, state = drawing.of("IntSliderModel")
    assert (state["value"], state["max"]) == (3, 10)
    await drawing.move(comm, value=7)
    assert await value_of(drawing, "seen, slider.value") == "([7], 7)"
    printed = [each for each in drawing.editor.told["vivo/output"] if each["kind"] == "stream"]
    assert {each["executionId"] for each in printed} == {first["executionId"]}
    assert text_of(printed) == "moved to 7\n"
    await drawing.editor.run_cell(line_of("slider.value = 6"))
    await drawing.until("IntSliderModel", value=6)


async def test_an_output_widget_has_what_it_captures(drawing: Drawing) -> None:
    """Not the cell; the last call replaces the one before; Python has the same."""
    await drawing.editor.run_cell(0)
    await drawing.editor.run_cell(line_of("out = widgets.Output()"))
    await drawing.watch()
    comm, _ = drawing.of("IntSliderModel")
    before = len(drawing.editor.told.get("vivo/output", []))
    for value in (4, 5):
        await drawing.move(comm, value=value)
    await drawing.until("OutputModel", outputs=[stdout("twice is 10\n")])
    told = drawing.editor.told["vivo/output"][before:]
    assert text_of(told) == "moved to 4\nmoved to 5\n"
    while "twice is 10" not in (value := await value_of(drawing, "out.outputs")):
        await asyncio.sleep(0)
    assert "twice is 8" not in value


async def test_the_next_server_asks_for_the_states(drawing: Drawing) -> None:
    """Pictures too; a client that comes back has the widgets as they are, and moves them."""
    editor = drawing.editor
    await editor.run_cell(0)
    await editor.run_cell(line_of("out = widgets.Output()"))
    await editor.run_cell(line_of("picture = "))
    await drawing.watch()
    comm, _ = drawing.of("IntSliderModel")
    await drawing.move(comm, value=9)
    session = drawing.session
    os.kill(editor.client.process.pid, signal.SIGKILL)
    await editor.client.process.wait()
    await editor.client.close()
    editor = await make_editor(editor.folder.parent, DRAWING, python=drawing.python)
    drawing.editor, drawing.states = editor, {}
    editor.client.on_notification["vivo/comm"] = drawing.told
    editor.open(CELLS)
    await editor.until(lambda: editor.told.get("vivo/executionFinished"))
    assert drawing.session == session
    assert comm in await drawing.watch()
    await drawing.until("IntSliderModel", value=9)
    await drawing.until("ImageModel", value=bytes(range(8)))
    await drawing.move(comm, value=2)
    await drawing.until("OutputModel", outputs=[stdout("twice is 4\n")])


class Question:
    """A cell's question, which is answered when the test says so."""

    def __init__(self) -> None:
        self.asked, self.answer = asyncio.Event(), asyncio.Event()

    async def ask(self, _: dict[str, Any]) -> dict[str, Any]:
        """As the client answers ``vivo/input``."""
        self.asked.set()
        await self.answer.wait()
        return {"value": "yes"}


async def test_a_running_cells_widgets_are_told_to_who_comes_late(drawing: Drawing) -> None:
    """The bar that moves now, and what it has captured; what a view sends waits for the cell."""
    editor = drawing.editor
    question = Question()
    editor.client.on_request["vivo/input"] = question.ask
    await editor.run_cell(0)
    await editor.run_cell(line_of("out = widgets.Output()"))
    await drawing.watch()
    started = await editor.start("runCell", position={"line": line_of("bar = "), "character": 0})
    await asyncio.wait_for(question.asked.wait(), 30)
    await drawing.until("IntProgressModel", value=2)
    await drawing.until("OutputModel", outputs=[stdout("from a cell\n")])
    other = await make_editor(editor.folder.parent, DRAWING, python=drawing.python)
    try:
        late = Drawing(other, drawing.python)
        other.client.on_request["vivo/input"] = question.ask  # it takes the question over
        other.told["vivo/executionFinished"] = editor.told["vivo/executionFinished"]
        other.open(CELLS)
        await other.until(lambda: other.told.get("vivo/executionStarted"))
        assert set(await late.watch()) >= {drawing.of("IntProgressModel")[0]}
        await late.until("IntProgressModel", value=2)
        moving = asyncio.create_task(drawing.move(drawing.of("IntSliderModel")[0], value=8))
        await editor.client.request("vivo/variables", {"uri": editor.uri})
        assert not moving.done()
        question.answer.set()
        await moving
        await editor.end_of(started["executionId"])
        await late.until("IntSliderModel", value=8)  # once the cell has ended, all is told
    finally:
        await other.client.close()


async def test_what_was_captured_outlives_the_server(drawing: Drawing) -> None:
    """Of a cell that still runs, with what the widget had before; and with what comes after."""
    editor = drawing.editor
    question = Question()
    editor.client.on_request["vivo/input"] = question.ask
    await editor.run_cell(0)
    await editor.run_cell(line_of("out = widgets.Output()"))
    await drawing.watch()
    await drawing.move(drawing.of("IntSliderModel")[0], value=4)
    while "twice is 8" not in await value_of(drawing, "out.outputs"):
        await asyncio.sleep(0)
    session = drawing.session
    await editor.start("runCell", position={"line": line_of("bar = "), "character": 0})
    await asyncio.wait_for(question.asked.wait(), 30)
    text = "twice is 8\nfrom a cell\n"
    await drawing.until("OutputModel", outputs=[stdout(text)])
    await editor.until(lambda: len(editor.told["vivo/output"]) > 2_100)
    seen = {session: max(each["sequence"] for each in editor.told["vivo/output"])}
    os.kill(editor.client.process.pid, signal.SIGKILL)
    await editor.client.process.wait()
    await editor.client.close()
    before, question.asked = editor, asyncio.Event()
    python = drawing.python
    editor = await make_editor(before.folder.parent, DRAWING, python=python, seen=seen)
    drawing.editor, drawing.states = editor, {}
    editor.client.on_notification["vivo/comm"] = drawing.told
    editor.client.on_request["vivo/input"] = question.ask
    editor.told["vivo/executionFinished"] = before.told["vivo/executionFinished"]
    editor.open(CELLS)
    await asyncio.wait_for(question.asked.wait(), 30)
    await drawing.watch()
    await drawing.until("IntProgressModel", value=2)
    question.answer.set()
    await drawing.until("OutputModel", outputs=[stdout(text + "and after\n")])


async def test_a_restart_ends_the_widgets(drawing: Drawing) -> None:
    """They are told as gone, and a view that goes on asking is answered with a sentence."""
    await drawing.editor.run_cell(0)
    await drawing.watch()
    comm, _ = drawing.of("IntSliderModel")
    await drawing.editor.start("restart")
    await drawing.editor.until(lambda: drawing.gone)
    assert comm not in await drawing.watch()
    await end_all(drawing.editor)
    with pytest.raises(ResponseError, match="run the widget's cell again"):
        await drawing.move(comm, value=1)


async def test_a_loop_that_moves_a_widget_is_told_in_few_messages(drawing: Drawing) -> None:
    """A change for each moment, not for each step; the last one always comes."""
    await drawing.editor.run_cell(0)
    await drawing.watch()
    before = drawing.count
    text = "for step in range(5_000):\n    slider.max = step + 20\nslider.value = 20"
    started = await drawing.editor.start("runText", text=text)
    await drawing.editor.end_of(started["executionId"])
    await drawing.until("IntSliderModel", max=5_019, value=20)
    assert drawing.count - before < 1_000


async def test_in_a_notebook_captured_outputs_are_their_cells(
    home: Path, environment: Path
) -> None:
    """Its widgets are text: what is printed into one would be seen nowhere."""
    python = str(environment / "bin" / "python")
    editor = await make_editor(home, DRAWING, python=python)
    notebook = NotebookEditor(editor.client, editor.folder)
    try:
        cells = ["import ipywidgets\nout = ipywidgets.Output()\nout", "with out: print('shown')"]
        first, second = notebook.open_notebook(cells)
        await notebook.run_whole(first)
        ended = await notebook.run_whole(second)
        told = [each for each in notebook.told["vivo/output"] if each["kind"] == "stream"]
        assert {each["executionId"] for each in told} == {ended["executionId"]}
        assert text_of(told) == "shown\n"
    finally:
        await end_all(editor)
        await editor.client.close()


async def test_who_draws_no_widgets_is_told_of_none(home: Path, environment: Path) -> None:
    """Neither a client that announced nothing nor one in a workspace that is not trusted; the
    outputs that a widget captures are their cell's."""
    python = str(environment / "bin" / "python")
    for capabilities, trusted in ((CAPABILITIES, True), (DRAWING, False)):
        editor = await make_editor(home, capabilities, python=python, trusted=trusted)
        drawing = Drawing(editor, python)
        editor.open(CELLS)
        try:
            await editor.run_cell(0)
            await editor.run_cell(line_of("out = widgets.Output()"))
            sentence = "did not say" if trusted else "not trusted"
            with pytest.raises(ResponseError, match=sentence):
                await drawing.watch()
            await editor.start("runText", text="with out: print('shown')")
            await editor.until(lambda: "shown" in text_of(editor.told.get("vivo/output", [])))  # noqa: B023
            assert drawing.states == {}
        finally:
            await end_all(editor)
            await editor.client.close()
