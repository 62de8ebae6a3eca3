"""Interrupts that come as a cell begins or ends."""

from __future__ import annotations

import random

import pytest
from vivo.parallel.client import SessionClient

from .interrupting import storm


@pytest.mark.sessions
async def test_interrupts_as_cells_begin_and_end_hurt_nothing(client: SessionClient) -> None:
    """Each cell ends, well or interrupted; the next one is untouched, and every variable right."""
    ends = await storm(client, 200, random.Random(1))
    assert ends["KeyboardInterrupt"]
    assert ends["ok"]
