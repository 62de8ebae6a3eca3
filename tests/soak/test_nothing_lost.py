"""The long run of what ``make test`` does in seconds: clients and servers killed at random."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.registry import Registry

from ..parallel.links import Link, linked
from ..parallel.survivors import CELL, Survivor, journaled, round_of_kills
from ..server.surviving import SurvivingEditor, journaled_outputs
from ..server.surviving_console import session_of_kills

ROUNDS = 50


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
@pytest.mark.parametrize("seed", range(4))
async def test_clients_servers_and_links_of_every_kind_have_the_journal_in_the_end(
    home: Path, seed: int
) -> None:
    """Fifty rounds for each seed: a language server that is killed, and of its session a client
    that is slow, one that sleeps, one behind a link that is cut, one that is killed."""
    chance = random.Random(seed)
    editor = SurvivingEditor(home)
    editor.path.write_text("")
    await editor.start()
    await editor.end_of(await editor.run("pass"))
    (entry,) = Registry().live()
    kills = cuts = outputs = 0
    async with linked(entry.connection_file, home, "tcp" if seed % 2 else "ipc") as link:
        file = link.write(home / "link.json")
        for number in range(ROUNDS):
            client = await SessionClient.connect(entry.connection_file)
            last = (await client.session())["last"]
            await client.close()
            everyone = [
                Survivor(entry, home / f"{number}-{kind}", last)
                for kind in ("slow", "sleeper", "linked", "killed")
            ]
            slow, sleeper, far, killed = everyone
            slow.delay, far.connection = 0.002, file
            for each in everyone:
                each.start()
            run = await editor.run(CELL.format(lines=1500))
            before = len(editor.outputs)
            await asyncio.gather(
                editor.killed_after(before + chance.randint(1, 60), run),
                sleeper.slept(chance.random()),
                _cut(link, far, chance),
                killed.killed_after(chance.randint(1, 60)),
            )
            killed.start()
            await editor.end_of(run)
            assert editor.shown(run) == journaled_outputs(entry, run)
            outputs += len(editor.shown(run))
            for each in everyone:
                transcript = await each.ended()
                assert transcript == journaled(entry, last, len(transcript)), each.path
                each.path.unlink()
            kills, cuts = kills + editor.kills + killed.kills, cuts + 1
            editor.kills = 0
    await editor.close()
    await end_session(entry.id)
    print(f"{ROUNDS} rounds, {kills} kills, {cuts} cut links, {outputs} outputs in the editor")


async def _cut(link: Link, far: Survivor, chance: random.Random) -> None:
    while far.lines() < chance.randint(1, 60):
        await asyncio.sleep(0.01)
    link.cut()
    await asyncio.sleep(chance.random() / 2)
    link.mend()


@pytest.mark.timeout(3600)
async def test_every_console_that_was_killed_has_the_journal_in_the_end(home: Path) -> None:
    """Seventy sessions, in each a console that is killed three times at random."""
    kills = sum([await session_of_kills(home, seed) for seed in range(70)])
    print(f"70 sessions, {kills} kills")
    assert kills == 210
