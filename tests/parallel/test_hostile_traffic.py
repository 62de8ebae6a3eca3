"""A session under a flood of hostile messages, and a client that works on meanwhile.

``VIVO_HOSTILE_MESSAGES`` sets how many: ``make soak`` sends a hundred thousand of each kind.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.connection import make_tcp
from vivo.parallel.registry import SessionEntry

COUNT = int(os.environ.get("VIVO_HOSTILE_MESSAGES", "2000"))
SCRIPT = str(Path(__file__).with_name("hostile.py"))
MEMORY = 512 * 2**20  # what may be on its way: a thousand messages of a peer, of megabytes each
pytestmark = [pytest.mark.sessions, pytest.mark.timeout(3600 if COUNT > 10_000 else 90)]


async def works_on(client: SessionClient, connection_file: str | Path, kind: str) -> int:
    """Have a client work while somebody floods its session; how many answers it got, all right."""
    seed = secrets.randbelow(10**6)
    print(f"{kind}, seed {seed}")
    words = [SCRIPT, str(connection_file), str(seed), str(COUNT), kind]
    hostile = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdout=asyncio.subprocess.PIPE
    )
    told = asyncio.ensure_future(hostile.communicate())
    answers = 0
    while not told.done() or not answers:
        execution = await client.execute(f"print({answers})\n{answers} * 7")
        async with asyncio.timeout(30):
            reply, record = await execution.reply(), await execution.finished()
        assert reply.content["status"] == record.status == "ok"
        assert record.values[-1].data["text/plain"] == str(answers * 7)
        completed = await client.complete("answers_of_mi")
        assert completed["status"] == "ok"
        answers += 1
    output = (await told)[0]
    assert hostile.returncode == 0, f"seed {seed}"
    assert int(output) == COUNT
    return answers


@pytest.mark.parametrize("kind", ["keyless", "signed"])
async def test_a_session_works_on_under_hostile_messages(
    client: SessionClient, entry: SessionEntry, kind: str
) -> None:
    """By the sockets of a session of ours; the keeper stays, its memory and its log stay small."""
    keeper = psutil.Process(entry.keeper_pid)
    before = keeper.memory_info().rss
    answers = await works_on(client, entry.connection_file, kind)
    grown = keeper.memory_info().rss - before
    print(f"{COUNT} messages, {answers} cells meanwhile, keeper {grown / 2**20:+.0f} MiB")
    log = (Path(entry.journal) / "keeper.log").read_text()
    session = await client.session(timeout=300)  # what was sent before is answered first
    assert session["keeper_pid"] == entry.keeper_pid, log[-3000:]
    assert grown < MEMORY, "it grows with their number"
    assert len(log) < 200_000, log[-3000:]


@pytest.fixture
def kernel(home: Path) -> Iterator[Path]:
    """A kernel by TCP, as a foreign launcher starts one; its connection file."""
    path = home / "connection.json"
    make_tcp().write(path)
    words = [sys.executable, "-m", "vivo.server.cli", "kernel", "-f", str(path)]
    with subprocess.Popen(words, cwd=home, stderr=subprocess.DEVNULL) as process:
        yield path
        process.terminate()


async def test_a_kernel_by_tcp_works_on_beside_one_who_hears_and_has_no_key(kernel: Path) -> None:
    """He takes the names that he has heard, and no answer of ours goes to him for it."""
    client = await SessionClient.connect(kernel, timeout=30)
    try:
        await works_on(client, kernel, "keyless")
    finally:
        await client.close()
