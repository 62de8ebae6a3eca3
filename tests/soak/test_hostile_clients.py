"""Ten minutes of a hostile client: no crash, each request answered once, and memory stays flat.

``VIVO_FUZZ_SECONDS`` and ``VIVO_FUZZ_SEED`` choose others.
"""

from __future__ import annotations

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
GROWTH = 40 * 2**20
"""Bytes that the server may have more at the end than once it was warm: two large documents."""


@pytest.mark.timeout(SECONDS + 600)
async def test_ten_minutes_of_hostility(home: Path) -> None:
    """Warm after a tenth of the time; then measured with every document closed."""
    client = await HostileClient.start(SEED, str(home))
    client.static = "on"
    server = psutil.Process(client.process.pid)
    began, warm, messages, requests = time.monotonic(), 0, 0, 0
    try:
        await client.initialize()
        while (passed := time.monotonic() - began) < SECONDS:
            for _ in range(BURST):
                client.step()
            await client.drained()
            requests += len(client.asked)
            messages += BURST
            await client.settled()
            if not warm and passed > SECONDS / 10:
                warm = await _at_rest(client, server)
        end = await _at_rest(client, server)
        print(
            f"\n{messages} messages in {passed:.0f} s, {requests} requests, each answered once; "
            f"{len(FEATURES)} features; memory {warm / 2**20:.1f} MiB warm, "
            f"{end / 2**20:.1f} MiB at the end"
        )
        assert end - warm < GROWTH
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
    return int(server.memory_info().rss)
