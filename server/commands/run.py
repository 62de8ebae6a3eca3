"""``vivo run FILE``: the file's cells run in a session, by the language server, as in an editor."""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import shutil
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ...parallel.directories import cache_folder
from ...parallel.registry import Registry
from ..cells import all_cells, snippet_of
from ..lsp_client import LspClient
from ..run_report import CellRun, Report
from ..source_files import read_source

Take = Callable[[CellRun, dict[str, Any]], None]
_EXTENSIONS = {"image/png": "png", "image/svg+xml": "svg", "image/jpeg": "jpg"}
_CAPABILITIES: dict[str, Any] = {
    "workspace": {"inlayHint": {"refreshSupport": True}},
    "textDocument": {"inlayHint": {}},
    "window": {"workDoneProgress": True},
    "experimental": {"vivo": {"input": True}},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", help="a Python file, with or without # %% cells")
    parser.add_argument("--json", action="store_true", help="one JSON document, for programs")
    parser.add_argument("--python", metavar="PATH", help="the interpreter of the file's code")
    profile = parser.add_mutually_exclusive_group()
    profile.add_argument("--profile", metavar="NAME", help="the profile of the session it starts")
    profile.add_argument(
        "--pylab", dest="profile", action="store_const", const="pylab", help="--profile pylab"
    )
    parser.add_argument("--output", metavar="DIR", help="where figures go")
    ending = parser.add_mutually_exclusive_group()
    ending.add_argument("--keep", action="store_true", help="leave the session running")
    ending.add_argument(
        "--end", action="store_true", help="end it also when a cell fails, or it was there before"
    )


def run(options: argparse.Namespace) -> int:
    """Run the file; 0 if every cell ended well, 1 if one failed."""
    path = Path(options.file).expanduser().resolve()
    text = read_source(path)
    return asyncio.run(FileRun(path, text, options).run())


class FileRun:
    """One run of a file."""

    def __init__(self, path: Path, text: str, options: argparse.Namespace) -> None:
        self.path, self.text, self.options = path, text, options
        self.lines = text.split("\n")
        self.report = Report(self.lines, colour=sys.stdout.isatty() and not options.json)
        self.cells: list[CellRun] = []
        self.by_id: dict[str, CellRun] = {}
        self.early: list[tuple[Take, dict[str, Any]]] | None = None
        """What is told while a cell's name is waited for."""
        self.session: str | None = None
        self.before = {entry.id for entry in Registry().listing().entries}
        """The sessions that there were before: they are not this run's to end."""
        self.message: str | None = None
        self.figures = 0
        self.folder: Path | None = None
        self.finished: asyncio.Queue[str] = asyncio.Queue()
        self.running: str | None = None
        self.written = 0
        self.started = time.monotonic()

    @property
    def uri(self) -> str:
        """The file as a document."""
        return self.path.as_uri()

    async def run(self) -> int:
        """Drive a server through the file."""
        client = await LspClient.start()
        try:
            self._listen(client)
            wanted = {"python": self.options.python, "profile": self.options.profile}
            options = {name: value for name, value in wanted.items() if value}
            root = self.path.parent.as_uri()
            await client.initialize(root, _CAPABILITIES, options)
            client.open(self.uri, self.text)
            failed = await self._run_cells(client)
            await self._settle(client, failed)
        finally:
            await client.close()
        if self.options.json:
            self._print_json(failed)
        return 1 if failed else 0

    def _listen(self, client: LspClient) -> None:
        client.on_notification["vivo/executionStarted"] = partial(self._told, self._started)
        client.on_notification["vivo/output"] = partial(self._told, self._output)
        client.on_notification["vivo/executionFinished"] = partial(self._told, self._finished)
        client.on_notification["vivo/status"] = self._status
        client.on_request["vivo/input"] = self._input
        client.on_request["window/showMessageRequest"] = self._choose
        loop = asyncio.get_running_loop()

        def interrupt() -> None:
            argument = {"uri": self.uri, "executionId": None}
            self.interrupting = loop.create_task(client.command("vivo.server.interrupt", argument))

        loop.add_signal_handler(signal.SIGINT, interrupt)

    async def _run_cells(self, client: LspClient) -> bool:
        """Send every cell, show each as it ends; whether one failed."""
        snippets = [
            found
            for cell in all_cells(self.text)
            if not cell.is_markdown
            and (found := snippet_of(self.lines, cell.start, cell.end)) is not None
        ]
        self.cells = [CellRun(each.line, each.end, each.text) for each in snippets]
        for number, cell in enumerate(self.cells, 1):
            position = {"line": cell.first_line, "character": 0}
            argument = {"uri": self.uri, "position": position}
            early = self.early = []
            started = await client.command("vivo.server.runCell", argument)
            self.by_id[started["executionId"]], self.early = cell, None
            for take, params in early:
                self._told(take, params)
            await self._wait(number)
            self._show(cell)
            if cell.status != "ok":
                return True
        self._print(self.report.between(self.written, len(self.lines)))
        return False

    async def _wait(self, number: int) -> None:
        """Wait for a cell's end, with a line that tells how it goes."""
        waiting = asyncio.create_task(self.finished.get())
        while not waiting.done():
            self._progress(number)
            await asyncio.wait([waiting], timeout=0.2)
        self._clear_progress()

    def _progress(self, number: int) -> None:
        seconds = time.monotonic() - self.started
        cell = self.cells[number - 1]
        first = next((line for line in cell.source.split("\n") if line[:1] not in ("#", "")), "")
        what = first.strip()[:50] if self.session else "starting a session"
        line = f"vivo: cell {number} of {len(self.cells)} · {seconds:.1f} s · {what}"
        if sys.stderr.isatty():
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[K{line[:width]}")
            sys.stderr.flush()
        elif self.running != f"told {number}":
            self.running = f"told {number}"
            sys.stderr.write(line + "\n")

    @staticmethod
    def _clear_progress() -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    # --- What the server tells -------------------------------------------------------------

    def _status(self, params: dict[str, Any]) -> None:
        self.session = params["sessionId"] or self.session
        self.message = params["message"] or self.message

    def _told(self, take: Take, params: dict[str, Any]) -> None:
        """Take in what is told of a cell of the file's.

        The server may tell of it before it has answered its name, and tells of a session's other
        cells too.
        """
        cell = self.by_id.get(params["executionId"])
        if cell is not None:
            take(cell, params)
        elif self.early is not None:
            self.early.append((take, params))

    def _started(self, cell: CellRun, params: dict[str, Any]) -> None:
        cell.status, cell.execution_count = "running", params["executionCount"]

    def _output(self, cell: CellRun, params: dict[str, Any]) -> None:
        kind, data = params["kind"], params.get("data") or {}
        if kind == "stream":
            last = cell.outputs[-1] if cell.outputs else None
            if last is not None and last.get("name") == params["name"]:
                last["text"] += params["text"]
            else:
                cell.outputs.append(
                    {"kind": "stream", "name": params["name"], "text": params["text"]}
                )
        elif kind in ("display", "update", "result", "page"):
            path = self._figure(data)
            if path is not None:
                cell.outputs.append({"kind": "figure", "path": path})
            elif kind != "result" and "text/plain" in data:
                cell.outputs.append({"kind": "display", "text": data["text/plain"]})
        elif kind == "clear":
            cell.outputs.clear()

    def _figure(self, data: dict[str, Any]) -> str | None:
        """Write a picture to a file; its path."""
        for mime, extension in _EXTENSIONS.items():
            if mime in data:
                if self.folder is None:
                    stamp = time.strftime("%Y%m%d-%H%M%S")
                    default = cache_folder("run") / f"{self.path.stem}-{stamp}"
                    self.folder = Path(self.options.output or default).expanduser().resolve()
                    self.folder.mkdir(parents=True, exist_ok=True)
                self.figures += 1
                target = self.folder / f"{self.path.stem}-{self.figures}.{extension}"
                content = data[mime]
                is_text = extension == "svg"
                target.write_bytes(content.encode() if is_text else base64.b64decode(content))
                return str(target)
        return None

    def _finished(self, cell: CellRun, params: dict[str, Any]) -> None:
        cell.status = params["status"]
        cell.execution_count = params["executionCount"]
        cell.duration, cell.error = params["duration"], params["error"]
        value = params["value"]
        if value is not None and not set(_EXTENSIONS) & set(value):
            line = cell.end - 1
            text = str(value.get("text/plain", ""))
            cell.values.append({"line": line, "text": text, "data": value})
        self.finished.put_nowait(params["executionId"])

    async def _input(self, params: dict[str, Any]) -> dict[str, Any]:
        """Ask on the terminal; end of file where there is none."""
        if not sys.stdin.isatty():
            line = await asyncio.to_thread(sys.stdin.readline)
            return {"value": line.rstrip("\n") if line else None}
        self._clear_progress()
        if params["password"]:
            import getpass

            return {"value": await asyncio.to_thread(getpass.getpass, params["prompt"])}
        return {"value": await asyncio.to_thread(input, params["prompt"])}

    async def _choose(self, params: dict[str, Any]) -> dict[str, Any] | None:
        """Ask on the terminal whether to do what the first action says; no where there is none."""
        if not sys.stdin.isatty() or not params.get("actions"):
            return None
        self._clear_progress()
        answer = await asyncio.to_thread(input, f"{params['message']} [y/N] ")
        action: dict[str, Any] = params["actions"][0]
        return action if answer.strip().lower() in ("y", "yes") else None

    # --- Showing ---------------------------------------------------------------------------

    def _show(self, cell: CellRun) -> None:
        self._print(self.report.between(self.written, cell.first_line) + self.report.cell(cell))
        self.written = cell.end

    def _print(self, lines: list[str]) -> None:
        if not self.options.json and lines:
            print("\n".join(lines), flush=True)

    async def _settle(self, client: LspClient, failed: bool) -> None:
        """End the session, or say how it goes on: what was computed is somebody's."""
        if not self.session:
            return
        if self._keeps(failed):
            self._print_hint(failed)
        else:
            await client.command("vivo.server.endSession", {"sessionId": self.session})

    def _keeps(self, failed: bool) -> bool:
        """Whether the session goes on: a cell failed, it was there before, or that is wanted."""
        options = self.options
        return options.keep or (not options.end and (failed or self.session in self.before))

    def _print_hint(self, failed: bool) -> None:
        why = "Kept:"
        if failed:
            why = "A cell failed; the values so far are kept in"
        elif self.session in self.before:
            why = "It ran in a session that was there before, and goes on:"
        sys.stderr.write(
            f"vivo: {why} session {self.session}. Open the file in an editor to go on, or "
            f"`vivo sessions end {self.session}`.\n"
        )

    def _print_json(self, failed: bool) -> None:
        document = {
            "file": str(self.path),
            "status": "error" if failed else "ok",
            "session": self.session if self._keeps(failed) else None,
            "cells": [cell.data() for cell in self.cells],
        }
        print(json.dumps(document, indent=1, ensure_ascii=False))
