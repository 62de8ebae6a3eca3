"""A cell that waits for an answer: it can be interrupted, and its session ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.execution import Execution
from vivo.parallel.launch import SessionOptions, end_session, start_session

pytestmark = pytest.mark.sessions

WAITING = [
    "input('name? ')",
    "import getpass; getpass.getpass()",
    "breakpoint()\n1",
    "%debug sorted([2, 1])",
    "!python3 -c 'input()'",
]


async def asked(client: SessionClient, code: str) -> Execution:
    """Run a cell and wait until it asks; nobody answers."""
    waiting = asyncio.Event()

    async def never(prompt: str, password: bool, run: str | None) -> str | None:
        waiting.set()
        await asyncio.Event().wait()
        return None

    client.on_input = never
    execution = await client.execute(code)
    await waiting.wait()
    return execution


@pytest.mark.parametrize("code", WAITING)
async def test_an_interrupt_ends_a_question(client: SessionClient, code: str) -> None:
    """The cell ends there, once; the next one runs, untraced."""
    execution = await asked(client, code)
    assert await client.interrupt() == "interrupted"
    record = await execution.finished()
    assert record.status == ("ok" if code.startswith("%debug") else "error")
    after = await (await client.execute("import sys\n6 * 7, sys.gettrace()")).finished()
    assert after.values[-1].data["text/plain"] == "(42, None)"


@pytest.mark.parametrize("code", [WAITING[0], WAITING[2], WAITING[4]])
async def test_a_session_ends_while_it_asks(home: Path, code: str) -> None:
    """No process of it is left (which the fixture ``home`` sees)."""
    entry = await start_session(SessionOptions(cwd=str(home), workspace=str(home)))
    client = await SessionClient.connect(entry.connection_file, name="test")
    await asked(client, code)
    await end_session(entry.id)
    await client.close()


async def test_a_program_that_ends_its_process_is_told(client: SessionClient) -> None:
    """``os._exit`` and a signal: with status, and what to do; a restart goes on."""
    for code, how in (
        ("print('said')\nimport os\nos._exit(3)", "exit status 3"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    ):
        record = await (await client.execute(code)).finished()
        assert record.error is not None
        assert how in record.error.message
        await client.restart()
        after = await (await client.execute("1 + 1")).finished()
        assert after.values[-1].data["text/plain"] == "2"
