"""Any interpreter serves as the user's, with nothing of ours installed there.

Two virtual environments are made once: one of the Python that runs the tests, one of
another version, each with numpy and nothing else.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session


def version_of(python: str | Path) -> tuple[int, ...] | None:
    """The interpreter's version, if it runs and can make virtual environments."""
    code = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
    try:
        result = subprocess.run(
            [str(python), "-c", code], capture_output=True, text=True, check=False, timeout=20
        )
    except OSError:
        return None
    return tuple(map(int, result.stdout.split())) if result.returncode == 0 else None


def another_python() -> str:
    """An interpreter of another version than this one, 3.10 or newer."""
    candidates = [shutil.which(f"python3.{minor}") for minor in range(10, 20)]
    candidates += map(str, Path(sys.base_prefix).parent.glob("3.*/bin/python3"))
    candidates += map(str, Path.home().glob(".pyenv/versions/3.*/bin/python3"))
    candidates += map(str, Path("/opt").glob("python*/bin/python3"))
    found = {version_of(name): name for name in candidates if name}
    others = [
        version
        for version in found
        if version and version >= (3, 10) and version[:2] != sys.version_info[:2]
    ]
    assert others, "these tests need a second Python (3.10 or newer): install one beside this one"
    return found[max(others)]


@pytest.fixture(scope="module", params=["this version", "another version"])
def bare_python(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The interpreter of an environment that holds numpy alone."""
    base = sys.executable if request.param == "this version" else another_python()
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([base, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "numpy"]
    subprocess.run(install, check=True)
    yield python
    shutil.rmtree(folder)


def installed(python: Path) -> set[Path]:
    folder = python.parent.parent
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


async def run(client: SessionClient, code: str) -> str:
    """The plain text of a cell's value; the test fails with the cell's own error."""
    execution = await client.execute(code)
    record = await execution.finished()
    assert record.status == "ok", record.error
    return str(record.values[-1].data["text/plain"]) if record.values else ""


async def test_a_bare_environment_serves(home: Path, bare_python: Path) -> None:
    """numpy works, nothing of vivo's own can be imported, and nothing is written there."""
    before = installed(bare_python)
    entry = await start_session(SessionOptions(python=str(bare_python), cwd=str(home)))
    client = await SessionClient.connect(entry.connection_file)
    try:
        assert await run(client, "import numpy as np; int(np.arange(5).sum())") == "10"
        assert await run(client, "import sys; sys.executable") == repr(str(bare_python))
        names = "['zmq', 'msgspec', 'psutil', 'pygls', 'attrs', 'platformdirs', 'pytest']"
        code = f"import importlib.util\n[n for n in {names} if importlib.util.find_spec(n)]"
        assert await run(client, code) == "[]"
        child = "import subprocess, sys\nprobe = 'import sys; print(sys.path)'\n"
        child += "here = subprocess.check_output([sys.executable, '-c', probe], text=True)\n"
        child += "'parallel' in here or 'engine' in here"
        assert await run(client, child) == "False"
        reply = await client.complete("np.linalg.sv", 12)
        assert "svd" in str(reply)
    finally:
        await client.close()
        await end_session(entry.id)
    assert installed(bare_python) == before
