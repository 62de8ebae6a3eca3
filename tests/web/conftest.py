"""A session that an editor started, for the front ends of others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from ..server.editors import Editor, editing
from .pages import chromium, serving


@pytest.fixture
async def editor(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Editor]:
    """An editor whose sessions end with the test; Jupyter has the test's home too."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home / "run"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(home / "data"))
    async with editing(home) as made:
        yield made


@pytest.fixture
def link(home: Path) -> Iterator[str]:
    """The link of a web server."""
    folder = home / "work"
    folder.mkdir()
    with serving(folder) as found:
        yield found


@pytest.fixture
def browser(link: str) -> Iterator[Browser]:
    """A browser, closed before the server."""
    with chromium() as made:
        yield made
