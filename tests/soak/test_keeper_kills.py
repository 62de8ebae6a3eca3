"""A keeper that is killed again and again while a cell prints as fast as it can."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.engine import succession
from vivo.parallel.journal import Gap, read
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.wire import Message

KILLS = 100
PRINTING = """
import itertools, pathlib
for number in itertools.count():
    print("line", number)
    if number % 1000 == 0 and pathlib.Path("enough").exists():
        break
number
"""


@pytest.mark.timeout(1200)
async def test_what_a_killed_keeper_loses_is_counted(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Engine and cell live through every kill; what is missing stands beside a mark."""
    monkeypatch.setenv("VIVO_OUTPUT_LIMIT", str(2**40))  # all is in the journal
    entry = await start_session(SessionOptions(cwd=str(home)))
    client = await SessionClient.connect(entry.connection_file, name="soak")
    draw = random.Random(7)
    try:
        session = await client.session()
        engine, keeper = session["engine_pid"], session["keeper_pid"]
        execution = await client.execute(PRINTING)
        events = client.events(after=session["last"])
        gaps = []
        for _ in range(KILLS):
            await _goes_on(events, draw.randrange(1, 50))
            os.kill(keeper, signal.SIGKILL)
            began = asyncio.get_running_loop().time()
            while (session := await client.session())["keeper_pid"] == keeper:
                continue
            gaps.append(asyncio.get_running_loop().time() - began)
            keeper = session["keeper_pid"]
            assert session["engine_pid"] == engine
        (home / "enough").touch()
        record = await execution.finished()
        assert record.status == "ok"
        last = int(record.values[-1].data["text/plain"])
        lost, marked, doubled = _holes(Path(entry.journal), execution.id, last)
        gaps.sort()
        print(
            f"\n{KILLS} kills: {lost} of {last + 1} lines lost, {marked} marks, {doubled} doubled; "
            f"a new keeper after {gaps[KILLS // 2]:.2f} s in the median, {gaps[-1]:.2f} s at most"
        )
    finally:
        await client.close()
        await end_session(entry.id)


async def _goes_on(events: AsyncIterator[Message], more: int) -> None:
    """Take in what the cell prints until a new keeper's death is no failed start, and some more."""
    began = time.monotonic()
    async for _ in events:
        if time.monotonic() - began > succession._EARLY:
            more -= 1
            if not more:
                return


def _holes(journal: Path, run: str, last: int) -> tuple[int, int, int]:
    """How many lines are missing, how many marks there are, and how many lines came twice.

    Each hole must hold a mark.
    """
    import msgspec

    text = ""
    for item in read(journal):
        if isinstance(item, Gap):  # killed as it wrote: the entry is torn, and was sent to nobody
            assert item.first == item.last
            assert "ends inside a record" in item.reason
            continue
        if msgspec.json.decode(item.parts[2]).get("vivo", {}).get("run") == run:
            text += msgspec.json.decode(item.parts[3]).get("text", "")
    expected, lost, doubled, marked, is_marked = 0, 0, 0, 0, False
    for match in re.finditer(r"line (\d+)\n|vivo: the keeper", text):
        if match[1] is None:
            marked, is_marked = marked + 1, True
            continue
        number = int(match[1])
        if number != expected:
            assert is_marked, f"lines {expected} to {number - 1} are missing without a mark"
            lost += max(0, number - expected)
            doubled += max(0, expected - number)
        expected = max(expected, number + 1)
        is_marked = is_marked and number != expected - 1
    assert expected == last + 1
    return lost, marked, doubled
