"""Sessions of another host, by ssh: an sshd that the test has started, whose users have a home of
their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import psutil
import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.registry import Registry
from vivo.parallel.remote.link import Link

from tests.cluster.far_host import VIVO, Host, far_host
from tests.cluster.sshd import serving
from tests.conftest import processes_of
from tests.server.editors import Editor, editing

DEADLINE = 30.0


@pytest.fixture
def host(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    with far_host(home) as made:
        monkeypatch.setenv("PATH", f"{made.bin}:{os.environ['PATH']}")
        yield made
        for each in Registry().listing().entries:
            vivo("session", "end", each.id)


def until(is_so: Callable[[], Any]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < deadline, Registry().listing()
        time.sleep(0.02)


def vivo(*words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [VIVO, *words], capture_output=True, text=True, check=False, input=typed, timeout=60
    )


def start(*words: str) -> str:
    """Start a session on the host; its id."""
    started = vivo("session", "start", "--on", "ssh://alpha", *words)
    assert (started.returncode, started.stderr) == (0, "")
    return started.stdout.strip()


def listed() -> dict[str, dict[str, Any]]:
    """The sessions of this machine, by id."""
    return {each["session_id"]: each for each in json.loads(vivo("sessions", "--json").stdout)}


def link_of(session: str) -> psutil.Process:
    """The process that keeps the link to a session."""
    entry = Registry().read(session)
    assert entry is not None
    return psutil.Process(entry.keeper_pid)


def pid_of_ssh(session: str) -> int:
    """The process of ssh that carries it now; 0 if there is none."""
    return next((each.pid for each in link_of(session).children()), 0)


def is_back(session: str, than: int) -> bool:
    """Whether the link is there by another process of ssh."""
    entry = Registry().read(session)
    return entry is not None and not entry.away and pid_of_ssh(session) not in (0, than)


def assert_nothing_is_left(home: Path, host: Host) -> None:
    """Neither here nor there."""
    assert list((home / "run" / "vivo" / "links").glob("*")) == []
    assert {each.name for each in (home / "run" / "vivo").iterdir()} <= {"links", "sessions"}
    assert list((home / "run" / "vivo" / "sessions").glob("*.json")) == []
    until(lambda: host.entries() == [])
    assert {each.name for each in (host.there / "run" / "vivo").iterdir()} <= {"sessions"}
    servers = {each.pid for each in host.server.processes()}
    until(lambda: {each.pid for each in processes_of(home)} <= servers)


def test_a_session_of_another_host_is_started_used_and_ended(host: Host, home: Path) -> None:
    """Its folder, its interpreter and its files are that host's; the list names the host. It is
    forgotten and found again; nothing listens, its key is nowhere to be seen, nothing is left."""
    (host.there / "work").mkdir()
    session = start("--folder", "work", "--name", "far")
    info = listed()[session]
    assert (info["host"], info["state"], info["name"]) == ("alpha", "idle", "far")
    assert (info["cwd"], info["memory"]) == (str(host.there / "work"), None)
    assert f"{host.there / 'work'} on alpha" in vivo("sessions").stdout
    used = vivo("console", "--session", session, typed="open('made', 'w').write('x')\n2 * 21\n")
    assert used.stdout == "Out[1]: 1\nOut[2]: 42\n", used.stderr
    assert (host.there / "work" / "made").read_text() == "x"
    assert "Out[2]: 42" in vivo("session", "show", session).stdout
    key = Registry().read(session)
    assert key is not None
    secret = json.loads(Path(key.connection_file).read_text())["key"].encode()
    running = {each.pid for each in processes_of(home)}
    for pid in running:
        for name in ("cmdline", "environ"):
            assert secret not in Path(f"/proc/{pid}/{name}").read_bytes()
    listening = [each for each in psutil.net_connections("tcp") if each.status == "LISTEN"]
    ports = [each.laddr.port for each in listening if each.pid in running]
    assert set(ports) <= {host.server.port}
    sockets = list(Path(key.connection_file).parent.glob("s-*"))
    assert [each.stat().st_mode & 0o777 for each in sockets] == [0o600] * 5

    detached = vivo("session", "detach", session)
    assert detached.stdout == f"detached {session}, which goes on on alpha\n"
    assert listed() == {}
    assert len(host.entries()) == 1
    used = vivo("console", "--session", "ssh://alpha", typed="6 * 7\n")
    assert used.stdout == "Out[3]: 42\n", used.stderr
    assert vivo("session", "attach", f"ssh://alpha/{session[:5]}").stdout == f"{session}\n"
    assert vivo("session", "end", session[:6]).stdout == f"ended {session[:6]}\n"
    assert_nothing_is_left(home, host)


COUNT = """
import os, time
step = 0
while not os.path.exists({go!r}) or step < 100:
    print(step, flush=True)
    step += 1
    time.sleep(0.01)
