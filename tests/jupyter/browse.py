"""Drives JupyterLab in Chromium, as a user does; run by ``test_lab.py`` in .venv-jupyter.

Words: the notebook's address, the file for the screenshot. What it finds it prints as JSON. Only
the loopback interface is reached: what tries to go elsewhere is refused and told.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Error, Page, Route, expect, sync_playwright

TIMEOUT = 40_000  # milliseconds
OUTPUT = ".jp-OutputArea-output"


@contextmanager
def browsing(screenshot: str) -> Iterator[tuple[Page, list[str]]]:
    """A page of Chromium, and what it tried to reach elsewhere; its picture if something fails."""
    outside: list[str] = []

    def guard(route: Route) -> None:
        if route.request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1040})
        page.set_default_timeout(TIMEOUT)
        expect.set_options(timeout=TIMEOUT)
        page.route("**/*", guard)
        try:
            yield page, outside
        except (AssertionError, Error):
            page.screenshot(path=screenshot)
            raise
        browser.close()


def main(address: str, screenshot: str) -> dict[str, Any]:
    """Run the notebook, use its widget, take the screenshot."""
    with browsing(screenshot) as (page, outside):
        page.goto(address)
        found = run_notebook(page, screenshot)
    return {**found, "outside": outside}


def run_notebook(page: Page, screenshot: str) -> dict[str, Any]:
    """All its cells; the last one waits for the slider."""
    kernel = page.locator(".jp-Toolbar-kernelName").first
    expect(kernel).to_have_text("Python (vivo)")
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']")).to_have_count(1)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    plot = page.locator(f"{OUTPUT} img[src^='data:image/png']")
    expect(plot).to_have_count(1)
    label = page.locator(".widget-label", has_text="rate 0.2")
    expect(label).to_be_visible()
    waits = page.locator(OUTPUT, has_text="waits for the slider")
    expect(waits).to_be_visible()
    # The last cell still runs: the widget answers beside it.
    handle = page.locator(".widget-slider .noUi-handle").first
    handle.focus()
    handle.press("ArrowRight")
    expect(page.locator(".widget-label", has_text="rate 0.3")).to_be_visible()
    expect(page.locator(OUTPUT, has_text="the slider moved")).to_be_visible()
    page.mouse.move(5, 5)
    page.screenshot(path=screenshot)
    size = plot.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
    return {"plot": size, "prompts": prompts, "kernel": kernel.inner_text()}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
