"""Which interpreter a name means, and what is said of one that cannot serve."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from vivo.parallel.errors import SessionError
from vivo.parallel.interpreters import check_python, find_python
from vivo.parallel.keeper.unready import early_failure

PYTHON2 = """#!/bin/sh
for word; do case $word in -I|-P) echo "Unknown option: $word" >&2; exit 2;; esac; done
echo vivo-probe 2.7.18
"""
PYENV = """#!/bin/sh
echo "pyenv: python3.12: command not found" >&2
echo >&2
echo "The \\`python3.12' command exists in these Python versions:" >&2
echo "  3.12.1" >&2
echo >&2
echo "Note: See 'pyenv help global' for tips on allowing both" >&2
exit 127
"""


def script(path: Path, text: str, mode: int = 0o755) -> str:
    """A program, and its path."""
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def said_of(python: str, folder: Path) -> str:
    """The sentence for an interpreter that cannot serve."""
    with pytest.raises(SessionError) as caught:
        check_python(python, str(folder))
    told = str(caught.value)
    assert "\n" not in told
    assert told.endswith("choose another with --python, or in your editor's setting vivo.python.")
    return told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PYTHON2, "is Python 2.7.18; sessions need 3.10 or newer: "),
        ("#!/bin/sh\necho vivo-probe 3.9.18\n", "is Python 3.9.18; sessions need 3.10 or newer: "),
        ("#!/bin/sh\nkill -SEGV $$\n", "is broken: it is killed by SIGSEGV as it starts; "),
        ("#!/bin/sh\necho what is -E? >&2\nexit 2\n", "no working Python (what is -E?): "),
        ("#!/bin/sh\nexit 3\n", "is no working Python (exit status 3): "),
        ("#!/bin/sh\nexec cat /dev/zero\n", "is no working Python (it does not end): "),
        ("#!/nowhere/sh\n", "cannot be run (the program that it names in its first line is gone)"),
        ("no program\n", "cannot be run (it is for another machine, or a script without #!): "),
        (PYENV, "is a shim of pyenv, and no version that has it is chosen in {folder}: do "),
        (PYENV.replace("3.12", "3.9"), "is a shim for Python 3.9.1; sessions need 3.10 or newer: "),
        (
            '#!/bin/sh\necho "pyenv: version \\`9.9\' is not installed (set by x)" >&2\nexit 1\n',
            "is a shim that starts no Python here (pyenv: version `9.9' is not installed",
        ),
    ],
)
def test_an_interpreter_that_cannot_serve_gets_one_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """Too old, crashing, no Python at all, endless, a shim: each is told as what it is."""
    python = script(tmp_path / "python", text)
    told = said_of(python, tmp_path)
    assert told.startswith(f"{python} ")
    assert sentence.format(folder=tmp_path) in told


def test_what_is_no_program_gets_one_sentence(tmp_path: Path) -> None:
    """Missing, no program, a folder without a Python, an environment whose Python is gone."""
    assert "There is no interpreter /nowhere/python: " in said_of("/nowhere/python", tmp_path)
    assert "There is no interpreter named nowhere-3, on the" in said_of("nowhere-3", tmp_path)
    assert "There is no interpreter without a name" in said_of("", tmp_path)
    text = script(tmp_path / "notes.txt", "print(1)", 0o644)
    assert f"{text} is not executable, so it is no interpreter" in said_of(text, tmp_path)
    folder = find_python(str(tmp_path))
    assert f"The folder {tmp_path} is no Python environment" in said_of(folder, tmp_path)
    (tmp_path / "venv/bin").mkdir(parents=True)
    link = tmp_path / "venv/bin/python"
    link.symlink_to("/nowhere/python3.1")
    told = said_of(find_python(str(link)), tmp_path)
    assert f"{link} is a link to /nowhere/python3.1, which is gone: make its environment" in told
    assert "which is gone" in said_of(find_python(str(tmp_path / "venv")), tmp_path)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert "cannot be reached (Too many levels of symbolic links)" in said_of(str(loop), tmp_path)
    assert "cannot be reached" in said_of("/nul\0byte", tmp_path)


def test_a_python_without_its_standard_library_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was moved without its files: not by the last line of a fatal error."""
    real = Path(sys.executable).resolve()
    library = tmp_path / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (library / "lib-dynload").mkdir(parents=True)
    (library / "os.py").touch()
    (tmp_path / "bin").mkdir()
    copy = tmp_path / "bin" / "python"
    copy.write_bytes(real.read_bytes())
    copy.chmod(0o755)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(real.parent.parent / "lib"))
    told = said_of(str(copy), tmp_path)
    assert "does not find its own standard library (No module named 'encodings')" in told


def test_nothing_of_the_users_reaches_the_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sys.py or a sitecustomize in the folder or on the path runs only in the session."""
    for name in ("sys", "sitecustomize", "encodings"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not mine')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    assert check_python(sys.executable, str(tmp_path)) == sys.version_info[:3]


def test_an_interpreter_is_named_as_people_name_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path, an environment's folder, a name on the PATH, a version; links stay links."""
    folder = tmp_path / "mes environnements é"
    python = folder / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    monkeypatch.chdir(folder)
    for name in ("venv", "./venv", "venv/", "venv/bin/python", "../mes environnements é/venv"):
        assert find_python(name) == str(python)
    monkeypatch.chdir(tmp_path)
    assert find_python("venv", folder) == str(python)
    monkeypatch.setenv("HOME", str(folder))
    assert find_python("~/venv") == str(python)
    programs = tmp_path / "programs"
    programs.mkdir()
    script(programs / "python3.12", "#!/bin/sh\n")
    script(programs / "mine", "#!/bin/sh\n")
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}/bin")
    assert find_python("3.12") == str(programs / "python3.12")
    assert find_python("mine") == str(programs / "mine")
    assert find_python("not-there") == "not-there"


def test_a_standard_library_with_a_hole_is_told_as_that() -> None:
    """Seen when the engine starts: which module is missing, and what to do."""
    text = "Traceback (most recent call last):\nModuleNotFoundError: No module named '_struct'\n"
    assert early_failure("/p/python", "exit status 1", text) == (
        "/p/python is incomplete: its standard library has no _struct. Install all of it, or "
        "choose another interpreter."
    )
    text = "ModuleNotFoundError: No module named 'theirs'"
    told = early_failure("/p/python", "exit status 1", text)
    assert told.startswith(f"/p/python cannot run an engine (exit status 1): {text}. See whether")
