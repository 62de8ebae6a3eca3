"""Starting an engine's process: what it is given, and what of its keeper's it is not."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from vivo.parallel.keeper.child import StartedChild, start_child

# Tells where it is, its session and its descriptors; then it is a program that waits.
_TELLING = """#!/bin/sh
pwd > told
cut -d' ' -f6 /proc/$$/stat >> told
for each in /proc/$$/fd/*; do echo "${each##*/}=$(readlink $each)"; done >> told
case $(readlink /proc/$$/fd/$3)$(readlink /proc/$$/fd/$4) in socket:*socket:*) echo ready;; esac
exec sleep 600
"""


@pytest.fixture
def telling(tmp_path: Path) -> Path:
    """An interpreter that tells what it was given."""
    program = tmp_path / "python"
    program.write_text(_TELLING)
    program.chmod(0o700)
    return program


@contextlib.contextmanager
def running(python: Path | str, folder: Path) -> Iterator[StartedChild]:
    child = start_child(str(python), str(folder))
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.process.pid, 9)
        child.process.wait()
        for each in (child.main, child.lane, child.stack, *child.pipes.values()):
            os.close(each)


def test_it_has_its_sockets_and_nothing_else_of_its_keepers(telling: Path, tmp_path: Path) -> None:
    """It runs in its folder, in a session of its own; a descriptor left open is not passed on."""
    before = Path.cwd()
    left = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(left, True)
    try:
        with running(telling, tmp_path) as child:
            assert os.read(child.pipes["stdout"], 100) == b"ready\n"
            folder, session, *opened = (tmp_path / "told").read_text().splitlines()
            assert Path(folder).samefile(tmp_path)
            assert int(session) == child.process.pid
            own = dict(line.split("=", 1) for line in opened)
            assert own["0"] == os.devnull
            assert sum(target.startswith("socket:") for target in own.values()) == 2
            assert str(left) not in own
    finally:
        os.close(left)
    assert Path.cwd() == before


def test_what_cannot_be_started_says_why_and_leaves_nothing_open(tmp_path: Path) -> None:
    """No such program, no such folder: an error of the system's, with nothing left behind."""
    before, folder = sorted(os.listdir("/dev/fd")), Path.cwd()
    with pytest.raises(FileNotFoundError):
        start_child(str(tmp_path / "none"), str(tmp_path))
    with pytest.raises(FileNotFoundError):
        start_child(sys.executable, str(tmp_path / "none"))
    (tmp_path / "text").write_text("no program")
    with pytest.raises(PermissionError):
        start_child(str(tmp_path / "text"), str(tmp_path))
    assert sorted(os.listdir("/dev/fd")) == before
    assert Path.cwd() == folder


def test_its_end_is_told_as_python_tells_it(telling: Path, tmp_path: Path) -> None:
    """None while it runs; then its exit status, or the signal that ended it, for as often."""
    with running(telling, tmp_path) as child:
        assert child.process.poll() is None
        assert child.process.wait(0.01) is None
        os.kill(child.process.pid, 15)
        assert child.process.wait(60) == -15
        assert child.process.poll() == -15


def test_a_keeper_without_standard_streams_starts_an_engine(telling: Path, tmp_path: Path) -> None:
    """Their numbers go to nothing that the engine is given."""
    code = (
        "import os, sys\n"
        "from vivo.parallel.keeper.child import start_child\n"
        "for number in (0, 1, 2): os.close(number)\n"
        "child = start_child(*sys.argv[1:])\n"
        "is_right = os.read(child.pipes['stdout'], 100) == b'ready\\n'\n"
        "os.kill(child.process.pid, 9)\n"
        "child.process.wait()\n"
        "os._exit(3 if is_right else 4)\n"
    )
    words = [sys.executable, "-c", code, str(telling), str(tmp_path)]
    assert subprocess.run(words, check=False, timeout=60).returncode == 3
