"""A web server for tests, the real command; and visitors of it who are no browser."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

VIVO = (sys.executable, "-E", "-P", "-m", "vivo.server.cli")
UNTIL = 30.0


@dataclass
class Answer:
    """What came of a request."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        return "; ".join(value for key, value in self.headers if key.lower() == name.lower())


@dataclass
class WebServer:
    """A running ``vivo web``."""

    process: asyncio.subprocess.Process
    link: str
    tls: Any = None
    _errors: list[bytes] = field(default_factory=list)

    @property
    def host(self) -> str:
        return urlsplit(self.link).netloc

    @property
    def port(self) -> int:
        return int(urlsplit(self.link).port or 0)

    @property
    def origin(self) -> str:
        return self.link.partition("/#")[0]

    @property
    def secret(self) -> str:
        return urlsplit(self.link).fragment

    async def raw(self, data: bytes) -> bytes:
        """What is answered to some bytes, until the server ends the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls)
        try:
            writer.write(data)
            await writer.drain()
            async with asyncio.timeout(UNTIL):
                return await reader.read()
        finally:
            writer.close()

    async def ask(
        self, path: str, method: str = "GET", body: bytes = b"", **headers: str | None
    ) -> Answer:
        """Send a request as a page of its own does; a header that is None is left out."""
        told: dict[str, str | None] = {"Host": self.host, "Connection": "close"}
        if method != "GET":
            told |= {"Origin": self.origin, "Content-Type": "application/json",
                     "Content-Length": str(len(body))}  # fmt: skip
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in told.items() if value is not None]
        head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()
        answered = await self.raw(head + body)
        top, _, rest = answered.partition(b"\r\n\r\n")
        first, *others = top.decode("latin-1").split("\r\n")
        pairs = [(line.partition(": ")[0], line.partition(": ")[2]) for line in others]
        return Answer(int(first.split()[1]), pairs, rest)

    async def enter(self, secret: str | None = None, name: str = "") -> str:
        """Exchange a link's secret for a cookie, as ``name=value``."""
        body = json.dumps({"link": secret or self.secret, "name": name}).encode()
        answer = await self.ask("/enter", "POST", body)
        assert answer.status == 200, answer.body
        return answer.header("set-cookie").partition(";")[0]

    @asynccontextmanager
    async def visit(self, cookie: str, **options: Any) -> AsyncIterator[Visitor]:
        """A visitor who is introduced."""
        scheme = "wss" if self.tls else "ws"
        uri = f"{scheme}://{self.host}/socket"
        options = {"origin": self.origin, "max_size": None, "ssl": self.tls} | options
        async with connect(uri, additional_headers={"Cookie": cookie}, **options) as socket:
            visitor = Visitor(socket)
            try:
                yield visitor
            finally:
                visitor.close()

    async def end(self) -> None:
        """End it as its user does."""
        if self.process.returncode is None:
            self.process.send_signal(2)
        await self.process.wait()


class Visitor:
    """A WebSocket that speaks the editors' messages."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []
        self.news = asyncio.Event()
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                message = json.loads(text)
                if "method" not in message and message.get("id") in self._waiting:
                    self._waiting.pop(message["id"]).set_result(message)
                elif "method" in message and "id" in message:
                    await self.socket.send(
                        json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": None})
                    )
                    self.told.append(message)
                else:
                    self.told.append(message)
                self.news.set()
        finally:
            for future in self._waiting.values():
                future.cancel()
            self.news.set()

    def close(self) -> None:
        self._reading.cancel()

    async def ask(self, method: str, params: Any) -> dict[str, Any]:
        """The whole answer, which may be an error."""
        self._number += 1
        future = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        message = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        await self.socket.send(json.dumps(message))
        async with asyncio.timeout(UNTIL):
            answer: dict[str, Any] = await future
        return answer

    async def tell(self, method: str, params: Any) -> None:
        await self.socket.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))

    async def command(self, name: str, argument: dict[str, Any]) -> Any:
        """The result of a command."""
        params = {"command": f"vivo.server.{name}", "arguments": [argument]}
        answer = await self.ask("workspace/executeCommand", params)
        assert "error" not in answer, answer
        return answer["result"]

    async def introduce(self, seen: dict[str, int] | None = None, **announced: bool) -> None:
        """The handshake."""
        await self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": None,
                "capabilities": {"experimental": {"vivo": announced}},
                "initializationOptions": {"seen": seen or {}},
            },
        )
        await self.tell("initialized", {})

    async def open(self, session: str | None = None) -> dict[str, Any]:
        """Open a console on a session; the folder's own if none is named."""
        argument = {"uri": "untitled:web", "sessionId": session}
        found: dict[str, Any] = await self.command("openConsole", argument)
        return found

    async def until(self, method: str, **having: Any) -> dict[str, Any]:
        """The first notification that has these values in it."""
        async with asyncio.timeout(UNTIL):
            while True:
                for message in self.told:
                    params = message.get("params") or {}
                    if message.get("method") == method and all(
                        params.get(name) == value for name, value in having.items()
                    ):
                        found: dict[str, Any] = params
                        return found
                self.news.clear()
                await self.news.wait()

    async def run(self, uri: str, text: str) -> dict[str, Any]:
        """Run a text; its end."""
        started = await self.command("runText", {"uri": uri, "text": text})
        return await self.until("vivo/executionFinished", executionId=started["executionId"])

    def text(self, run: str | None = None) -> str:
        """All that cells have printed, or one of them."""
        outputs = (each["params"] for each in self.told if each.get("method") == "vivo/output")
        return "".join(
            each["text"]
            for each in outputs
            if each["kind"] == "stream" and run in (None, each["executionId"])
        )


async def vivo(*words: str) -> tuple[str, str]:
    """What a command prints, on either stream."""
    made = await asyncio.create_subprocess_exec(
        *VIVO, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, error = await made.communicate()
    assert made.returncode == 0, error
    return out.decode(), error.decode()


@asynccontextmanager
async def serving(folder: Path, *words: str, tls: Any = None) -> AsyncIterator[WebServer]:
    """A web server of a folder, ended at the end; its sessions too."""
    process = await asyncio.create_subprocess_exec(
        *VIVO, "web", *words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(UNTIL):
            link = (await process.stdout.readline()).decode().strip()
        if not link:
            raise AssertionError((await process.stderr.read()).decode())
        reading = asyncio.create_task(process.stderr.read())
        server = WebServer(process, link, tls)
        yield server
        await server.end()
        await reading
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        ended = await asyncio.create_subprocess_exec(
            *VIVO, "sessions", "end", "--all", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        await ended.wait()
