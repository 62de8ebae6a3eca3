"""A session that an editor started, for the front ends of others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ..server.editors import Editor, editing


@pytest.fixture
async def editor(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Editor]:
    """An editor whose sessions end with the test; Jupyter has the test's home too."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home / "run"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(home / "data"))
    async with editing(home) as made:
        yield made
