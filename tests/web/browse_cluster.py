"""Drives the Cluster view in Chromium, as a user does; run by ``test_cluster_view.py``.

Words: what to do (``small`` or ``large``), the link, a folder for screenshots. It tells each step
as a line of JSON, and waits for a line where the test has something to do meanwhile.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

TIMEOUT = 20_000  # milliseconds


def tell(step: str, **told: Any) -> None:
    """Say that a step is reached."""
    print(json.dumps({"step": step, **told}), flush=True)


def tell_and_wait(step: str, **told: Any) -> None:
    """Say so, and wait for the test."""
    tell(step, **told)
    sys.stdin.readline()


def rows(page: Page) -> Locator:
    """The rows that are drawn."""
    return page.locator("#cluster .rows .row:visible")


def row(page: Page, number: int) -> Locator:
    """The row of an engine, if it is drawn."""
    return page.locator(f"#cluster .rows .row[data-engine='{number}']:visible")


def press(page: Page, name: str) -> None:
    """Press a button, by the words that it tells a screen reader."""
    page.get_by_role("button", name=name, exact=True).click()


def open_cluster(page: Page, link: str) -> None:
    """Open the page, and its view of clusters."""
    page.goto(link)
    expect(page.locator("#state")).to_have_text("idle")
    page.get_by_role("tab", name="Cluster").click()


def small(browser: Browser, page: Page, link: str, pictures: str) -> None:
    """A cluster from its start to its stop."""
    open_cluster(page, link)
    expect(page.get_by_text("No cluster is shown.")).to_be_visible()
    press(page, "Start a cluster")
    dialog = page.get_by_role("dialog", name="Start a cluster")
    expect(dialog.get_by_label("Launcher")).to_have_value("local")
    dialog.get_by_label("Engines").fill("2")
    dialog.get_by_role("button", name="Start").click()
    expect(rows(page)).to_have_count(2)
    tell_and_wait("started", name=page.get_by_role("combobox", name="Cluster").input_value())

    # A task has failed meanwhile, and all engines have printed.
    expect(page.get_by_role("button", name="What went wrong")).to_have_text("Failures (1)")
    failure = page.locator("#cluster .failures .failure")
    expect(failure).to_contain_text("ZeroDivisionError: division by zero")
    failure.locator("summary").click()
    expect(failure.locator("pre")).to_contain_text("in divide")
    row(page, 1).click()
    engine = page.locator("#cluster .engine")
    expect(engine.locator(".output")).to_contain_text("hello from engine 1")
    expect(engine.locator(".output")).to_contain_text("below the picture")
    picture = engine.locator(".output img")
    expect(picture).to_have_count(1)
    expect(picture).to_have_js_property("naturalWidth", 200)
    expect(engine.locator("dl")).to_contain_text("MiB")
    # Who comes late sees what was.
    page.reload()
    page.get_by_role("tab", name="Cluster").click()
    expect(page.get_by_role("button", name="What went wrong")).to_have_text("Failures (1)")
    expect(page.locator("#cluster .u-legend").first).to_contain_text("done")

    press(page, "Start engines, or end some")
    page.get_by_role("dialog").get_by_label("Engines").fill("3")
    press(page, "Scale")
    expect(rows(page)).to_have_count(3)
    row(page, 2).click()
    tell("scaled")

    # Engine 0 runs a cell without end; then all do.
    row(page, 0).click()
    expect(engine.locator(".work")).to_contain_text("Runs a cell: while True")
    press(page, "Interrupt what this engine runs")
    expect(engine.locator(".output")).to_contain_text("KeyboardInterrupt")
    tell_and_wait("one is interrupted")
    expect(row(page, 2).locator(".load")).to_contain_text(re.compile(r"[1-9]\.|0\.[1-9]|0\.0[3-9]"))
    press(page, "Interrupt what all engines run")
    tell_and_wait("all are interrupted")

    # An engine's process has been killed meanwhile: its end is told.
    press(page, "What went wrong")
    expect(page.locator("#cluster .failures")).to_contain_text("engine 1 ended")
    expect(row(page, 1).locator(".state")).to_have_text("dead")
    row(page, 2).click()
    press(page, "End this engine")
    press(page, "End")
    expect(rows(page)).to_have_count(2)
    expect(engine.locator("dl")).to_contain_text("It was taken out")

    # Who came by a share has no such view.
    told = {"role": "viewer", "session": None, "name": "Ada"}
    other = browser.contexts[0].new_page()
    other.route("**/whoami", lambda route: route.fulfill(json=told))
    other.goto(link.partition("#")[0])
    expect(other.get_by_role("tab", name="Plots")).to_be_visible()
    expect(other.get_by_role("tab", name="Cluster")).to_have_count(0)
    other.close()

    press(page, "End the engines and the controller")
    press(page, "Stop")
    expect(page.get_by_text("No cluster is shown.")).to_be_visible()
    tell("stopped")


def large(browser: Browser, page: Page, link: str, pictures: str) -> None:
    """A thousand engines: the page stays live, and what that costs."""
    received: list[int] = []
    connections: list[str] = []

    def socket(opened: Any) -> None:
        connections.append(opened.url)
        opened.on("framereceived", lambda payload: received.append(len(payload)))

    page.on("websocket", socket)
    open_cluster(page, link)
    # Engines that nobody can connect to are shown all the same.
    expect(page.locator("#cluster .tile strong").first).to_have_text("1,000", timeout=4 * TIMEOUT)
    assert rows(page).count() < 100, "rows that nobody sees are drawn"
    table = page.locator("#cluster .rows")

    # Sorted by what changes; then scrolled to the end.
    page.get_by_role("columnheader", name="Memory").get_by_role("button").click()
    expect(page.locator("#cluster .rows .row[aria-rowindex='2']")).to_contain_text("900 MiB")
    assert (
        page.locator("#cluster .rows .row[aria-rowindex='2']").get_attribute("data-engine") == "500"
    )
    page.get_by_role("columnheader", name="Engine").get_by_role("button").click()
    table.evaluate("each => { each.scrollTop = each.scrollHeight; }")
    expect(row(page, 999)).to_be_visible()
    before = row(page, 999).locator(".load").inner_text()
    expect(row(page, 999).locator(".load")).not_to_have_text(before)

    # A change is seen at once.
    page.get_by_label("Filter engines").fill("700")
    expect(rows(page)).to_have_count(1)
    tell("watching")
    expect(row(page, 700).locator(".state")).to_have_text("dead")
    tell_and_wait("seen", at=time.time())
    page.get_by_label("Filter engines").fill("dead")
    expect(rows(page)).to_have_count(1)
    row(page, 700).click()
    expect(page.locator("#cluster .engine dl")).to_contain_text("the node has failed")
    expect(page.locator("#cluster .engine")).to_contain_text("Last failure")
    page.get_by_label("Filter engines").fill("")
    press(page, "What went wrong")

    # What it costs: of the page, and of the wire, over some seconds.
    tracing = page.context.new_cdp_session(page)
    tracing.send("Performance.enable")
    seconds = 8
    first, busy = len(received), metric(tracing, "TaskDuration")
    tell("measuring")
    page.wait_for_timeout(seconds * 1000)
    page_share = (metric(tracing, "TaskDuration") - busy) / seconds
    told = received[first:]
    costs = {"bytes": sum(told) / seconds, "page": page_share, "largest": sorted(received)[-3:]}
    tell_and_wait("measured", **costs, connections=len(connections))
    scrolled = page.evaluate(SCROLL)
    tell("scrolled", **scrolled)
    if pictures:
        page.wait_for_timeout(30_000)  # so that there is a past
        page.locator("#cluster .failures summary").first.click()
        table.evaluate("each => { each.scrollTop = 0; }")
        page.evaluate(HOME)
        page.screenshot(path=str(Path(pictures) / "web-cluster.png"))
    tell("ended")


SCROLL = """async () => {
  const table = document.querySelector("#cluster .rows");
  const frame = () => new Promise(requestAnimationFrame);
  const frames = [];
  let empty = 0;
  for (let step = 0; step <= 100; step++) {
    const before = performance.now();
    table.scrollTop = step / 100 * table.scrollHeight;
    await frame();
    await frame();
    frames.push(performance.now() - before);
    const box = table.getBoundingClientRect();
    empty += !document.elementFromPoint(box.x + 20, box.y + box.height / 2).closest(".row");
  }
  frames.sort((one, other) => one - other);
  return { slowest: frames.at(-1), median: frames[50], empty };
}"""


HOME = """() => {
  for (const option of document.querySelectorAll("option")) {
    option.text = option.text.replace(/\\/tmp\\/[^/]+/, "~");
  }
}"""


def metric(tracing: Any, name: str) -> float:
    """A figure that the browser has of the page."""
    found = tracing.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in found if each["name"] == name))


DOES: dict[str, Callable[[Browser, Page, str, str], None]] = {"small": small, "large": large}


def main(what: str, link: str, pictures: str) -> None:
    """Do it; where something is not as it should be, with a picture of what there is."""
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(viewport={"width": 1380, "height": 860})
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        try:
            DOES[what](browser, page, link, pictures)
            assert not failures, failures
        except Exception:
            page.screenshot(path="/tmp/web-cluster-failed.png")
            raise
        finally:
            browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:4])
