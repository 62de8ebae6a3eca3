"""jupyter console on the session of an editor, as a user types its command."""

from __future__ import annotations

import asyncio
import subprocess

import pytest

from ..server.editors import Editor
from .qtconsoles import PYTHON
from .test_qtconsole import started, until_label, vivo

TYPED = """\
made + 1
1 / 0
answer = input("how many? ")
12
"""


@pytest.mark.timeout(180)
async def test_jupyter_console_joins_the_session_of_an_editor(editor: Editor) -> None:
    """It has the editor's variables, the editor sees its cells, and it leaves the session."""
    editor.open("# %%\nmade = 41\n# %%\nanswer\n")
    assert (await editor.run_cell(1))["status"] == "ok"
    file = (await vivo("session", "connection", cwd=editor.folder)).strip()
    words = [str(PYTHON.with_name("jupyter-console")), "--existing", file, "--simple-prompt"]
    done = await asyncio.to_thread(
        subprocess.run,
        words,
        input=TYPED,
        capture_output=True,
        text=True,
        check=False,
        cwd=editor.folder,
    )
    assert "Out[2]: 42\n" in done.stdout, done.stderr
    assert "division by zero" in done.stderr
    assert "keeping kernel alive" in done.stdout
    told = await editor.until(lambda: started(editor, "made + 1"))
    assert (told["client"], told["executionCount"]) == ("Jupyter", 2)
    assert (await editor.run_cell(3))["status"] == "ok"
    await until_label(editor, 3, "⟶ '12'")