print("end")
"""


@pytest.mark.parametrize("what", ["ssh", "sshd", "frozen", "long", "link"])
async def test_a_link_that_is_lost_comes_back_with_nothing_missing(
    host: Host, home: Path, what: str
) -> None:
    """Beside a cell that prints: each line comes once, in order, and what was asked meanwhile is
    answered. ssh and sshd are killed; nothing comes over the link; nobody is let in for a while;
    the process that keeps the link is killed, and who comes next makes another."""
    if what == "frozen":
        host.options.write_text("-o ServerAliveInterval=1 -o ServerAliveCountMax=1")
    session = start()
    entry = Registry().read(session)
    assert entry is not None
    client = await SessionClient.connect(entry.connection_file)
    lines: list[str] = []
    numbers: list[int] = []
    enough = asyncio.Event()

    async def follow() -> None:
        async for event in client.events(after=0):
            numbers.append(event.metadata["vivo"]["seq"])
            if event.type == "stream":
                lines.extend(event.content["text"].split())
            if "10" in lines:
                enough.set()

    following = asyncio.create_task(follow())
    counting = await client.execute(COUNT.format(go=str(home / "go")))
    await enough.wait()
    before = pid_of_ssh(session)
    stopped = []
    if what == "ssh":
        os.kill(before, signal.SIGKILL)
    elif what == "sshd":
        host.server.connections()[0].kill()
    elif what == "frozen":
        stopped = host.server.connections()
        stopped[0].suspend()
    elif what == "long":
        host.server.refuse()
        await asyncio.to_thread(
            until,
            lambda: (
                "refused" in listed()[session]["state"]
                or "refused" in (Registry().read(session) or entry).away
            ),
        )
        assert listed()[session]["state"] == "away"
    else:
        link_of(session).kill()
        os.kill(before, signal.SIGKILL)
    asked = [await client.execute(f"{number} * 2") for number in range(3)]
    (home / "go").touch()
    if what == "long":
        host.server.let_in()
    if what == "link":
        assert vivo("session", "attach", f"ssh://alpha/{session}").stdout == f"{session}\n"
    else:
        await asyncio.to_thread(until, lambda: is_back(session, before))
    async with asyncio.timeout(30):
        assert (await counting.finished()).status == "ok"
        for each in asked:
            assert (await each.finished()).status == "ok"
        last = (await client.session())["last"]
        while numbers[-1] < last:
            await asyncio.sleep(0.01)
    for each in stopped:
        each.resume()
    assert lines == [*map(str, range(len(lines) - 1)), "end"]
    assert numbers == [*range(1, last + 1)]
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await client.close()


async def test_an_editor_works_in_a_session_of_another_host(host: Host, home: Path) -> None:
    """It is chosen by its host, listed with it, and used as any other; a lost link is told, and
    what is run meanwhile runs. Another one is started there. One that ends is told, and the next
    cell runs here."""
    session = start("--name", "far")
    async with editing(home) as editor:
        editor.open("__import__('os').environ['HOME']", "a.py")
        told = await editor.start("useSession", sessionId="ssh://alpha")
        assert (told["session"]["sessionId"], told["session"]["host"]) == (session, "alpha")
        ended = await editor.run_cell(0)
        assert (ended["status"], ended["sessionId"]) == ("ok", session)
        assert ended["value"]["text/plain"] == repr(str(host.there))
        before = pid_of_ssh(session)
        host.server.refuse()
        await editor.until(
            lambda: said(editor, "The link to alpha is lost, and is made anew: alpha")
        )
        editor.open("6 * 7", "b.py")
        await editor.start("useSession", sessionId=session)
        started = await editor.start("runCell", position={"line": 0, "character": 0})
        host.server.let_in()
        ended = await editor.end_of(started["executionId"])
        assert (ended["sessionId"], ended["value"]["text/plain"]) == (session, "42")
        await editor.until(lambda: said(editor, "The link to alpha is there again."))
        assert pid_of_ssh(session) != before

        told = await editor.start("useSession", new=True, on="ssh://alpha", name="second")
        assert (told["session"]["name"], told["session"]["host"]) == ("second", "alpha")
        assert Path(told["session"]["cwd"]).name == "work"  # its path is there too
        assert (await editor.run_cell(0))["sessionId"] == told["session"]["sessionId"] != session
        sessions = (await editor.start("sessions"))["sessions"]
        serving = {each["name"]: each["serves"] for each in sessions}
        assert [name for name, served in serving.items() if str(served).count("/b.py")] == [
            "second"
        ]
        assert any("/b.py" in str(each["documents"]) for each in sessions if each["name"] == "far")
        for each in host.entries():
            os.kill(each["keeper_pid"], signal.SIGTERM)
        await editor.until(lambda: said(editor, "The session second on alpha has ended"))
        await editor.until(lambda: said(editor, "The session far on alpha has ended"))
        ended = await editor.run_cell(0)
        if ended["status"] != "ok":
            ended = await editor.run_cell(0)
        assert ended["status"] == "ok"
        assert listed()[ended["sessionId"]]["host"] is None
    assert_nothing_is_left(home, host)


def said(editor: Editor, text: str) -> bool:
    """Whether the server has told a sentence of a session's state."""
    told = editor.told.get("vivo/status", [])
    return any(text in (each["message"] or "") for each in told)


