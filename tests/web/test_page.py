"""The page of ``vivo web``, used as its users do."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from playwright.sync_api import Browser, expect

from .pages import VIVO, SessionPage


def test_a_session_in_the_browser(link: str, browser: Browser) -> None:
    """Cells typed fast, values, figures, errors with their frames' values, variables, a table."""
    page = SessionPage.open(browser, link)
    page.until_state()
    page.type("import numpy as np\n")
    page.type("table = np.arange(12.0).reshape(3, 4)\n")
    page.type("def inverse(x):\nreturn 1 / x\n\n")
    page.type("inverse(0)\n")
    error = page.outputs.locator(".output.error")
    expect(error).to_contain_text("ZeroDivisionError: division by zero")
    expect(error.locator(".frame-value", has_text="x = 0")).to_be_visible()
    page.run("import matplotlib.pyplot as plt\nplt.plot(table.T)\nplt.show()\ntable")
    expect(page.outputs.locator("img")).to_be_visible()
    expect(page.cells.last).to_contain_text("array([[ 0.,  1.,  2.,  3.],")
    row = page.page.locator("#variables li", has_text="table")
    expect(row).to_contain_text("(3, 4) float64")
    page.picture("web-session.png")

    row.get_by_role("button", name="Show the table table").click()
    table = page.page.frame_locator("dialog iframe")
    expect(table.locator("#form")).to_have_text("3 rows × 4 columns")
    expect(table.locator("tbody tr").nth(2)).to_contain_text("11.0")
    page.page.get_by_role("button", name="Close").click()

    page.page.get_by_role("tab", name="Plots").click()
    plots = page.page.frame_locator("iframe[name=plots]")
    expect(plots.locator("#large img")).to_be_visible()
    before = plots.locator("#large img").bounding_box()
    plots.get_by_role("button", name="Zoom in").click()
    plots.get_by_role("button", name="Zoom in").click()
    after = plots.locator("#large img").bounding_box()
    assert before
    assert after
    assert after["width"] > before["width"]
    with page.page.expect_download() as saving:
        plots.get_by_role("button", name="Save figure").click()
    assert saving.value.suggested_filename == "figure.png"
    assert Path(saving.value.path()).read_bytes().startswith(b"\x89PNG")
    assert page.problems == []


def test_who_types_ahead_of_the_session_gets_the_same_cells(link: str, browser: Browser) -> None:
    """Each Enter does what it would have done in its time, whatever was typed behind it."""
    page = SessionPage.open(browser, link)
    page.until_state()
    typed = (
        "first = 1\ndef inverse(x):\nif x:\nreturn 1 / x\n\n\n[\ninverse(2),\ninverse(4)]\nfirst"
    )
    with page.slowly():
        page.type(typed)
        expect(page.page.locator(".cm-content")).to_contain_text("inverse(4)")
    expect(page.cells).to_have_count(3)
    expect(page.cells.last).to_contain_text("[0.5, 0.25]")
    expect(page.page.locator(".cm-content")).to_have_text("first")
    page.page.keyboard.press("Enter")
    expect(page.cells.last).to_contain_text("1")
    expect(page.cells).to_have_count(4)
    assert page.problems == []


def test_what_is_asked_while_typing(link: str, browser: Browser) -> None:
    """Completion with documentation, the signature of a call, hover, and the history."""
    page = SessionPage.open(browser, link)
    page.until_state()
    page.run(
        "import math\ndef area(radius, *, squeeze=1.0):\n    '''Of a disc.'''\n    return radius"
    )
    expect(page.cells).to_have_count(1)
    page.type("math.fact")
    options = page.page.locator(".cm-tooltip-autocomplete")
    expect(options.locator("li").first).to_contain_text("factorial")
    expect(page.page.locator(".cm-completionInfo")).to_contain_text("Find n!")
    page.page.wait_for_timeout(100)  # an Enter in a list's first 75 ms was typed before it was seen
    page.page.keyboard.press("Enter")
    expect(page.page.locator(".cm-content")).to_have_text("math.factorial")
    page.clear()
    page.type("area(2, ")
    expect(page.page.locator(".signature")).to_contain_text("area(radius, *, squeeze=1.0)")
    page.clear()
    expect(page.page.locator(".signature")).to_have_count(0)
    page.page.keyboard.press("ArrowUp")
    expect(page.page.locator(".cm-content")).to_contain_text("Of a disc.")
    page.page.locator(".cm-line span", has_text="area").first.hover()
    expect(page.page.locator(".cm-tooltip.told, .cm-tooltip .told").first).to_contain_text("area")
    page.run("area?")
    expect(page.cells.last).to_contain_text("Of a disc.")
    assert page.problems == []


def test_a_question_an_interrupt_and_the_queue(link: str, browser: Browser) -> None:
    """``input()`` asks on the page; Interrupt ends what runs; what waits is told."""
    page = SessionPage.open(browser, link)
    page.until_state()
    page.run("name = input('Who are you? ')\nprint('hello', name)")
    field = page.page.get_by_label("Who are you?")
    field.fill("Ada")
    field.press("Enter")
    expect(page.cells.last).to_contain_text("hello Ada")
    page.run("import time\nwhile True: time.sleep(0.01)")
    page.until_state("busy")
    page.run("'after'")
    expect(page.page.locator("#queue")).to_contain_text("1 waiting")
    page.page.get_by_role("button", name="Interrupt").click()
    expect(page.outputs.locator(".traceback").last).to_contain_text("KeyboardInterrupt")
    page.until_state()
    page.run("while True: time.sleep(0.01)")
    page.until_state("busy")
    page.page.get_by_role("button", name="Restart").click()
    page.page.get_by_role("dialog").get_by_role("button", name="Restart").click()
    page.until_state()
    page.run("print('time' in globals())")
    expect(page.cells.last).to_contain_text("False")
    assert page.problems == []


