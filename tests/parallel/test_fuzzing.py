"""What is read and was damaged: an answer or one sentence, in bounded time and memory.

The cases, and what each asserts, are in :mod:`.fuzzing`; ``make soak`` runs them at length.
"""

from __future__ import annotations

import shutil
import tracemalloc
from collections.abc import Iterator

import pytest

from . import fuzzing

COUNTS = {"wire": 3000, "frames": 3000, "ordering": 3000, "connection": 2000, "registry": 600,
          "journal": 150}  # fmt: skip


@pytest.fixture
def scratch() -> Iterator[None]:
    """The cases' folder, removed."""
    fuzzing.scratch.cache_clear()
    fuzzing._connection.cache_clear()
    yield
    shutil.rmtree(fuzzing.scratch())


@pytest.mark.parametrize("name", fuzzing.CASES)
def test_nothing_damaged_crashes_its_reader(name: str, scratch: None) -> None:
    """Thousands of cases, of which some are still good."""
    read, refused = fuzzing.run(name, 2026, COUNTS[name])
    assert read > COUNTS[name] // 50
    assert name == "ordering" or refused > COUNTS[name] // 50


@pytest.mark.parametrize("name", fuzzing.CASES)
def test_nothing_damaged_takes_much_memory(name: str, scratch: None) -> None:
    """Whatever lengths it claims."""
    fuzzing.run(name, 1, 5)
    tracemalloc.start()
    try:
        fuzzing.run(name, 2, COUNTS[name] // 15)
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()
