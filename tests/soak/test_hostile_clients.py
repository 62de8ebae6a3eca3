"""Ten minutes of a hostile client: no crash, each request answered once, and memory stays flat.

``VIVO_FUZZ_SECONDS`` and ``VIVO_FUZZ_SEED`` choose others.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import psutil
import pytest
from vivo.parallel.launch import end_session
from vivo.parallel.registry import Registry

from ..server.fuzzing import FEATURES, HostileClient

SECONDS = float(os.environ.get("VIVO_FUZZ_SECONDS", "600"))
SEED = int(os.environ.get("VIVO_FUZZ_SEED", "0"))
BURST = 100
SAMPLES = 12
GROWTH = 4 * 2**20
"""Bytes by which the most that the server had in the last third may be over the second's."""
_TRIMMED = 3.0  # seconds until what large documents took has gone back to the system


@pytest.mark.timeout(SECONDS + 600)
async def test_ten_minutes_of_hostility(home: Path) -> None:
    """Measured twelve times, with every document closed; the first third is for getting warm."""
    client = await HostileClient.start(SEED, str(home))
    client.static = "on"
    server = psutil.Process(client.process.pid)
    began, messages, requests, sizes = time.monotonic(), 0, 0, list[int]()
    try:
        await client.initialize()
        while (passed := time.monotonic() - began) < SECONDS:
            for _ in range(BURST):
                client.step()
            await client.drained()
            requests += len(client.asked)
            messages += BURST
            await client.settled()
            if passed > SECONDS * (len(sizes) + 1) / (SAMPLES + 1):
                sizes.append(await _at_rest(client, server))
        third = len(sizes) // 3
        second, last = max(sizes[third : 2 * third]), max(sizes[2 * third :])
        print(
            f"\n{messages} messages in {passed:.0f} s, {requests} requests, each answered once; "
            f"{len(FEATURES)} features; memory "
            f"{', '.join(f'{size / 2**20:.1f}' for size in sizes)} MiB"
        )
        assert last - second < GROWTH
        await client.shut_down()
    finally:
        await client.close()
        for entry in Registry().listing().entries:
            await end_session(entry.id)


async def _at_rest(client: HostileClient, server: psutil.Process) -> int:
    """Resident bytes once every document is closed."""
    for name in ("a.py", "b.py", "with%20space.py", "never_opened.py", "%F0%9F%98%80.py"):
        document = {"uri": f"file://{client.folder}/{name}"}
        client.send({"method": "textDocument/didClose", "params": {"textDocument": document}})
    await client.settled()
    await asyncio.sleep(_TRIMMED)
    return int(server.memory_info().rss)