COUNT = "import time\nfor number in range(400):\n    print('line', number)\n    time.sleep(0.01)"


def test_a_page_that_sleeps_misses_nothing_and_doubles_nothing(link: str, browser: Browser) -> None:
    """Away while a cell prints, then back; and a second tab that opens in the middle."""
    page = SessionPage.open(browser, link)
    page.until_state()
    page.run("print('before')")
    expect(page.cells).to_have_count(1)
    page.run(COUNT)
    expect(page.cells.last).to_contain_text("line 30")
    session = page.page.url
    page.leave()
    second = SessionPage.beside(page.page.context.new_page(), "about:blank")
    page.until_state("lost")
    page.come_back()
    second.page.goto(session)
    page.page.bring_to_front()
    expect(page.cells.last).to_contain_text("line 399\n")
    wanted = [f"line {number}" for number in range(400)]
    assert re.findall(r"line \d+", page.transcript()) == wanted
    second.page.bring_to_front()
    second.until_state()
    expect(second.cells.last).to_contain_text("line 399\n")
    assert re.findall(r"line \d+", second.transcript()) == wanted


def test_what_cells_show_acts_in_no_page(link: str, browser: Browser, elsewhere: Any) -> None:
    """Script in HTML, SVG, Markdown, in names, in errors and in variables: shown, never run."""
    page = SessionPage.open(browser, link)
    page.until_state()
    page.run(HOSTILE.replace("evil.example", f"127.0.0.1:{elsewhere.port}"))
    expect(page.cells.last).to_contain_text("the end")
    expect(page.page.locator("#variables li", has_text="<img")).to_have_count(1)
    page.page.get_by_role("tab", name="Plots").click()
    page.page.get_by_role("tab", name="Session").click()
    page.run("raise ValueError('<img src=x onerror=\"parent.parent.document.title=1\">')")
    expect(page.outputs.locator(".traceback").last).to_contain_text("ValueError: <img")
    page.page.wait_for_timeout(500)  # what would act has had the time
    assert page.page.title() == "work · vivo"
    for frame in page.page.frames:
        assert frame.evaluate("window.vivoWasHere") is None
    assert elsewhere.asked == []


class Elsewhere(BaseHTTPRequestHandler):
    """Another host, as what cells show would ask it: what was asked."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Note it."""
        self.asked.append(self.path)
        self.send_error(404)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[Any]:
    """A server that no page may ask."""
    Elsewhere.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield SimpleNamespace(asked=Elsewhere.asked, port=server.server_port)
        server.shutdown()
        thread.join()


HOSTILE = r"""
from IPython.display import HTML, SVG, Markdown, Javascript, display
act = "window.vivoWasHere = top.vivoWasHere = 1; top.document.title = 'owned'"
display(HTML(f'<script>{act}</script><img src=x onerror="{act}"><svg onload="{act}">'
             f'<iframe src="javascript:{act}"></iframe><a href="javascript:{act}">a</a>'
             f'<form action="http://evil.example"><link rel=prefetch href="http://evil.example/p">'
             f'<meta http-equiv=refresh content="0;http://evil.example">'
             f'<link rel=stylesheet href="http://evil.example/x.css">'
             f'<style>@import "http://evil.example/y.css";</style>'))
display(SVG(f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="{act}">'
            f'<script>{act}</script><image href="http://evil.example/s.png"/></svg>'))
display(Markdown(f'<img src=x onerror="{act}"> [a](javascript:{act}) '
                 '![b](http://evil.example/z.png)'))
display(Javascript(act))
display({'text/html': f'<body onload="{act}">'}, raw=True)
display({'application/json': {f'<img src=x onerror="{act}">': act}}, raw=True)
globals()['<img src=x onerror="' + act + '">'] = '<script>' + act + '</script>'
print('\x1b]8;;javascript:' + act + '\x07link\x1b]8;;\x07 <b>the end</b>')
"""


def test_the_page_of_another_session_and_of_a_new_one(link: str, browser: Browser) -> None:
    """The sessions of the machine are chosen among; a new one begins empty."""
    page = SessionPage.open(browser, link)
    page.until_state()
    page.run("print('the first')")
    expect(page.cells.last).to_contain_text("the first")
    picker = page.page.get_by_role("combobox", name="Session")
    picker.select_option(label="New session")
    expect(page.cells).to_have_count(0)
    page.until_state()
    page.run("print('the second')")
    expect(page.cells.last).to_contain_text("the second")
    listing = subprocess.run([*VIVO, "sessions"], capture_output=True, text=True, check=True).stdout
    assert listing.count("idle") == 2
    picker.focus()
    first = picker.locator("option").filter(has_text=re.compile("^work$"))
    picker.select_option(value=first.get_attribute("value"))
    expect(page.cells).to_have_count(1)
    expect(page.cells.last).to_contain_text("the first")
    assert page.problems == []


def test_without_a_link_the_page_says_what_to_do(link: str, browser: Browser) -> None:
    """Who comes without a link, or with one that was used, reads one sentence."""
    first = SessionPage.open(browser, link)
    first.until_state()
    assert "#" not in first.page.url
    for address in (link, link.partition("#")[0]):
        stranger = SessionPage.open(browser, address)
        expect(stranger.page.locator("#closed")).to_contain_text("vivo web")
        expect(stranger.page.locator(".cm-content")).to_have_count(0)
