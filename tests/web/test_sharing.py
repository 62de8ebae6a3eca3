"""A session that is shared, on three pages: its owner's, a runner's and a viewer's."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from playwright.sync_api import Browser, Page, expect

from .pages import VIVO, SessionPage

FORGED = """
([uri, session]) => new Promise((resolve) => {
  const socket = new WebSocket(`ws://${location.host}/socket`);
  const answers = [];
  const send = (id, method, params) =>
    socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  const command = (name, argument) => ({ command: `vivo.server.${name}`, arguments: [argument] });
  socket.onopen = () => send(1, "initialize", { processId: null, rootUri: null, capabilities: {} });
  socket.onmessage = ({ data }) => {
    const { id, error } = JSON.parse(data);
    if (id === 1) {
      send(2, "workspace/executeCommand", command("runText", { uri, text: "forged = 1" }));
      send(3, "workspace/executeCommand", command("restart", { sessionId: session }));
      send(4, "workspace/executeCommand", command("endSession", { sessionId: session }));
    } else if (id > 1) {
      answers.push(error?.message ?? "it was done");
      if (answers.length === 3) {
        socket.close();
        resolve(answers);
      }
    }
  };
})
"""


def vivo(*words: str) -> str:
    """What a command prints."""
    return subprocess.run([*VIVO, *words], capture_output=True, text=True, check=True).stdout


def session_of(page: Page) -> str:
    """The id of the session that a page shows."""
    page.wait_for_url(re.compile("session="))
    return page.url.rpartition("session=")[2]


def come(browser: Browser, session: str, role: str, name: str) -> SessionPage:
    """Somebody who was sent a link."""
    page = SessionPage.open(browser, vivo("share", session, "--role", role).strip())
    page.page.get_by_label("Your name, as others will see it").fill(name)
    page.page.get_by_role("button", name="Come in").click()
    page.until_state()
    return page


def test_a_shared_session_on_three_pages(link: str, browser: Browser) -> None:
    """Names beside cells, who is here, whose cell runs; what a role has not, the page has not."""
    owner = SessionPage.open(browser, link)
    owner.until_state()
    session = session_of(owner.page)
    runner = come(browser, session, "runner", "Ada")
    viewer = come(browser, session, "viewer", "Bob")
    pages = (owner, runner, viewer)
    for page in pages:
        expect(page.page.locator(".person")).to_have_count(3)
    expect(viewer.page.locator("#input")).to_have_count(0)
    for page, can_interrupt, can_restart in ((runner, True, False), (viewer, False, False)):
        expect(page.page.locator("#interrupt")).to_be_visible(visible=can_interrupt)
        expect(page.page.locator("#restart")).to_be_visible(visible=can_restart)

    runner.run("answer = 42; answer")
    for page in pages:
        expect(page.outputs.locator(".result")).to_contain_text("42")
    for page in (owner, viewer):
        expect(page.outputs.locator(".who")).to_have_text("Ada (web)")
    expect(runner.outputs.locator(".who")).to_have_count(0)
    owner.run("import threading; threading.Event().wait()")
    expect(viewer.outputs.locator(".who").last).to_have_text("web")
    expect(viewer.page.locator(".person.running")).to_have_text("web")
    expect(runner.page.locator("#interrupt")).to_be_disabled()
    owner.page.get_by_role("button", name="Interrupt").click()
    owner.until_state()
    runner.run("threading.Event().wait()")
    expect(owner.page.locator(".person.running")).to_have_text("Ada (web)")
    expect(runner.page.locator("#interrupt")).to_be_enabled()
    runner.page.get_by_role("button", name="Interrupt").click()
    for page in pages:
        page.until_state()

    viewer.page.get_by_role("button", name="Tell of answer").click()
    expect(viewer.page.get_by_role("dialog")).to_contain_text("42")
    assert [page.problems for page in pages] == [[], [], []]


def test_what_is_run_before_the_session_is_there_runs_in_it(link: str, browser: Browser) -> None:
    """A cell that a visitor types while the page still asks for its session waits for that."""
    owner = SessionPage.open(browser, link)
    owner.until_state()
    session = session_of(owner.page)
    runner = SessionPage.open(browser, vivo("share", session, "--role", "runner").strip())
    asked: list[Any] = []

    def hold(socket: Any) -> None:
        """Keep back what the page asks for its session, until a cell has been typed."""
        server = socket.connect_to_server()
        held: list[Any] = []

        def pass_on(message: Any) -> None:
            if "openConsole" in str(message):
                held.append(message)
                asked.append(lambda: [server.send(each) for each in held])
            else:
                server.send(message)

        socket.on_message(pass_on)

    runner.page.route_web_socket("**/socket", hold)
    runner.page.get_by_label("Your name, as others will see it").fill("Ada")
    runner.page.get_by_role("button", name="Come in").click()
    expect(runner.page.locator(".cm-content")).to_be_visible()
    runner.run("6 * 7")
    while not asked:
        runner.page.wait_for_timeout(20)
    asked.pop()()
    expect(runner.outputs.locator(".result")).to_contain_text("42")
    expect(owner.outputs.locator(".result")).to_contain_text("42")


def test_what_is_typed_is_kept_where_the_session_does_not_come(link: str, browser: Browser) -> None:
    """It is put back, with a sentence, and does not run in whatever is shown next."""
    owner = SessionPage.open(browser, link)
    owner.until_state()
    page = owner.page.context.new_page()
    refused: list[Any] = []

    def refuse(socket: Any) -> None:
        server = socket.connect_to_server()

        def pass_on(message: Any) -> None:
            if "openConsole" in str(message) and not refused:
                number = json.loads(message)["id"]
                told = {
                    "jsonrpc": "2.0",
                    "id": number,
                    "error": {"code": 1, "message": "It is gone."},
                }
                refused.append(lambda: socket.send(json.dumps(told)))
            else:
                server.send(message)

        socket.on_message(pass_on)

    page.route_web_socket("**/socket", refuse)
    page.goto(link.partition("#")[0])
    expect(page.locator(".cm-content")).to_be_visible()
    SessionPage(page).run("6 * 7")
    expect(page.locator(".cm-content")).not_to_contain_text("6 * 7")
    while not refused:
        page.wait_for_timeout(20)
    refused[0]()
    expect(page.locator(".cm-content")).to_contain_text("6 * 7")
    expect(owner.cells).to_have_count(0)


def test_a_viewer_who_forges_messages_runs_nothing(link: str, browser: Browser) -> None:
    """By a WebSocket of their own, with the page's own cookie: a refusal each."""
    owner = SessionPage.open(browser, link)
    owner.until_state()
    session = session_of(owner.page)
    viewer = come(browser, session, "viewer", "Eve")
    answers = viewer.page.evaluate(FORGED, [f"vivo-console:/{session}/x?untitled:web", session])
    assert len(answers) == 3
    assert all("is not for viewers" in each for each in answers)
    owner.run("'forged' in globals()")
    expect(owner.outputs.locator(".result")).to_contain_text("False")
    expect(owner.cells).to_have_count(1)


