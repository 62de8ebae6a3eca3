"""Sharing through the real commands: who is let in, what they may, and that it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.messages import RunOrigin
from vivo.parallel.registry import Registry, SessionEntry
from websockets.exceptions import ConnectionClosed

from .web import UNTIL, VIVO, Visitor, WebServer, serving, vivo

pytestmark = pytest.mark.sessions


@pytest.fixture
async def server(home: Path) -> AsyncIterator[WebServer]:
    """A running ``vivo web``."""
    async with serving(home) as running:
        yield running


@pytest.fixture
async def entry(home: Path) -> AsyncIterator[SessionEntry]:
    """A session in the test's home."""
    made = await start_session(SessionOptions(cwd=str(home), workspace=str(home)))
    yield made
    if Registry().get(made.id) is not None:
        await end_session(made.id)


async def shared(entry: SessionEntry, role: str, *more: str) -> str:
    """The secret of a share's link."""
    link, _ = await vivo("share", entry.id, "--role", role, *more)
    return link.strip().partition("#")[2]


@asynccontextmanager
async def visiting(
    server: WebServer, entry: SessionEntry, role: str, name: str
) -> AsyncIterator[tuple[Visitor, str]]:
    """A visitor by a share, in the session; and the console's URI."""
    cookie = await server.enter(await shared(entry, role), name)
    async with server.visit(cookie) as visitor:
        await visitor.introduce(input=True)
        opened = await visitor.open(entry.id)
        yield visitor, opened["uri"]


def refused(answer: dict[str, Any]) -> str:
    """The sentence of a refusal."""
    return str(answer["error"]["message"])


async def test_a_runners_cells_are_named_to_all(server: WebServer, entry: SessionEntry) -> None:
    """Viewer and owner see who runs what, and who is here."""
    async with (
        visiting(server, entry, "runner", "Ada") as (runner, uri),
        visiting(server, entry, "viewer", "Bob") as (viewer, _),
    ):
        ended = await runner.run(uri, "print(6 * 7)")
        assert ended["status"] == "ok"
        seen = await viewer.until("vivo/executionStarted", executionId=ended["executionId"])
        assert (seen["client"], seen["own"], seen["code"]) == ("Ada (web)", False, "print(6 * 7)")
        await viewer.until("vivo/executionFinished", executionId=ended["executionId"])
        assert viewer.text() == "42\n"
        told = await viewer.ask("vivo/people", {"sessionId": entry.id})
        people = {each["name"]: each for each in told["result"]["people"]}
        assert {name: each["role"] for name, each in people.items()} == {
            "Ada (web)": "runner",
            "Bob (web)": "viewer",
        }
        assert people["Bob (web)"]["own"]
        shown, _ = await vivo("sessions", "who", entry.id)
        assert "Ada (web)" in shown
        (listed,) = json.loads((await vivo("sessions", "--json"))[0])
        assert sorted(listed["people"]) == ["Ada (web)", "Bob (web)"]


async def test_a_viewer_who_forges_messages_runs_nothing(
    server: WebServer, entry: SessionEntry
) -> None:
    """Whatever they send: a sentence, and the session is as it was."""
    async with visiting(server, entry, "viewer", "Eve") as (viewer, uri):
        client = await SessionClient.connect(entry.connection_file)
        before = (await client.session())["last"]
        for name, argument in (
            ("runText", {"uri": uri, "text": "hacked = 1"}),
            ("runCell", {"uri": uri, "position": {"line": 0, "character": 0}}),
            ("interrupt", {"sessionId": entry.id}),
            ("restart", {"sessionId": entry.id}),
            ("endSession", {"sessionId": entry.id}),
            ("renameSession", {"sessionId": entry.id, "name": "mine"}),
            ("cancelAll", {"sessionId": entry.id, "interrupt": True}),
            ("openConsole", {"uri": "untitled:x", "sessionId": None, "new": True}),
            ("sessions", {}),
            ("installPackage", {"uri": uri, "package": "numpy"}),
        ):
            params = {"command": f"vivo.server.{name}", "arguments": [argument]}
            answer = await viewer.ask("workspace/executeCommand", params)
            assert "is not for viewers" in refused(answer), name
        opened = {"uri": uri, "languageId": "python", "version": 1, "text": ""}
        await viewer.tell("textDocument/didOpen", {"textDocument": opened})
        told = await viewer.ask("vivo/variables", {"uri": uri, "start": 0, "count": 10})
        assert told["result"]["variables"] == []
        assert (await client.session())["last"] == before
        await client.close()


async def test_a_viewer_sees_the_values(server: WebServer, entry: SessionEntry) -> None:
    """Variables, tables, and what is known of one: nothing of it runs code."""
    client = await SessionClient.connect(entry.connection_file)
    run = await client.execute("x = 42; rows = [[1, 2], [3, 4]]")
    await run.finished()
    await client.close()
    async with visiting(server, entry, "viewer", "Bob") as (viewer, uri):
        told = await viewer.ask("vivo/variables", {"uri": uri, "start": 0, "count": 10})
        assert [each["name"] for each in told["result"]["variables"]] == ["rows", "x"]
        table = await viewer.ask("vivo/table", {"uri": uri, "path": ["rows"]})
        assert table["result"]["cells"][0] == ["1", "2"]
        known = await viewer.ask("vivo/inspect", {"uri": uri, "expression": "x"})
        assert known["result"]["stringForm"] == "42"


