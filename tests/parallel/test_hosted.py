"""Another kernel hosted as a session, in real processes: here the least that can be a kernel."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.errors import SessionError
from vivo.parallel.hosted.kernelspecs import find_kernelspec, kernelspecs
from vivo.parallel.hosted.start import start_hosted
from vivo.parallel.launch import SessionOptions, end_session, find_session
from vivo.parallel.registry import Registry, SessionEntry
from vivo.parallel.transcripts import transcript

FLOOR = Path(__file__).parents[1] / "benchmarks" / "floor.py"
VIVO = str(Path(sys.executable).parent / "vivo")


def install(home: Path, name: str, *argv: str, **more: object) -> Path:
    """A kernelspec where Jupyter looks."""
    folder = home / "jupyter" / "kernels" / name
    folder.mkdir(parents=True)
    told = {"argv": list(argv), "display_name": name.capitalize(), "language": "python", **more}
    (folder / "kernel.json").write_text(json.dumps(told))
    return folder


@pytest.fixture
def kernels(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a kernel named floor, and one that ends at once."""
    monkeypatch.setenv("JUPYTER_PATH", str(home / "jupyter"))
    install(home, "floor", sys.executable, str(FLOOR), "{connection_file}")
    install(home, "broken", sys.executable, "-c", "raise SystemExit('no such library')")
    return home


@pytest.fixture
async def entry(kernels: Path) -> AsyncIterator[SessionEntry]:
    """A session that hosts it."""
    options = SessionOptions(cwd=str(kernels), workspace=str(kernels))
    made = await start_hosted("floor", options)
    yield made
    await end_session(made.id)


async def test_it_is_a_session_for_every_client(entry: SessionEntry, client: SessionClient) -> None:
    """In the registry, with records, a journal and a replay; what it lacks is said."""
    record = await (await client.execute("x = 6\nx * 7")).finished()
    assert record.status == "ok"
    assert record.values[0].data == {"text/plain": "42"}
    told = await client.session()
    assert (told["id"], told["state"]) == (entry.id, "idle")
    assert [each.id for each in await client.runs()] == [record.id]
    assert any("list of variables" in sentence for sentence in client.lacks)
    with pytest.raises(SessionError, match="Floor has no list of variables"):
        await client.variables()
    other = await SessionClient.connect(entry.connection_file, name="later")
    replayed = []
    async for event in other.events(after=0):
        replayed.append(event.type)
        if event.vivo.get("record", {}).get("finished"):
            break
    await other.close()
    assert "execute_result" in replayed
    kinds = [each.kind for each in transcript(Path(entry.journal))]
    assert kinds == ["value", "end"]
    assert find_session(workspace=entry.workspace) is None  # an editor wants an engine of ours
    assert find_session(workspace=entry.workspace, kernel="floor") == entry


async def test_a_kernel_that_ends_is_told_and_started_again(client: SessionClient) -> None:
    """The cell fails with how it ended; a restart has a fresh kernel in the same session."""
    record = await (await client.execute("import os; os._exit(3)")).finished()
    assert record.error is not None
    assert "exit status 3" in record.error.message
    assert (await client.session())["state"] == "dead"
    await client.restart()
    again = await (await client.execute("40 + 2")).finished()
    assert again.values[0].data == {"text/plain": "42"}


async def test_a_kernel_ends_with_its_host(entry: SessionEntry, client: SessionClient) -> None:
    """Also if that is killed: nothing is left that nobody can reach; the transcript stays."""
    await (await client.execute("'kept'")).finished()
    pid = (await client.session())["engine_pid"]
    kernel = psutil.Process(pid)
    os.kill(entry.keeper_pid, signal.SIGKILL)
    await asyncio.to_thread(kernel.wait, 20)
    told = await asyncio.to_thread(
        subprocess.run, [VIVO, "sessions", "show", entry.id], capture_output=True, text=True
    )
    assert "kept" in told.stdout


async def test_a_kernel_that_cannot_start_is_one_sentence(kernels: Path) -> None:
    """With what it said last; nothing of it is left."""
    options = SessionOptions(cwd=str(kernels), workspace=str(kernels))
    with pytest.raises(SessionError, match=r"ended before it was ready.*no such library"):
        await start_hosted("broken", options)
    assert Registry().live() == []


def test_kernels_are_found_as_jupyter_finds_them(
    kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first place counts; vivo's own and broken files are left out; a mistake is answered."""
    folder = install(
        kernels / "prefix/share", "plain", "python", "-m", "x", "-f", "{connection_file}"
    )
    install(kernels, "vivo", "vivo")
    (install(kernels, "unreadable", "x") / "kernel.json").write_text("{")
    assert {"floor", "broken"} <= set(kernelspecs())
    assert not {"vivo", "unreadable"} & set(kernelspecs())
    with pytest.raises(SessionError, match=r"did you mean floor\?"):
        find_kernelspec("flor")
    named = find_kernelspec(str(folder))
    assert named.command(Path("/c.json")) == ["python", "-m", "x", "-f", "/c.json"]
    own = kernels / "prefix" / "bin" / "python"
    own.parent.mkdir()
    own.symlink_to(sys.executable)
    assert named.command(Path("/c.json"))[0] == str(own)
    monkeypatch.setenv("BASE", "here")
    asks = install(kernels, "asking", "x", env={"PLACE": "${BASE}/there"})
    assert find_kernelspec(str(asks)).environment()["PLACE"] == "here/there"
