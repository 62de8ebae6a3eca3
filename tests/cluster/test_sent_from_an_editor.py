"""Cells that editors send to clusters, through the real server, with real engines.

Rules: one cluster serves many looks; every wait is for something that is told.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel import Cluster
from vivo.parallel.cluster.places import all_entries
from vivo.server.lsp_client import ResponseError

from tests.cluster.conftest import wait_until_ended
from tests.server.cluster_editors import editing, last_editing, sent, stop_all
from tests.server.editors import CAPABILITIES, Editor, at


@pytest.fixture(autouse=True)
def clusters_end(home: Path) -> Iterator[None]:
    """Whatever a test does, its clusters end with it."""
    yield
    stop_all()


async def pids_of(editor: Editor) -> list[int]:
    status = await editor.start("cluster.status")
    return [engine["pid"] for engine in status["engines"]]


def shown_by(editor: Editor, run: str, engine: int) -> str:
    """The text that an engine has printed in a run."""
    return "".join(
        each["text"]
        for each in editor.told.get("vivo/output", [])
        if (each["executionId"], each["engine"], each["kind"]) == (run, engine, "stream")
    )


def progress_of(editor: Editor) -> dict[str, Any]:
    """Accept every token of work-done progress; by token, what is told."""
    tokens: list[str] = []

    async def create(params: dict[str, Any]) -> None:
        tokens.append(params["token"])

    editor.client.on_request["window/workDoneProgress/create"] = create
    return {"tokens": tokens}


def told_of(editor: Editor, token: str) -> list[dict[str, Any]]:
    told = editor.told.get("$/progress", [])
    return [each["value"] for each in told if each["token"] == token]


# --- Targets, values, variables -----------------------------------------------------------------

LOOKS = """# %% who
import os
def rank():
    return engine
# %% squares
if True:
    squares = [engine ** n for n in range(4)]
    squares
