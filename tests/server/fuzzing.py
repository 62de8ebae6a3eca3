"""A hostile client, seeded: what it sends, and what a server owes it.

Rules that it checks:

1. Every request whose id can be read is answered exactly once, whatever it holds.
2. What no one asked is never answered, but for what has no readable id (id null).
3. The server lives, and answers a plain question after each burst.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from typing import Any

FEATURES = (
    "hover", "completion", "codeLens", "inlayHint", "documentSymbol", "foldingRange", "definition",
    "references", "signatureHelp", "semanticTokens/full", "documentHighlight", "codeAction",
    "selectionRange", "documentLink", "prepareRename", "rename", "nothing",
)  # fmt: skip
COMMANDS = ("runCell", "runAbove", "runAll", "runSelection", "runText", "interrupt", "clear",
            "sessions", "nothing")  # fmt: skip
TEXT = "# %% one\nvalue = 1\n# %% 𝒳 two 😀\n𝒳 = 'é😀'; value\n\n# %%\nfor i in range(3):\n    i\n"
WHAT_COMES_OF_IT = 60.0  # seconds within which the last answer has to be there


class HostileClient:
    """Sends what a seed says, and counts answers."""

    def __init__(self, process: asyncio.subprocess.Process, seed: int, folder: str) -> None:
        self.process = process
        self.draw = random.Random(seed)
        self.folder = folder
        self.static = "off"
        """What is said of static answers; with them jedi works on rubbish for minutes."""
        self.asked: dict[Any, str] = {}
        self.answers: Counter[Any] = Counter()
        self.nameless = 0
        self.sent = 0
        self.count = 0
        self.pending: list[dict[str, Any]] = []
        """Requests of the server's that may be answered, or not."""
        self.changed = asyncio.Event()
        self.reader = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls, seed: int, folder: str, words: tuple[str, ...] = ("-m", "vivo.server.cli", "lsp")
    ) -> HostileClient:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-E", "-P", *words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=2**27,
        )
        return cls(process, seed, folder)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        stream = self.process.stdout
        while True:
            length = 0
            while line := (await stream.readline()).strip():
                assert line.lower().startswith((b"content-length:", b"content-type:")), line[:200]
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if stream.at_eof():
                return
            message = json.loads(await stream.readexactly(length))
            if "method" in message:
                if "id" in message:
                    self.pending.append(message)
            elif message["id"] is None:
                self.nameless += 1
            else:
                self.answers[message["id"]] += 1
            self.changed.set()

    # --- Sending ---------------------------------------------------------------------------

    def raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.sent += 1

    def send(self, message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message} if isinstance(message, dict) else message)
        self.raw(b"Content-Length: %d\r\n\r\n%s" % (len(body.encode()), body.encode()))

    def ask(self, method: Any, params: Any) -> Any:
        self.count += 1
        number: Any = self.count if self.draw.random() < 0.8 else f"text {self.count}"
        self.asked[number] = f"{method} {params}"[:500]
        self.send({"id": number, "method": method, "params": params})
        return number

    async def answered(self, number: Any) -> None:
        try:
            async with asyncio.timeout(WHAT_COMES_OF_IT):
                while not self.answers[number]:
                    assert not self.reader.done(), f"the server has ended: {self.reader}"
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"no answer to {number}: {self.asked[number]}") from None

    async def drained(self) -> None:
        assert self.process.stdin is not None
        await self.process.stdin.drain()

    async def initialize(self) -> None:
        capabilities = {
            "general": {"positionEncodings": [self.draw.choice(["utf-8", "utf-16", "utf-32"])]},
            "workspace": {"inlayHint": {"refreshSupport": True}},
            "textDocument": {"inlayHint": {}, "publishDiagnostics": {}},
        }
        params = {"processId": None, "rootUri": f"file://{self.folder}",
                  "capabilities": capabilities,
                  "initializationOptions": {"python": sys.executable,
                                            "static": self.static}}  # fmt: skip
        await self.answered(self.ask("initialize", params))
        self.send({"method": "initialized", "params": {}})

    # --- What is drawn ---------------------------------------------------------------------

    def uri(self) -> str:
        names = ("a.py", "b.py", "with%20space.py", "never_opened.py", "%F0%9F%98%80.py")
        return f"file://{self.folder}/{self.draw.choice(names)}"

    def number(self) -> int:
        draw = self.draw
        return draw.choice([0, 1, 2, 3, 5, 8, draw.randrange(60), 10**6, 2**31 - 1, -1, 2**40])

    def position(self) -> dict[str, int]:
        return {"line": self.number(), "character": self.number()}

    def junk(self, depth: int = 0) -> Any:
        draw = self.draw
        kind = draw.randrange(9 if depth < 3 else 6)
        if kind == 6:
            return [self.junk(depth + 1) for _ in range(draw.randrange(4))]
        if kind >= 7:
            names = [
                "uri",
                "position",
                "textDocument",
                "id",
                "jsonrpc",
                "method",
                "class",
                "a-b",
                "",
            ]
            return {draw.choice(names): self.junk(depth + 1) for _ in range(draw.randrange(4))}
        return [None, True, self.number(), 1.5e300, "text", "\ud800 half a pair"][kind]

    def document(self) -> dict[str, Any]:
        return {"uri": self.uri()}

    def spoiled(self, params: Any) -> Any:
        """Parameters of which something is wrong, now and then."""
        draw = self.draw
        if not isinstance(params, dict) or not params or draw.random() < 0.7:
            return params
        key = draw.choice(list(params))
        if draw.random() < 0.3:
            return {name: value for name, value in params.items() if name != key}
        return {**params, key: self.spoiled(params[key]) if draw.random() < 0.5 else self.junk()}

    def step(self) -> None:
        """Send one thing."""
        draw = self.draw
        choice = draw.choices(
            ("feature", "command", "open", "change", "close", "cancel", "answer", "junk", "frame",
             "other", "large"),
            (30, 6, 6, 25, 3, 10, 8, 8, 4, 6, 0.2),
        )[0]  # fmt: skip
        getattr(self, f"_{choice}")()

    def _feature(self) -> None:
        params = {"textDocument": self.document(), "position": self.position(),
                  "range": {"start": self.position(), "end": self.position()},
                  "positions": [self.position()], "context": {"diagnostics": [], "triggerKind": 1,
                  "includeDeclaration": True}, "newName": "other"}  # fmt: skip
        self.ask(f"textDocument/{self.draw.choice(FEATURES)}", self.spoiled(params))

    def _command(self) -> None:
        argument = {"uri": self.uri(), "position": self.position(), "text": "1 + 1",
                    "range": {"start": self.position(), "end": self.position()}}  # fmt: skip
        arguments = [self.spoiled(argument)] if self.draw.random() < 0.9 else self.junk()
        name = f"vivo.server.{self.draw.choice(COMMANDS)}"
        params = {"command": name, "arguments": arguments}
        self.ask("workspace/executeCommand", self.spoiled(params))

    def _open(self) -> None:
        text = TEXT * self.draw.choice([0, 1, 1, 1, 5, 30])
        item = {"uri": self.uri(), "languageId": "python", "version": self.number(), "text": text}
        self.send({"method": "textDocument/didOpen",
                   "params": self.spoiled({"textDocument": item})})  # fmt: skip

    def _change(self) -> None:
        changes: list[Any] = []
        for _ in range(self.draw.randrange(4)):
            text = self.draw.choice(["", "x", "\n", "# %%\n", "😀", "𝒳 = 1\r\n", "\r", "'''", TEXT])
            change: dict[str, Any] = {"text": text}
            if self.draw.random() < 0.85:
                change["range"] = {"start": self.position(), "end": self.position()}
            changes.append(self.spoiled(change))
        document = {**self.document(), "version": self.number()}  # in no order
        params = {"textDocument": document, "contentChanges": changes}
        self.send({"method": "textDocument/didChange", "params": self.spoiled(params)})

    def _close(self) -> None:
        self.send({"method": "textDocument/didClose",
                   "params": self.spoiled({"textDocument": self.document()})})  # fmt: skip

    def _cancel(self) -> None:
        near = max(1, self.count - self.draw.randrange(5))
        number = self.draw.choice([near, f"text {near}", 10**9, None, {}, self.junk()])
        self.send({"method": "$/cancelRequest", "params": {"id": number}})

    def _answer(self) -> None:
        """An answer: to what was asked, to what nobody asked, to a request of the client's own."""
        number = self.draw.choice([0, max(1, self.count), "nobody", None, self.junk()])
        if self.pending and self.draw.random() < 0.7:
            number = self.pending.pop(self.draw.randrange(len(self.pending)))["id"]
        told: dict[str, Any] = {"result": self.junk()}
        if self.draw.random() < 0.3:
            told = {"error": self.draw.choice([{"code": 1, "message": "no"}, self.junk()])}
        self.send({"id": number, **told})

    def _junk(self) -> None:
        kind = self.draw.randrange(5)
        if kind == 0:
            self.ask(self.draw.choice(["no/such", "$/no", "textDocument/hover"]), self.junk())
        elif kind == 1:
            self.send({"method": self.junk(), "params": self.junk()})
        elif kind == 2:
            self.send([self.junk()])
        elif kind == 3:
            self.send({"id": self.draw.choice([None, [1], {}, 1.5, True]), "method": "shutdown"})
        else:
            self.send({"method": "textDocument/didOpen", "params": self.junk()})

    def _frame(self) -> None:
        """A frame that is wrong in itself; a blank line ends whatever header it left open."""
        kind = self.draw.randrange(7)
        if kind == 0:
            self.raw(b'Content-Length: 9\r\n\r\n{"id": 1,')
        elif kind == 1:
            self.raw(b"Content-Length: none\r\n\r\n")
        elif kind == 2:
            self.raw(b"\r\n\r\nno header at all \xff\xfe\r\n\r\n")
        elif kind == 3:
            self.raw(b"Content-Type: x\r\ncontent-length:2\r\n\r\n{}")
        elif kind == 4:
            self.raw(b"Content-Length: 5\r\n\r\n" + b"\x80\x00\xff\xc3(")
        elif kind == 5:
            self.raw(b'Content-Length: 4\r\n\r\n{"jsonrpc": "2.0"}\r\n\r\n')  # too short
        else:
            # Too long: it swallows the next message's header.
            self.raw(b'Content-Length: 40\r\n\r\n{"jsonrpc": "2.0"}')
            self.ask("textDocument/foldingRange", {"textDocument": self.document()})

    def _other(self) -> None:
        kind = self.draw.randrange(5)
        if kind == 0:
            self.ask("initialize", {"capabilities": {}, "processId": None, "rootUri": None})
        elif kind == 1:
            settings = {"vivo": self.junk()}
            self.send({"method": "workspace/didChangeConfiguration",
                       "params": {"settings": settings}})  # fmt: skip
        elif kind == 2:
            self.send(
                {"method": "window/workDoneProgress/cancel", "params": {"token": self.junk()}}
            )
        elif kind == 3:
            self.send({"method": "workspace/didChangeWorkspaceFolders",
                       "params": {"event": self.junk()}})  # fmt: skip
        else:
            self.raw(b"Content-Length: 20000\r\n\r\n" + b"[" * 20000)

    def _large(self) -> None:
        """Some megabytes: of text, or of nothing that is known."""
        text = "# nothing to run 😀\n" * self.draw.choice([10_000, 100_000])
        if self.draw.random() < 0.5:
            item = {"uri": self.uri(), "languageId": "python", "version": 1, "text": text}
            self.send({"method": "textDocument/didOpen", "params": {"textDocument": item}})
        else:
            self.ask("no/such/method", {"text": text})

    # --- The end ---------------------------------------------------------------------------

    async def settled(self) -> None:
        """Wait for every answer; each has come once."""
        for number in list(self.asked):
            await self.answered(number)
        place = {
            "textDocument": {"uri": "file:///none.py"},
            "position": {"line": 0, "character": 0},
        }
        number = self.ask("textDocument/hover", place)
        await self.answered(number)
        wrong = {n: times for n, times in self.answers.items() if times != 1 or n not in self.asked}
        assert wrong == {}, f"answered more than once, or never asked: {wrong}"
        self.asked.clear()
        self.answers.clear()

    async def shut_down(self) -> None:
        """After shutdown requests are refused; exit ends the process, with status 0."""
        await self.answered(self.ask("shutdown", None))
        await self.answered(self.ask("textDocument/hover", {}))
        self.send({"method": "textDocument/didOpen", "params": None})
        self.send({"method": "exit"})
        assert await asyncio.wait_for(self.process.wait(), 10) == 0
        await self.reader

    async def close(self) -> None:
        """End the process, if it has not ended."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        self.reader.cancel()
        await asyncio.gather(self.reader, return_exceptions=True)
        self.process._transport.close()  # type: ignore[attr-defined]
