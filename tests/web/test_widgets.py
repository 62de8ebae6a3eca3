"""Jupyter widgets on the page of ``vivo web``, in a session whose Python has ipywidgets."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from .pages import SessionPage
from .test_sharing import come, session_of

WITH_WIDGETS = Path(__file__).parents[2] / ".venv-widgets"
SLIDER = """
import ipywidgets as widgets
slider = widgets.IntSlider(value=3, max=10, description="speed")
slider
"""


@pytest.fixture
def browser(home: Path, link: str, browser: Browser) -> Browser:
    """A browser, for a server whose folder has an environment with widgets."""
    (home / "work" / ".venv").symlink_to(WITH_WIDGETS)
    return browser


def handle(page: SessionPage, index: int = 0) -> Locator:
    """What is dragged of a slider."""
    found: Locator = page.outputs.locator(".noUi-handle").nth(index)
    return found


def at(page: SessionPage, value: int, index: int = 0) -> None:
    """Wait until a slider stands there."""
    expect(handle(page, index)).to_have_attribute("aria-valuenow", f"{value}.0")


def test_widgets_talk_to_the_session_both_ways(link: str, browser: Browser) -> None:
    """A slider that is moved by keys has its value there; what Python sets is seen in each view, on
    each page, and after the link was lost; a page that comes later has the present values."""
    page = SessionPage.open(browser, link)
    page.until_state()
    page.run(SLIDER)
    at(page, 3)
    handle(page).press("ArrowRight")
    handle(page).press("ArrowRight")
    at(page, 5)
    page.run("print('it is', slider.value)")
    expect(page.outputs.locator("pre.stdout")).to_contain_text("it is 5")
    page.run("widgets.HBox([slider, widgets.Label('the same')])")
    at(page, 5, index=1)
    page.run("slider.value = 6")
    at(page, 6)
    at(page, 6, index=1)
    page.picture("web-widgets.png")

    other = SessionPage.beside(page.page.context.new_page(), page.page.url)
    other.until_state()
    at(other, 6)
    handle(other).press("ArrowRight")
    at(page, 7)
    page.leave()
    page.until_state("lost")
    page.come_back()
    page.until_state()
    handle(other).press("ArrowRight")
    at(page, 8)
    handle(page).press("ArrowLeft")
    at(other, 7)
    assert (page.problems, other.problems) == ([], [])


def test_a_callback_of_a_widget_prints_and_a_restart_says_so(link: str, browser: Browser) -> None:
    """What a button does stands with its cell; after a restart its widgets say why they rest."""
    page = SessionPage.open(browser, link)
    page.until_state()
    page.run(
        "import ipywidgets as widgets\nbutton = widgets.Button(description='Press')\n"
        "button.on_click(lambda _: print('pressed'))\nbutton"
    )
    page.outputs.get_by_role("button", name="Press").click()
    expect(page.outputs.locator("pre.stdout")).to_contain_text("pressed")
    page.page.get_by_role("button", name="Restart").click()
    page.page.get_by_role("dialog").get_by_role("button", name="Restart").click()
    expect(page.outputs.locator(".widget-note")).to_be_visible()
    assert page.problems == []


def test_a_viewer_has_the_text_of_widgets(link: str, browser: Browser) -> None:
    """With the reason: to draw them, the session would be asked to run code of theirs."""
    owner = SessionPage.open(browser, link)
    owner.until_state()
    viewer = come(browser, session_of(owner.page), "viewer", "Bob")
    owner.run(SLIDER)
    at(owner, 3)
    expect(viewer.cells.last).to_contain_text("IntSlider(value=3")
    expect(viewer.outputs.locator(".widget-note")).to_contain_text("is not for viewers")
    expect(viewer.outputs.locator(".noUi-handle")).to_have_count(0)
    assert viewer.problems == []
