"""What a shell keeps of each execution, once all that it remembers on purpose is full."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from vivo.core import Shell
from vivo.core.history import History
from vivo.core.results import ResultStore
from vivo.core.settings import Settings

from .allocating import allocated, needs_its_allocator
from .conftest import Recorder

# Long texts, so that SQLite's cache and the allocator's pages fill soon.
NOTE = f"# {'a long remark ' * 30}\n"
CELLS = [
    NOTE + cell
    for cell in ("'a value'", "1 / 0", "def f(x):\n    return x\nf(3)", "display('shown')", "x = 1")
]
WARM, MORE = 1_500, 2_000
POINTER = 8
TABLE = 256 * 1024


@needs_its_allocator
def test_an_execution_leaves_its_place_in_the_list_of_inputs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of texts that ran before; the history's file grows, and nothing in memory with it."""
    monkeypatch.setattr("vivo.core.results.NAMED_INPUTS", 200)
    front_end = Recorder()
    history = History(tmp_path / "history.sqlite")
    shell = Shell(front_end=front_end, history=history, settings=Settings(maximum_results=100))

    def run(first: int, last: int) -> None:
        for number in range(first, last):
            place = number % len(CELLS)
            shell.run_cell(
                CELLS[place],
                filename=str(tmp_path / "cells.py"),
                first_line=1 + 10 * place,
                run_id=f"{number:032x}",
            )
            front_end.shown.clear()

    try:
        run(0, WARM)
        bytes_before, objects_before = allocated()
        run(WARM, WARM + MORE)
        bytes_after, objects_after = allocated()
    finally:
        shell.close()
    assert len(shell.namespace["In"]) == 1 + WARM + MORE
    assert (objects_after - objects_before) / MORE < 0.2
    assert (bytes_after - bytes_before) / MORE < 2 * POINTER


def test_the_table_of_names_stays_small_however_many_inputs_there_are() -> None:
    """It is made anew for as many names as it has room for; a large one leaves holes each time."""
    namespace: dict[str, object] = {}
    results = ResultStore(namespace)
    largest = 0
    for number in range(1, 20_000):
        results.add_input(number, "x")
        results.add_value(number, number)
        largest = max(largest, sys.getsizeof(namespace))
    assert "_i19999" in namespace
    assert largest < TABLE
