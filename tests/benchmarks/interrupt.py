"""How long an interrupt takes: from its sending to the cell's reply, for each kind of cell.

One session of vivo's over its Unix sockets, one cell after the other: each has been at its work
for a moment when the interrupt comes. (``time.sleep`` beside ipykernel is in :mod:`kernels`.)
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from interruptible import AWAITS, CHILDREN, NUMPY, PREPARED, PYTHON, QUESTIONS, WAITS, cell
from kernels import own_folders
from report import Times, percentile, promise, show
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session

LIMIT = 100.0  # milliseconds, of the 99th percentile
_MOMENT = 0.005  # seconds that a cell gets to come to where it waits
# A pool's processes are forked and joined in every round: what that takes is not the interrupt.
_LEFT_OUT = ("Pool.map", "a pool of processes")


class Interrupts:
    """A client that interrupts."""

    def __init__(self, client: SessionClient) -> None:
        self.client = client
        client.on_input = self._never

    async def _never(self, *_: object) -> str | None:
        await asyncio.sleep(60)
        return None

    async def seconds(self, code: str) -> float:
        """Run a cell until it has printed, and interrupt it; the time to its reply."""
        # Not what an earlier cell's flood has left: the next one would run as long as it is read.
        last = (await self.client.session())["last"]
        cell = await self.client.execute(code)
        async with contextlib.aclosing(self.client.events(after=last)) as events:
            async for event in events:
                if event.type == "stream" and event.metadata["vivo"].get("run") == cell.id:
                    break
        await asyncio.sleep(_MOMENT)
        start = time.perf_counter()
        asking = asyncio.create_task(self.client.interrupt(cell.id))
        reply = await cell.reply()
        taken = time.perf_counter() - start
        assert reply.content["status"] == "error", (code, reply.content)
        assert await asking == "interrupted"
        await cell.finished()
        return taken


async def measure(rounds: int, folder: Path) -> None:
    """Each kind of cell, in turns."""
    entry = await start_session(SessionOptions(cwd=str(folder), workspace=str(folder)))
    client = await SessionClient.connect(entry.connection_file, name="bench")
    try:
        record = await (await client.execute(PREPARED)).finished()
        assert record.error is None, record.error
        interrupts = Interrupts(client)
        for kinds in (PYTHON, NUMPY, WAITS, AWAITS, CHILDREN, QUESTIONS):
            chosen = {name: cell(code) for name, code in kinds.items() if name not in _LEFT_OUT}
            times: Times = {name: [] for name in chosen}
            for _ in range(rounds):
                for name, code in chosen.items():
                    times[name].append(await interrupts.seconds(code))
            show("interrupt to reply", times)
            for name, values in times.items():
                promise(f"interrupt of {name}, p99", percentile(values, 0.99) * 1e3, LIMIT, " ms")
        queued = await removals(client, rounds)
        show("removal of a waiting cell to its reply", {"vivo": queued})
        promise("a waiting cell is removed, p99", percentile(queued, 0.99) * 1e3, LIMIT, " ms")
    finally:
        await client.close()
        await end_session(entry.id)


async def removals(client: SessionClient, rounds: int) -> list[float]:
    """Take cells out of the queue behind one that runs."""
    first = await client.execute("time.sleep(1000)")
    times = []
    for _ in range(rounds):
        waits = await client.execute("1")
        while waits.id not in (await client.session())["queue"]:
            continue
        start = time.perf_counter()
        asking = asyncio.create_task(client.interrupt(waits.id))
        await waits.reply()
        times.append(time.perf_counter() - start)
        assert await asking == "removed_from_queue"
    await client.interrupt()
    await first.finished()
    return times


def run(rounds: int) -> None:
    """Measure and print, in folders of our own."""
    with own_folders() as folder:
        asyncio.run(measure(rounds * 5, folder))
