"""``vivo session connection`` and ``interrupt``: what other front ends need, as a user types it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from .test_session_command import VIVO, vivo

pytestmark = pytest.mark.sessions


@pytest.fixture
def session(home: Path) -> str:
    """The id of a session in the home's folder."""
    return vivo("session", "start", cwd=home).stdout.strip()


def test_the_connection_file_is_found_by_id_by_folder_and_among_all(
    home: Path, session: str
) -> None:
    """It is the session's own; the folder of all holds it until the session ends."""
    by_folder = vivo("session", "connection", cwd=home)
    assert by_folder.returncode == 0, by_folder.stderr
    file = Path(by_folder.stdout.strip())
    assert json.loads(file.read_text())["kernel_name"] == "vivo"
    assert vivo("session", "connection", session[:6], cwd=home / "run").stdout == f"{file}\n"
    (listed,) = json.loads(vivo("sessions", "--json", cwd=home).stdout)
    assert listed["connection_file"] == str(file)
    folder = Path(vivo("session", "connection", "--folder", cwd=home).stdout.strip())
    (one,) = folder.iterdir()
    own = json.loads(file.read_text())
    assert json.loads(one.read_text()) == {**own, "kernel_name": f"{home.name} (vivo)"}
    assert folder.stat().st_mode & 0o077 == 0
    assert vivo("session", "end", session, cwd=home).returncode == 0
    assert list(folder.iterdir()) == []


def test_what_is_not_there_is_said(home: Path) -> None:
    """One sentence, and what to do."""
    nowhere = vivo("session", "connection", cwd=home)
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert f"No session runs for the folder {home}: name one" in nowhere.stderr
    nobody = vivo("session", "interrupt", "nobody", cwd=home)
    assert "There is no session nobody" in nobody.stderr
    both = vivo("session", "connection", "--folder", "nobody", cwd=home)
    assert "--folder is of all sessions" in both.stderr


def test_a_cell_is_interrupted_from_the_command_line(home: Path, session: str) -> None:
    """Whoever has sent it; and what does not run is said."""
    assert vivo("session", "interrupt", cwd=home).stdout == f"nothing runs in {session}\n"
    words = [VIVO, "console", "--simple"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True, cwd=home
    ) as console:
        assert console.stdin is not None
        assert console.stdout is not None
        console.stdin.write("print('it runs', flush=True); import time; time.sleep(60)\n")
        console.stdin.flush()
        told = ""
        while "it runs" not in told:
            told += console.stdout.read(1)
        assert vivo("session", "interrupt", cwd=home).stdout == f"interrupted {session}\n"
        console.stdin.close()
        assert "KeyboardInterrupt" in console.stdout.read()
    assert vivo("session", "end", session, cwd=home).returncode == 0