# %% asked
answer = input("how many? ")
answer
# %% differing
print(1 / engine)
assert engine < 2, "too many"
# %% here
near = {"local": list(range(5))}
# %% there
near
squ
"""
CHOSEN, DIFFERING, HERE, THERE = 4, 11, 14, 16


async def test_targets_values_variables_and_answers_of_engines(home: Path) -> None:
    """One cluster of three; what is not said is told by the names below."""
    asked: list[str] = []

    async def answer(params: dict[str, Any]) -> dict[str, Any]:
        asked.append(params["prompt"])
        return {"value": f"line {len(asked)}"}

    async with last_editing(home, cluster={"engines": 3}) as editor:
        editor.client.on_request["vivo/input"] = answer
        editor.open(LOOKS)
        await _engines_get_their_numbers(editor)
        assert (await sent(editor, **at(1, 0)))["status"] == "ok"
        await _a_selection_and_the_file(editor)
        await _balanced_goes_by_turns_past_the_busy(editor)
        ended = await sent(editor, target=[0, 2], **at(8, 0))
        assert sorted(asked) == ["[engine 0] how many? ", "[engine 2] how many? "]
        lines = [f"'line {asked.index(f'[engine {n}] how many? ') + 1}'" for n in (0, 2)]
        assert ended["value"]["text/plain"] == f"[0] {lines[0]}\n[2] {lines[1]}"
        await _errors_that_differ(editor)
        await _an_engine_answers_for_its_cell(editor)
        await _variables_go_both_ways(editor)


async def _engines_get_their_numbers(editor: Editor) -> None:
    """Each knows its own by a cell that was sent to it alone; what is sent to no engine is told."""
    editor.client.open("untitled:numbers", "engine = 0\nengine = 1\nengine = 2\n")
    for number in range(3):
        params = {"uri": "untitled:numbers", "target": [number], **at(number, 0)}
        started = await editor.client.command("vivo.server.sendToCluster", params)
        assert (await editor.end_of(started["executionId"]))["status"] == "ok"
    for target, told in (([1, 7, 8], "Engine 7, 8 is not up; those that are: 0–2"), ([], "No eng")):
        ended = await sent(editor, target=target, **at(1, 0))
        assert ended["status"] == "error"
        assert ended["error"]["message"].startswith(told)


async def _a_selection_and_the_file(editor: Editor) -> None:
    """An indented block is dedented; values stand at its last line, the full list in the hover."""
    where = {"start": {"line": 6, "character": 0}, "end": {"line": 8, "character": 0}}
    ended = await sent(editor, what="selection", range=where)
    assert ended["value"]["text/plain"] == ("[0] [1, 0, 0, 0]\n[1] [1, 1, 1, 1]\n[2] [1, 2, 4, 8]")
    assert (7, "⟶ [0] [1, 0, 0, 0] · [1] [1, 1, 1, 1] · …") in await editor.labels()
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    (hint,) = [h for h in await editor.ask("inlayHint", range=whole) if h["position"]["line"] == 7]
    assert "**engine 2**\n\n```text\n[1, 2, 4, 8]" in hint["tooltip"]["value"]
    uri, editor.uri = editor.uri, "untitled:program"
    editor.client.open(editor.uri, "\nif __name__ == '__main__':\n    print(engine)\nengine // 2\n")
    ended = await sent(editor, what="file")
    assert ended["value"]["text/plain"] == "[0, 1] 0\n[2] 1"
    assert [shown_by(editor, ended["executionId"], n) for n in range(3)] == ["0\n", "1\n", "2\n"]
    editor.uri = uri


async def _balanced_goes_by_turns_past_the_busy(editor: Editor) -> None:
    """An engine that works gets nothing; those that do nothing get their cells by turns."""
    uri, editor.uri = editor.uri, "untitled:balanced"
    editor.client.open(editor.uri, "import time\nwhile True: time.sleep(0.01)\nengine\n")
    assert (await sent(editor, **at(0, 0)))["status"] == "ok"
    busy = await editor.start("sendToCluster", target=[1], **at(1, 0))
    await _begun(editor, busy["executionId"])
    got = [(await sent(editor, target="balanced", **at(2, 0)))["value"]["text/plain"]
           for _ in range(4)]  # fmt: skip
    assert sorted(got) == ["[0] 0", "[0] 0", "[2] 2", "[2] 2"]
    outcome = await editor.start("interrupt", executionId=busy["executionId"])
    assert outcome == {"outcome": "interrupted"}
    ended = await editor.end_of(busy["executionId"])
    assert ended["error"]["name"] == "KeyboardInterrupt on engine 1"
    editor.uri = uri


async def _begun(editor: Editor, run: str) -> None:
    def has_begun() -> bool:
        told = editor.told.get("vivo/executionStarted", [])
        return any(each["executionId"] == run for each in told)

    await editor.until(has_begun)


async def _errors_that_differ(editor: Editor) -> None:
    """One diagnostic, on the line of the first; the results tell each engine's own."""
    ended = await sent(editor, **at(DIFFERING, 0))
    told = [d for d in editor.diagnostics() if d["range"]["start"]["line"] >= DIFFERING]
    assert [each["message"] for each in told] == [
        "Errors on engines 0, 2: \nZeroDivisionError on engine 0: division by zero\n"
        "AssertionError on engine 2 (line 14): too many"
    ]
    assert told[0]["range"]["start"]["line"] == 12
    assert len(ended["error"]["traceback"]) == 2
    command = "vivo.server.cluster.results"
    results = await editor.client.command(command, {"executionId": ended["executionId"]})
    assert [each["status"] for each in results["engines"]] == ["error", "ok", "error"]
    assert results["engines"][2]["error"] == "AssertionError: too many"


