"""The web application: the page, its frames, the exchange of links for cookies, the WebSocket.

Rules:

1. Every request passes :mod:`.gates` first; nothing is told to one that does not.
2. The page itself holds no secret and is anybody's who may connect; all else needs a cookie.
3. Files are those of ``static/``, read by name from a list that is made at the start: no path of a
   request ever becomes a path of the disk.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from . import gates
from .connection import ENDED, NOBODY, Connection
from .grants import VISITOR_LIFE, Grant, Grants, RefusedError
from .patience import PATIENCE
from .shared_bodies import SharedBodies

Scope = MutableMapping[str, Any]
Channel = Callable[..., Awaitable[Any]]

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
MOST_CONNECTIONS = 256


@dataclass
class Site:
    """What one web server serves, and to whom."""

    grants: Grants
    folder: str
    """Where it was started: the owner's workspace."""
    port: int
    hosts: frozenset[str]
    """The ``Host`` headers that mean it."""
    scheme: str = "http"
    take_in_shares: Callable[[], None] = lambda: None
    """Looks which shares there are now."""
    connections: set[Connection] = field(default_factory=set)
    bodies: SharedBodies = field(default_factory=SharedBodies)
    """What one of them has written, for the others."""

    @property
    def cookie(self) -> str:
        """The cookie's name: cookies of a host are sent to all of its ports."""
        prefix = "__Host-" if self.scheme == "https" else ""
        return f"{prefix}vivo-{self.port}"

    def end_share(self, share: str, why: str) -> None:
        """End a share: its links, its cookies, and who is here by it; they are told ``why``."""
        self.grants.end_share(share)
        for connection in list(self.connections):
            if connection.grant.share == share:
                connection.end(why)

    def link(self, grant: Grant, host: str) -> str:
        """A new link for one visitor. Its secret is in the fragment, which no server is sent."""
        return f"{self.address(host)}/#{self.grants.new_link(grant)}"

    def address(self, host: str) -> str:
        """Where the page is."""
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    # --- Pages -------------------------------------------------------------------------------

    async def page(self, request: Request) -> Response:
        """The page, with a nonce for the styles that its editor makes."""
        nonce = secrets.token_urlsafe(16)
        socket = f"{'wss' if self.scheme == 'https' else 'ws'}://{request.headers['host']}"
        text = _static()["index.html"].decode().replace("{{nonce}}", nonce)
        return _html(text, gates.page_policy(nonce, socket))

    async def frame(self, request: Request) -> Response:
        """The page in which outputs, figures or a table are drawn."""
        found = _static().get(f"{request.path_params['name']}.html")
        if found is None or request.path_params["name"] == "index":
            return _missing()
        return _html(found.decode(), gates.FRAME_POLICY)

    async def static(self, request: Request) -> Response:
        """A script, a style, a font."""
        name = request.path_params["name"]
        found = _static().get(name)
        kind = _TYPES.get(f".{name.rpartition('.')[2]}")
        if found is None or kind is None or name.endswith(".html"):
            return _missing()
        return Response(found, media_type=kind, headers={"Cache-Control": "no-cache"})

    # --- Coming and going --------------------------------------------------------------------

    async def enter(self, request: Request) -> Response:
        """Exchange the secret of a link for a cookie."""
        told = await _posted(request)
        if told is None or not isinstance(told.get("link"), str):
            return _refused(400, 'A link is posted as JSON, {"link": …, "name": …}.')
        if not self.grants.is_link(told["link"]):
            self.take_in_shares()  # one that was made in this very second
        before = request.cookies.get(self.cookie)
        wanted = self.grants.session_of(told["link"])
        try:
            cookie = self.grants.enter(told["link"], told.get("name"), before)
        except RefusedError as error:
            return _refused(403, str(error))
        grant = self.grants.grant_of(cookie)
        assert grant is not None
        answer = JSONResponse({"role": grant.role, "session": wanted, "name": grant.name})
        answer.set_cookie(
            self.cookie,
            cookie,
            max_age=int(VISITOR_LIFE),
            httponly=True,
            samesite="strict",
            secure=self.scheme == "https",
            path="/",
        )
        return answer

    async def whoami(self, request: Request) -> Response:
        """What the visitor may do; 401 for none."""
        grant = self.grants.grant_of(request.cookies.get(self.cookie))
        if grant is None:
            return _refused(
                401, "Open the link that `vivo web` has printed, or one that was shared."
            )
        return JSONResponse({"role": grant.role, "session": grant.session, "name": grant.name})

    async def leave(self, request: Request) -> Response:
        """Forget the visitor, and let go of their connections."""
        cookie = request.cookies.get(self.cookie)
        grant = self.grants.grant_of(cookie)
        self.grants.leave(cookie)
        for connection in list(self.connections):
            if grant is not None and connection.grant is grant:
                connection.end()
        answer = Response(status_code=204)
        answer.delete_cookie(self.cookie, path="/", secure=self.scheme == "https")
        return answer

    async def socket(self, websocket: WebSocket) -> None:
        """The language server's messages."""
        grant = self.grants.grant_of(websocket.cookies.get(self.cookie))
        if grant is None or len(self.connections) >= MOST_CONNECTIONS:
            await websocket.accept()  # so that the page hears why: a refused handshake says nothing
            await websocket.close(ENDED if grant is None else 1013, "" if grant else NOBODY)
            return
        await websocket.accept()
        connection = Connection(websocket, grant, self.folder, self.bodies)
        self.connections.add(connection)
        try:
            await connection.serve()
        finally:
            self.connections.discard(connection)

    def application(self) -> Guard:
        """The whole, behind the gates."""
        routes = [
            Route("/", self.page),
            Route("/frame/{name}", self.frame),
            Route("/static/{name}", self.static),
            Route("/enter", self.enter, methods=["POST"]),
            Route("/leave", self.leave, methods=["POST"]),
            Route("/whoami", self.whoami),
            WebSocketRoute("/socket", self.socket),
        ]
        return Guard(Starlette(routes=routes), self)


