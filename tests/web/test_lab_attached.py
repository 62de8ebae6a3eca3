"""JupyterLab in a browser, attached to the session that an editor started."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..jupyter.labs import lab_server, prefer
from ..server.editors import Editor
from .qtconsoles import HERE, PYTHON
from .test_qtconsole import ROOT, started, vivo

SHOTS = ROOT / "tests/editors/shots"
CELLS = """\
# %%
print("the editor prints", made + 1)
# %%
made = 0
"""


@pytest.fixture
def lab(editor: Editor, home: Path) -> Iterator[str]:
    """The address of a JupyterLab that looks for sessions where the docs say."""
    prefer(home, "@jupyterlab/console-extension:tracker", showAllKernelActivity=True)
    folder = home / "run/vivo/sessions/connections"
    words = [
        "--ServerApp.allow_external_kernels=True", f"--ServerApp.external_connection_dir={folder}"
    ]  # fmt: skip
    with lab_server(PYTHON.with_name("jupyter-lab"), home, editor.folder, *words) as address:
        yield f"{address}?token=secret"


@pytest.mark.timeout(240)
async def test_jupyterlab_joins_the_session_of_an_editor(
    editor: Editor, lab: str, home: Path
) -> None:
    """It lists it by name; each sees what the other runs; shutting it down there ends nothing."""
    editor.open(CELLS)
    assert (await editor.run_cell(3))["status"] == "ok"
    folder = (await vivo("session", "connection", "--folder", cwd=home)).strip()
    assert Path(folder) == home / "run/vivo/sessions/connections"
    SHOTS.mkdir(exist_ok=True)
    words = [str(HERE / "browse_lab.py"), lab, "work (vivo)", str(SHOTS / "lab-attached.png")]
    pipe = asyncio.subprocess.PIPE
    page = await asyncio.create_subprocess_exec(PYTHON, *words, stdin=pipe, stdout=pipe)
    assert page.stdout is not None
    assert page.stdin is not None

    async def step() -> dict[str, Any]:
        assert page.stdout is not None
        line = await page.stdout.readline()
        assert line, (home / "lab.log").read_text()
        found: dict[str, Any] = json.loads(line)
        return found

    try:
        assert "[2]:" in (await step())["console"]
        told = await editor.until(lambda: started(editor, "made = 6 * 7; made"))
        assert (told["client"], told["own"]) == ("Jupyter", False)
        assert (await editor.run_cell(1))["status"] == "ok"
        page.stdin.write(b"\n")
        assert await step() == {"kernel": "work (vivo)", "outside": []}
        displays = [each for each in editor.told["vivo/output"] if each["kind"] == "display"]
        assert "image/png" in displays[-1]["data"]
        page.stdin.write(b"\n")
        assert (await step())["shut_down"]
        assert (await editor.run_cell(1))["status"] == "ok"
        page.stdin.write(b"\n")
        assert await page.wait() == 0
    finally:
        page.stdin.close()
        await page.wait()
