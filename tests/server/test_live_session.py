"""A session as the server sees it: what is kept of its runs, and for how long."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from vivo.parallel.launch import SessionOptions, end_session
from vivo.parallel.messages import RunOrigin, RunRecord
from vivo.parallel.replays import Replays
from vivo.server.live import LiveSession


class Ends:
    """Waits for the ends of runs; hears nothing else."""

    def __init__(self) -> None:
        self.ended: asyncio.Queue[RunRecord] = asyncio.Queue()

    def run_finished(self, session: LiveSession, record: RunRecord) -> None:
        self.ended.put_nowait(record)

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


async def test_nothing_but_its_record_is_kept_of_a_run_that_has_ended(home: Path) -> None:
    """Whether it ran, failed, or was taken out before the session had it."""
    ends, settled = Ends(), list[str]()
    session = LiveSession(SessionOptions(cwd=str(home)), ends)
    try:
        for code in ("1", "1 / 0", "print('a')"):
            record = session.send(code, RunOrigin(client="test"), stop_on_error=False)
            session.at_end(record.id, lambda run=record.id: settled.append(run))
        assert await session.interrupt(record.id) == "removed_from_queue"
        ended = [await asyncio.wait_for(ends.ended.get(), 20) for _ in range(3)]
        assert sorted(each.status for each in ended) == ["aborted", "error", "ok"]
        assert sorted(settled) == sorted(each.id for each in ended)
        # The keeper knows them by their numbers, and remembers no signature of each.
        replays = Replays(by_number=True)
        assert [replays.is_new(each.id, b"signature") for each in ended] == [True] * 3
        assert [replays.is_new(each.id, b"another") for each in ended] == [False] * 3
        assert session.own_runs == set()
        assert (session._held, session._at_end, session._tasks) == (set(), {}, set())
        assert (session.queue._sent, session.queue._told) == ({}, {})
    finally:
        await session.close()
        if session.entry is not None:
            await end_session(session.entry.id)