def test_an_ended_share_says_so(link: str, browser: Browser) -> None:
    """At once, on the page; what was seen stays until it is left; the owner's page goes on."""
    owner = SessionPage.open(browser, link)
    owner.until_state()
    session = session_of(owner.page)
    runner = come(browser, session, "runner", "Ada")
    runner.run("6 * 7")
    expect(runner.outputs.locator(".result")).to_contain_text("42")
    expect(owner.page.locator(".person")).to_have_count(2)
    vivo("share", "--end", "--all")
    expect(runner.page.locator("#over")).to_contain_text("The owner has ended this share")
    expect(runner.page.locator("#input")).to_be_hidden()
    expect(runner.outputs.locator(".result")).to_contain_text("42")
    expect(owner.page.locator(".person")).to_have_count(0)
    runner.page.reload()
    expect(runner.page.locator("#closed")).to_contain_text("Open the link")
    owner.run("'goes on'")
    expect(owner.outputs.locator(".result").last).to_contain_text("goes on")


def test_an_owner_who_opens_a_share_stays_one(link: str, browser: Browser) -> None:
    """In the browser in which they are the owner, the link shows the session with all rights."""
    owner = SessionPage.open(browser, link)
    owner.until_state()
    session = session_of(owner.page)
    shared = vivo("share", session, "--role", "viewer").strip()
    second = SessionPage.beside(owner.page.context.new_page(), shared)
    second.page.get_by_role("button", name="Come in").click()
    second.until_state()
    assert session_of(second.page) == session
    second.run("1 + 1")
    expect(owner.outputs.locator(".result")).to_contain_text("2")
