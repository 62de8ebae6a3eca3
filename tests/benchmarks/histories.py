"""A history of a million inputs, in vivo's form and in IPython's: the same inputs."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

COUNT = 1_000_000
A_SESSION = 200  # inputs
NEEDLE = "alpha_4999"
NAMES = ("alpha", "beta", "gamma", "data", "frame", "result", "model", "grid")


def inputs() -> Iterator[tuple[int, int, str]]:
    """Session, line and text; a fifth of them the same line, as people are."""
    draw = random.Random(1)
    for number in range(COUNT):
        name = draw.choice(NAMES)
        text = (
            "import numpy as np",
            f"{name}_{draw.randrange(5000)} = compute({draw.randrange(100)})",
            f"for i in range({draw.randrange(1000)}):\n    print(i, {name}[i] ** 2)\n",
            f"%time f({draw.randrange(10**6)})",
            f"plt.plot({name}.values, label='{draw.randrange(10**6)}')",
        )[number % 5]
        yield 2 + number // A_SESSION, 1 + number % A_SESSION, text


def fill_vivo(path: Path) -> None:
    """Add the inputs to a history that vivo has begun."""
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT OR IGNORE INTO history (session, line, started, source) "
            "VALUES (?, ?, 1.7e9, ?)",
            inputs(),
        )
        sessions = ((number,) for number in range(2, 2 + COUNT // A_SESSION))
        connection.executemany(
            "INSERT OR IGNORE INTO sessions (session, started) VALUES (?, 1.7e9)", sessions
        )
    connection.close()


def fill_ipython(path: Path) -> None:
    """Add the inputs to a history that IPython has begun."""
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT OR IGNORE INTO history (session, line, source, source_raw) VALUES (?, ?, ?, ?)",
            ((session, line, text, text) for session, line, text in inputs()),
        )
    connection.close()
