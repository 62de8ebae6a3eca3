"""Packaging: three ways to install, each in a fresh virtual environment.

What a user has after ``pip install``: the command, the three packages, and nothing of
ours beside them in site-packages.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str | Path, cwd: Path) -> str:
    """A command's output; its errors are shown when it fails."""
    result = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{words}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tracked files, so that a build leaves nothing in the tree."""
    target = tmp_path_factory.mktemp("clone") / "vivo"
    listing = run("git", "ls-files", "-z", cwd=ROOT)
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((ROOT / name).read_bytes())
    return target


@pytest.fixture(scope="module")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that ``python -m build`` makes."""
    target = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", target, clone, cwd=target)
    (path,) = target.glob("*.whl")
    return path


def test_the_wheel_holds_vivo_alone(wheel: Path) -> None:
    """No top-level core, server or parallel lands in site-packages, nor tests or editors."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"vivo"}
    seconds = {name.split("/")[1] for name in names if name.startswith("vivo/")}
    assert seconds == {"__init__.py", "py.typed", "core", "parallel", "server"}
    for layer in ("core", "parallel", "server"):
        shipped = {name for name in names if name.startswith(f"vivo/{layer}/")}
        written = {
            f"vivo/{path.relative_to(ROOT).as_posix()}"
            for pattern in ("*.py", "templates/*.sh", "static/*")
            for path in (ROOT / layer).rglob(pattern)
        }
        assert written == shipped


@pytest.mark.parametrize("way", ["folder", "editable", "wheel"])
def test_an_installation_runs_and_imports(
    way: str, clone: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """``pip install .``, ``pip install -e .`` and the wheel give a working vivo."""
    words: dict[str, list[str | Path]] = {
        "folder": [clone],
        "editable": ["-e", clone],
        "wheel": [request.getfixturevalue("wheel")] if way == "wheel" else [],
    }
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv/bin/python"
    quiet = ["-q", "--disable-pip-version-check", "--no-warn-script-location"]
    run(python, "-m", "pip", "install", *quiet, *words[way], cwd=tmp_path)
    version = run(tmp_path / "venv/bin/vivo", "--version", cwd=tmp_path).strip()
    lines = [
        "import vivo, vivo.core, vivo.parallel, vivo.server",
        "import vivo.parallel.client, vivo.server.cli",
        "print(vivo.__version__)",
        "print(vivo.core.Shell().run_cell('6 * 7').value)",
    ]
    printed = run(python, "-c", "\n".join(lines), cwd=tmp_path).split()
    assert version == f"vivo {printed[0]}"
    assert printed[-1] == "42"
    listed = run(python, "-m", "pip", "list", "--format=freeze", cwd=tmp_path).lower()
    for heavy in ("numpy", "matplotlib", "ipython", "ipykernel", "debugpy", "jupyter"):
        assert heavy not in listed
