"""An editor for tests: the real language server over stdio, what it told, documents.

Rules:

1. What is told is waited for, never time.
2. The sessions of an editor end with :func:`end_all`: a server that goes leaves them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from vivo.server.lsp_client import LspClient

CAPABILITIES: dict[str, Any] = {
    "workspace": {"inlayHint": {"refreshSupport": True}, "codeLens": {"refreshSupport": True}},
    "textDocument": {
        "inlayHint": {},
        "codeLens": {},
        "publishDiagnostics": {"relatedInformation": True},
    },
    "window": {"workDoneProgress": True},
    "experimental": {"vivo": {"input": True}},
}


class Editor:
    """An editor for a test: a server, what it told, one document."""

    def __init__(self, client: LspClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.uri = (folder / "cells.py").as_uri()
        self.told: dict[str, list[dict[str, Any]]] = {}
        self.capabilities: dict[str, Any] = {}
        self.changed = asyncio.Event()
        for method in ("vivo/executionStarted", "vivo/output", "vivo/executionFinished",
                       "vivo/status", "textDocument/publishDiagnostics", "$/progress",
                       "window/showMessage", "vivo/queue"):  # fmt: skip
            client.on_notification[method] = self._noter(method)

    def _noter(self, method: str) -> Callable[[dict[str, Any]], None]:
        def note(params: dict[str, Any]) -> None:
            self.told.setdefault(method, []).append(params)
            self.changed.set()

        return note

    async def until(self, look: Callable[[], Any]) -> Any:
        """Wait for what the server tells."""
        async with asyncio.timeout(30):
            while not (found := look()):
                self.changed.clear()
                await self.changed.wait()
        return found

    def open(self, text: str, name: str = "cells.py") -> None:
        path = (self.folder / name).resolve()
        path.write_text(text)
        self.uri = path.as_uri()
        self.client.open(self.uri, text)

    async def start(self, command: str, **argument: Any) -> Any:
        return await self.client.command(f"vivo.server.{command}", {"uri": self.uri, **argument})

    async def run_cell(self, line: int) -> dict[str, Any]:
        """Run the cell at a line; its end."""
        started = await self.start("runCell", position={"line": line, "character": 0})
        return await self.end_of(started["executionId"])

    async def end_of(self, run: str) -> dict[str, Any]:
        def look() -> Any:
            ends = self.told.get("vivo/executionFinished", [])
            return next((each for each in ends if each["executionId"] == run), None)

        found: dict[str, Any] = await self.until(look)
        return found

    async def ask(self, method: str, **params: Any) -> Any:
        document = {"textDocument": {"uri": self.uri}}
        return await self.client.request(f"textDocument/{method}", document | params)

    async def labels(self) -> list[tuple[int, str]]:
        whole = {"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}}
        hints = await self.ask("inlayHint", range=whole)
        return [(hint["position"]["line"], hint["label"]) for hint in hints]

    async def until_labels(self, expected: list[tuple[int, str]]) -> None:
        """Wait until these are the labels."""
        async with asyncio.timeout(30):
            while True:
                self.changed.clear()  # first: what is told while it answers may change it
                if await self.labels() == expected:
                    return
                await self.changed.wait()

    def diagnostics(self) -> list[dict[str, Any]]:
        told = self.told.get("textDocument/publishDiagnostics", [])
        mine = [each["diagnostics"] for each in told if each["uri"] == self.uri]
        return mine[-1] if mine else []


async def make_editor(
    home: Path, capabilities: dict[str, Any] = CAPABILITIES, **options: Any
) -> Editor:
    folder = home / "work"
    folder.mkdir(exist_ok=True)
    client = await LspClient.start()
    # What is answered is tried, not how fast: `make bench` measures that, within the default.
    told = {"python": sys.executable, "deadline": 2.0, **options}
    answer = await client.initialize(folder.as_uri(), capabilities, told)
    made = Editor(client, folder)
    made.capabilities = answer["capabilities"]
    return made


async def end_all(editor: Editor) -> None:
    told = await editor.client.command("vivo.server.sessions", {})
    for session in told["sessions"]:
        await editor.client.command("vivo.server.endSession", {"sessionId": session["sessionId"]})


def at(line: int, character: int) -> dict[str, Any]:
    return {"position": {"line": line, "character": character}}


@asynccontextmanager
async def editing(
    home: Path, capabilities: dict[str, Any] = CAPABILITIES, **options: Any
) -> AsyncIterator[Editor]:
    """An editor whose sessions end with the test."""
    made = await make_editor(home, capabilities, **options)
    yield made
    await end_all(made)
    await made.client.close()
