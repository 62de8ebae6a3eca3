"""An editor whose language server is killed and starts anew, and what its user has seen."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from vivo.parallel.journal import Event, read
from vivo.parallel.registry import SessionEntry
from vivo.parallel.wire import decode_event
from vivo.server.lsp_client import LspClient

SHOWN = {
    "stream": "stream",
    "display_data": "display",
    "update_display_data": "update",
    "clear_output": "clear",
    "execute_result": "result",
    "error": "error",
}
CAPABILITIES: dict[str, Any] = {"experimental": {"vivo": {"input": True}}}


class SurvivingEditor:
    """Takes each output once, by its number, as the editors do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "survives.py"
        self.seen: dict[str, int] = {}
        self.outputs: list[dict[str, Any]] = []
        self.finished: dict[str, dict[str, Any]] = {}
        self.changed = asyncio.Event()
        self.kills = 0
        self.client: LspClient | None = None

    async def start(self) -> None:
        """Start a server, and tell it what the user has been shown."""
        self.client = await LspClient.start()
        self.client.on_notification["vivo/output"] = self._output
        self.client.on_notification["vivo/executionFinished"] = self._finished
        await self.client.initialize(self.folder.as_uri(), CAPABILITIES, {"seen": self.seen})
        self.client.open(self.path.as_uri(), self.path.read_text())

    def _output(self, output: dict[str, Any]) -> None:
        session, number = output["sessionId"], output["sequence"]
        if number > self.seen.get(session, 0):
            self.seen[session] = number
            self.outputs.append(output)
        self.changed.set()

    def _finished(self, finished: dict[str, Any]) -> None:
        self.finished[finished["executionId"]] = finished
        self.changed.set()

    async def run(self, code: str) -> str:
        """Write the document, run it as a cell; the run's id."""
        assert self.client is not None
        code = f"# %%\n{code}"
        document = {"uri": self.path.as_uri(), "version": 2}
        change = {"textDocument": document, "contentChanges": [{"text": code}]}
        self.path.write_text(code)
        self.client.notify("textDocument/didChange", change)
        argument = {"uri": self.path.as_uri(), "position": {"line": 0, "character": 0}}
        started = await self.client.command("vivo.server.runCell", argument)
        return str(started["executionId"])

    async def killed_after(self, count: int, run: str) -> None:
        """Kill the server once there are so many outputs, or the run has ended; start another."""
        while len(self.outputs) < count and run not in self.finished:
            self.changed.clear()
            await self.changed.wait()
        assert self.client is not None
        self.client.process.kill()
        await self.client.close()
        self.kills += 1
        await self.start()

    async def end_of(self, run: str) -> None:
        """Wait until the run's end is told."""
        while run not in self.finished:
            self.changed.clear()
            await self.changed.wait()

    async def close(self) -> None:
        """End the server."""
        assert self.client is not None
        await self.client.close()

    def shown(self, run: str) -> list[tuple[Any, ...]]:
        """What the user has seen of a run."""
        return [
            (each["sequence"], each["kind"], each.get("text"), each.get("data"))
            for each in self.outputs
            if each["executionId"] == run
        ]


def journaled_outputs(entry: SessionEntry, run: str) -> list[tuple[Any, ...]]:
    """What the journal has of a run, as an editor is told."""
    found = []
    for item in read(Path(entry.journal)):
        assert isinstance(item, Event), item
        event = decode_event(item.parts)
        if event.type in SHOWN and event.metadata["vivo"].get("run") == run:
            content = event.content
            found.append((item.seq, SHOWN[event.type], content.get("text"), content.get("data")))
    return found
