"""The long run of interrupts around cells' beginnings and ends."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session

from ..parallel.interrupting import storm

ROUNDS = 5000


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(2))
async def test_thousands_of_interrupts_hurt_nothing(home: Path, seed: int) -> None:
    """Ten thousand cells together, nearly twice as many interrupts."""
    entry = await start_session(SessionOptions(cwd=str(home)))
    client = await SessionClient.connect(entry.connection_file)
    ends = await storm(client, ROUNDS, random.Random(seed))
    print(f"{ROUNDS} cells: {dict(ends)}")
    assert ends["KeyboardInterrupt"] > ROUNDS // 20
    await client.close()
    await end_session(entry.id)
