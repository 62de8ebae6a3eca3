"""A browser that a test and a script drive together: they tell each other when to go on."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-web/bin/python"
VIVO = (str(ROOT / ".venv/bin/vivo"),)


class Driver:
    """A script in .venv-web, which has what drives a browser."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def until(self, step: str) -> dict[str, Any]:
        """Wait until the script has come to a step; what it tells of it."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        told: dict[str, Any] = json.loads(line) if line else {"step": "it has ended"}
        assert told.pop("step") == step, told
        return told

    def go_on(self) -> None:
        """Let it go on."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()


@contextmanager
def driven(script: str, *words: str) -> Iterator[Driver]:
    """A script beside this file, that ends well."""
    command = [str(PYTHON), str(ROOT / "tests/web" / script), *words]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Driver(process)
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(30) == 0
        finally:
            process.kill()


@contextmanager
def web_server(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``vivo web``, and its link; what it started ends with it."""
    with subprocess.Popen(
        [*VIVO, "web"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.send_signal(2)
            process.wait(20)
            subprocess.run([*VIVO, "sessions", "end", "--all"], check=False, capture_output=True)
