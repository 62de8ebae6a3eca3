"""Where the debugger's package comes from, and what a session says without it."""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path

import pytest
from vivo.parallel.engine.cell_files import CellFiles, murmur2
from vivo.parallel.engine.helpers import own_folders

PROGRAM = """
import sys
sys.path[:0] = [{folder!r}]
sys.path.append({package!r})
from vivo.parallel.engine import helpers
before = list(sys.path)
{program}
"""


def run_bare(home: Path, program: str) -> str:
    """Run a program in an environment that has vivo's engine and nothing else."""
    bare = home / "bare"
    venv.create(bare, with_pip=False)
    package = home / "package"
    package.mkdir()
    (package / "vivo").symlink_to(Path(__file__).resolve().parents[2])
    mine = home / "mine"
    mine.mkdir()
    (mine / "code.py").write_text("raise SystemExit('the user\\'s own code.py was run')\n")
    text = PROGRAM.format(folder=str(mine), package=str(package), program=program)
    words = [str(bare / "bin" / "python"), "-c", text]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    return result.stdout + result.stderr


def test_vivos_own_debugpy_is_loaded_and_nothing_else_of_its_folder(home: Path) -> None:
    """The import path stays as it was, and what lies beside debugpy cannot be imported."""
    program = f"helpers.offer({own_folders()!r})\n"
    program += "assert helpers.is_available('debugpy')\nhelpers.load('debugpy')\n"
    program += "from vivo.parallel.engine.debug_link import _load_tracer\n_load_tracer()\n"
    program += "assert sys.path == before, sys.path\n"
    program += "import importlib.util\nassert importlib.util.find_spec('msgspec') is None\n"
    program += "print(sys.modules['debugpy'].__file__)"
    told = run_bare(home, program).strip()
    assert told.startswith(own_folders()["debugpy"]), told


def test_without_debugpy_the_user_is_told_what_to_do(home: Path) -> None:
    """One sentence that names the package and the remedy; the feature is not offered."""
    program = "assert not helpers.is_available('debugpy')\ntry:\n    helpers.load('debugpy')\n"
    program += "except Exception as error:\n    print(type(error).__name__, error)"
    told = run_bare(home, program)
    assert told.startswith("UsageError")
    assert "pip install debugpy" in told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0xEDD39288),
        ("a", 0x8129EEEE),
        ("ab", 0xA73301B9),
        ("abc", 0xC7BBDBB5),
        ("1 + 1\né", 0xFD998539),
    ],
)
def test_a_cells_file_name_is_the_one_that_clients_compute(text: str, expected: int) -> None:
    """MurmurHash2 with Jupyter's seed, over the text in UTF-8."""
    assert murmur2(text.encode()) == expected


def test_the_cells_files_are_private_and_go(home: Path) -> None:
    """Nobody else may read them; nothing is left."""
    files = CellFiles()
    path = Path(files.write("x = 'é'\n"))
    assert path.read_text(encoding="utf-8") == "x = 'é'\n"
    assert path.parent.stat().st_mode & 0o777 == 0o700
    files.remove()
    assert not path.parent.exists()
