"""Fifty who look on at once: each ends with the session's transcript."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from tests.server.web import serving

VIEWERS = 50
CELL = """
import time
begin, count = time.perf_counter(), 0
while (now := time.perf_counter() - begin) < 3:
    while count < now * 10_000:
        print(f"{count:09d}", "x" * 89)
        count += 1
    time.sleep(0.01)
"""


async def test_fifty_viewers_end_with_the_same_transcript(home: Path) -> None:
    """A megabyte a second, for three seconds; nobody misses a line, and none comes twice."""
    async with serving(home) as server, AsyncExitStack() as stack:
        cookie = await server.enter()
        owner = await stack.enter_async_context(server.visit(cookie, max_queue=None))
        await owner.introduce()
        opened = await owner.open()
        session = opened["session"]["sessionId"]
        viewers = []
        for _ in range(VIEWERS):
            viewer = await stack.enter_async_context(server.visit(cookie, max_queue=None))
            await viewer.introduce()
            await viewer.open(session)
            viewers.append(viewer)
        end = await owner.run(opened["uri"], CELL)
        run = end["executionId"]
        assert end["status"] == "ok"
        async with asyncio.timeout(60):
            await asyncio.gather(
                *(each.until("vivo/executionFinished", executionId=run) for each in viewers)
            )
        lines = owner.text(run).splitlines()
        assert [int(line.split()[0]) for line in lines] == list(range(len(lines)))
        assert len(lines) > 20_000
        for viewer in viewers:
            assert viewer.text(run) == owner.text(run)
