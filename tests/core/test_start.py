"""What a shell loads to start: no more than a first cell needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LATER = (
    *("sqlite3", "asyncio", "pdb", "difflib", "logging", "subprocess", "traceback", "unittest"),
    *(
        "inspect",
        "dataclasses",
        "pydoc",
        "ctypes",
        "socket",
        "numpy",
        "matplotlib",
        "IPython",
        "multiprocessing",
        "email",
    ),
    *("vivo.core.completer", "vivo.core.inspector", "vivo.core.tracebacks", "vivo.core.history"),
    *("vivo.core.profiles", "vivo.core.debugger", "vivo.core.reloading", "vivo.core.figure_window"),
)
STEPS = {
    "from vivo.core import Shell; shell = Shell(inherit_streams=True)": set(),
    "shell.run_cell('x = 1')": {"sqlite3", "vivo.core.history"},
    "shell.complete('x')": {"vivo.core.completer", "inspect", "dataclasses"},
    "shell.run_cell('1 / 0')": {"vivo.core.tracebacks"},
}


def test_a_start_loads_what_a_start_needs(home: Path) -> None:
    """SQLite comes with the first input, what tells of errors with the first error."""
    script = ["import sys; was = set(sys.modules)"]
    for step in STEPS:
        script += [step, f"print('loaded', *(set({LATER}) & set(sys.modules) - was))"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(script)],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    told = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("loaded")]
    loaded: set[str] = set()
    for step, names in zip(STEPS, told, strict=True):
        new = set(names) - loaded
        loaded |= new
        assert STEPS[step] <= new, step
        if step != "shell.run_cell('1 / 0')":  # an error's text may take what it needs
            assert new == STEPS[step], step


def test_the_history_is_exported_all_the_same() -> None:
    """``from vivo.core import History`` works, and a name that is not there says so."""
    import vivo.core

    assert vivo.core.History.__name__ == "History"
    with pytest.raises(AttributeError, match="no attribute 'Historie'"):
        vivo.core.Historie  # noqa: B018
