"""docs/acceptance.md names only tests that exist, and leaves no row without evidence."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATES = ("holds", "partly", "open")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.M))


def rows() -> list[list[str]]:
    """The cells of each row of each table."""
    lines = (ROOT / "docs" / "acceptance.md").read_text("utf-8").splitlines()
    return [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in lines
        if line.startswith("|") and not line.startswith(("|---", "| demand"))
    ]


def names_of_tests() -> set[str]:
    """The names of every Python, ERT and node test."""
    names: set[str] = set()
    for path in (ROOT / "tests").rglob("*"):
        if "node_modules" in path.parts or path.suffix not in {".py", ".el", ".mjs", ".ts", ".js"}:
            continue
        text = path.read_text("utf-8")
        names |= set(re.findall(r"\bdef (test_\w+)", text))
        names |= set(re.findall(r"\(ert-deftest ([\w-]+)", text))
    return names


def test_every_row_has_evidence_and_a_state() -> None:
    """A demand without a test or a target that shows it is not a promise."""
    bad = [row[0] for row in rows() if len(row) != 3 or not row[2].startswith(STATES)]
    empty = [row[0] for row in rows() if row[2].startswith("holds") and "`" not in row[1]]
    assert (bad, empty) == ([], [])


def test_every_named_test_exists() -> None:
    """No row rests on a test that was renamed or never written."""
    known = names_of_tests()
    missing = []
    for row in rows():
        for name in re.findall(r"`([^`]+)`", row[1]):
            if name.startswith("make "):
                exists = name.split()[1] in TARGETS
            elif "/" in name:
                exists = (ROOT / name).exists()
            else:
                exists = name in known
            if not exists:
                missing.append(f"{row[0]}: {name}")
    assert missing == []