async def _an_engine_answers_for_its_cell(editor: Editor) -> None:
    """Hover and completion, while the session answers for the others; the cell goes to it too."""
    await editor.run_cell(HERE + 1)
    hover = await editor.ask("hover", **at(CHOSEN + 2, 5))
    assert "*static*" in hover["contents"]["value"]  # only engines have it
    with pytest.raises(ResponseError, match="Engine 5 is not up; those that are: 0–2"):
        await editor.start("cluster.target", engine=5, **at(CHOSEN, 0))
    told = await editor.start("cluster.target", engine=2, **at(CHOSEN + 2, 0))
    assert (told["engine"], told["range"]["start"]["line"]) == (2, CHOSEN)
    hover = await editor.ask("hover", **at(CHOSEN + 2, 5))
    assert "[1, 2, 4, 8]" in hover["contents"]["value"]
    assert "*live, on engine 2*" in hover["contents"]["value"]
    editor.client.notify(
        "textDocument/didChange",
        {
            "textDocument": {"uri": editor.uri, "version": 2},
            "contentChanges": [
                {
                    "range": {"start": {"line": 0, "character": 0},
                              "end": {"line": 0, "character": 0}},
                    "text": "\n\n",
                }
            ],
        },
    )  # fmt: skip
    moved = await editor.ask("hover", **at(CHOSEN + 4, 5))
    assert moved["contents"] == hover["contents"]
    ended = await sent(editor, **at(CHOSEN + 3, 0))
    assert ended["executionCount"] is not None
    results = await editor.client.command(
        "vivo.server.cluster.results", {"executionId": ended["executionId"]}
    )
    assert [each["engine"] for each in results["engines"]] == [2]
    there = THERE + 4  # the cell's last line
    assert not [
        each for each in (await editor.ask("completion", **at(there, 3)))["items"]
        if each["label"] == "squares" and "live" in each["detail"]
    ]  # fmt: skip
    await editor.start("cluster.target", engine=1, **at(there, 0))
    items = (await editor.ask("completion", **at(there, 3)))["items"]
    (item,) = [each for each in items if each["label"] == "squares"]
    assert item["detail"] == "list · live"
    resolved = await editor.client.request("completionItem/resolve", item)
    assert "[1, 1, 1, 1]" in resolved["documentation"]["value"]
    assert "*live, on engine 1*" in resolved["documentation"]["value"]
    told = {"uri": editor.uri, "expression": "squares", **at(there, 0)}
    inspected = await editor.client.request("vivo/inspect", told)
    assert (inspected["stringForm"], inspected["total"]) == ("[1, 1, 1, 1]", 4)
    held = {"uri": editor.uri, "path": inspected["children"][3]["path"]}
    assert await editor.client.request("vivo/inspect", held) is None  # the session has no such name
    held["sessionId"] = inspected["sessionId"]
    assert (await editor.client.request("vivo/inspect", held))["stringForm"] == "1"
    await editor.start("cluster.target", engine=None, **at(there, 0))
    assert "live" in str((await editor.ask("hover", **at(there - 1, 1)))["contents"])


async def _variables_go_both_ways(editor: Editor) -> None:
    """From the session to engines and back; what cannot go is an error of the cell."""
    started = await editor.start("cluster.push", names=["near"], engines=[0, 2])
    assert (await editor.end_of(started["executionId"]))["status"] == "ok"
    uri, editor.uri = editor.uri, "untitled:moved"
    editor.client.open(
        editor.uri, "sorted(globals().keys() & {'near'})\nnear['local'].append(engine)\n"
    )
    ended = await sent(editor, **at(0, 0))
    assert ended["value"]["text/plain"] == "[0, 2] ['near']\n[1] []"
    assert (await sent(editor, target=[2], **at(1, 0)))["status"] == "ok"
    editor.uri = uri
    started = await editor.start("cluster.pull", variable="near", engine=2, to="far")
    assert (await editor.end_of(started["executionId"]))["status"] == "ok"
    started = await editor.start("runText", text="far, near")
    ended = await editor.end_of(started["executionId"])
    assert ended["value"]["text/plain"] == (
        "({'local': [0, 1, 2, 3, 4, 2]}, {'local': [0, 1, 2, 3, 4]})"
    )
    started = await editor.start("cluster.pull", variable="nothing", engine=0)
    assert (await editor.end_of(started["executionId"]))["error"]["name"] == "NameError"
    with pytest.raises(ResponseError, match="'x y' is no name of a variable"):
        await editor.start("cluster.push", names=["x y"])


# --- Closed and killed ----------------------------------------------------------------------------

LONG = """# %%
import os, pathlib, time
go = pathlib.Path({go!r})
# %%
print("begun", flush=True)
while not go.exists(): time.sleep(0.01)
print("gone on")
os.getpid()
# %%
line = input("well? ")
line
"""


