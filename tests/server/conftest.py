"""What the tests of the server share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .editors import Editor, editing


@pytest.fixture
async def editor(home: Path) -> AsyncIterator[Editor]:
    """An editor whose sessions end with the test."""
    async with editing(home) as made:
        yield made
