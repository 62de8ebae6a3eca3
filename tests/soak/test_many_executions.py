"""A hundred thousand executions of an editor's: nothing grows in server, keeper or engine.

Each remembers on purpose a bounded number of runs, signatures of messages, values, and names of
inputs. The first two thirds fill all of that; over the last memory is level. An engine keeps every
input in ``In``: eight bytes for one whose text has run before. Of the cells that show values the
same run in each round, so that ``Out`` weighs the same at any moment: a failing cell takes along
what was sent after it, and how much of that has run by then is chance. ``VIVO_SOAK_EXECUTIONS``
chooses another number.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from vivo.parallel.registry import Registry
from vivo.server.lsp_client import LspClient

from ..server.editors import CAPABILITIES

EXECUTIONS = int(os.environ.get("VIVO_SOAK_EXECUTIONS", "105000"))
WARM = EXECUTIONS * 2 // 3 // 1_000 * 1_000
SAMPLED = 500
GROWTH = {"server": 1.5 * 2**20, "keeper": 1.5 * 2**20, "engine": 0.75 * 2**20}
"""Bytes by which the most that a process ever had in the last third may be over what it had in the
second. Not its size at two moments: what is remembered goes by the thousands, and comes again.
Of an engine's, 0.3 MiB are the pointers in ``In``."""
CELLS = (
    "1 + 1", "print('some words')", "value = list(range(1000)); value",
    "display({'text/plain': 'shown'}, raw=True)", "def f(x):\n    return x\nf(3)", "'😀' * 50",
    "1 / 0", "print('words that often are taken along')",
)  # fmt: skip
ROUND = (*range(6), *range(6), *range(6), 6, 7)
"""The cells that are sent at once, in their order."""
TEXT = "".join(f"# %%\n{cell}\n" for cell in CELLS)


@pytest.mark.timeout(3600)
async def test_a_hundred_thousand_executions_leave_nothing(home: Path) -> None:
    """Through the real server over stdio; hints are asked for as an editor does."""
    client = await LspClient.start()
    ends: asyncio.Queue[str] = asyncio.Queue()
    client.on_notification["vivo/executionFinished"] = lambda told: ends.put_nowait(
        told["executionId"]
    )
    try:
        await client.initialize(home.as_uri(), CAPABILITIES, {"python": sys.executable})
        uri = (home / "cells.py").as_uri()
        client.open(uri, TEXT)
        starts = [n for n, line in enumerate(TEXT.split("\n")) if line.startswith("# %%")]
        done, before = 0, dict[str, tuple[int, int]]()
        most: dict[str, list[int]] = {}
        while done < EXECUTIONS:
            asked = set()
            for number in ROUND:
                place = {"uri": uri, "position": {"line": starts[number], "character": 0}}
                started = await client.command("vivo.server.runCell", place)
                asked.add(started["executionId"])
            while asked:
                asked.discard(await asyncio.wait_for(ends.get(), 60))
            done += len(ROUND)
            await client.request("textDocument/inlayHint", _whole(uri))
            if done >= WARM and not before:
                before = _counts(client)
            if done % 5_000 == 0:
                told = (f"{name} {size / 2**20:.1f}" for name, size in _sizes(client).items())
                print(f"\n{done}: {', '.join(told)} MiB", end="", flush=True)
            if done >= WARM // 2 and done % SAMPLED == 0:
                for name, size in _sizes(client).items():
                    kept = most.setdefault(name, [0, 0])
                    kept[done > WARM] = max(kept[done > WARM], size)
        after = _counts(client)
        for name, (second, last) in most.items():
            warm = f"{second / 2**20:.1f} MiB in {WARM // 2} to {WARM} executions"
            print(f"\n{name}: at most {warm}, {last / 2**20:.1f} MiB until {done}", end="")
        print()
        growth = {name: last - second for name, (second, last) in most.items()}
        assert {name: more for name, more in growth.items() if more > GROWTH[name]} == {}
        assert after == before, "descriptors and threads of server, keeper, engine"
    finally:
        for session in (await client.command("vivo.server.sessions", {}))["sessions"]:
            await client.command("vivo.server.endSession", {"sessionId": session["sessionId"]})
        await client.close()


def _whole(uri: str) -> dict[str, Any]:
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    return {"textDocument": {"uri": uri}, "range": place}


def _processes(client: LspClient) -> dict[str, psutil.Process]:
    (entry,) = Registry().listing().entries
    keeper = psutil.Process(entry.keeper_pid)
    (engine,) = keeper.children()
    return {"server": psutil.Process(client.process.pid), "keeper": keeper, "engine": engine}


def _sizes(client: LspClient) -> dict[str, int]:
    return {name: each.memory_info().rss for name, each in _processes(client).items()}


def _counts(client: LspClient) -> dict[str, tuple[int, int]]:
    return {name: (p.num_fds(), p.num_threads()) for name, p in _processes(client).items()}
