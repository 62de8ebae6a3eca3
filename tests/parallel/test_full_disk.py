"""A disk that is full is said once, and the session goes on."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.journal import Event, Gap, read
from vivo.parallel.registry import SessionEntry

pytestmark = pytest.mark.sessions

ROOM = 200_000
CELLS = 4


async def test_a_full_disk_is_said_once_and_the_journal_marks_the_gap(
    entry: SessionEntry, client: SessionClient
) -> None:
    """The cells run and are shown; with room again the journal goes on, and knows what it lacks."""
    keeper = psutil.Process(entry.keeper_pid)
    size = max(path.stat().st_size for path in Path(entry.journal).glob("events-*"))
    before = keeper.rlimit(psutil.RLIMIT_FSIZE)
    keeper.rlimit(psutil.RLIMIT_FSIZE, (size + ROOM, before[1]))
    seen: list[str] = []
    last = (await client.session())["last"]
    events = client.events(after=last)
    for number in range(CELLS):
        execution = await client.execute(f"print('x' * 150_000)\nprint('cell', {number})")
        async for event in events:
            if event.type == "stream":
                seen.append(event.content["text"])
            elif event.metadata["vivo"].get("record", {}).get("finished"):
                break
        assert (await execution.finished()).status == "ok"
    text = "".join(seen)
    assert text.count("cannot be written (File too large)") == 1
    assert "free some space" in text
    assert [line for line in text.splitlines() if line.startswith("cell ")] == [
        f"cell {number}" for number in range(CELLS)
    ]
    keeper.rlimit(psutil.RLIMIT_FSIZE, before)
    await (await client.execute("'room again'")).finished()
    await events.aclose()  # type: ignore[attr-defined]
    items = list(read(Path(entry.journal)))
    assert any(isinstance(item, Gap) for item in items)
    assert isinstance(items[-1], Event)
    numbers = [item.seq for item in items if isinstance(item, Event)]
    assert numbers[-1] == (await client.session())["last"]
    late = await SessionClient.connect(entry.connection_file)
    async for event in late.events(after=0):  # passes over what is missing
        if "room again" in str(event.content):
            break
    await late.close()
