"""What is served is what the sources make: ``server/web/static`` is written by ``editors/web``."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_served_page_is_what_its_sources_make(tmp_path: Path) -> None:
    """Checked for types, built, and the same to the byte as what the wheel has."""
    folder = ROOT / "editors" / "web"
    for words in (["npx", "--no-install", "tsc", "--noEmit"], ["node", "build.mjs", str(tmp_path)]):
        told = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr
    static = ROOT / "server" / "web" / "static"
    made, served = ({each.name for each in where.iterdir()} for where in (tmp_path, static))
    assert made == served
    different = [n for n in made if (tmp_path / n).read_bytes() != (static / n).read_bytes()]
    assert different == [], "run `node build.mjs` in editors/web, and commit what it writes"