class Guard:
    """Rule 1, in front of everything, also of what is not found."""

    def __init__(self, within: Any, site: Site) -> None:
        self._within, self._site = within, site

    async def __call__(self, scope: Scope, receive: Channel, send: Channel) -> None:
        """Serve, or refuse, a request or a WebSocket."""
        if scope["type"] == "lifespan":
            await self._within(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._within(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _refused(403, refusal)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> str | None:
        headers = HTTPConnection(scope).headers
        site = self._site
        if not gates.is_known_host(headers.get("host"), site.hosts):
            return "This server has another name: use the link that `vivo web` has printed."
        is_changing = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if is_changing and not gates.is_own_origin(headers, site.hosts, site.scheme):
            return "This comes from a page of another site."
        return None


def _with_headers(send: Channel) -> Channel:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message.setdefault("headers", [])
            message["headers"] = [
                *message["headers"],
                *((name.encode(), value.encode()) for name, value in gates.COMMON_HEADERS.items()),
            ]
        await send(message)

    return sending


async def _posted(request: Request) -> dict[str, Any] | None:
    """What was posted, if it is a small JSON object."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return None
    body = b""
    try:
        async with asyncio.timeout(PATIENCE):
            async for piece in request.stream():
                body += piece
                if len(body) > gates.LARGEST_FORM:
                    return None
    except (ClientDisconnect, TimeoutError):
        return None
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


_read: dict[str, bytes] = {}


def _static() -> dict[str, bytes]:
    """The files that may be asked for, by name."""
    if not _read:
        folder = files(__package__).joinpath("static")
        _read.update({each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()})
    return _read


def _html(text: str, policy: str) -> Response:
    return Response(
        text,
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"},
    )


def _refused(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status, headers={"Cache-Control": "no-store"})


def _missing() -> Response:
    return PlainTextResponse("There is no such page here.", 404)
