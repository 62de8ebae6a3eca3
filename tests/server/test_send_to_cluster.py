"""Cells that an editor sends to a cluster: the short way through. More in ``tests/cluster``."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel.cluster.cluster import Cluster
from vivo.parallel.errors import SessionError
from vivo.server.clusters import name_for, options_of
from vivo.server.lsp_client import ResponseError

from tests.server.cluster_editors import editing, last_editing, sent, stop_all
from tests.server.editors import at

CELLS = """# %%
import os
print("here")
os.environ.setdefault("N", str(os.getpid()))
# %%
6 * 7
# %%
1 / 0
"""


async def test_a_cell_runs_on_engines_and_its_results_outlive_the_editor(home: Path) -> None:
    """Started as the setting says, with lenses from then on; found again with what it knows."""
    try:
        async with editing(home, cluster={"engines": 2}) as editor:
            editor.open(CELLS)
            lenses = [lens["command"] for lens in await editor.ask("codeLens")]
            assert [lens["title"] for lens in lenses].count("Send to Cluster") == 3
            runs = []
            for line in (1, 5, 7):  # all at once: they wait for the cluster, in their order
                started = await editor.start("sendToCluster", **at(line, 0))
                runs.append(started["executionId"])
            assert started["next"] is None
            first, same, failed = [await editor.end_of(run) for run in runs]
            assert [each["executionCount"] for each in (first, same, failed)] == [1, 2, 3]
            assert first["range"]["start"] == {"line": 1, "character": 0}
            assert same["value"]["text/plain"] == "[all] 42"
            assert failed["error"]["name"] == "ZeroDivisionError on engines 0, 1"
            for engine in (0, 1):
                told = [each for each in editor.told["vivo/output"] if each["engine"] == engine]
                printed = [each.get("text") or "" for each in told if each["kind"] == "stream"]
                assert "".join(printed) == "here\n"  # its end may come by itself
                kinds = dict.fromkeys((each["executionId"], each["kind"]) for each in told)
                assert list(kinds) == [
                    (runs[0], "stream"),
                    (runs[0], "result"),
                    (runs[1], "result"),
                    (runs[2], "error"),
                ]
            labels = await editor.labels()
            pids = [value["text/plain"] for value in await _values(editor, runs[0])]
            assert labels == [(3, f"⟶ [0] {pids[0]} · [1] {pids[1]}"), (5, "⟶ [all] 42")]
            (diagnostic,) = await editor.until(editor.diagnostics)
            assert diagnostic["message"] == "ZeroDivisionError on engines 0, 1: division by zero"
            assert (diagnostic["code"], diagnostic["range"]["start"]["line"]) == (
                "ZeroDivisionError",
                7,
            )
            states = [each["state"] for each in editor.told["vivo/clusterStatus"]]
            assert (states[0], states[-1]) == ("starting", "running")
        async with last_editing(home) as again:
            again.open("\n" + CELLS)
            await again.until(again.diagnostics)
            assert await again.labels() == [(line + 1, label) for line, label in labels]
            status = await again.start("cluster.status")
            numbers = [engine["number"] for engine in status["engines"]]
            assert (status["state"], numbers) == ("running", [0, 1])
            (listed,) = (await again.start("cluster.list"))["clusters"]
            assert (listed["name"], listed["state"]) == (status["name"], "running")
            assert listed["cwd"] == str(home / "work")
            ended = await sent(again, target=[1], **at(2, 0))
            assert ended["value"]["text/plain"] == f"[1] {pids[1]}"
            assert (await again.start("cluster.stop"))["state"] == "none"
    finally:
        stop_all()


async def test_a_cluster_that_is_named_is_no_second_one(home: Path) -> None:
    """Asked for by its name first, then as the workspace's: its outputs come once."""
    try:
        async with last_editing(home) as editor:
            editor.open("print('once')\n")
            start = partial(Cluster, n=1, name="beside", cwd=str(home / "work"))
            beside = await asyncio.to_thread(start)
            beside.detach()
            beside.close()
            (listed,) = (await editor.start("cluster.list"))["clusters"]
            assert (listed["name"], listed["launcher"]) == ("beside", "local")
            await editor.start("cluster.status", name="beside", watch=True)
            for name in (None, "beside"):
                ended = await sent(editor, name=name, **at(0, 0))
                told = [
                    each.get("text") or ""
                    for each in editor.told["vivo/output"]
                    if each["executionId"] == ended["executionId"]
                ]
                assert "".join(told) == "once\n"
            await editor.start("cluster.stop")
            assert (await editor.start("cluster.list"))["clusters"] == []
    finally:
        stop_all()


