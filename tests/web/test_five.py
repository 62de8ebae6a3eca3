"""VS Code, Emacs, the console, the browser and JupyterLab, side by side on one session."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..jupyter.labs import lab_server, prefer
from .front_ends import (
    ROOT,
    Cell,
    FrontEnd,
    LabConsole,
    WebPage,
    emacs_words,
    in_terminal,
    until,
    vs_code,
)
from .pages import VIVO, SessionPage, chromium, serving

NAMES = {
    "VS Code": "code-server",
    "Emacs": "Emacs vivo",
    "the console": "console",
    "the browser": "web",
    "JupyterLab": "Jupyter",
}
"""What each is called beside its cells, in the others."""


def sessions() -> list[str]:
    """The ids of what runs here."""
    told = json.loads(subprocess.check_output([*VIVO, "sessions", "--json"]))
    return [each["session_id"] for each in told]


@pytest.fixture
def five(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FrontEnd]]:
    """All of them, on the session that VS Code has started."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home / "run"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(home / "data"))
    prefer(home, "@jupyterlab/console-extension:tracker", showAllKernelActivity=True)
    connections = home / "run/vivo/sessions/connections"
    words = [
        "--ServerApp.allow_external_kernels=True",
        f"--ServerApp.external_connection_dir={connections}",
    ]
    with ExitStack() as stack:
        enter = stack.enter_context
        code = enter(vs_code())
        lab = enter(lab_server(ROOT / ".venv-web/bin/jupyter-lab", home, home, *words))
        code.arrive()
        code.write("order = []")
        code.run()
        code.do("untilIdle")
        (session,) = sessions()
        file = code.folder / "beside.py"
        file.write_text("# %% beside\n")
        emacs = enter(in_terminal("Emacs", r"^-- (?!Session)([^,]+)", home, *emacs_words(file)))
        words = [*VIVO, "console", "--session", session]
        console = enter(in_terminal("the console", r"^In \[\d+\] \((.*?)\):", home, *words))
        code.do("reveal")
        link = enter(serving(code.folder, "--session", session))
        browser = enter(chromium())
        page = SessionPage.open(browser, link)
        context = browser.new_context(viewport={"width": 1280, "height": 1040})
        jupyter = LabConsole(context.new_page(), f"{lab}?token=secret", "(vivo)")
        emacs.terminal.wait("vivo:idle")
        emacs.terminal.press("C-c", "C-z")
        emacs.terminal.wait("In [2]:")
        emacs.terminal.press("C-x", "1")
        console.terminal.wait("In [2]:")
        page.until_state()
        assert sessions() == [session]  # Emacs has found it by its folder
        yield [code, emacs, console, WebPage(page), jupyter]
        assert page.problems == []
        emacs.terminal.press("C-x", "C-c")
        emacs.terminal.wait("status 0")


def people(session: str) -> set[str]:
    """Who is in a session, of those that say so: JupyterLab does not."""
    told = json.loads(subprocess.check_output([*VIVO, "sessions", "who", session, "--json"]))
    return {each["name"] for each in told["people"] if "heard" not in each}


def whose(front: FrontEnd, cells: list[Cell]) -> list[Cell]:
    """What a front end is to show: no name beside its own cells, nor any in JupyterLab."""
    if front.name == "JupyterLab":
        return [(None, text) for _, text in cells]
    own = NAMES[front.name]
    return [(None if name == own else name, text) for name, text in cells]


def until_shown(front: FrontEnd, cells: list[Cell]) -> None:
    """Wait until it shows these, in this order, each once."""
    wanted = whose(front, cells)
    until(front.cells, lambda shown: shown == wanted, f"{front.name} does not show {wanted}")


@pytest.mark.timeout(300)
def test_five_front_ends_in_one_session(five: list[FrontEnd]) -> None:
    """Each goes on with what the one before has set; then all run at once; all show all of it."""
    (session,) = sessions()
    ran: list[Cell] = []
    order: list[str] = []
    for front in five:
        front.write(f'order.append("{front.name}"); print("from: " + ", ".join(order))')
        front.run()
        order.append(front.name)
        ran.append((NAMES[front.name], "from: " + ", ".join(order)))
        for each in five:
            until_shown(each, ran)
    for page in five:
        if isinstance(page, WebPage):
            page.until_variable("order", "list 5 items")
            page.page.picture("web-together.png")
    for front in five:
        front.write(f'print("at once: {front.name}")')
    for front in five:
        front.run()
    together = until(five[0].cells, lambda cells: len(cells) == 10, "not ten cells in VS Code")
    name_of = {f"at once: {name}": told for name, told in NAMES.items()}
    ran += [(name_of[text], text) for _, text in together[5:]]
    assert {name for name, _ in ran[5:]} == set(NAMES.values())
    for front in five:
        until_shown(front, ran)
    assert sessions() == [session]
    assert people(session) == set(NAMES.values()) - {"Jupyter"}
