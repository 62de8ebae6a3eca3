"""The page of ``vivo web`` in Chromium, as tests drive it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

VIVO = (sys.executable, "-E", "-P", "-m", "vivo.server.cli")
WAIT = int(os.environ.get("VIVO_WAIT", "30000"))  # milliseconds
IMAGES = Path(__file__).parents[2] / "docs" / "images"
expect.set_options(timeout=WAIT)


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[str]:
    """A running ``vivo web``: its link; it and its sessions end with the test."""
    process = subprocess.Popen(
        [*VIVO, "web", *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().decode().strip()
    finally:
        process.send_signal(2)
        process.wait()
        process.stdout.close()
        subprocess.run([*VIVO, "sessions", "end", "--all"], stdout=subprocess.DEVNULL, check=False)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of this machine's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@dataclass
class SessionPage:
    """One page, with its session view in front."""

    page: Page
    problems: list[str] = field(default_factory=list)
    """What the page's console has complained of, and what it wanted of other hosts."""
    links: list[Any] = field(default_factory=list)
    """Its WebSockets, on their way to the server."""
    is_away: bool = False
    held: list[tuple[Any, Any]] | None = None
    """What the page has sent while the network is slow, each with where to."""

    @classmethod
    def open(cls, browser: Browser, link: str, **options: Any) -> SessionPage:
        """A page of a browser of its own: it shares no cookie with others."""
        options = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"} | options
        context = browser.new_context(**options)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        return cls.beside(context.new_page(), link)

    @classmethod
    def beside(cls, page: Page, link: str) -> SessionPage:
        """A page that was made already."""
        made = cls(page)
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: made.problems.append(str(error)))
        page.on("console", made._console)
        page.on("request", made._request)
        page.route_web_socket("**/socket", made._pass_on)
        page.goto(link)
        return made

    def _console(self, message: Any) -> None:
        if message.type == "error" and "401" not in message.text:
            self.problems.append(message.text)

    def _pass_on(self, link: Any) -> None:
        if self.is_away:
            link.close(code=4000)
            return
        server = link.connect_to_server()
        link.on_message(lambda message: self._send(server, message))
        self.links.append(link)

    def _send(self, server: Any, message: Any) -> None:
        if self.held is None:
            server.send(message)
        else:
            self.held.append((server, message))

    @contextmanager
    def slowly(self) -> Iterator[None]:
        """The network takes what the page sends only at the end."""
        self.held = []
        yield
        held, self.held = self.held, None
        for server, message in held:
            server.send(message)

    def leave(self) -> None:
        """The link is cut, and stays so until it is back."""
        self.is_away = True
        for link in self.links:
            link.close(code=4000)
        self.links.clear()

    def come_back(self) -> None:
        """The network is there again."""
        self.is_away = False

    def _request(self, request: Any) -> None:
        if not request.url.startswith(
            ("http://127.0.0.1:", "https://127.0.0.1:", "data:", "blob:")
        ):
            self.problems.append(f"asked for {request.url}")

    def until_state(self, state: str = "idle") -> None:
        expect(self.page.locator("#state")).to_have_attribute("data-state", state)

    def type(self, text: str) -> None:
        """Type into the input cell, as somebody who types fast."""
        self.page.locator(".cm-content").focus()
        self.page.keyboard.type(text)

    def clear(self) -> None:
        """Empty the input cell."""
        self.page.locator(".cm-content").focus()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")

    def run(self, text: str) -> None:
        """Put a text into the input cell and run it."""
        self.clear()
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Shift+Enter")

    @property
    def outputs(self) -> Any:
        return self.page.frame_locator("iframe[name=outputs]")

    @property
    def cells(self) -> Locator:
        found: Locator = self.outputs.locator(".cell:not(.goes-on)")
        return found

    def transcript(self) -> str:
        """All that the transcript shows, as text."""
        text: str = self.outputs.locator("#cells").inner_text()
        return text

    def picture(self, name: str) -> None:
        """Renew a picture of the documentation, if that is wanted."""
        if os.environ.get("VIVO_PICTURES"):
            self.page.mouse.move(5, 5)
            self.page.screenshot(path=IMAGES / name)
