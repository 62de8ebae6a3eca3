"""Spill files leave the disk to others before it is full."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from vivo.parallel.keeper.spilling import SpillFiles

TEXT = "x" * 2**20


def test_a_cell_that_prints_for_ever_leaves_a_part_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told once; what is in the file stays; another cell writes once there is room."""
    free = 200 * 2**20

    def disk_of(descriptor: int) -> Any:
        written = sum(each.stat().st_size for each in tmp_path.glob("*.txt"))
        return SimpleNamespace(f_frsize=1, f_blocks=2 * 2**30, f_bavail=free - written)

    monkeypatch.setattr(os, "fstatvfs", disk_of)
    said: list[str] = []
    files = SpillFiles(said.append)
    path, other = tmp_path / "output-1.txt", tmp_path / "output-2.txt"
    taken = [files.append(str(path), TEXT) for _ in range(300)]
    spared = 2 * 2**30 // 20
    assert taken == sorted(taken, reverse=True)
    assert free - path.stat().st_size >= spared - 16 * 2**20
    assert path.stat().st_size == taken.count(True) * len(TEXT)
    assert len(said) == 1
    assert "MiB left, which are spared" in said[0]
    files.end(str(path), is_kept=False)
    assert files.append(str(other), TEXT)
    files.close()
