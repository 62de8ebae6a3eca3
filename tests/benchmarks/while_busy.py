"""What a session answers while a cell runs: completion, inspection, variables and history.

One client of vivo's own, over the session's Unix sockets; each question waits for its answer. The
limits are those of the whole way: client, keeper, lane and back. Beside C code that holds the
interpreter's lock the keeper answers: its deadlines are shown, not a limit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from kernels import own_folders
from report import Times, percentile, promise, show
from vivo.parallel.client import SessionClient
from vivo.parallel.keeper.last_known import BEHIND_DEADLINE, BUSY_DEADLINE
from vivo.parallel.launch import SessionOptions, end_session, start_session

NAMES = "import json, os, re\ntable = list(range(1000))\n" + (
    "globals().update({f'name_{number}': number for number in range(1000)})"
)
MANY_NAMES = "globals().update({f'many_{number}': number for number in range(100_000)})"
LOADS: dict[str, tuple[str, float]] = {
    "a pure-Python loop": ("print(0)\nwhile True: pass", 15),
    "code that lets go of the lock": (
        "import zlib; data = os.urandom(2**22); print(0)\nwhile True: zlib.compress(data)", 15,
    ),
    "four busy threads": (
        "import threading\nrunning = True\ndef spin():\n    while running: pass\n"
        "threads = [threading.Thread(target=spin) for _ in range(4)]\n"
        "for each in threads: each.start()\nprint(0)\n"
        "try:\n    for each in threads: each.join()\nfinally: running = False", 30,
    ),
    "a flood of prints": ("while True: print('a line of the flood, as long as lines are')", 30),
}  # fmt: skip
HELD = "print(0)\nre.match(r'(a+)+$', 'a' * 60 + 'b')"

Question = Callable[[SessionClient], Awaitable[object]]
QUESTIONS: dict[str, Question] = {
    "complete": lambda client: client.complete("table.app"),
    "inspect": lambda client: client.inspect("table"),
    "variables": lambda client: client.variables(count=50),
    "history": lambda client: client.history(n=20),
}


async def begun(client: SessionClient, code: str) -> object:
    """A cell that has printed something."""
    after = (await client.session())["last"]
    cell = await client.execute(code)
    async for event in client.events(after=after):
        if event.type == "stream" and event.metadata["vivo"].get("run") == cell.id:
            break
    return cell


async def timed(client: SessionClient, question: Question) -> float:
    start = time.perf_counter()
    await question(client)
    return time.perf_counter() - start


async def beside(client: SessionClient, title: str, code: str, limit: float, rounds: int) -> None:
    """Ask everything beside a cell, in turns, and interrupt it."""
    cell = await begun(client, code)
    for question in QUESTIONS.values():
        await question(client)
    times: Times = {name: [] for name in QUESTIONS}
    control: list[float] = []
    for _ in range(rounds):
        control.append(await timed(client, lambda client: client.session()))
        for name, question in QUESTIONS.items():
            times[name].append(await timed(client, question))
    # What the keeper answers by itself shows what the machine adds in this run.
    show(f"asked beside {title}", {**times, "(keeper)": control})
    await client.interrupt()
    await cell.finished()  # type: ignore[attr-defined]
    for name, values in times.items():
        promise(f"{name} beside {title}, p99", percentile(values, 0.99) * 1e3, limit, " ms")


async def beside_c_code(client: SessionClient) -> None:
    """Ask beside one call in C, once the first has waited for its deadline."""
    cell = await begun(client, HELD)
    while not (await client.variables()).busy:
        continue  # it has printed, and is on its way into C
    later = [await timed(client, question) for question in QUESTIONS.values() for _ in range(5)]
    title = f"asked beside C code (deadlines {BUSY_DEADLINE * 1e3:g}, {BEHIND_DEADLINE * 1e3:g} ms)"
    show(title, {"later": later})
    await client.interrupt()
    await cell.finished()  # type: ignore[attr-defined]


async def measure(rounds: int) -> None:
    entry = await start_session(SessionOptions(cwd="/", workspace="/"))
    client = await SessionClient.connect(entry.connection_file, name="bench")
    try:
        await (await client.execute(NAMES)).finished()
        for title, (code, limit) in LOADS.items():
            await beside(client, title, code, limit, rounds)
        await beside_c_code(client)
        await (await client.execute(MANY_NAMES)).finished()
        first = await timed(client, QUESTIONS["variables"])
        again = [await timed(client, QUESTIONS["variables"]) for _ in range(rounds)]
        show("a page of 100,000 names, idle", {"first": [first], "again": again})
        code, limit = LOADS["a pure-Python loop"]
        await beside(client, "a pure-Python loop, 100,000 names", code, limit, rounds)
    finally:
        await client.close()
        await end_session(entry.id)


def run(rounds: int) -> None:
    """Measure and print, in folders of our own."""
    with own_folders():
        asyncio.run(measure(rounds * 10))
