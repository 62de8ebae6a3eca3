"""The long run of ``tests/parallel/test_fuzzing.py``: minutes for each reader.

``VIVO_FUZZ_SECONDS`` sets how many seconds; each run has a seed of its own, which is printed.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "parallel" / "fuzzing.py"
SECONDS = float(os.environ.get("VIVO_FUZZ_SECONDS", "300"))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "name", ["wire", "journal", "registry", "connection", "frames", "ordering"]
)
def test_nothing_damaged_crashes_its_reader(name: str) -> None:
    """No crash, no case of twenty seconds, and no more than 256 MiB."""
    seed = secrets.randbelow(10**9)
    words = [sys.executable, str(SCRIPT), name, str(seed), str(SECONDS)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    print(ended.stdout, ended.stderr)
    assert ended.returncode == 0, f"seed {seed}: {ended.stderr}"
    assert json.loads(ended.stdout)["cases"] > 10 * SECONDS
