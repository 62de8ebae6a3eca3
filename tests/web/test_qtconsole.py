"""qtconsole on the session of an editor: keys come by the screen, its window is read."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ..server.editors import Editor
from .qtconsoles import QtConsole, qtconsole

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).parents[2]
VIVO = str(Path(sys.executable).parent / "vivo")
# Its window for the picture: no banner, which names the interpreter of this machine.
WINDOW = (
    "--ConsoleWidget.console_height=34",
    "--ConsoleWidget.console_width=90",
    "--JupyterQtConsoleApp.display_banner=False",
)
CELLS = """\
# %%
import numpy as np
time = np.linspace(0, 30, 600)
print(len(time), "points")
# %%
len(made)
"""


async def vivo(*words: str, cwd: Path) -> str:
    """What a command of vivo's prints."""
    done = await asyncio.to_thread(
        subprocess.run, [VIVO, *words], capture_output=True, text=True, check=True, cwd=cwd
    )
    return done.stdout


@pytest.fixture
async def console(editor: Editor, home: Path) -> AsyncIterator[QtConsole]:
    """qtconsole on the session in which the editor has run its first cell."""
    editor.open(CELLS)
    assert (await editor.run_cell(1))["status"] == "ok"
    file = (await vivo("session", "connection", cwd=editor.folder)).strip()
    words = ["--existing", file, "--JupyterWidget.include_other_output=True", *WINDOW]
    async with qtconsole(*words, log=home / "qtconsole.log") as made:
        yield made


def started(editor: Editor, code: str) -> dict[str, Any] | None:
    """What the editor was told of the start of a cell."""
    told = editor.told.get("vivo/executionStarted", [])
    return next((each for each in told if each["code"] == code), None)


async def until_label(editor: Editor, line: int, label: str) -> None:
    """Wait until this stands beside a line of the document."""
    async with asyncio.timeout(30):
        while True:
            editor.changed.clear()
            if (line, label) in await editor.labels():
                return
            await editor.changed.wait()


async def test_what_people_do_in_qtconsole(console: QtConsole) -> None:
    """A value, an error, a plot, completion, help, a question; each prompt has its number."""
    await console.until_prompt(2)
    console.run("1 + 1")
    await console.until_text("In [2]: 1 + 1\nOut[2]: 2\n")
    await console.until_prompt(3)
    console.run("1 / 0")
    text = await console.until_prompt(4)
    assert "--> 1 1 / 0\n" in text
    assert "ZeroDivisionError: division by zero\n" in text
    console.run("import matplotlib.pyplot as plt; lines = plt.plot(time, np.cos(time))")
    await console.until(lambda told: told["pictures"] == 1)
    await console.until_prompt(5)
    console.screen.type("time.cum")
    console.screen.press("Tab")
    await console.until_text("In [5]: time.cum", "cumprod", "cumsum")
    console.run("prod().shape")
    assert "In [5]: time.cumprod().shape\nOut[5]: (600,)\n" in await console.until_prompt(6)
    console.run("np.linspace?")
    told = await console.until(lambda told: told["pager"])
    assert "evenly spaced numbers" in told["pager"]
    console.screen.press("q")
    await console.until(lambda told: told["pager"] is None)
    await console.until_prompt(7)
    console.run("answer = input('how many? ')")
    await console.until_text("In [7]: ", "\nhow many? ")
    console.run("12")
    await console.until_prompt(8)
    console.run("answer")
    assert "Out[8]: '12'\n" in await console.until_prompt(9)


async def test_a_traceback_stands_above_the_next_prompt(console: QtConsole) -> None:
    """It draws the prompt when it has the reply: what the cell showed must be there by then."""
    await console.until_prompt(2)
    for number in range(2, 22):
        console.run("1/0")
        text = await console.until_prompt(number + 1)
        assert text.count("ZeroDivisionError: division by zero\n") == number - 1


async def test_an_editor_and_qtconsole_in_one_session(editor: Editor, console: QtConsole) -> None:
    """Each sees the other's cells and variables; what the editor runs stands in the window."""
    await console.until_prompt(2)
    console.run("made = [1, 2, 3]")
    await console.until_prompt(3)
    told = await editor.until(lambda: started(editor, "made = [1, 2, 3]"))
    assert (told["client"], told["own"], told["executionCount"]) == ("Jupyter", False, 2)
    assert (await editor.run_cell(4))["status"] == "ok"
    await until_label(editor, 5, "⟶ 3")
    await console.until_text("[remote] In [3]: len(made)", "Out[3]: 3")
    console.run("import matplotlib.pyplot as plt")
    await console.until_prompt(5)
    plot = (
        "lines = plt.plot(time, np.exp(-time / 10) * np.cos(time)); plt.gcf().set_size_inches(6, 3)"
    )
    console.run(plot)
    await console.until(lambda told: told["pictures"] == 1)
    await console.until_prompt(6)
    displays = [each for each in editor.told["vivo/output"] if each["kind"] == "display"]
    assert "image/png" in displays[-1]["data"]
    picture = editor.folder / "qtconsole.png"
    await console.picture(picture)
    if os.environ.get("VIVO_PICTURES"):
        subprocess.run(["cp", picture, ROOT / "docs/images/qtconsole.png"], check=True)


async def test_a_cell_of_qtconsole_is_interrupted_from_elsewhere(
    editor: Editor, console: QtConsole
) -> None:
    """qtconsole says itself that it cannot: the command line and the editor can."""
    await console.until_prompt(2)
    console.run("import threading")
    await console.until_prompt(3)
    waits = "threading.Event().wait(100)"
    console.run(waits)
    run = (await editor.until(lambda: started(editor, waits)))["executionId"]
    console.screen.press("ctrl+c")
    await console.until_text("Cannot interrupt a kernel I did not start.")
    assert (await vivo("session", "interrupt", cwd=editor.folder)).startswith("interrupted ")
    assert (await editor.end_of(run))["status"] == "error"
    assert "KeyboardInterrupt" in await console.until_prompt(4)
    console.run(waits.replace("100", "99"))
    run = (await editor.until(lambda: started(editor, waits.replace("100", "99"))))["executionId"]
    await editor.start("interrupt")
    assert (await editor.end_of(run))["status"] == "error"
    await console.until_prompt(5)


async def test_closing_qtconsole_leaves_the_session(editor: Editor, console: QtConsole) -> None:
    """``exit`` says so; the window asks, and only the window goes."""
    await console.until_prompt(2)
    console.run("made = 'kept'")
    await console.until_prompt(3)
    console.run("exit")
    assert "The session outlives its front ends" in await console.until_prompt(4)
    console.screen.press("ctrl+w")
    told = await console.until(lambda told: told["dialog"])
    assert "The Kernel and other Consoles will remain active." in told["dialog"]
    console.screen.press("Return")
    assert await asyncio.wait_for(console.process.wait(), 30) == 0
    assert (await editor.run_cell(4))["status"] == "ok"
    await until_label(editor, 5, "⟶ 4")
