"""Consoles that are killed and come back, and what they have shown beside the journal."""

from __future__ import annotations

import asyncio
import codecs
import random
import subprocess
import sys
import threading
from pathlib import Path

from vivo.parallel.client import SessionClient
from vivo.parallel.journal import Event, read
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.registry import SessionEntry
from vivo.parallel.wire import decode_event
from vivo.server.console.transcript import Transcript

from ..parallel.survivors import CELL

VIVO = str(Path(sys.executable).parent / "vivo")


class SurvivingConsole:
    """``vivo console --past --simple`` with a pipe at both ends: what it shows, piece by piece."""

    def __init__(self, entry: SessionEntry) -> None:
        self.text = ""
        self.kills = 0
        self._entry = entry
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.start()

    def start(self) -> None:
        """Begin, or come back."""
        words = [VIVO, "console", "--session", self._entry.id, "--past", "--simple"]
        pipe = subprocess.PIPE
        self.text = ""
        self.process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
        self._reader = threading.Thread(target=self._read, args=(self.process,))
        self._reader.start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        decoder = codecs.getincrementaldecoder("utf-8")()
        with process.stdout as stream:
            while data := stream.read1(2**16):  # type: ignore[attr-defined]
                self._loop.call_soon_threadsafe(self._show, decoder.decode(data))

    def _show(self, text: str) -> None:
        self.text += text
        self._news.set()

    async def has(self, length: int) -> None:
        """Wait until it has shown so many characters."""
        while len(self.text) < length:
            self._news.clear()
            await self._news.wait()

    async def killed(self) -> str:
        """Kill it; what it has shown."""
        self.process.kill()
        self.kills += 1
        return await self._ended()

    async def left(self) -> str:
        """Its input ends; what it has shown."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return await self._ended()

    async def _ended(self) -> str:
        await asyncio.to_thread(self.process.wait)
        await asyncio.to_thread(self._reader.join)
        if self.process.stdin is not None:
            self.process.stdin.close()
        await asyncio.sleep(0)  # what its reader gave last
        return self.text


def shown_of(entry: SessionEntry) -> str:
    """What a console has to show of a session's journal."""
    transcript, text = Transcript(colour=False), ""
    for item in read(Path(entry.journal)):
        assert isinstance(item, Event), item
        text += transcript.feed(decode_event(item.parts)).text
    return text


async def session_of_kills(home: Path, seed: int, *, lines: int = 1500) -> int:
    """A session whose console is killed at random moments, and comes back; how often.

    Asserts that the last one has shown what the journal has, and each other its beginning.
    """
    chance = random.Random(seed)
    entry = await start_session(SessionOptions(cwd=str(home), workspace=str(home)))
    client = await SessionClient.connect(entry.connection_file, name="test")
    await (await client.execute("'a value'")).finished()
    execution = await client.execute(CELL.format(lines=lines))
    console = SurvivingConsole(entry)
    broken = []
    for _ in range(3):
        await console.has(chance.randint(1, 5000))
        broken.append(await console.killed())
        console.start()
    assert (await execution.finished()).status == "error"
    expected = shown_of(entry)
    await console.has(len(expected))
    assert await console.left() == expected
    assert expected.count("line ") >= lines
    assert "ValueError: the end" in expected
    assert all(expected.startswith(text) for text in broken)
    await client.close()
    await end_session(entry.id)
    return console.kills
