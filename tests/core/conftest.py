"""A shell that keeps what it shows, so that a test can look at it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell
from vivo.core.tracebacks import TracebackReport

ROOT = str(Path(__file__).resolve().parents[2])


class Recorder:
    """A front end that keeps everything, in order."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, Any]] = []
        self.answers: list[str] = []

    def display(
        self, data: Any, metadata: Any, *, display_id: Any = None, update: bool = False
    ) -> None:
        self.shown.append(("update" if update else "display", data))

    def result(self, execution_count: int, data: Any, metadata: Any) -> None:
        self.shown.append(("result", data))

    def error(self, report: TracebackReport) -> None:
        self.shown.append(("error", report))

    def clear_output(self, *, wait: bool) -> None:
        self.shown.append(("clear", wait))

    def page(self, data: Any) -> None:
        self.shown.append(("page", data["text/plain"]))

    def read_input(self, prompt: str, *, password: bool) -> str:
        self.shown.append(("password" if password else "input", prompt))
        if not self.answers:
            raise EOFError("nobody answers")
        return self.answers.pop(0)

    def set_next_input(self, text: str, *, replace: bool) -> None:
        self.shown.append(("next", text))

    def of(self, kind: str) -> list[Any]:
        """What was shown of a kind."""
        return [value for name, value in self.shown if name == kind]


@pytest.fixture
def shell() -> Iterator[Shell]:
    """A shell with a recording front end, ended with the test."""
    made = Shell(front_end=Recorder())
    yield made
    made.close()


@pytest.fixture
def shown(shell: Shell) -> Recorder:
    """What the shell has shown."""
    front_end = shell.front_end
    assert isinstance(front_end, Recorder)
    return front_end


@pytest.fixture(autouse=True)
def _forgets_modules() -> Iterator[None]:
    """Modules that a test imported from a temporary folder are no concern of the next test's."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        path = getattr(sys.modules[name], "__file__", None)
        if not isinstance(path, str) or path.startswith((sys.prefix, ROOT)):
            continue  # also where this checkout stands in a temporary folder
        if path.startswith(tempfile.gettempdir()):
            del sys.modules[name]
