"""How long a session is without a keeper, however long its journal has become."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session

KILLS = 15
# Lines of a size that most programs print, so that the journal has many events.
PRINTING = """
for number in range({lines}):
    print(number, "a line of some sixty characters, as most programs print them")
    if number % 200 == 0: display(number)
"""
SECOND = 1.0


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("megabytes", [1, 170, 1000])
async def test_a_new_keeper_comes_within_a_second_of_the_kill(
    home: Path, megabytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the kill to the first event of a running cell at a client, and to the first reply."""
    monkeypatch.setenv("VIVO_OUTPUT_LIMIT", str(2**32))
    entry = await start_session(SessionOptions(cwd=str(home)))
    client = await SessionClient.connect(entry.connection_file, name="soak")
    journal = Path(entry.journal)
    while (size := _size(journal)) < megabytes * 10**6:
        lines = min(400_000, (megabytes * 10**6 - size) // 70 + 100)
        await (await client.execute(PRINTING.format(lines=lines))).finished()
    execution = await client.execute("import time\nwhile True: print('tick'); time.sleep(0.005)")
    replies, events = [], []
    loop = asyncio.get_running_loop()
    keeper = (await client.session())["keeper_pid"]
    for _ in range(KILLS):
        last = (await client.session())["last"]
        stream = client.events(after=last)
        await anext(stream)
        await asyncio.sleep(2.1)  # one that dies sooner counts as a failed start
        os.kill(keeper, signal.SIGKILL)
        began = loop.time()
        reading = asyncio.create_task(_first_of_new(stream))
        while (session := await client.session())["keeper_pid"] == keeper:
            continue
        replies.append(loop.time() - began)
        await reading
        events.append(loop.time() - began)
        await stream.aclose()  # type: ignore[attr-defined]
        keeper = session["keeper_pid"]
    await client.interrupt(execution.id)
    await execution.finished()
    await client.close()
    await end_session(entry.id)
    for name, found in (("reply", replies), ("event", events)):
        found.sort()
        print(
            f"\n{_size(journal) / 1e6:.0f} MB: first {name} after {found[KILLS // 2]:.2f} s in the "
            f"median, {found[-1]:.2f} s at most"
        )
    assert replies[KILLS // 2] < SECOND
    assert events[KILLS // 2] < SECOND


async def _first_of_new(stream: object) -> None:
    """Wait for an event that the new keeper has published: its mark."""
    async for event in stream:  # type: ignore[attr-defined]
        if event.metadata["vivo"].get("gap"):
            return


def _size(journal: Path) -> int:
    return sum(path.stat().st_size for path in journal.glob("events-*"))