async def test_what_runs_while_the_editor_is_gone_comes_back(home: Path) -> None:
    """The server is killed with a cell running and another waiting. A new one has the values of
    what ended, the output from the beginning, and asks what is asked; a second editor sees all.
    """
    go = home / "go"
    async with editing(home, cluster={"engines": 2}) as first:
        first.open(LONG.format(go=str(go)))
        assert (await sent(first, **at(1, 0)))["status"] == "ok"
        long = (await first.start("sendToCluster", **at(4, 0)))["executionId"]
        asking = (await first.start("sendToCluster", target=[1], **at(9, 0)))["executionId"]
        await first.until(lambda: [shown_by(first, long, n) for n in (0, 1)] == ["begun\n"] * 2)
        pids = await pids_of(first)
        first.client.process.kill()

    questions: list[str] = []

    async def answer(params: dict[str, Any]) -> dict[str, Any]:
        questions.append(params["prompt"])
        return {"value": "done"}

    deaf = {**CAPABILITIES, "experimental": {}}
    async with last_editing(home) as again, editing(home, capabilities=deaf) as second:
        again.client.on_request["vivo/input"] = answer
        for editor in (again, second):
            editor.open(LONG.format(go=str(go)))
            await editor.until(lambda e=editor: shown_by(e, long, 1) == "begun\n")  # type: ignore[misc]
        status = await again.start("cluster.status")
        assert set(status["executions"]) == {long, asking}
        go.touch()
        for editor in (again, second):
            ended = await editor.end_of(long)
            assert ended["value"]["text/plain"] == f"[0] {pids[0]}\n[1] {pids[1]}"
            assert [shown_by(editor, long, n) for n in (0, 1)] == ["begun\ngone on\n"] * 2
        assert (await again.end_of(asking))["value"]["text/plain"] == "[1] 'done'"
        assert questions == ["[engine 1] well? "]
        run = (await second.start("sendToCluster", **at(1, 0)))["executionId"]
        for editor in (second, again):
            assert (await editor.end_of(run))["status"] == "ok"


async def test_what_dies_ends_its_cells_and_nothing_else(home: Path) -> None:
    """An engine's process; its keeper too; the controller, which is taken up again; the cluster."""
    loop = (
        "# %%\nimport time; given = 1\n"
        "# %%\nprint('begun')\nwhile True: time.sleep(0.01)\n"
        "# %%\n6 * 7\n"
    )
    async with last_editing(home, cluster={"engines": 3}) as editor:
        editor.open(loop)
        assert (await sent(editor, **at(1, 0)))["status"] == "ok"
        status = await editor.start("cluster.status", watch=True)
        run = (await editor.start("sendToCluster", target=[0, 1], **at(3, 0)))["executionId"]
        await _begun(editor, run)
        os.kill(status["engines"][0]["pid"], signal.SIGKILL)
        await editor.until(lambda: _engine(editor, 0)["state"] == "dead")
        assert _engine(editor, 0)["reason"]
        await editor.start("interrupt", executionId=run)
        ended = await editor.end_of(run)
        assert "on engine 0" in ended["error"]["message"]
        assert "KeyboardInterrupt on engine 1" in ended["error"]["message"]
        assert (await sent(editor, **at(5, 0)))["value"]["text/plain"] == "[all] 42"

        run = (await editor.start("sendToCluster", target=[1], **at(3, 0)))["executionId"]
        await _begun(editor, run)
        (entry,) = all_entries()
        os.kill(entry["pid"], signal.SIGKILL)
        wait_until_ended(entry["pid"])
        assert (await editor.start("cluster.status"))["state"] == "killed"
        async with editing(home) as other:
            other.open(loop)
            assert (await other.start("cluster.status"))["state"] == "killed"
        ended = await sent(editor, target=[2], **at(5, 0))
        assert ended["value"]["text/plain"] == "[2] 42"
        await editor.start("interrupt", executionId=run)
        assert (await editor.end_of(run))["error"]["name"] == "KeyboardInterrupt on engine 1"
        assert shown_by(editor, run, 1) == "begun\n"  # once, over both connections
        (resumed,) = all_entries()
        assert resumed["pid"] != entry["pid"]

        await _pushed(editor)
        run = (await editor.start("sendToCluster", **at(3, 0)))["executionId"]
        await _begun(editor, run)
        await asyncio.to_thread(stop_all)  # by somebody else
        ended = await editor.end_of(run)
        assert "EngineLostError" in ended["error"]["name"]
        assert (await editor.start("cluster.status"))["state"] == "none"
        assert (await sent(editor, **at(5, 0)))["value"]["text/plain"] == "[all] 42"
        await _pushed(editor)  # to another cluster of the same name
        assert (await editor.run_cell(5))["value"] == {"text/plain": "42"}


