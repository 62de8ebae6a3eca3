"""A web server as an attacker meets it: the real command, and whatever a stranger may send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from vivo.parallel.launch import SessionOptions, start_session
from websockets.exceptions import ConnectionClosed, InvalidStatus

from .web import WebServer, serving

pytestmark = pytest.mark.sessions


@pytest.fixture
async def server(home: Path) -> AsyncIterator[WebServer]:
    """A running ``vivo web``."""
    async with serving(home) as running:
        yield running


async def test_without_a_cookie_nothing_is_told(server: WebServer) -> None:
    """The page itself is empty; who has no cookie, or a made-up one, gets no more."""
    page = await server.ask("/")
    assert page.status == 200
    assert server.secret.encode() not in page.body
    assert (await server.ask("/whoami")).status == 401
    for cookie in ("", f"vivo-{server.port}=made-up", f"vivo-{server.port}={server.secret}"):
        async with server.visit(cookie) as stranger:
            with pytest.raises((ConnectionClosed, asyncio.CancelledError)):
                await stranger.ask("initialize", {"capabilities": {}})
        assert stranger.socket.close_code == 4003


async def test_a_link_opens_once_and_a_wrong_one_never(server: WebServer) -> None:
    """One sentence each, and no cookie."""
    for body in (b'{"link": "wrong"}', b'{"link": ""}', json.dumps({"link": "x" * 3000}).encode()):
        wrong = await server.ask("/enter", "POST", body)
        assert wrong.status == 403
        assert "used already, has expired, or never was one" in wrong.json["error"]
        assert wrong.header("set-cookie") == ""
    right = await server.ask("/enter", "POST", json.dumps({"link": server.secret}).encode())
    assert right.json == {"role": "owner", "session": None, "name": ""}
    told = right.header("set-cookie").lower()
    assert "httponly" in told
    assert "samesite=strict" in told
    again = await server.ask("/enter", "POST", json.dumps({"link": server.secret}).encode())
    assert again.status == 403


async def test_a_stolen_cookie_ends_with_leaving(server: WebServer) -> None:
    """Who leaves ends what the cookie opens, for whoever else has it, and at once."""
    cookie = await server.enter()
    async with server.visit(cookie) as thief:
        await thief.introduce()
        assert (await server.ask("/leave", "POST", Cookie=cookie)).status == 204
        await asyncio.wait_for(thief.socket.wait_closed(), 20)
        assert thief.socket.close_code == 4003
    assert (await server.ask("/whoami", Cookie=cookie)).status == 401


async def test_another_name_for_this_machine_opens_nothing(server: WebServer) -> None:
    """DNS rebinding: a page of evil.example whose name leads here now."""
    cookie = await server.enter()
    for host in (f"evil.example:{server.port}", f"127.0.0.1.evil.example:{server.port}", "", None):
        for path in ("/", "/whoami", "/static/app.js"):
            answer = await server.ask(path, Host=host, Cookie=cookie)
            assert answer.status in (400, 403)
            assert b"owner" not in answer.body
        refused = await server.ask("/socket", Host=host, Cookie=cookie, **UPGRADE)
        assert refused.status in (400, 403)


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", None])
async def test_another_sites_page_reaches_nothing(server: WebServer, origin: str | None) -> None:
    """Cross-site requests: a browser would send the cookie of a lax site, and the origin."""
    cookie = await server.enter()
    with pytest.raises(InvalidStatus) as refused:
        async with server.visit(cookie, origin=origin):
            pass
    assert refused.value.response.status_code == 403
    for path, body in (("/enter", b'{"link": "x"}'), ("/leave", b"")):
        answer = await server.ask(path, "POST", body, Cookie=cookie, Origin=origin)
        assert answer.status == 403
    form = await server.ask(
        "/enter", "POST", b"link=x", Content_Type="application/x-www-form-urlencoded"
    )
    assert form.status == 400
    assert (await server.ask("/whoami", Cookie=cookie)).status == 200  # and nobody was put out


async def test_no_other_site_may_show_or_read_a_page(server: WebServer) -> None:
    """Policies of every answer: no frame elsewhere, no script but ours, no other host at all."""
    for path in ("/", "/frame/outputs", "/frame/plots", "/frame/table"):
        answer = await server.ask(path)
        policy = answer.header("content-security-policy")
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe-eval" not in policy
        assert "frame-ancestors 'none'" in policy or path != "/"
        assert answer.header("access-control-allow-origin") == ""
    for path in ("/", "/static/app.js", "/whoami", "/nowhere"):
        answer = await server.ask(path)
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("cross-origin-resource-policy") == "same-origin"
        assert answer.header("server") == ""


@pytest.mark.parametrize(
    "path",
    [
        "/static/../application.py",
        "/static/..%2fapplication.py",
        "/static/%2e%2e/application.py",
        "/static/..%5capplication.py",
        "/static//etc/passwd",
        "/static/index.html",
        "/static/app.js%00.css",
        "/frame/..%2f..%2fconnection",
        "/frame/index",
        "//etc/passwd",
        "/etc/passwd",
    ],
)
async def test_no_path_leads_to_the_disk(server: WebServer, path: str) -> None:
    """Files are known by name alone."""
    assert (await server.ask(path)).status in (400, 404)


async def test_a_blobs_name_is_no_path(server: WebServer) -> None:
    """Data that an output refers to is asked for by its digest, and nothing else is."""
    cookie = await server.enter()
    async with server.visit(cookie) as owner:
        await owner.introduce(blobs=True)
        session = (await owner.open())["session"]["sessionId"]
        for name in ("../../../../etc/passwd", "/etc/passwd", "", "..", "A" * 100_000, "\0"):
            params = {"id": name, "sessionId": session, "sequence": 1}
            answer = await owner.ask("vivo/blob", params)
            assert "There is no data" in answer["error"]["message"]
            assert len(answer["error"]["message"]) < 300


async def test_huge_and_broken_requests_end_alone(server: WebServer) -> None:
    """Each gets an answer, or its connection ends; nobody else notices, and memory stays."""
    cookie = await server.enter()
    process = psutil.Process(server.process.pid)
    async with server.visit(cookie) as owner:
        await owner.introduce()
        before = process.memory_info().rss
        large = b'{"link": "' + b"x" * 2_000_000 + b'"}'
        try:
            assert (await server.ask("/enter", "POST", large)).status == 400
        except ConnectionError:
            pass  # it had heard enough before all of it was sent
        for raw in (
            b"GET / HTTP/1.1\r\nHost: " + b"h" * 1_000_000 + b"\r\n\r\n",
            b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01" + bytes(range(256)) * 100,
            b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 100_000 + b"\r\n",
        ):
            try:
                answer = await server.raw(raw)
            except ConnectionError:
                continue
            assert answer.startswith((b"HTTP/1.1 4", b""))
            assert b"200 OK" not in answer[:20]
        async with server.visit(cookie) as big:
            with pytest.raises((ConnectionClosed, asyncio.CancelledError)):
                await big.ask("initialize", {"x": "y" * 9_000_000})
            assert big.socket.close_code == 1009
        async with server.visit(cookie) as broken:
            for text in ("", "nothing", "[" * 100_000, "3", '{"id": 1}', '{"method": []}'):
                await broken.socket.send(text)
            await broken.introduce()
        assert (await owner.ask("vivo/describe", {}))["result"]
        assert process.memory_info().rss - before < 100 * 2**20


async def test_slow_requests_hold_up_nobody(server: WebServer) -> None:
    """Three hundred connections that send a byte and wait; a page opens meanwhile, and they end."""
    slow = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(300)]
    try:
        for _, writer in slow:
            writer.write(b"GET / HTTP/1.1\r\nHost")
        cookie = await server.enter()
        assert (await server.ask("/whoami", Cookie=cookie)).status == 200
        async with asyncio.timeout(60):
            for reader, _ in slow:
                await reader.read()
    finally:
        for _, writer in slow:
            writer.close()


async def test_one_connections_messages_reach_no_other(server: WebServer) -> None:
    """Each browser has a server of its own: ids that are the same are not mixed up."""
    cookie = await server.enter()
    async with server.visit(cookie) as one, server.visit(cookie) as other:
        await asyncio.gather(one.introduce(), other.introduce())
        opened: list[Any] = await asyncio.gather(one.open(), other.open())
        assert opened[0]["session"]["sessionId"] == opened[1]["session"]["sessionId"]
        assert opened[0]["uri"] != opened[1]["uri"]
        ends = await asyncio.gather(
            one.run(opened[0]["uri"], "print('one')"), other.run(opened[1]["uri"], "print('two')")
        )
        assert {each["status"] for each in ends} == {"ok"}
        await asyncio.gather(
            *(each.until("vivo/executionFinished", executionId=end["executionId"])
              for each in (one, other) for end in ends)
        )  # fmt: skip
        assert one.text() == other.text()


async def test_the_owner_begins_with_a_session_and_reaches_the_others(home: Path) -> None:
    """``--session`` says which is opened first; unlike a share it shuts no other away."""
    first, second = [await start_session(SessionOptions(cwd=str(home))) for _ in range(2)]
    async with serving(home, "--session", first.id[:6]) as server:
        body = json.dumps({"link": server.secret}).encode()
        entered = await server.ask("/enter", "POST", body)
        assert entered.json["session"] == first.id
        cookie = entered.header("set-cookie").partition(";")[0]
        async with server.visit(cookie) as owner:
            await owner.introduce()
            for entry in (first, second):
                assert (await owner.open(entry.id))["session"]["sessionId"] == entry.id


async def test_a_browser_that_is_opened_is_told_no_secret_on_its_command_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other users see what programs are called with: the link stands in a private file."""
    told = home / "told"
    program = home / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >"{told}.new" && mv "{told}.new" "{told}"\n')
    program.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(program))
    async with serving(home, "--open") as server:
        async with asyncio.timeout(20):
            while not told.exists():
                await asyncio.sleep(0.01)
        address = told.read_text().strip()
        assert server.secret not in address
        page = Path(address.removeprefix("file://"))
        assert server.link in page.read_text()
        assert page.stat().st_mode & 0o777 == 0o600
    assert not page.exists()


async def test_nothing_but_loopback_without_a_certificate(home: Path) -> None:
    """One sentence, before anything listens."""
    with pytest.raises(AssertionError, match=r"can be reached by others.*--certificate"):
        async with serving(home, "--host", "0.0.0.0"):
            pass