async def _values(editor: Any, run: str) -> list[dict[str, Any]]:
    told = await editor.client.command("vivo.server.cluster.results", {"executionId": run})
    return [each["values"][0] for each in told["engines"]]


async def test_what_cannot_be_sent_is_said_and_starts_nothing(home: Path) -> None:
    """One sentence each; without a cluster or a setting there is an action and no lens."""
    async with last_editing(home, trusted=False) as editor:
        editor.open(CELLS)
        titles = {lens["command"]["title"] for lens in await editor.ask("codeLens")}
        assert titles == {"Run Cell", "Run Above", "Run Below"}
        here = {"start": {"line": 5, "character": 0}, "end": {"line": 5, "character": 0}}
        (action,) = await editor.ask("codeAction", range=here, context={"diagnostics": []})
        assert action["title"] == "Send to Cluster"
        assert action["arguments"] == [{"uri": editor.uri, "position": here["start"]}]
        assert await editor.ask(
            "codeAction", range=here, context={"diagnostics": [], "only": ["quickfix"]}
        ) in ([], None)
        with pytest.raises(ResponseError, match="This workspace is not trusted"):
            await editor.start("sendToCluster", **at(5, 0))
        editor.client.notify(
            "workspace/didChangeConfiguration",
            {"settings": {"vivo": {"trusted": True, "cluster": {"engine": 2}}}},
        )
        with pytest.raises(ResponseError, match=r"has no engine: .* Did you mean engines"):
            await editor.start("cluster.start")
        with pytest.raises(ResponseError, match="A cell is sent with a position"):
            await editor.start("sendToCluster")
        with pytest.raises(ResponseError, match=r"do not fit: .*argument\.target"):
            await editor.start("sendToCluster", target="some", **at(5, 0))
        for command, more in (("stop", {}), ("scale", {"add": 1}), ("push", {"names": ["x"]})):
            with pytest.raises(ResponseError, match="No cluster runs for this workspace"):
                await editor.start(f"cluster.{command}", **more)
        assert (await editor.start("cluster.status"))["state"] == "none"
        started = await editor.start("sendToCluster", **at(5, 0))
        ended = await editor.end_of(started["executionId"])
        assert (ended["status"], ended["error"]["name"]) == ("error", "SessionError")
        assert "The setting cluster has no engine" in ended["error"]["message"]


def test_a_server_loads_nothing_of_clusters_before_there_is_one() -> None:
    """It is to start fast, and most users have none."""
    code = (
        "import sys; from vivo.server.lsp.server import make_server; make_server(); "
        "print([m for m in sys.modules if m.startswith('vivo.parallel.cluster.') "
        "or m.endswith(('cluster_session', 'cluster_engines', 'cluster_life'))])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({}, {}),
        (
            {"launcher": "slurm", "engines": 8, "options": {"partition": "main"}, "name": None},
            {"launcher": "slurm", "n": 8, "partition": "main"},
        ),
        ({"restarts": True, "encrypt": False}, {"restarts": True, "encrypt": False}),
    ],
)
def test_the_setting_is_what_a_cluster_takes(setting: dict[str, Any], told: dict[str, Any]) -> None:
    """The launcher's own options stand apart."""
    assert options_of(setting) == told


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"engines": 0}, "cluster.engines cannot be 0: it is a number, 1 or more"),
        ({"engines": True}, "cluster.engines cannot be True"),
        ({"launcher": 1}, "cluster.launcher cannot be 1: it is a str"),
        ({"partition": "x"}, "has no partition"),
        ({"options": {"n": 3}}, "cluster.options has n"),
    ],
)
def test_a_setting_that_does_not_fit_is_one_sentence(setting: dict[str, Any], told: str) -> None:
    """It says what would."""
    with pytest.raises(SessionError, match=told):
        options_of(setting)


def test_a_folders_cluster_has_a_name_of_its_own() -> None:
    """The same each time; short, and of letters that names may have."""
    names = {name_for("/a/my project"), name_for("/b/my project"), name_for("/a/" + "x" * 99)}
    assert len(names) == 3
    assert name_for("/a/my project") in names
    assert all(len(name) <= 31 for name in (*names, name_for("/"), name_for("/ü")))
