"""Interrupts at random moments around cells' beginnings and ends: what must hold after each."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from vivo.parallel.client import SessionClient

PREPARED = """
import asyncio, os, time
kept, count = {}, 0
class Shown:
    def _repr_html_(self): return "<b>shown</b>" * 20
"""
# Cells of about the same length as the time until their interrupt.
CELLS = (
    "for i in range({n} * 50): pass",
    "for i in range({n}): print(i)",
    "for i in range({n} // 10): display(Shown())",
    "for i in range({n} // 10): await asyncio.sleep(0)",
    "await asyncio.sleep({n} / 100_000)",
    "time.sleep({n} / 100_000)",
    "1 / 0",
    "Shown()",
    "{n}",
    "os.write(1, b'raw\\n');",
    "!true",
    "import warnings; warnings.warn('careful')",
    "try:\n    for i in range({n} * 20): pass\nfinally:\n    x = {n}",
)


async def storm(client: SessionClient, rounds: int, chance: random.Random) -> Counter[str]:
    """Run cells, each with interrupts around it, then one that must be untouched; counts ends."""
    ends: Counter[str] = Counter()
    await (await client.execute(PREPARED)).finished()
    for number in range(rounds):
        code = chance.choice(CELLS).replace("{n}", str(chance.randrange(10, 400)))
        execution = await client.execute(code)
        answers = []
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            await asyncio.sleep(chance.choice((0, 0, 0.0005, 0.001, 0.002, 0.004)))
            answers.append(asyncio.create_task(client.interrupt(execution.id)))
        outcomes = [await each for each in answers]
        assert set(outcomes) <= {"interrupted", "idle", "removed_from_queue"}, outcomes
        reply = await execution.reply()
        record = await execution.finished()
        ends[record.status if record.error is None else record.error.name] += 1
        expected = ("KeyboardInterrupt", "ZeroDivisionError")
        assert record.error is None or record.error.name in expected, (code, record.error)
        shown = "\n".join(reply.content.get("traceback") or ())
        for own in ("/parallel/engine/", "/core/shell", "/core/running"):
            assert own not in shown, shown
        clean = await client.execute(f"kept[{number}] = count = count + 1\nlen(kept), count")
        record = await clean.finished()
        assert record.status == "ok", (code, record.error)
        told = record.values[-1].data["text/plain"]
        assert told == f"({number + 1}, {number + 1})", (code, told)
    return ends
