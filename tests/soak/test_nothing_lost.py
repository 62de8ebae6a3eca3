"""The long run of what ``make test`` does in seconds: clients killed at random, and a gigabyte."""

from __future__ import annotations

import random
import time
from pathlib import Path

import psutil
import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.keeper.flood import DEFAULT_LIMIT
from vivo.parallel.launch import SessionOptions, end_session, start_session

from ..parallel.survivors import round_of_kills

ROUNDS = 50
GIGABYTE = 10**9


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(4))
async def test_every_client_that_was_killed_has_the_journal_in_the_end(
    home: Path, seed: int
) -> None:
    """Fifty rounds for each seed, two hundred together, three clients a round."""
    entry = await start_session(SessionOptions(cwd=str(home)))
    chance = random.Random(seed)
    client = await SessionClient.connect(entry.connection_file)
    last = (await client.session())["last"]
    await client.close()
    events = kills = 0
    for _ in range(ROUNDS):
        count, killed, last = await round_of_kills(entry, home, last, chance)
        events, kills = events + count, kills + killed
    await end_session(entry.id)
    print(f"{ROUNDS} rounds, {kills} kills, {events} events, each with three clients")
    assert kills > ROUNDS


@pytest.mark.timeout(3600)
async def test_a_gigabyte_is_bounded_and_whole_in_its_file(home: Path) -> None:
    """Keeper, engine and client stay within what the limit sets; the spill file has every line."""
    entry = await start_session(SessionOptions(cwd=str(home)))
    client = await SessionClient.connect(entry.connection_file)
    engine = (await client.session())["engine_pid"]
    watched = {
        "keeper": psutil.Process(entry.keeper_pid),
        "engine": psutil.Process(engine),
        "client": psutil.Process(),
    }
    before = {name: each.memory_info().rss for name, each in watched.items()}
    peak = dict(before)
    began = time.monotonic()
    count = GIGABYTE // 1000
    execution = await client.execute(f"for i in range({count}): print(f'{{i:0999d}}')")
    shown = 0
    async for event in client.events(after=0):
        if event.type == "stream":
            shown += len(event.content["text"])
            for name, each in watched.items():
                peak[name] = max(peak[name], each.memory_info().rss)
        if event.type == "status" and event.metadata["vivo"].get("record", {}).get("finished"):
            break
    seconds = time.monotonic() - began
    assert (await execution.finished()).status == "ok"
    for name, each in watched.items():
        peak[name] = max(peak[name], each.memory_info().rss)
    (path,) = Path(entry.journal).glob("output-*.txt")
    with path.open() as lines:
        assert all(int(line) == number for number, line in enumerate(lines))
    assert path.stat().st_size == GIGABYTE
    journal = sum(each.stat().st_size for each in Path(entry.journal).glob("events-*"))
    grown = {name: f"{(peak[name] - before[name]) / 2**20:.0f} MiB" for name in watched}
    print(f"1 GB in {seconds:.1f} s; grown: {grown}; journal {journal / 2**20:.0f} MiB")
    assert shown < DEFAULT_LIMIT + 1000
    assert journal < 2 * DEFAULT_LIMIT
    for name in watched:
        assert peak[name] - before[name] < 12 * DEFAULT_LIMIT, name
    await client.close()
    await end_session(entry.id)
