"""A running session for a test, ended with it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.registry import SessionEntry

from .dialogues import Dialogue
from .jupyter import Kernel, started


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


@pytest.fixture
def jupyter(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    """The kernel named vivo, installed under a prefix and started by Jupyter's launcher."""
    prefix = home / "prefix"
    vivo = str(Path(sys.executable).parent / "vivo")
    words = [vivo, "kernelspec", "install", "--prefix", str(prefix)]
    subprocess.run(words, capture_output=True, check=True)
    monkeypatch.setenv("JUPYTER_PATH", str(prefix / "share" / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home / "run"))
    with started() as kernel:
        yield kernel
