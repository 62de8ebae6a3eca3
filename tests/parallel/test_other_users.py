"""Another user of the machine gets nothing of a session, and cannot take its place.

Both are real users of the system (:mod:`.two_users`), which takes root: the tests' own rights, or
``sudo`` that asks for no password, or a user namespace with ids of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ..conftest import processes_of
from .two_users import SECRET

SCRIPT = str(Path(__file__).with_name("two_users.py"))
WAYS = ([], ["sudo", "-n"], ["unshare", "--user", "--map-root-user", "--map-auto"])
GROUPS_ASIDE = {"home", "tmp"}  # what everybody may look into on any machine


@cache
def root() -> list[str]:
    """What stands before a command line that root is to run."""
    for words in WAYS:
        if words and shutil.which(words[0]) is None:
            continue
        test = "import os,sys; os.setgroups([]); os.setresuid(54321, 54321, 54321)"
        tried = subprocess.run(
            [*words, sys.executable, "-c", test], capture_output=True, check=False
        )
        if tried.returncode == 0:
            return words
    assert os.getuid() != 0, "root may not become another user here: give it CAP_SETUID"
    pytest.skip("needs a second user: run as root, or have sudo without a password or newuidmap")


def script(*words: str) -> Any:
    """What the script tells."""
    environment = {"PATH": os.environ["PATH"]}
    command = [*root(), sys.executable, SCRIPT, *words]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that two users share."""
    path = Path(tempfile.mkdtemp(prefix="vv-", dir="/tmp"))
    yield path
    left = processes_of(path)
    for process in left:
        process.kill()
    subprocess.run([*root(), "rm", "-rf", str(path)], check=True)
    assert not left, f"processes outlived the test: {left}"


@pytest.mark.parametrize("runtime", ["", "run"])
def test_another_user_gets_nothing_of_a_session(base: Path, runtime: str) -> None:
    """Neither files nor sockets nor the key, though the owner's shell has a umask of 0."""
    changes = [f"XDG_RUNTIME_DIR={base / runtime}"] if runtime else []
    told = script("session", str(base), *changes)
    stranger, modes = told["stranger"], told["modes"]
    kinds = {Path(path).name for path in modes if Path(path).suffix != ".pyc"}
    assert {"connection.json", "history.sqlite", "session.json", "keeper.log"} <= kinds
    assert len(told["sockets"]) == 5
    places = {str(Path(path).relative_to(base)).split("/")[-2] for path in told["secrets"]}
    assert {told["id"], "store", "vivo", "tmp"} <= places, "the session has left its secrets"
    assert stranger["read"] == stranger["connected"] == []
    assert {Path(path).name for path in stranger["listed"]} <= GROUPS_ASIDE
    assert {Path(path).name for path in stranger["written"]} <= {"tmp"}
    assert {name for _, name, _ in stranger["seen"]} == {"cmdline"}
    assert len(stranger["seen"]) >= 3, "keeper and engine were there to be looked at"
    for _, _, text in stranger["seen"]:
        assert told["key"] not in text
        assert SECRET not in text


def test_what_a_session_writes_is_its_users_alone(base: Path) -> None:
    """Each file and folder by itself, wherever it stands, though the umask is 0."""
    modes = script("session", str(base))["modes"]
    aside = {str(base / name) for name in GROUPS_ASIDE}
    open_to_others = {
        path: mode
        for path, mode in modes.items()
        if mode[4:] != "------" and path not in aside and "/bytecode/" not in path
    }
    assert open_to_others == {}


TRICKS = {
    "a folder": "belongs to another user",
    "a link to a folder of theirs": "belongs to another user",
    "a link to a folder of ours": "belongs to another user",
    "a file": "cannot be made",
    "a link to nothing": "cannot be made",
    "a runtime directory of theirs": "belongs to another user",
    "a runtime directory below a folder of theirs": "belongs to another user",
    "a runtime directory open to all": "Other users may write to the folder",
    "a folder of ours open to all": "Every user may write to the folder",
    "journals of theirs": "belongs to another user",
}


@pytest.mark.parametrize("trick", TRICKS)
def test_what_another_user_has_made_first_is_refused(base: Path, trick: str) -> None:
    """In one sentence that names the folder and what to do, and nothing is written into it."""
    told = script("trick", str(base), trick)
    assert told["status"] == 2
    assert TRICKS[trick] in told["said"]
    assert "Traceback" not in told["said"]
    assert told["said"].count("\n") == 1
    assert str(base) in told["said"]
    left = [path for path in (base / "trap").rglob("*") if path.is_file()]
    assert left == []
