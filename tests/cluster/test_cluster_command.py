"""``vivo cluster`` as a user types it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

VIVO = str(Path(sys.executable).parent / "vivo")


def vivo(*words: str) -> subprocess.CompletedProcess[str]:
    command = [VIVO, "cluster", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_cluster_is_started_looked_at_made_larger_and_stopped(home: Path) -> None:
    """Its name is printed, and not needed where there is one."""
    assert vivo("start", "-n", "1", "--name", "work").stdout == "work\n"
    shown = vivo("status").stdout
    assert shown.startswith("work  local  1 engine\n")
    assert "ENGINE  STATE  PID" in shown
    assert vivo("add").stdout == "started engine 1\n"
    assert "work  local" in vivo("list").stdout
    watch = subprocess.Popen(
        [VIVO, "cluster", "status", "--watch"], stdout=subprocess.PIPE, text=True
    )
    assert watch.stdout is not None
    seen = [watch.stdout.readline() for _ in range(10)]
    assert seen.count("work  local  2 engines\n") >= 2
    watch.send_signal(signal.SIGINT)
    assert watch.wait(10) == 0
    watch.stdout.close()
    assert vivo("stop").stdout == "stopped work\n"
    assert vivo("list").stdout.startswith("There are no clusters")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["start", "-n", "0"], "'0' is no number of engines: give 1 or more"),
        (["start", "-n", "2", "--python", "/no/such"], "There is no interpreter /no/such"),
        (["start", "-n", "1", "--python", "/bin/true"], "/bin/true"),
        (["start", "-n", "1", "--launcher", "slum"], "There is no launcher 'slum'"),
        (["start", "-n", "1", "--name", "../x"], "cannot be named '../x'"),
        (["status"], "No cluster runs: `vivo cluster start -n 4` starts one"),
        (["stop", "nope"], "There is no cluster nope"),
        (["strat"], "did you mean start"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(
    home: Path, words: list[str], told: str
) -> None:
    """No traceback, and no half of a cluster."""
    result = vivo(*words)
    assert result.returncode == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert vivo("list").stdout.startswith("There are no clusters")
