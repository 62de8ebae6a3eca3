"""A running session for a test, ended with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.registry import SessionEntry

from .dialogues import Dialogue


@pytest.fixture
async def entry(home: Path) -> AsyncIterator[SessionEntry]:
    """A session in the test's home."""
    made = await start_session(SessionOptions(cwd=str(home), workspace=str(home)))
    yield made
    await end_session(made.id)


@pytest.fixture
async def client(entry: SessionEntry) -> AsyncIterator[SessionClient]:
    """A client of that session."""
    made = await SessionClient.connect(entry.connection_file, name="test")
    yield made
    await made.close()


@pytest.fixture
def dialogue(client: SessionClient) -> Dialogue:
    """A user in front of the session."""
    return Dialogue(client)
