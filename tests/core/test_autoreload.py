"""Edited modules take effect: driven through cells, as a user edits and runs."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a module's text; each time looks like a later edit. All are forgotten at the end."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    edits = 0

    def write_module(name: str, text: str) -> None:
        nonlocal edits
        edits += 1
        path = tmp_path / (name.replace(".", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), "utf-8")
        when = path.stat().st_mtime_ns + edits * 1000
        os.utime(path, ns=(when, when))

    yield write_module
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def live(shell: Shell) -> Shell:
    """A shell that reloads every changed module."""
    assert shell.run_cell("%load_ext autoreload\n%autoreload 2").success
    return shell


def value(shell: Shell, cell: str) -> Any:
    result = shell.run_cell(cell)
    result.raise_error()
    return result.value


def test_an_edited_function_takes_effect_in_the_next_cell(live: Shell, write: Write) -> None:
    """Also under the name that it was imported by."""
    write("edited", "def f(): return 1")
    assert value(live, "import edited\nfrom edited import f\nf()") == 1
    write("edited", "def f(): return 2")
    assert value(live, "f(), edited.f(), f is edited.f") == (2, 2, True)


def test_existing_instances_get_the_new_methods(live: Shell, write: Write) -> None:
    """Their class stays the class it is: ``isinstance`` and ``super()`` hold."""
    write(
        "shapes",
        """
        class Base:
            def area(self): return 1
        class Square(Base):
            def area(self): return super().area() + 1
        """,
    )
    assert value(live, "from shapes import Square, Base\nsquare = Square()\nsquare.area()") == 2
    write(
        "shapes",
        """
        class Base:
            def area(self): return 10
        class Square(Base):
            def area(self): return super().area() + 5
            def name(self): return "square"
        """,
    )
    assert value(live, "square.area(), square.name()") == (15, "square")
    assert value(live, "isinstance(square, Square), isinstance(square, Base)") == (True, True)