async def _pushed(editor: Editor) -> None:
    """What the session has is given to the cluster of now."""
    await editor.run_cell(1)
    started = await editor.start("cluster.push", names=["given"])
    assert (await editor.end_of(started["executionId"]))["error"] is None


def _engine(editor: Editor, number: int) -> dict[str, Any]:
    engines = editor.told["vivo/clusterStatus"][-1]["engines"]
    found: dict[str, Any] = next((e for e in engines if e["number"] == number), {"state": "gone"})
    return found


# --- Starting, progress, scale --------------------------------------------------------------------

WAITING = '''
import asyncio, pathlib
from vivo.parallel.controller.launchers.local import LocalLauncher

class Waiting(LocalLauncher):
    """Has its engines wait for a file, as a batch system does for a node."""

    status = ""

    async def start(self, order, report):
        self.status = "job 7 waits: Priority"
        while not pathlib.Path("{go}").exists():
            await asyncio.sleep(0.01)
        self.status = ""
        await super().start(order, report)

    async def withdraw(self):
        pathlib.Path("{go}.withdrawn").touch()
        pathlib.Path("{go}").touch()
'''


async def test_a_start_is_progress_that_can_be_cancelled(home: Path) -> None:
    """What the batch system says is shown; cancelled, the cluster is stopped and the cell ends."""
    go = home / "go"
    (home / "work").mkdir()
    (home / "work" / "waiting.py").write_text(WAITING.replace("{go}", str(go)))
    setting = {"launcher": "waiting:Waiting", "engines": 1}
    async with last_editing(home, cluster=setting) as editor:
        tokens = progress_of(editor)["tokens"]
        editor.open("6 * 7\n")
        run = (await editor.start("sendToCluster", **at(0, 0)))["executionId"]
        await editor.until(
            lambda: tokens and "job 7 waits: Priority" in str(told_of(editor, tokens[0]))
        )
        begun = told_of(editor, tokens[0])[0]
        assert begun["title"].startswith("Starting the cluster work-")
        assert (begun["kind"], begun["cancellable"]) == ("begin", True)
        status = await editor.start("cluster.status")
        assert (status["state"], status["launching"]) == ("starting", "job 7 waits: Priority")
        editor.client.notify("window/workDoneProgress/cancel", {"token": tokens[0]})
        ended = await editor.end_of(run)
        assert ended["error"]["message"] == "The start of the cluster was cancelled."
        await editor.until(lambda: told_of(editor, tokens[0])[-1]["kind"] == "end")
        await _gone(editor)
        assert go.with_suffix(".withdrawn").exists()
        go.touch()
        assert (await sent(editor, **at(0, 0)))["value"]["text/plain"] == "[0] 42"
        assert told_of(editor, tokens[-1])[-1] == {"kind": "end", "message": "1 engine"}


async def _gone(editor: Editor) -> None:
    while all_entries():  # asked of the file system, which tells nobody
        await editor.start("cluster.status")


async def test_what_does_not_start_is_said_and_leaves_nothing(home: Path) -> None:
    """One sentence: of the launcher, of an interpreter; without progress for who cannot show it."""
    quiet = {**CAPABILITIES, "window": {}}
    async with last_editing(home, capabilities=quiet) as editor:
        editor.open("6 * 7\n")
        for setting, told in (
            ({"launcher": "slum"}, "There is no launcher 'slum'"),
            ({"python": "/no/such"}, "There is no interpreter /no/such"),
            ({"options": {"partition": "x"}}, "partition"),
        ):
            change = {"settings": {"vivo": {"cluster": {"engines": 1, **setting}}}}
            editor.client.notify("workspace/didChangeConfiguration", change)
            ended = await sent(editor, **at(0, 0))
            assert told in ended["error"]["message"]
            await _gone(editor)
        assert "$/progress" not in editor.told
        change = {"settings": {"vivo": {"cluster": {"engines": 1}}}}
        editor.client.notify("workspace/didChangeConfiguration", change)
        assert (await sent(editor, **at(0, 0)))["status"] == "ok"
        assert "$/progress" not in editor.told


