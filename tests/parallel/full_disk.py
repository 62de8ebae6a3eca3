"""A session on a disk that fills up, has room again, and whose keeper is killed meanwhile.

    python full_disk.py HOME

HOME is made a small disk of its own, in a mount namespace that the caller has made, and all that
the session keeps is on it, but for its sockets. Prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from vivo.parallel.client import SessionClient
from vivo.parallel.journal import Event, Gap, read
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.registry import SessionEntry
from vivo.parallel.wire import Message

SIZE = "24m"
LIMIT = 400_000  # characters that a cell shows
FLOOD = "for number in range({}): print('flood', number, 'x' * 1000)"
FLOODS = 2000
FILL = """
counted += 1
with open("ballast", "wb", buffering=0) as stream:
    for size in (2**16, 1):
        try:
            while True:
                stream.write(b"x" * size)
        except OSError:
            pass
"""


class Told:
    """What a client was shown."""

    def __init__(self) -> None:
        self.text = ""
        self._run = ""

    async def follow(self, events: AsyncIterator[Message], run: str) -> None:
        """Take in the events until a run has ended."""
        async for event in events:
            if event.type == "stream":
                self.text += event.content["text"]
            record = event.metadata["vivo"].get("record", {})
            if record.get("id") == run and record.get("finished"):
                return


async def run(client: SessionClient, told: Told, events: Any, code: str) -> str:
    """Run a cell; its status."""
    execution = await client.execute(code)
    await told.follow(events, execution.id)
    return (await execution.finished()).status


async def successor(entry: SessionEntry, client: SessionClient) -> None:
    """Kill the keeper; wait for the next one."""
    os.kill(entry.keeper_pid, signal.SIGKILL)
    while (await client.session())["keeper_pid"] == entry.keeper_pid:
        continue


async def observe(home: Path) -> dict[str, Any]:
    """Live through it."""
    options = SessionOptions(cwd=str(home), workspace=str(home), output_limit=LIMIT)
    entry = await start_session(options)
    client = await SessionClient.connect(entry.connection_file, name="test")
    told, events = Told(), client.events(after=0)
    journal = Path(entry.journal)
    found: dict[str, Any] = {"statuses": []}

    async def cells(*codes: str) -> None:
        found["statuses"] += [await run(client, told, events, code) for code in codes]

    await cells("counted = 0", FLOOD.format(FLOODS))
    await cells(FILL, *[f"counted += 1; print('cell', counted)  # {'y' * 200_000}"] * 3)
    found["recalled"] = len(await client.history(n=5))
    await cells(*[FLOOD.format(FLOODS)] * 2)
    await successor(entry, client)
    await cells("print('counted is', counted)")
    (home / "ballast").unlink()
    seen = len(told.text)
    await cells("print('room again')", FLOOD.format(FLOODS), "counted")
    found["after"] = told.text[seen:].count("cannot be written")
    found["spilled"] = sizes(journal)
    found["checkpoint"] = (journal / "checkpoint.json").exists()
    found["records"] = [record.status for record in await client.runs()]
    await events.aclose()
    last = (await client.session())["last"]
    late = await SessionClient.connect(entry.connection_file)
    again = Told()
    async for event in late.events(after=0):  # passes over what is missing
        again.text += event.content.get("text", "")
        if event.metadata["vivo"]["seq"] == last:
            break
    await late.close()
    await client.close()
    await end_session(entry.id)
    items = list(read(journal))
    numbers = [item.seq for item in items if isinstance(item, Event)]
    history = sqlite3.connect(home / "data" / "vivo" / "history.sqlite")
    rows = history.execute("SELECT line, source FROM history ORDER BY line").fetchall()
    history.close()
    return {
        **found,
        "said": re.findall("The .*cannot be written.*", told.text),
        "lines": [line for line in told.text.splitlines() if line.startswith("c")],
        "left out": re.findall("left out here; (.*?) /", told.text),
        "gaps": sum(isinstance(item, Gap) for item in items),
        "rising": numbers == sorted(set(numbers)),
        "replayed": "room again" in again.text,
        "history": [line for line, _ in rows],
    }


def sizes(journal: Path) -> list[int]:
    """The sizes of the spill files, the oldest first."""
    return [path.stat().st_size for path in sorted(journal.glob("output-*.txt"))]


def main() -> None:
    """Make the disk, and tell what was found."""
    home = Path(sys.argv[1])
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(home)], check=True)
    for name in ("data", "state"):
        (home / name).mkdir(mode=0o700)
    print(json.dumps(asyncio.run(observe(home))))


if __name__ == "__main__":
    main()