def test_a_session_that_ended_while_its_host_was_away_is_forgotten(host: Host, home: Path) -> None:
    """A console in it says that the link is lost, and that it has ended; so is told who asks."""
    session = start("--name", "far")
    console = subprocess.Popen(
        [VIVO, "console", "--session", session, "--simple"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert console.stdin is not None
    assert console.stdout is not None
    console.stdin.write("6 * 7\n")
    console.stdin.flush()
    wait_for_line(console.stdout, "Out[1]: 42")
    host.server.refuse()
    wait_for_line(console.stdout, "The link to alpha is lost, and is made anew: ")
    until(lambda: listed()[session]["state"] == "away")
    said = vivo("session", "end", session).stderr
    assert "ssh://alpha cannot be reached now (" in said
    assert f"`vivo session detach {session}` forgets it here" in said
    [there] = host.entries()
    os.kill(there["keeper_pid"], signal.SIGTERM)
    until(lambda: host.entries() == [])
    host.server.let_in()
    wait_for_line(console.stdout, f"The session {session} on alpha has ended.")
    console.communicate(timeout=DEADLINE)
    until(lambda: listed() == {})
    assert f"no session {session} runs there" in refused("attach", f"ssh://alpha/{session}")
    assert_nothing_is_left(home, host)


def wait_for_line(stream: IO[str], text: str) -> None:
    """Read until a line has a text."""
    assert any(text in line for line in stream), text


def refused(*words: str) -> str:
    """The one sentence that a command of sessions says."""
    done = vivo("session", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def _script(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)


OTHER = """
read line
id=$(echo "$line" | sed 's/.*"id": "\\([0-9a-f]*\\)".*/\\1/')
told="\\"id\\": \\"$id\\", \\"message\\": \\"\\", \\"protocol\\": 99, \\"version\\": \\"9.9\\""
echo "vivo-beside {$told}"
read line
"""


async def why_not(home: Path, address: str, **told: Any) -> str:
    """What a link says that cannot be made."""
    order = {"do": "start", "python": None, "cwd": "~", "is_chosen": False, "name": "", "vivo": ""}
    order |= {"profile": None, "address": address, "control": str(home / "control"), **told}
    said: list[dict[str, str]] = []
    await Link(order, said.append).keep()
    [answer] = said
    assert answer["status"] == "failed"
    return answer["message"]


async def test_why_there_is_no_session_is_said(host: Host, home: Path) -> None:
    """No such host, no sshd, no session; no vivo there, one that is too old, another one; a
    folder, an interpreter that are not there; no key. One sentence each, and nothing is left."""
    on = ("start", "--on")
    assert "'ssh://-oProxyCommand=x' names no host" in refused(*on, "ssh://-oProxyCommand=x")
    assert "On alpha: no session runs there" in refused("attach", "ssh://alpha")
    assert "There is no host unknown.invalid (" in await why_not(home, "ssh://unknown.invalid")
    assert "alpha cannot be reached (" in await why_not(home, "ssh://alpha:1")
    said = await why_not(home, "ssh://alpha", cwd="/no/such", is_chosen=True)
    assert "On alpha: There is no folder /no/such" in said
    assert "On alpha: There is no interpreter" in await why_not(home, "ssh://alpha", python="/no")
    said = await why_not(home, "ssh://alpha", vivo="/no/such")
    assert "no vivo on alpha (/no/such is not there): install it there, and name it with" in said
    _script(
        host.vivo, "echo \"vivo: there is no command 'beside'; there are run, console\" >&2; exit 2"
    )
    assert "The vivo on alpha is too old for this one (" in await why_not(home, "ssh://alpha")
    _script(host.vivo, OTHER)
    assert "vivo is 9.9 on alpha and " in await why_not(home, "ssh://alpha")
    host.server.change_key()
    assert "alpha does not let you in (" in await why_not(home, "ssh://alpha")
    assert_nothing_is_left(home, host)


def test_a_host_that_forwards_no_sockets_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session that was started goes on there, and is named."""
    with serving(home, "AllowStreamLocalForwarding no", there=home / "there") as server:
        host = Host(home, server)
        monkeypatch.setenv("PATH", f"{home / 'bin'}:{os.environ['PATH']}")
        said = refused("start", "--on", "ssh://alpha")
        assert "alpha forwards no Unix sockets (" in said
        [there] = host.entries()
        assert f"The session {there['id']} was started there, and goes on: " in said
        os.kill(there["keeper_pid"], signal.SIGTERM)
        assert_nothing_is_left(home, host)


def test_a_host_that_is_this_one_needs_no_link(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its session is one of this machine."""
    with serving(home) as server:
        Host(home, server).vivo.rename(home / "vivo")
        monkeypatch.setenv("PATH", f"{home / 'bin'}:{os.environ['PATH']}")
        started = vivo("session", "start", "--on", "ssh://alpha", "--vivo", str(home / "vivo"))
        session = started.stdout.strip()
        assert listed()[session]["host"] is None
        assert vivo("session", "attach", "ssh://alpha", "--vivo", str(home / "vivo")).stdout == (
            f"{session}\n"
        )
        assert "runs on this machine" in refused("detach", session)
        assert vivo("session", "end", session).returncode == 0
