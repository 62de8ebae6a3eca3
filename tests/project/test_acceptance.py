"""docs/acceptance.md names only tests that exist, and leaves no row without evidence."""

from __future__ import annotations

import re
from pathlib import Path

from vivo.core import Shell

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


def test_every_magic_and_every_row_of_the_paper_is_there(home: Path) -> None:
    """A magic that no row names is promised by nobody, and shown by nothing."""
    demands = " ".join(row[0] for row in rows())
    named = set(re.findall(r"`(%%?[\w!]+)`", demands))
    shell = Shell()
    try:
        magics = {"%" + name for name in shell.magics.names("line")}
        magics |= {"%%" + name for name in shell.magics.names("cell")}
    finally:
        shell.close()
    assert sorted(magics - named) == []
    paper = set(re.findall(r"\bA(\d+)\b", demands))
    assert sorted({str(number) for number in range(1, 16)} - paper, key=int) == []
