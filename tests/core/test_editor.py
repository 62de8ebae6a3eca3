"""%edit in a terminal: with a program of the user's as the editor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from vivo.core import Shell

EDITOR = """#!/bin/sh
echo "$@" >> told
for file; do true; done
case "$file" in *left.py) ;; *) echo "edited = '$#'" >> "$file" ;; esac
"""


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in a terminal, whose user has an editor that adds a line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "editor").write_text(EDITOR)
    (tmp_path / "editor").chmod(0o755)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(tmp_path / "editor"))
    made = Shell()
    yield made
    made.close()


def test_a_new_file_is_edited_and_run(terminal: Shell, tmp_path: Path) -> None:
    """The file alone is passed, as any editor takes it; its names are the session's."""
    assert terminal.run_cell("%edit new.py\nedited").value == "1"
    assert (tmp_path / "told").read_text() == f"{tmp_path}/new.py\n"
    terminal.run_cell("edited = None\n%edit -x new.py")
    assert terminal.namespace["edited"] is None


def test_inputs_texts_macros_and_definitions_are_edited(terminal: Shell, tmp_path: Path) -> None:
    """Inputs run again with what was added; a macro is changed; an object's own line is opened."""
    terminal.run_cell("count = 1")
    terminal.run_cell("count = 5\n%edit -r 1")
    assert (terminal.namespace["count"], terminal.namespace["edited"]) == (1, "1")
    terminal.run_cell("text = 'count = 7\\n'\n%edit text")
    assert terminal.namespace["count"] == 7
    terminal.run_cell("%macro -q again 1\n%edit again\nedited = None")
    terminal.run_cell("again")
    assert (terminal.namespace["count"], terminal.namespace["edited"]) == (1, "1")
    (tmp_path / "defined.py").write_text("\n\ndef here(): pass\n")
    terminal.run_cell("import sys\nsys.path.insert(0, '')\nimport defined\nsys.path.pop(0);")
    terminal.run_cell("%edit -x defined.here")
    told = (tmp_path / "told").read_text().splitlines()
    assert told[-1] == f"+3 {tmp_path}/defined.py"
    terminal.run_cell("def typed():\n    return 8")
    terminal.run_cell("%edit typed\nedited = typed()")
    opened = Path((tmp_path / "told").read_text().splitlines()[-1])
    assert opened.read_text().startswith("def typed():\n    return 8\n")
    assert terminal.namespace["edited"] == 8
    terminal.run_cell("%edit -x -n 2 defined.py")
    assert (tmp_path / "told").read_text().splitlines()[-1] == f"+2 {tmp_path}/defined.py"


def test_what_goes_wrong_is_one_sentence(
    terminal: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor left without saving, and one that cannot be run."""
    error = terminal.run_cell("%edit left.py").error
    assert str(error) == (f"The editor was left without saving {tmp_path}/left.py: nothing is run.")
    monkeypatch.setenv("EDITOR", "no-such-editor")
    assert str(terminal.run_cell("%edit new.py").error) == (
        "The editor no-such-editor cannot be run (No such file or directory): set EDITOR to one."
    )
