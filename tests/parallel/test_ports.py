"""TCP is used when it is asked for, and for nothing that was not."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import psutil
import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.connection import CHANNELS
from vivo.parallel.registry import SessionEntry

from .jupyter import Kernel

pytestmark = pytest.mark.sessions


def ports(*pids: int) -> set[tuple[str, int]]:
    """What some processes and all that they started have open beside Unix sockets."""
    found = set()
    for pid in pids:
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            found |= {(*socket.laddr,)[:2] for socket in each.net_connections("inet")}
    return found


async def test_a_session_of_vivos_opens_no_port(entry: SessionEntry, client: SessionClient) -> None:
    """Neither keeper nor engine, also once everything was used, and under a new keeper."""
    await (await client.execute("import subprocess; value = [1]")).finished()
    await client.complete("val")
    await client.inspect("value")
    await client.variables()
    await client.history()
    await (await client.execute("!true\n%time value")).finished()
    session = await client.session()
    assert ports(session["keeper_pid"], session["engine_pid"]) == set()
    psutil.Process(session["keeper_pid"]).send_signal(signal.SIGKILL)
    while (after := await client.session())["keeper_pid"] == session["keeper_pid"]:
        continue
    assert ports(after["keeper_pid"], after["engine_pid"]) == set()
    files = json.loads(Path(entry.connection_file).read_text())
    assert files["transport"] == "ipc"


def test_a_launchers_connection_file_is_all_that_is_opened(jupyter: Kernel) -> None:
    """Its five ports on its address, which are the keeper's; the engine has none."""
    told = json.loads(Path(jupyter.manager.connection_file).read_text())
    assert told["transport"] == "tcp"
    jupyter.run("import subprocess; value = [1]")
    jupyter.ask("complete_request", {"code": "val", "cursor_pos": 3})
    pid = jupyter.manager.provisioner.pid
    assert ports(pid) == {(told["ip"], told[f"{channel}_port"]) for channel in CHANNELS}
    (engine,) = psutil.Process(pid).children()
    assert ports(engine.pid) == set()
