"""JupyterLab in Chromium on a session, for ``test_lab_attached.py``; run by .venv-web.

Words: JupyterLab's address, the name of the session's kernel there, the file for the screenshot.
After each step it prints a line of JSON, and waits for a line before the next.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

sys.path.insert(0, str(Path(__file__).parents[1] / "jupyter"))
from browse import OUTPUT, browsing

RUNNING = ".jp-RunningSessions-item.jp-mod-kernel"


def tell(**found: object) -> None:
    """A step is done; wait until the next may begin."""
    print(json.dumps(found), flush=True)
    sys.stdin.readline()


def choose(page: Page, kernel: Locator, action: str) -> None:
    """An action of a kernel's own menu, in the list of those that run."""
    kernel.click(button="right")
    page.get_by_role("menuitem", name=action, exact=True).click()


def run(editor: Locator, cell: str) -> None:
    """Put a text into a cell, and run it; a panel that opens late may take the keyboard away."""
    expect(editor.page.get_by_text("| Idle").first).to_be_visible()
    for is_last in (False, False, False, True):
        editor.fill(cell)
        try:
            expect(editor).to_contain_text(cell, timeout=None if is_last else 5_000)
            break
        except AssertionError:  # the panel was drawn anew meanwhile, and its cell with it
            if is_last:
                raise
    editor.press("Shift+Enter")


def main(address: str, name: str, screenshot: str) -> None:
    """A console, then a notebook, on the session that the list names."""
    with browsing(screenshot) as (page, outside):
        page.goto(address)
        page.get_by_role("tab", name="Running Terminals and Kernels").click()
        group = page.locator(".jp-RunningSessions-item.jp-mod-kernelspec", has_text=name)
        expect(group).to_have_count(1)
        kernel = page.locator(RUNNING)
        expect(kernel).to_have_count(1)
        choose(page, kernel, "New Console for Kernel")
        run(page.locator(".jp-CodeConsole-input .cm-content"), "made = 6 * 7; made")
        console = page.locator(".jp-CodeConsole")
        expect(console.locator(OUTPUT, has_text="42")).to_be_visible()
        tell(console=console.locator(".jp-InputPrompt").all_inner_texts())

        expect(console.locator(OUTPUT, has_text="the editor prints 43")).to_be_visible()
        choose(page, kernel, "New Notebook for Kernel")
        idle = page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']")
        expect(idle).to_have_count(1)
        cell = page.locator(".jp-Notebook .cm-content").first
        run(cell, "import matplotlib.pyplot as plt; lines = plt.plot([made, 0, made])")
        plot = page.locator(f".jp-Notebook {OUTPUT} img[src^='data:image/png']")
        expect(plot).to_have_count(1)
        expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']")).to_have_count(1)
        page.screenshot(path=screenshot)
        tell(kernel=page.locator(".jp-NotebookPanel .jp-Toolbar-kernelName").inner_text(),
             outside=outside)  # fmt: skip

        choose(page, kernel, "Shut Down Kernel")
        expect(kernel).to_have_count(0)
        tell(shut_down=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
