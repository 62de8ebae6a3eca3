"""A disk without a free byte, under all that a session keeps: told, outlived, and made good.

The disk is a real one: a small file system of its own, in a mount namespace, which takes the rights
of root: the tests' own, or ``sudo`` that asks for no password, or a user namespace.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.sessions

SCRIPT = Path(__file__).with_name("full_disk.py")
WAYS = (
    ["unshare", "--mount"],
    ["unshare", "--user", "--map-root-user", "--mount"],
    ["sudo", "-n", "--preserve-env", "unshare", "--mount"],
)


@cache
def namespace() -> list[str]:
    """What stands before a command line that is to have mounts of its own."""
    for words in WAYS:
        if shutil.which(words[0]) is None:
            continue
        test = [*words, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        if subprocess.run(test, capture_output=True, check=False).returncode == 0:
            return words
    pytest.skip("needs to mount: run as root, or have sudo without a password or user namespaces")


@pytest.fixture
def told(home: Path) -> Any:
    """What a session told that lived on such a disk."""
    disk = home / "disk"
    disk.mkdir()
    changed = {"XDG_STATE_HOME": str(disk / "state"), "XDG_DATA_HOME": str(disk / "data")}
    command = [*namespace(), sys.executable, str(SCRIPT), str(disk)]
    environment = {**os.environ, **changed}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_a_full_disk_is_outlived_by_all_that_a_session_keeps(told: Any) -> None:
    """Each thing says so once, also over a new keeper; with room again all is written again."""
    assert told["statuses"] == ["ok"] * len(told["statuses"])
    said = sorted(sentence.split()[1] for sentence in told["said"])
    assert said == ["history", "journal", "spill"]
    assert told["after"] == 0, "with room again nothing is said"
    assert told["lines"] == ["cell 2", "cell 3", "cell 4", "counted is 4"], "no cell ran twice"
    where = ["see", *["they could not all be written to"] * 2, "see"]
    assert told["left out"] == where
    before, *meanwhile, after = told["spilled"]
    assert before == after > max(meanwhile, default=0), "the last flood is whole again"
    assert told["gaps"]
    assert told["rising"], "no number was given twice"
    assert told["replayed"]
    assert told["recalled"] == 5, "inputs that wait for room are known"
    assert told["checkpoint"]
    assert told["history"] == list(range(1, len(told["statuses"]) + 1))