async def test_a_cluster_is_started_scaled_watched_and_stopped_by_commands(home: Path) -> None:
    """And a long cell on it is progress, whose cancel interrupts it on every engine."""
    async with last_editing(home) as editor:
        tokens = progress_of(editor)["tokens"]
        editor.open("import time\nwhile True: time.sleep(0.01)\n")
        assert (await editor.start("cluster.start", engines=2))["state"] == "starting"
        await editor.until(_states(editor, lambda s: s["state"] == "running"))
        assert editor.told["vivo/clusterStatus"][-1]["launcher"] == "local"
        assert (await editor.start("cluster.start"))["state"] == "running"
        assert (await sent(editor, **at(0, 0)))["status"] == "ok"
        run = (await editor.start("sendToCluster", **at(1, 0)))["executionId"]
        await editor.until(lambda: f"vivo-{run}" in tokens and told_of(editor, f"vivo-{run}"))
        begun = told_of(editor, f"vivo-{run}")[0]
        assert begun["title"].endswith(": while True: time.sleep(0.01)")
        assert begun["message"].startswith("0 of 2 engines have ended · ")
        editor.client.notify("window/workDoneProgress/cancel", {"token": f"vivo-{run}"})
        ended = await editor.end_of(run)
        assert ended["error"]["name"] == "KeyboardInterrupt on engines 0, 1"
        await editor.until(lambda: told_of(editor, f"vivo-{run}")[-1]["kind"] == "end")

        with pytest.raises(ResponseError, match="The cluster has no engine 9; it has 0, 1"):
            await editor.start("cluster.scale", remove=[9])
        await editor.start("cluster.status", watch=True)
        assert (await editor.start("cluster.scale", add=1))["awaited"] == 1
        await editor.until(_states(editor, lambda s: _numbers(s) == [0, 1, 2]))
        await editor.start("cluster.scale", remove=[0])
        await editor.until(_states(editor, lambda s: _numbers(s) == [1, 2]))
        await editor.until(_states(editor, lambda s: all(e["memory"] for e in s["engines"])))
        await editor.start("cluster.status", watch=False)
        assert (await editor.start("cluster.stop"))["state"] == "none"
        assert not all_entries()
        with pytest.raises(ResponseError, match="No cluster runs for this workspace"):
            await editor.start("cluster.stop")


async def test_tasks_of_programs_are_progress_whose_cancel_takes_them_back(home: Path) -> None:
    """Of a program that knows nothing of the editor; none is left, and the engines go on."""
    async with last_editing(home) as editor:
        tokens = progress_of(editor)["tokens"]
        editor.open("6 * 7\n")
        await editor.start("cluster.start", engines=2)
        await editor.until(_states(editor, lambda s: s["state"] == "running"))

        def farm() -> list[str]:
            with Cluster.connect() as cluster:
                view = cluster.load_balanced()
                told = view.amap(time.sleep, [300] * 6).get(60, return_exceptions=True)
                assert view.apply(int, "7") == 7
                return [type(each).__name__ for each in told]

        program = asyncio.create_task(asyncio.to_thread(farm))
        (token,) = await editor.until(lambda: [t for t in tokens if "tasks" in t])
        await editor.until(lambda: told_of(editor, token))
        begun = told_of(editor, token)[0]
        assert begun["title"].startswith("Tasks of programs on ")
        assert begun["cancellable"] is True
        assert begun["message"].startswith("0 of 6 have ended, ")
        editor.client.notify("window/workDoneProgress/cancel", {"token": token})
        assert await program == ["TaskError"] * 6
        await editor.until(lambda: told_of(editor, token)[-1]["kind"] == "end")
        await editor.start("cluster.stop")


def _states(editor: Editor, is_so: Callable[[dict[str, Any]], bool]) -> Callable[[], bool]:
    return lambda: any(map(is_so, editor.told.get("vivo/clusterStatus", [])[-1:]))


def _numbers(status: dict[str, Any]) -> list[int]:
    return [engine["number"] for engine in status["engines"] if engine["state"] == "up"]
