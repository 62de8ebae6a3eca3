"""What a session holds on to, seen from outside its processes."""

from __future__ import annotations

import asyncio

import psutil
import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.registry import SessionEntry

pytestmark = pytest.mark.sessions

SECONDS = 20
MEGABYTES = 300


async def test_a_deleted_result_leaves_the_sessions_memory(
    entry: SessionEntry, client: SessionClient
) -> None:
    """No part of engine or keeper keeps a value, or a failed frame, that the user has let go of."""

    def memory() -> float:
        """The resident memory of the session's processes, in megabytes."""
        keeper = psutil.Process(entry.keeper_pid)
        processes = [keeper, *keeper.children(recursive=True)]
        return sum(process.memory_info().rss for process in processes) / 1e6

    async def run(code: str) -> int | None:
        return (await (await client.execute(code)).finished()).execution_count

    await run("1")
    before = memory()
    for show, delete in (
        (f"bytearray(b'x') * {MEGABYTES}_000_000", "del _{}"),
        (f"big = bytearray(b'x') * {MEGABYTES}_000_000; big", "%xdel big"),
        (f"def f():\n    big = bytearray(b'x') * {MEGABYTES}_000_000\n    1 / 0\nf()", "pass"),
    ):
        number = await run(show)
        assert memory() - before > 0.9 * MEGABYTES
        await run(delete.format(number))
        async with asyncio.timeout(SECONDS):
            while memory() - before >= 0.2 * MEGABYTES:
                await asyncio.sleep(0.05)  # the engine tidies up when it has time, and tells nobody
