"""A small LSP client over stdio: ``vivo run`` drives the real server with it, as an editor."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from ..parallel.errors import SessionError

_ENDED = "The language server has ended; what it said stands above, on its standard error."

NotificationHandler = Callable[[dict[str, Any]], None]
RequestHandler = Callable[[dict[str, Any]], Awaitable[Any]]


class ResponseError(SessionError):
    """The server answered with an error; the text is its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class LspClient:
    """A language server's process and the requests that wait for it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.on_notification: dict[str, NotificationHandler] = {}
        self.on_request: dict[str, RequestHandler] = {}
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._count = 0
        self._has_ended = False
        self._reader = asyncio.create_task(self._read())
        self._answering: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, words: list[str] | None = None) -> LspClient:
        """Start a server; vivo's own by default."""
        # -E and -P: neither the user's PYTHONPATH nor this folder's files are for the server.
        command = words or [sys.executable, "-E", "-P", "-m", "vivo.server.cli", "lsp"]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        return cls(process)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        stream = self.process.stdout
        try:
            while True:
                length = 0
                while line := (await stream.readline()).strip():
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                if stream.at_eof():
                    return
                self._message(json.loads(await stream.readexactly(length)))
        except asyncio.IncompleteReadError:
            return
        finally:
            self._has_ended = True
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(SessionError(_ENDED))

    def _message(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            future = self._waiting.pop(message["id"], None)
            if future is None or future.done():
                return
            if "error" in message:
                error = message["error"]
                future.set_exception(ResponseError(error["code"], error["message"]))
            else:
                future.set_result(message.get("result"))
        elif "id" in message:
            task = asyncio.create_task(self._answer(message))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif handler := self.on_notification.get(message["method"]):
            handler(message.get("params") or {})

    async def _answer(self, message: dict[str, Any]) -> None:
        handler = self.on_request.get(message["method"])
        result = await handler(message.get("params") or {}) if handler else None
        self._send({"id": message["id"], "result": result})

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    async def request(self, method: str, params: Any = None) -> Any:
        """Send a request and wait for its result. Raises :class:`ResponseError`."""
        if self._has_ended:
            raise SessionError(_ENDED)
        self._count += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[self._count] = future
        self._send({"id": self._count, "method": method, "params": params})
        return await future

    async def command(self, name: str, argument: Any) -> Any:
        """Run a command of the server."""
        params = {"command": name, "arguments": [argument]}
        return await self.request("workspace/executeCommand", params)

    async def initialize(
        self, root: str | None, capabilities: dict[str, Any], options: dict[str, Any] | None = None
    ) -> Any:
        """The handshake."""
        folders = [{"uri": root, "name": "root"}] if root else None
        result = await self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": root,
                "workspaceFolders": folders,
                "capabilities": capabilities,
                "initializationOptions": options or {},
            },
        )
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str) -> None:
        """Open a document."""
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    async def close(self) -> None:
        """Shut the server down and wait for its end."""
        if not self._has_ended:
            try:
                await asyncio.wait_for(self.request("shutdown"), 5)
                self.notify("exit")
                await asyncio.wait_for(self.process.wait(), 5)
            except (SessionError, asyncio.TimeoutError, ConnectionError):
                if self.process.returncode is None:
                    self.process.kill()
                await self.process.wait()
        await self.process.wait()
        tasks = [self._reader, *self._answering]
        for task in tasks:
            task.cancel()  # also an answer that its user never gives
        await asyncio.gather(*tasks, return_exceptions=True)
        transport = self.process._transport  # type: ignore[attr-defined]
        transport.close()  # asyncio offers no other way to close the pipes now
