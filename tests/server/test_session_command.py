"""``vivo session start``, as a user types it: a session of any interpreter, which stays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

VIVO = str(Path(sys.executable).parent / "vivo")


def vivo(*words: str, cwd: Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [VIVO, *words], capture_output=True, text=True, check=False, cwd=cwd, input=typed
    )


@pytest.fixture
def environment(home: Path) -> Path:
    """An environment whose path has spaces and letters beyond ASCII."""
    folder = home / "mes expériences" / "l'environnement"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder


def test_a_session_is_started_found_used_and_ended(environment: Path) -> None:
    """Its id alone is printed; it outlives the command; a console in its folder attaches to it."""
    folder = environment.parent
    words = ["session", "start", "--python", environment.name, "--name", "mine"]
    started = vivo(*words, cwd=folder)
    assert (started.returncode, started.stderr) == (0, "")
    session = started.stdout.strip()
    assert started.stdout == f"{session}\n"
    (listed,) = json.loads(vivo("session", "--json", cwd=folder).stdout)
    python = str(environment / "bin" / "python")
    expected = {"session_id": session, "name": "mine", "state": "idle", "python": python}
    assert expected.items() <= listed.items()
    assert (listed["cwd"], listed["workspace"]) == (str(folder), str(folder))
    used = vivo("console", cwd=folder, typed="import os\nos.getcwd()\n")
    assert used.stdout == f"Out[2]: {str(folder)!r}\n", used.stderr
    assert vivo("sessions", "stop", session, cwd=folder).stdout == f"ended {session}\n"
    assert json.loads(vivo("sessions", "--json", cwd=folder).stdout) == []


def test_a_session_whose_python_has_ended_is_restarted_as_its_words_say(home: Path) -> None:
    """The sentence names the command, and that gives a fresh engine in the same session."""
    session = vivo("session", "start", cwd=home).stdout.strip()
    ended = vivo("console", cwd=home, typed="x = 1\nimport os; os._exit(3)\n")
    assert f"vivo sessions restart {session}" in ended.stdout + ended.stderr
    assert vivo("session", "restart", session, cwd=home).stdout == f"restarted {session}\n"
    used = vivo("console", cwd=home, typed="6 * 7\n'x' in globals()\n")
    assert used.stdout == "Out[1]: 42\nOut[2]: False\n", used.stderr
    nobody = vivo("session", "restart", "nobody", cwd=home)
    assert (nobody.returncode, nobody.stderr.count("\n")) == (2, 1)
    assert "there is no session nobody" in nobody.stderr
    assert vivo("session", "end", session, cwd=home).returncode == 0


def test_a_program_gets_what_it_needs_to_connect(home: Path) -> None:
    """``--json``: the interpreter, its version, the state, and the connection file for Jupyter."""
    (home / "work").mkdir()
    started = vivo("sessions", "start", "--json", "--cwd", "work", cwd=home)
    told = json.loads(started.stdout)
    assert (told["name"], told["cwd"]) == ("work", str(home / "work"))
    assert told["python_version"] == ".".join(map(str, sys.version_info[:3]))
    connection = json.loads(Path(told["connection_file"]).read_text())
    assert connection["transport"] == "ipc"
    assert vivo("session", "end", "--all", cwd=home).stdout == f"ended {told['session_id']}\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--python", "nowhere"], "There is no interpreter named nowhere, on the PATH or here: "),
        (["--python", "no/where"], "There is no interpreter {home}/no/where: choose another"),
        (["--python", "."], "The folder {home} is no Python environment (it has no bin/python): "),
        (["--python", "notes.txt"], "{home}/notes.txt is not executable, so it is no interpreter"),
        (["--python", "/bin/cat"], "/bin/cat is no working Python (/bin/cat: "),
        (["--cwd", "nowhere"], "There is no folder {home}/nowhere for the session to start in."),
        (["--cwd", "notes.txt"], "There is no folder {home}/notes.txt for the session"),
        (["--profile", "nobody"], "There is no profile nobody"),
    ],
)
def test_what_cannot_be_started_is_one_sentence(
    home: Path, words: list[str], sentence: str
) -> None:
    """Status 2, no traceback, no session."""
    (home / "notes.txt").write_text("print(1)\n")
    result = vivo("session", "start", *words, cwd=home)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"vivo session: {sentence.format(home=home)}")
    assert result.stderr.count("\n") == 1
    assert json.loads(vivo("sessions", "--json", cwd=home).stdout) == []


def test_a_folder_that_was_deleted_is_told(home: Path) -> None:
    """Also by the console: where it is, nothing can start."""
    gone = home / "gone"
    for words in ("session start", "console", "session start --python x/y"):
        gone.mkdir()
        command = f'rmdir "$PWD"; exec {VIVO} {words}'
        result = subprocess.run(
            ["/bin/sh", "-c", command], cwd=gone, capture_output=True, text=True, check=False
        )
        assert result.returncode == 2
        assert "The current folder is gone" in result.stderr
        assert result.stderr.count("\n") == 1


def test_a_users_pythonpath_is_none_of_the_commands(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other versions of our libraries there, or in the folder, reach the user's code alone."""
    for name in ("msgspec", "zmq", "asyncio", "psutil", "random", "queue", "parso", "pygls"):
        (home / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    (home / "mine.py").write_text("value = 42\n")
    (home / "cells.py").write_text("import mine\nmine.value\n")
    monkeypatch.setenv("PYTHONPATH", str(home))
    assert vivo("sessions", cwd=home).stdout.startswith("There are no sessions.")
    ran = vivo("run", "cells.py", cwd=home)
    assert "mine.value  ⟶ 42" in ran.stdout, ran.stderr
