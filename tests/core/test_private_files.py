"""What the shell writes is its user's alone, and what others may have written is not read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vivo.core.errors import UsageError
from vivo.core.history import History
from vivo.core.store import Store


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """A shell whose umask hides nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}


def test_the_history_is_private_before_sqlite_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opened it in between could read on for ever."""
    path = tmp_path / "made" / "below" / "history.sqlite"
    seen: list[int] = []
    connect = sqlite3.connect

    def looking(*words: Any, **named: Any) -> sqlite3.Connection:
        seen.append(path.stat().st_mode & 0o777)
        return connect(*words, **named)

    monkeypatch.setattr(sqlite3, "connect", looking)
    history = History(path)
    history.add(1, "password = 1")
    assert set(seen) == modes(tmp_path) == {0o600}
    history.close()
    folders = [path.parent, path.parent.parent]
    assert [each.stat().st_mode & 0o777 for each in folders] == [0o700, 0o700]


def test_a_stored_value_is_private_and_read_back(tmp_path: Path) -> None:
    """With the folders above it."""
    store = Store(tmp_path / "data" / "store")
    store.put("value", [1])
    assert store.get("value") == [1]
    assert modes(tmp_path) == {0o600}
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["store", "store/value.pickle"])
def test_a_value_that_every_user_may_have_written_is_not_read(tmp_path: Path, name: str) -> None:
    """A pickle is code."""
    store = Store(tmp_path / "store")
    store.put("value", 1)
    (tmp_path / name).chmod(0o777)
    with pytest.raises(UsageError, match=r"every user may have written it.*: chmod -R go= "):
        store.get("value")
