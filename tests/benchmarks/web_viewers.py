"""Fifty who look on: what it costs a session that prints 1 MB/s, and whether each sees all.

``web_viewers.py [VIEWERS] [SECONDS] [ROUNDS]``. A cell prints a megabyte a second and computes in
between; how much it computes is compared with viewers and without, in turns. The viewers' own
process is a stranger to the session (they sit at other machines): it runs at the lowest priority.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from vivo.parallel.registry import Registry

from tests.server.web import serving

CELL = """
import time as _time
_line, _count, _work, _begin = "x" * 99, 0, 0, _time.perf_counter()
while (_now := _time.perf_counter() - _begin) < {seconds}:
    while _count < _now * 10_000:
        print(_line)
        _count += 1
    _work += sum(range(2_000)) > 0
print(_work, _count)
"""


async def look_on(link: str, cookie: str, session: str, count: int) -> None:
    """Viewers in a process of their own: tells when all are in, then what each has seen."""
    from tests.server.web import WebServer

    os.nice(19)
    server = WebServer(None, link)  # type: ignore[arg-type]
    async with AsyncExitStack() as stack:
        visitors = []
        for _ in range(count):
            visitor = await stack.enter_async_context(server.visit(cookie))
            await visitor.introduce(seen={session: 10**9})
            await visitor.open(session)
            visitors.append(visitor)
        print("in", flush=True)
        wanted = await asyncio.to_thread(sys.stdin.readline)
        for visitor in visitors:
            async with asyncio.timeout(300):
                while not any(
                    each.get("method") == "vivo/executionFinished"
                    and each["params"]["executionId"] == wanted.strip()
                    for each in visitor.told
                ):
                    visitor.news.clear()
                    await visitor.news.wait()
        print(
            json.dumps(
                [
                    hashlib.sha256(each.text(wanted.strip()).encode()).hexdigest()
                    for each in visitors
                ]
            )
        )


async def round_of(
    server: Any, owner: Any, session: str, uri: str, cookie: str, viewers: int, seconds: int
) -> dict[str, Any]:
    """One cell, with so many viewers."""
    web = psutil.Process(server.process.pid)
    watching = None
    if viewers:
        watching = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "look", server.link, cookie, session, str(viewers),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=2**24,
        )  # fmt: skip
        await watching.stdout.readline()
    owner.told.clear()
    entry = Registry().get(session)
    assert entry is not None
    keeper = psutil.Process(entry.keeper_pid)
    (engine,) = [each for each in keeper.children() if "bootstrap.py" in " ".join(each.cmdline())]
    processes = (web, keeper, engine)
    before = [sum(each.cpu_times()[:2]) for each in processes]
    started = await owner.command("runText", {"uri": uri, "text": CELL.format(seconds=seconds)})
    end = await owner.until("vivo/executionFinished", executionId=started["executionId"])
    costs = [sum(each.cpu_times()[:2]) - was for each, was in zip(processes, before, strict=True)]
    text = owner.text(started["executionId"])
    work, _ = text.rstrip().rpartition("\n")[2].split()
    own = hashlib.sha256(text.encode()).hexdigest()
    same = None
    outputs = sum(each.get("method") == "vivo/output" for each in owner.told)
    if watching is not None:
        seen, _ = await watching.communicate(f"{started['executionId']}\n".encode())
        digests = json.loads(seen.splitlines()[-1])
        same = sum(each == own for each in digests)
    return {
        "viewers": viewers,
        "work": int(work),
        "seconds": round(end["duration"], 2),
        "CPU of web server, keeper, engine": [round(each, 2) for each in costs],
        "outputs": outputs,
        "same transcript": same,
    }


async def main(viewers: int, seconds: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="vv-") as home:
        for name, folder in {
            "HOME": "",
            "XDG_RUNTIME_DIR": "run",
            "XDG_STATE_HOME": "state",
            "XDG_DATA_HOME": "data",
            "XDG_CONFIG_HOME": "config",
            "XDG_CACHE_HOME": "cache",
        }.items():
            Path(home, folder).mkdir(mode=0o700, exist_ok=True)
            os.environ[name] = str(Path(home, folder))
        async with serving(Path(home)) as server:
            cookie = await server.enter()
            async with server.visit(cookie, max_queue=None) as owner:
                await owner.introduce()
                opened = await owner.open()
                session = opened["session"]["sessionId"]
                found: dict[int, list[int]] = {0: [], viewers: []}
                for _ in range(rounds):
                    for count, works in found.items():
                        told = await round_of(
                            server, owner, session, opened["uri"], cookie, count, seconds
                        )
                        print(told, flush=True)
                        works.append(told["work"])
                print(
                    "work with viewers to work without:",
                    round(statistics.median(found[viewers]) / statistics.median(found[0]), 3),
                )


if __name__ == "__main__":
    if sys.argv[1:2] == ["look"]:
        asyncio.run(look_on(*sys.argv[2:5], int(sys.argv[5])))
    else:
        words = [int(word) for word in sys.argv[1:]]
        asyncio.run(main(*[*words, *(50, 10, 3)[len(words) :]]))
