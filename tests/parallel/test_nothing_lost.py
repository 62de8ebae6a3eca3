"""What was printed is in the journal, and with everyone who asks, whoever dies in between."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.journal import Event, read
from vivo.parallel.registry import SessionEntry
from vivo.parallel.wire import decode_event

from .survivors import round_of_kills

pytestmark = pytest.mark.sessions


async def test_every_client_that_was_killed_has_the_journal_in_the_end(
    entry: SessionEntry, home: Path
) -> None:
    """Lines, displays and errors; who ran the cell is killed too; 200 rounds are in the soak."""
    client = await SessionClient.connect(entry.connection_file)
    last = (await client.session())["last"]
    await client.close()
    chance = random.Random(4)
    kills = 0
    for _ in range(3):
        _, killed, last = await round_of_kills(entry, home, last, chance)
        kills += killed
    assert kills >= 6


async def test_every_line_whose_print_returned_outlives_the_engine(
    entry: SessionEntry, client: SessionClient, home: Path
) -> None:
    """The engine kills itself from a thread in mid-print; a file counts what returned."""
    counter = home / "count"
    code = (
        "import os, signal, struct, threading\n"
        f"f = os.open({str(counter)!r}, os.O_RDWR | os.O_CREAT)\n"
        "def kill():\n"
        "    while os.fstat(f).st_size == 0 or struct.unpack('q', os.pread(f, 8, 0))[0] < {limit}:"
        " pass\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "threading.Thread(target=kill).start()\n"
        "i = 0\n"
        "while True:\n"
        "    print('line', i)\n"
        "    i += 1\n"
        "    os.pwrite(f, struct.pack('q', i), 0)\n"
    )
    chance = random.Random(7)
    for _ in range(3):
        after = (await client.session())["last"]
        limit = chance.randint(1, 5000)
        record = await (await client.execute(code.replace("{limit}", str(limit)))).finished()
        assert record.error is not None
        assert "SIGKILL" in record.error.message
        returned = int.from_bytes(counter.read_bytes(), "little")
        text = ""
        for item in read(Path(entry.journal), after):
            assert isinstance(item, Event)
            event = decode_event(item.parts)
            if event.type == "stream" and event.content["name"] == "stdout":
                text += event.content["text"]
        lines = text.splitlines()
        assert lines[:returned] == [f"line {number}" for number in range(returned)]
        assert returned >= limit
        counter.unlink()
        await client.restart()
