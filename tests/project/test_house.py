"""The house: the layout at the top, the length of files, the list of packages."""

from __future__ import annotations

import subprocess
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"core", "parallel", "server", "editors", "tests", "docs", ".ci"}


def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return [Path(name) for name in listing.stdout.split("\0") if name]


def test_no_folder_at_the_top_but_the_known_ones() -> None:
    """What is not one of the layers has its place in docs, tests or editors."""
    assert {path.parts[0] for path in tracked() if len(path.parts) > 1} <= FOLDERS


def test_no_file_is_over_600_lines() -> None:
    """A longer file wants two good names."""
    long = {
        str(path): count
        for path in tracked()
        if path.suffix in {".py", ".ts", ".el", ".mjs"} and (ROOT / path).exists()
        if (count := len((ROOT / path).read_text("utf-8").splitlines())) > 600
    }
    assert long == {}


def test_every_package_is_in_the_wheels_list() -> None:
    """A package that the list forgot would be missing from the wheel."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    listed = set(settings["tool"]["setuptools"]["packages"])
    present = {
        ".".join(("vivo", *path.parent.parts))
        for path in tracked()
        if path.name == "__init__.py" and path.parts[0] in {"core", "parallel", "server"}
    } | {"vivo"}
    assert listed == present


def test_the_root_package_holds_only_its_version() -> None:
    """Test runners may import it twice."""
    lines = (ROOT / "__init__.py").read_text("utf-8").split('"""', 2)[2].split("\n")
    assert [line.split(" = ")[0] for line in lines if line] == ["__version__"]
