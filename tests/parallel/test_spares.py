"""Files of shared memory are used again, and never while anybody has them."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vivo.parallel import sharing, spares

SIZE = 1000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A memory file system of the test's own, where small files count as large."""
    monkeypatch.setattr(sharing, "_BASE", tmp_path)
    monkeypatch.setattr(spares, "SMALLEST", 100)
    monkeypatch.setattr(spares, "_MOST_BYTES", 20 * SIZE)
    found = sharing.folder()
    assert found is not None
    yield found
    sharing.forget_spares()
    assert not list(found.iterdir())


def sent(data: bytes, owner: str = "s1") -> Any:
    """Data, given to somebody and taken by them."""
    left, shared = sharing.share([data], owner, smallest=10)
    return sharing.take(left, shared)[0]


def inodes(folder: Path) -> set[int]:
    return {each.stat().st_ino for each in folder.iterdir()}


def test_a_file_is_used_again_when_nobody_has_it(folder: Path) -> None:
    """And not before: what was taken stays what it was."""
    first = sent(b"a" * SIZE)
    second = sent(b"b" * SIZE)
    assert len(inodes(folder)) == 2
    assert (first[:], second[:]) == (b"a" * SIZE, b"b" * SIZE)
    before = inodes(folder)
    del first
    gc.collect()
    third = sent(b"c" * (SIZE - 7), "s2")
    assert inodes(folder) == before
    assert (second[:], third[:]) == (b"b" * SIZE, b"c" * (SIZE - 7))


def test_what_was_told_and_not_taken_yet_is_not_written_over(folder: Path) -> None:
    """Whoever is told of it may be slow."""
    _, shared = sharing.share([b"a" * SIZE], "s1", smallest=10)
    for _ in range(3):
        sent(b"b" * SIZE)
    assert sharing.take([b""], shared)[0][:] == b"a" * SIZE


def test_a_forked_child_has_it_too(folder: Path) -> None:
    """A pool of the user's may have been made while the array was there."""
    data = sent(b"a" * SIZE)
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.write(ready[1], b".")
        os.read(go[0], 1)
        os._exit(0 if data[:] == b"a" * SIZE else 1)
    os.read(ready[0], 1)
    del data
    gc.collect()
    for _ in range(3):
        sent(b"b" * SIZE)
    os.write(go[1], b".")
    assert os.waitpid(child, 0)[1] == 0
    for each in (*ready, *go):
        os.close(each)


def test_what_a_killed_process_kept_is_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the next one that keeps any; what a living one keeps stays."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left, kept = folder / f"s1-{'0' * 32}.{gone.pid}", folder / f"s1-{'1' * 32}.1"
    for each in (left, kept):
        each.write_bytes(b"x")
    monkeypatch.setattr(spares.spares, "_has_looked", False)
    sent(b"a" * SIZE)
    assert not left.exists()
    assert kept.exists()
    kept.unlink()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(10, 3 * SIZE), st.integers(0, 5)), max_size=40))
def test_whatever_is_sent_and_let_go_arrives_and_is_bounded(
    folder: Path, steps: list[tuple[int, int]]
) -> None:
    """Each as it was sent, for as long as anybody has it."""
    had: dict[int, tuple[bytes, Any]] = {}
    for number, (size, place) in enumerate(steps):
        had.pop(place, None)
        data = bytes([number]) * size
        had[place] = data, sent(data)
        assert all(taken[:] == data for data, taken in had.values())
        assert sum(each.stat().st_size for each in folder.iterdir()) <= 20 * SIZE
        assert len(list(folder.iterdir())) <= 8
