"""A console that is killed and comes back shows what it has missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from .surviving_console import session_of_kills

pytestmark = pytest.mark.sessions


async def test_a_console_that_was_killed_has_the_journal_in_the_end(home: Path) -> None:
    """All inputs, lines, displays and errors, each once and in order, whenever it was killed."""
    assert await session_of_kills(home, 3) == 3
