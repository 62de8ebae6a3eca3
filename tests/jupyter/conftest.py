"""The kernel named vivo, installed for Jupyter in a home of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import HOME_VARIABLES, processes_of

VIVO = str(Path(sys.executable).parent / "vivo")


@pytest.fixture(scope="module", autouse=True)
def jupyter_home() -> Iterator[Path]:
    """A home in which Jupyter finds the kernel; every process started in it must end with it."""
    path = Path(tempfile.mkdtemp(prefix="vj-", dir="/tmp"))
    patch = pytest.MonkeyPatch()
    for name, folder in HOME_VARIABLES.items():
        target = path / folder
        target.mkdir(mode=0o700, exist_ok=True)
        patch.setenv(name, str(target))
    patch.setenv("VIVO_TEST_HOME", str(path))
    patch.setenv("JUPYTER_PATH", str(path / "prefix/share/jupyter"))
    patch.setenv("JUPYTER_RUNTIME_DIR", str(path / "run"))
    patch.setenv("JUPYTER_DATA_DIR", str(path / "data"))
    yield path
    left = processes_of(path)
    gone = [process.pid for process in left if _ends(process)]
    patch.undo()
    shutil.rmtree(path, ignore_errors=True)
    assert len(gone) == len(left), f"processes outlived the tests: {left}"


@pytest.fixture(autouse=True)
def leaves_nothing() -> None:
    """A kernel here lives as long as its class: ``jupyter_home`` looks at what is left."""


def _ends(process: object) -> bool:
    import psutil

    assert isinstance(process, psutil.Process)
    try:
        process.wait(10)
    except psutil.TimeoutExpired:
        process.kill()
        return False
    return True


def install_kernel(home: Path, *words: str) -> None:
    """Install the kernelspec as a user does."""
    command = [VIVO, "kernelspec", "install", "--prefix", str(home / "prefix"), *words]
    subprocess.run(command, check=True, capture_output=True)
