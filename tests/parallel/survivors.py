"""Clients that are killed and come back, and what they have in the end beside the journal."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from vivo.parallel.journal import Event, read
from vivo.parallel.registry import SessionEntry
from vivo.parallel.wire import decode_event

CELL = """
import sys, time
for i in range({lines}):
    print('line', i)
    if i % 40 == 7: display({{'number': i}})
    if i % 60 == 9: print('error', i, file=sys.stderr)
    if i % 25 == 0: time.sleep(0.01)
raise ValueError('the end')
"""
# A line for each event: what it is, whole. It goes on after the last whole line of its file; with
# a cell it is who runs it, the first time.
PROGRAM = """
import asyncio, json, sys
from vivo.parallel.client import SessionClient
def ends(kind, content, until):
    if until:
        return until in str(content.get('data', ''))
    return (kind, content) == ('status', {'execution_state': 'idle'})
async def main(connection, path, after, code, until, delay):
    with open(path, 'a+') as stream:
        stream.seek(0)
        text = stream.read()
        kept = text[:text.rfind('\\n') + 1]
        stream.truncate(len(kept.encode()))
        if kept:
            after, kind, content = json.loads(kept.splitlines()[-1])
            if ends(kind, content, until):
                return  # it was killed when it had all
        client = await SessionClient.connect(connection)
        if code and not kept:
            await client.execute(code)
        async for event in client.events(after=int(after)):
            vivo = event.metadata['vivo']
            stream.write(json.dumps([vivo['seq'], event.type, event.content]) + '\\n')
            stream.flush()
            if ends(event.type, event.content, until):
                break
            if float(delay):
                await asyncio.sleep(float(delay))
        await client.close()
asyncio.run(main(*sys.argv[1:]))
"""


@dataclass
class Survivor:
    """A client in a process of its own, with its transcript in a file."""

    entry: SessionEntry
    path: Path
    after: int
    code: str = ""
    until: str = ""
    """A part of the value that is the last it wants; without, the end of the first cell."""
    delay: float = 0.0
    """Seconds that it takes for each event: a slow client."""
    connection: Path | None = None
    """Its connection file, if not the session's own: that of a link."""
    kills: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Begin, or come back."""
        connection = str(self.connection or self.entry.connection_file)
        words = [connection, str(self.path), str(self.after), self.code, self.until]
        words.append(str(self.delay))
        self.process = subprocess.Popen([sys.executable, "-c", PROGRAM, *words])

    def lines(self) -> int:
        """How many events it has."""
        return self.path.read_bytes().count(b"\n") if self.path.exists() else 0

    async def killed_after(self, count: int) -> None:
        """Kill it once it has so many events, or has ended by itself."""
        assert self.process is not None
        while self.lines() < count and self.process.poll() is None:
            await asyncio.sleep(0.001)
        if self.process.poll() is None:
            self.process.kill()
            self.kills += 1
        self.process.wait()

    async def slept(self, seconds: float) -> None:
        """Stop it for a while."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(seconds)
            self.process.send_signal(signal.SIGCONT)

    async def ended(self) -> list[list[object]]:
        """Its transcript, when it has seen the cell's end."""
        assert self.process is not None
        assert await asyncio.to_thread(self.process.wait) == 0
        return [json.loads(line) for line in self.path.read_text().splitlines()]


def journaled(entry: SessionEntry, after: int, count: int) -> list[list[object]]:
    """What the journal has after a number."""
    found: list[list[object]] = []
    for item in read(Path(entry.journal), after):
        assert isinstance(item, Event), item
        event = decode_event(item.parts)
        found.append([item.seq, event.type, event.content])
        if len(found) == count:
            break
    return found


async def round_of_kills(
    entry: SessionEntry, folder: Path, after: int, chance: random.Random, *, lines: int = 1500
) -> tuple[int, int, int]:
    """One cell, three clients that are killed at random moments: events, kills, the last number.

    Asserts that the transcript of each is the journal.
    """
    code = CELL.format(lines=lines)
    everyone = [
        Survivor(entry, folder / f"{after}-{number}", after, code if number == 0 else "")
        for number in range(3)
    ]
    for each in everyone:
        each.start()
    await asyncio.gather(*(_killed(each, chance) for each in everyone))
    transcripts = [await each.ended() for each in everyone]
    expected = journaled(entry, after, len(transcripts[0]))
    for each, transcript in zip(everyone, transcripts, strict=True):
        assert transcript == expected, f"{each.path} differs from the journal"
        each.path.unlink()
    text = "".join(
        str(content["text"])
        for _, kind, content in expected
        if kind == "stream" and isinstance(content, dict) and content["name"] == "stdout"
    )
    assert text == "".join(f"line {number}\n" for number in range(lines))
    return len(expected), sum(each.kills for each in everyone), after + len(expected)


async def _killed(each: Survivor, chance: random.Random) -> None:
    seen = 0
    for _ in range(chance.choice((1, 1, 2))):
        seen += chance.randint(1, 60)
        await each.killed_after(seen)
        each.start()