async def test_a_viewer_answers_no_cells_question(server: WebServer, entry: SessionEntry) -> None:
    """An editor's cell waits for input as a viewer comes: it goes on waiting for the editor."""
    asked = asyncio.Event()
    answer = asyncio.Event()

    async def line(prompt: str, password: bool, run: str | None) -> str:
        asked.set()
        await answer.wait()
        return "the owner's"

    client = await SessionClient.connect(entry.connection_file, name="Emacs vivo")
    client.on_input = line
    run = await client.execute("line = input()", origin=RunOrigin(uri="file:///tmp/x.py"))
    await asyncio.wait_for(asked.wait(), UNTIL)
    for role in ("viewer", "runner"):
        async with visiting(server, entry, role, "Eve") as (visitor, uri):
            told = await visitor.ask("vivo/variables", {"uri": uri, "start": 0, "count": 10})
            assert "result" in told
            assert not [each for each in visitor.told if each.get("method") == "vivo/input"]
    answer.set()
    assert (await run.finished()).status == "ok"
    shown = await client.execute("line")
    assert (await shown.finished()).values[0].data["text/plain"] == '"the owner\'s"'
    await client.close()


async def test_a_runner_interrupts_their_own_cells_alone(
    server: WebServer, entry: SessionEntry
) -> None:
    """And answers what their own ask."""
    client = await SessionClient.connect(entry.connection_file, name="Emacs vivo")
    owners = await client.execute("import threading; threading.Event().wait()")
    async with visiting(server, entry, "runner", "Ada") as (runner, uri):
        await runner.until("vivo/status", state="busy")
        argument = {"sessionId": entry.id, "executionId": owners.id}
        params = {"command": "vivo.server.interrupt", "arguments": [argument]}
        answer = await runner.ask("workspace/executeCommand", params)
        assert "its owner's alone" in refused(answer)
        await client.interrupt(owners.id)
        await owners.finished()
        started = await runner.command(
            "runText", {"uri": uri, "text": "import threading; threading.Event().wait()"}
        )
        run = started["executionId"]
        await runner.until("vivo/executionStarted", executionId=run)
        told = await runner.command("interrupt", {"sessionId": entry.id, "executionId": run})
        assert told["outcome"] == "interrupted"
        await runner.until("vivo/executionFinished", executionId=run)
    await client.close()


async def test_an_ended_share_lets_go_of_its_visitors(
    server: WebServer, entry: SessionEntry
) -> None:
    """At once, with a sentence; the link and the cookie open nothing; other shares go on."""
    secret = await shared(entry, "runner")
    (listed,) = json.loads((await vivo("share", "--json"))[0])
    assert (listed["session"], listed["role"]) == (entry.id, "runner")
    assert secret not in json.dumps(listed)
    cookie = await server.enter(secret, "Ada")
    async with visiting(server, entry, "viewer", "Bob") as (other, _):
        async with server.visit(cookie) as visitor:
            await visitor.introduce()
            opened = await visitor.open(entry.id)
            await vivo("share", "--end", listed["id"])
            async with asyncio.timeout(UNTIL):
                await visitor.socket.wait_closed()
            assert visitor.socket.close_code == 4003
            assert "owner has ended this share" in (visitor.socket.close_reason or "")
            with pytest.raises((ConnectionClosed, asyncio.CancelledError)):
                await visitor.run(opened["uri"], "1")
        body = json.dumps({"link": secret, "name": "Ada"}).encode()
        assert (await server.ask("/enter", "POST", body)).status == 403
        assert (await server.ask("/whoami", Cookie=cookie)).status == 401
        assert "result" in await other.ask("vivo/people", {"sessionId": entry.id})


async def test_a_share_ends_with_its_session_and_starts_none(
    server: WebServer, entry: SessionEntry
) -> None:
    """What a runner sends after that is no new session of the owner's."""
    async with visiting(server, entry, "runner", "Ada") as (runner, uri):
        await end_session(entry.id)
        with contextlib.suppress(ConnectionClosed, asyncio.CancelledError):
            async with asyncio.timeout(UNTIL):
                while True:  # until the server has seen it: it looks once a second
                    params = {"uri": uri, "text": "1"}
                    command = {"command": "vivo.server.runText", "arguments": [params]}
                    await runner.ask("workspace/executeCommand", command)
        assert runner.socket.close_code == 4003
    assert Registry().listing().entries == []
    assert json.loads((await vivo("share", "--json"))[0]) == []


async def test_a_share_says_how_others_reach_it(server: WebServer, entry: SessionEntry) -> None:
    """And what its visitors may do."""
    link, told = await vivo("share", entry.id, "--role", "runner", "--for", "30min")
    assert link.startswith(f"{server.origin}/#share-")
    assert "any code, with your rights, for 30 min" in told
    assert f"ssh -N -L {server.port}:127.0.0.1:{server.port}" in told


async def test_without_a_web_server_the_command_serves(entry: SessionEntry) -> None:
    """Until Ctrl-C, which ends the share too."""
    process = await asyncio.create_subprocess_exec(
        *VIVO, "share", entry.id, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(UNTIL):
        server = WebServer(process, (await process.stdout.readline()).decode().strip())
        cookie = await server.enter(server.secret, "Bob")
        async with server.visit(cookie) as visitor:
            await visitor.introduce()
            opened = await visitor.open(entry.id)
            assert opened["session"]["sessionId"] == entry.id
        process.send_signal(2)
        _, error = await process.communicate()
    assert process.returncode == 0
    assert "Ctrl-C ends it, and the share" in error.decode()
    assert json.loads((await vivo("share", "--json"))[0]) == []
