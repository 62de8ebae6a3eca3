"""Floods of their full size: a gigabyte printed, two displayed, a hundred thousand clearings."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.limits import DEFAULT_LIMIT
from vivo.parallel.registry import SessionEntry

from ..parallel.subscribers import PLAIN, Subscriber

GIGABYTE = 10**9
MEBIBYTE = 2**20


class Flood:
    """A session with a client, and the memory of all that take part."""

    def __init__(self, entry: SessionEntry, client: SessionClient, engine: int) -> None:
        self.entry, self.client = entry, client
        self._watched = {"keeper": entry.keeper_pid, "engine": engine, "client": os.getpid()}
        self._before: dict[str, int] = {}

    def begin(self) -> None:
        """Look at the memory that is used now; the kernel notes the most from here on."""
        for name, pid in self._watched.items():
            Path(f"/proc/{pid}/clear_refs").write_text("5")
            self._before[name] = _memory(pid, "VmRSS")

    def grown(self) -> dict[str, int]:
        """MiB that each has taken at most since then."""
        return {
            name: (_memory(pid, "VmHWM") - self._before[name]) // MEBIBYTE
            for name, pid in self._watched.items()
        }

    @property
    def journal(self) -> int:
        """Bytes of the journal."""
        return sum(each.stat().st_size for each in Path(self.entry.journal).glob("events-*"))

    async def run(self, code: str) -> tuple[int, int]:
        """Run a cell that ends well: how many events it has, and characters of text."""
        after = (await self.client.session())["last"]
        execution = await self.client.execute(code)
        events = shown = 0
        async for event in self.client.events(after=after):
            events += 1
            if event.type == "stream":
                shown += len(event.content["text"])
            if event.metadata["vivo"].get("record", {}).get("finished"):
                break
        assert (await execution.finished()).status == "ok"
        return events, shown


def _memory(pid: int, name: str) -> int:
    found = re.search(rf"{name}:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


@pytest.fixture
async def flood(home: Path) -> AsyncIterator[Flood]:
    """A session with the limits that it has by default."""
    entry = await start_session(SessionOptions(cwd=str(home)))
    client = await SessionClient.connect(entry.connection_file)
    engine = (await client.session())["engine_pid"]
    made = Flood(entry, client, engine)
    await made.run("from IPython.display import clear_output, display")
    made.begin()
    yield made
    await client.close()
    await end_session(entry.id)


@pytest.mark.timeout(3600)
async def test_a_gigabyte_is_bounded_and_whole_in_its_file(flood: Flood) -> None:
    """Keeper, engine and client stay within what the limit sets; the spill file has every line."""
    began = time.monotonic()
    count = GIGABYTE // 1000
    _, shown = await flood.run(f"for i in range({count}): print(f'{{i:0999d}}')")
    seconds, grown = time.monotonic() - began, flood.grown()
    print(f"1 GB in {seconds:.1f} s; grown: {grown} MiB; journal {flood.journal >> 20} MiB")
    (path,) = Path(flood.entry.journal).glob("output-*.txt")
    with path.open() as lines:
        assert all(int(line) == number for number, line in enumerate(lines))
    assert path.stat().st_size == GIGABYTE
    assert shown < DEFAULT_LIMIT + 1000
    assert flood.journal < 2 * DEFAULT_LIMIT
    for name, taken in grown.items():
        assert taken * MEBIBYTE < 4 * DEFAULT_LIMIT, name


@pytest.mark.timeout(3600)
async def test_two_gigabytes_of_displays_beside_a_client_that_is_stopped(flood: Flood) -> None:
    """What is held for it is at most what four cells may display; nobody waits for it."""
    stopped = Subscriber(PLAIN, flood.entry.connection_file)
    try:
        while not stopped.has_printed:
            await flood.run("pass")
        os.kill(stopped.process.pid, signal.SIGSTOP)
        flood.begin()
        seconds = []
        for _ in range(34):
            began = time.monotonic()
            await flood.run(
                "for i in range(60): display({'text/plain': 'x' * 1_000_000}, raw=True)"
            )
            seconds.append(time.monotonic() - began)
        grown = flood.grown()
        print(f"60 MB a cell in {min(seconds):.2f} to {max(seconds):.2f} s; grown: {grown} MiB")
        assert grown["keeper"] * MEBIBYTE < 20 * DEFAULT_LIMIT
        assert grown["client"] * MEBIBYTE < 12 * DEFAULT_LIMIT
    finally:
        stopped.close()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "step",
    [
        "clear_output(wait=True); print('step', i, 'x' * 200)",
        "clear_output(wait=True); display({'text/html': f'<b>{i}</b>' + 'x' * 10_000}, raw=True)",
        "handle.update({'text/html': f'<b>{i}</b>' + 'x' * 10_000}, raw=True)",
        "widget.send({'method': 'update', 'state': {'value': i}}, buffers=[b'x' * 10_000])",
    ],
    ids=["clear and print", "clear and display", "update", "widget"],
)
async def test_a_hundred_thousand_steps_of_a_progress_bar_are_bounded(
    flood: Flood, step: str
) -> None:
    """Of each kind, within twice what the limits of text and displays are together."""
    await flood.run(
        "import comm\nwidget = comm.create_comm(target_name='one', data={})\n"
        "handle = display('begins', display_id=True)"
    )
    flood.begin()
    began = time.monotonic()
    events, _ = await flood.run(f"for i in range(100_000): {step}")
    seconds, grown = time.monotonic() - began, flood.grown()
    print(f"{events} events in {seconds:.1f} s; grown: {grown} MiB; {flood.journal >> 20} MiB")
    assert flood.journal < 2 * 5 * DEFAULT_LIMIT
    assert grown["keeper"] * MEBIBYTE < 12 * DEFAULT_LIMIT
    assert grown["engine"] * MEBIBYTE < 4 * DEFAULT_LIMIT
