"""An engine that is killed again and again while all kinds of sources print."""

from __future__ import annotations

import os
import random
import signal
import struct
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.transcripts import transcript

KILLS = 100
# Each source counts in a file of its own what has returned: a kill cannot take that back.
CELL = """
import os, struct, subprocess, sys, threading
def counter(name):
    descriptor = os.open(os.path.join({folder!r}, name), os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    return lambda n: os.pwrite(descriptor, struct.pack("q", n), 0)
child = subprocess.Popen([sys.executable, "-c", '''
import os, struct
descriptor = os.open({child!r}, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
n = 0
while True:
    os.write(1, b"child %d\\\\n" % n)
    n += 1
    os.pwrite(descriptor, struct.pack("q", n), 0)
'''])
def threaded():
    told, n = counter("thread"), 0
    while True:
        print(f"thread {{n}}\\n", end="")
        n += 1
        told(n)
threading.Thread(target=threaded, daemon=True).start()
told, n = counter("main"), 0
while True:
    print(f"main {{n}}\\n", end="")
    if n % 50 == 0: display({{"text/plain": f"shown {{n}}"}}, raw=True)
    n += 1
    told(n)
"""


@pytest.mark.timeout(3600)
async def test_nothing_that_was_printed_is_lost_with_the_engine(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cell's own lines, a thread's, displays, and what a child wrote before it was killed."""
    monkeypatch.setenv("VIVO_OUTPUT_LIMIT", str(2**40))
    entry = await start_session(SessionOptions(cwd=str(home)))
    client = await SessionClient.connect(entry.connection_file, name="soak")
    chance = random.Random(3)
    code = CELL.format(folder=str(home), child=str(home / "child"))
    total = lost = 0
    for _ in range(KILLS):
        after = (await client.session())["last"]
        execution = await client.execute(code)
        wanted = chance.randint(1, 3000)
        while min(_returned(home, name) for name in ("main", "thread", "child")) < wanted:
            await client.session()
        engine = (await client.session())["engine_pid"]
        os.killpg(engine, signal.SIGKILL)
        record = await execution.finished()
        assert record.error is not None
        assert record.error.name == "EngineDied"
        text, shown = "", 0
        for entry_of_run in transcript(Path(entry.journal), after):
            if entry_of_run.kind == "stream":
                text += entry_of_run.content["text"]
            shown += entry_of_run.kind == "display"
        # Each line is one write: nobody else's text is inside it, though it may follow at once.
        for name in ("main", "thread", "child"):
            returned = _returned(home, name)
            found = sum(f"{name} {number}\n" in text for number in _some(returned))
            total, lost = total + len(_some(returned)), lost + len(_some(returned)) - found
            (home / name).unlink()
        assert shown >= 1
        await client.restart()
    await client.close()
    await end_session(entry.id)
    print(f"\n{KILLS} kills: {lost} of {total} lines looked for are lost")
    assert lost == 0


def _returned(home: Path, name: str) -> int:
    try:
        data = (home / name).read_bytes()
    except FileNotFoundError:
        return 0
    return int(struct.unpack("q", data)[0]) if len(data) == 8 else 0


def _some(returned: int) -> list[int]:
    """The last two hundred lines, where any could be missing, and a hundred of those before."""
    step = max(1, returned // 100)
    return sorted({*range(0, returned, step), *range(max(0, returned - 200), returned)})
