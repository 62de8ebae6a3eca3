"""A session in which modules are edited between cells."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell


class EditedSession:
    """A shell, and a folder of modules that it imports from."""

    def __init__(self, shell: Shell, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.shell = shell
        self.folder = folder
        self._capsys = capsys
        self._edits = 0

    def write(self, name: str, text: str) -> Path:
        """Write a module's text; every time looks like a later edit."""
        self._edits += 1
        path = self.folder / (name.replace(".", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), "utf-8")
        when = path.stat().st_mtime_ns + self._edits * 1000
        os.utime(path, ns=(when, when))
        return path

    def do(self, cell: str) -> None:
        """Run a cell that must not fail."""
        self.value(cell)

    def value(self, cell: str) -> Any:
        """The value of a cell that must not fail."""
        result = self.shell.run_cell(cell)
        result.raise_error()
        return result.value

    def said(self) -> list[str]:
        """The sentences that the user was told since the last call."""
        return self._capsys.readouterr().err.splitlines()

    def printed(self) -> str:
        """What the cells have printed since the last call."""
        return self._capsys.readouterr().out


@pytest.fixture
def session(
    shell: Shell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[EditedSession]:
    """A session that does not reload yet; its modules are forgotten at the end."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield EditedSession(shell, tmp_path, capsys)
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def live(session: EditedSession) -> EditedSession:
    """A session that reloads every changed module."""
    session.do("%load_ext autoreload\n%autoreload 2")
    return session
