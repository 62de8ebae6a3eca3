"""Extensions on disk: %load_ext, %unload_ext, %reload_ext."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell

GREETER = """\
def load_ipython_extension(shell):
    shell.push({'loads': shell.user_ns.get('loads', 0) + 1})
    shell.register_magic_function(greet, 'line', 'greet')

def unload_ipython_extension(shell):
    shell.push({'unloaded': True})

def greet(line):
    return 'hello ' + line
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to import from."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def told(shown: Any) -> str:
    """The last error."""
    return str(shown.of("error")[-1].text())


def test_an_extension_is_loaded_once_reloaded_and_unloaded(
    shell: Shell, folder: Path, capsys: Any
) -> None:
    """An edit takes effect with %reload_ext, also within the same second."""
    (folder / "greeter.py").write_text(GREETER, "utf-8")
    shell.run_cell("%load_ext greeter")
    assert shell.run_cell("%greet you").value == "hello you"
    shell.run_cell("%load_ext greeter")
    assert "is loaded already; %reload_ext greeter runs its file again" in capsys.readouterr().out
    assert shell.namespace["loads"] == 1
    (folder / "greeter.py").write_text(GREETER.replace("hello", "howdy"), "utf-8")
    shell.run_cell("%reload_ext greeter")
    assert shell.namespace["unloaded"] is True
    assert shell.run_cell("%greet you").value == "howdy you"
    shell.run_cell("%unload_ext greeter\n%load_ext greeter")
    assert shell.namespace["loads"] == 3


def test_wrong_use_is_told(shell: Shell, shown: Any, folder: Path) -> None:
    """No such module, no extension, none that can be unloaded, none that is loaded."""
    (folder / "nothing_special.py").write_text("x = 1\n", "utf-8")
    (folder / "sticky.py").write_text("def load_ipython_extension(shell): pass\n", "utf-8")
    shell.run_cell("%load_ext sticky")
    for line, sentence in (
        ("%load_ext no_such_thing", "There is no module no_such_thing to load"),
        ("%load_ext no_such.thing", "There is no module no_such.thing to load"),
        ("%load_ext nothing_special", "has no load_ipython_extension: it is no extension"),
        ("%load_ext", "%load_ext wants the name of a module"),
        ("%unload_ext greeter", "greeter is not loaded; there are sticky"),
        ("%unload_ext sticky", "cannot be unloaded: it has no unload_ipython_extension"),
        ("%unload_ext autoreload", "is a part of the shell"),
        ("%reload_ext no_such_thing", "There is no module no_such_thing"),
    ):
        assert shell.run_cell(line).status == "error", line
        assert sentence in told(shown)
        assert "Traceback" not in told(shown)


def test_what_an_extension_raises_is_shown_with_its_lines(
    shell: Shell, shown: Any, folder: Path
) -> None:
    """It is not loaded then; after an edit %load_ext tries again."""
    path = folder / "broken_extension.py"
    for text, name, line in (
        ("import no_such_dependency\n", "ModuleNotFoundError", 1),
        ("x = (\n", "SyntaxError", 1),
        ("def load_ipython_extension(shell):\n    1 / 0\n", "ZeroDivisionError", 2),
        ("\n\ndef load_ipython_extension(shell):\n    {}['k']\n", "KeyError", 4),
    ):
        path.write_text(text, "utf-8")
        assert shell.run_cell("%load_ext broken_extension").status == "error"
        report = shown.of("error")[-1]
        assert (report.name, report.frames[-1].line) == (name, line)
        assert report.frames[-1].path == str(path)
    path.write_text("def load_ipython_extension(shell): shell.push({'mended': 1})\n", "utf-8")
    assert shell.run_cell("%load_ext broken_extension").status == "ok"
    assert shell.namespace["mended"] == 1


def test_programs_load_extensions_too(shell: Shell, folder: Path) -> None:
    """By ``extension_manager``, which answers with a word where it could not."""
    (folder / "greeter.py").write_text(GREETER, "utf-8")
    (folder / "nothing_special.py").write_text("x = 1\n", "utf-8")
    manager = shell.extension_manager
    assert manager.load_extension("greeter") is None
    assert manager.load_extension("greeter") == "already loaded"
    assert manager.loaded == {"greeter"}
    assert manager.load_extension("nothing_special") == "no load function"
    assert manager.reload_extension("greeter") is None
    assert manager.unload_extension("greeter") is None
    assert manager.unload_extension("greeter") == "not loaded"
    assert "greeter" in sys.modules
