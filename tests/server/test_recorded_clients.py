"""What real editors said of themselves, played to the server: it sends what they can take.

The records in ``clients/`` are made by tests/editors/recording.py, between the editor and the
server, when VIVO_RECORD_INITIALIZE names a file and that editor's tests run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from vivo.server.lsp.fitting import fitted_result, plain_text
from vivo.server.lsp_client import LspClient

from .editors import Editor, at, end_all

RECORDS = sorted((Path(__file__).parent / "clients").glob("*.json"))
CHANNELS = {
    "emacs28": "diagnostics",
    "emacs30": "diagnostics",  # its hints are not asked for again when a cell ends
    "emacs_package": "hints",  # these two are eglot; this one is our own client
    "neovim": "lenses",
    "neovim011": "hints",
    "vscode": "hints",
}
TEXT = """\
# %% one
import time
x = '😀', 21
x
# %% two
def fail(by):
    return 1 / by
fail(0)
# %% three
print('running')
while True: time.sleep(0.01)
# %% four
input('who? ')
"""


def holds(capabilities: dict[str, Any], path: str) -> bool:
    """Whether a capability is announced; one that is an object, also by being there."""
    found: Any = capabilities
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return False
        found = found[name]
    return found is not None and found is not False


NEEDED = {
    "window/showMessage": None,
    "window/logMessage": None,
    "window/showMessageRequest": None,
    "window/showDocument": "window.showDocument.support",
    "window/workDoneProgress/create": "window.workDoneProgress",
    "$/progress": "window.workDoneProgress",
    "$/cancelRequest": None,
    "telemetry/event": None,
    "textDocument/publishDiagnostics": "textDocument.publishDiagnostics",
    "workspace/applyEdit": "workspace.applyEdit",
    "workspace/configuration": "workspace.configuration",
    "workspace/workspaceFolders": "workspace.workspaceFolders",
    "workspace/inlayHint/refresh": "workspace.inlayHint.refreshSupport",
    "workspace/codeLens/refresh": "workspace.codeLens.refreshSupport",
    "workspace/semanticTokens/refresh": "workspace.semanticTokens.refreshSupport",
    "workspace/diagnostic/refresh": "workspace.diagnostics.refreshSupport",
    "workspace/inlineValue/refresh": "workspace.inlineValue.refreshSupport",
    "workspace/foldingRange/refresh": "workspace.foldingRange.refreshSupport",
    "workspace/textDocumentContent/refresh": "workspace.textDocumentContent",
}
"""Each message of a server's and the capability that it takes; None: every client takes it."""


def unannounced(capabilities: dict[str, Any], message: dict[str, Any]) -> str | None:
    """What a client could not take of a message of the server's; None if it can take all."""
    method, params = message["method"], message.get("params") or {}
    if method.startswith("vivo/"):
        # A client that does not know a notification loses nothing; a request must be announced.
        if "id" in message and not holds(capabilities, f"experimental.{method.replace('/', '.')}"):
            return f"the request {method}"
        return None
    if method == "client/registerCapability":
        missing = [
            each["method"]
            for each in params["registrations"]
            if not holds(capabilities, f"{each['method'].replace('/', '.')}.dynamicRegistration")
        ]
        return f"registrations of {missing}" if missing else None
    if method not in NEEDED:
        return f"{method}, which the test does not know"
    needed = NEEDED[method]
    if needed is not None and not holds(capabilities, needed):
        return f"{method} without {needed}"
    if method == "textDocument/publishDiagnostics":
        return unannounced_of_diagnostics(capabilities, params)
    return None


def unannounced_of_diagnostics(capabilities: dict[str, Any], params: dict[str, Any]) -> str | None:
    """What a client could not take of diagnostics."""
    told = "textDocument.publishDiagnostics."
    needed = {
        "relatedInformation": "relatedInformation",
        "tags": "tagSupport",
        "codeDescription": "codeDescriptionSupport",
        "data": "dataSupport",
    }
    for diagnostic in params["diagnostics"]:
        for field, capability in needed.items():
            if diagnostic.get(field) and not holds(capabilities, told + capability):
                return f"{field} of a diagnostic"
    if params.get("version") is not None and not holds(capabilities, f"{told}versionSupport"):
        return "the version of diagnostics"
    return None


def unannounced_of_items(capabilities: dict[str, Any], items: list[dict[str, Any]]) -> str | None:
    """What a client could not take of completions."""
    told = "textDocument.completion.completionItem."
    for item in items:
        if item.get("insertTextFormat") == 2 and not holds(capabilities, f"{told}snippetSupport"):
            return "a snippet"
        if "insert" in (item.get("textEdit") or {}) and not holds(
            capabilities, f"{told}insertReplaceSupport"
        ):
            return "an edit that inserts or replaces"
        if item.get("labelDetails") and not holds(capabilities, f"{told}labelDetailsSupport"):
            return "details of a label"
        if item.get("tags") and not holds(capabilities, f"{told}tagSupport"):
            return "tags of a completion"
    return None


class RecordingClient(LspClient):
    """A client that keeps every message that the server sends of itself."""

    sent: list[dict[str, Any]]
    wake: Callable[[], None]

    def _message(self, message: dict[str, Any]) -> None:
        if "method" in message:
            self.sent.append(message)
        super()._message(message)
        self.wake()


class Recorded(Editor):
    """An editor as it was recorded."""

    @classmethod
    async def like(cls, home: Path, record: dict[str, Any]) -> Recorded:
        """A server that was told what the real editor tells."""
        folder = home / "work"
        folder.mkdir()
        RecordingClient.sent, RecordingClient.wake = [], lambda self: None
        client = await RecordingClient.start()
        assert isinstance(client, RecordingClient)
        client.sent = []
        editor = cls(client, folder)
        client.wake = editor.changed.set
        params = {
            "processId": None,
            "rootUri": folder.as_uri(),
            "workspaceFolders": [{"uri": folder.as_uri(), "name": "work"}],
            "initializationOptions": {"python": sys.executable},
            "clientInfo": record["clientInfo"],
            "capabilities": record["capabilities"],
        }
        editor.capabilities = record["capabilities"]
        editor.announced = await client.request("initialize", params)
        client.notify("initialized", {})
        return editor

    capabilities: dict[str, Any]
    announced: dict[str, Any]

    def all_sent(self) -> list[dict[str, Any]]:
        """What the server has sent of itself so far."""
        client = self.client
        assert isinstance(client, RecordingClient)
        return client.sent


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
async def test_nothing_is_sent_that_the_real_editor_cannot_take(home: Path, path: Path) -> None:
    """Values by its channel, errors, progress, a question, a restart; each within what it said."""
    record = json.loads(path.read_text())
    editor = await Recorded.like(home, record)
    capabilities = record["capabilities"]
    asked: list[str] = []

    async def answer(params: dict[str, Any]) -> dict[str, Any]:
        asked.append(params["prompt"])
        return {"value": "ab"}

    editor.client.on_request["vivo/input"] = answer
    try:
        encodings = (capabilities.get("general") or {}).get("positionEncodings") or ["utf-16"]
        assert (editor.announced["capabilities"].get("positionEncoding") or "utf-16") in encodings
        editor.open(TEXT)
        await editor.run_cell(1)
        await values_stand(editor, CHANNELS[path.stem])
        await editor.run_cell(5)
        await editor.until(lambda: [d for d in editor.diagnostics() if d["severity"] == 1])
        hover = await editor.ask("hover", **at(2, 0))
        formats = capabilities["textDocument"]["hover"].get("contentFormat") or ["markdown"]
        assert hover["contents"]["kind"] in formats
        completion = await editor.ask("completion", **at(3, 1))
        assert unannounced_of_items(capabilities, completion["items"]) is None
        await a_long_cell(editor)
        ended = await editor.run_cell(12)
        if holds(capabilities, "experimental.vivo.input"):
            assert (asked, ended["value"]) == (["who? "], {"text/plain": "'ab'"})
        else:
            assert (asked, ended["status"]) == ([], "error")
        await editor.start("restart")
        wrong = {unannounced(capabilities, message) for message in editor.all_sent()} - {None}
        assert wrong == set()
    finally:
        await end_all(editor)
        await editor.client.close()


async def values_stand(editor: Recorded, channel: str) -> None:
    """The value of the first cell comes by the channel, and the client is told to look."""
    value = "⟶ ('😀', 21)"
    if channel == "hints":
        assert (3, value) in await editor.labels()
        await editor.until(
            lambda: any(m["method"] == "workspace/inlayHint/refresh" for m in editor.all_sent())
        )
    elif channel == "lenses":
        lenses = await editor.ask("codeLens")
        assert value in [lens["command"]["title"] for lens in lenses]
    shown = [d["message"] for d in editor.diagnostics() if d["severity"] == 4]
    assert shown == ([value] if channel == "diagnostics" else [])


async def a_long_cell(editor: Recorded) -> None:
    """It is a progress, if the client shows any, and ends by an interrupt."""
    started = await editor.start("runCell", **at(9, 0))
    if holds(editor.capabilities, "window.workDoneProgress"):
        await editor.until(lambda: "$/progress" in editor.told)
    else:
        await editor.until(lambda: any("running" in str(o) for o in editor.told["vivo/output"]))
    await editor.start("interrupt", executionId=started["executionId"])
    await editor.end_of(started["executionId"])


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_tells_of_no_machine(path: Path) -> None:
    """What the client can do and how it is called, nothing else."""
    record = json.loads(path.read_text())
    assert set(record) == {"clientInfo", "capabilities"}
    texts = [text for text in strings(record) if text.startswith("/") or "file:" in text]
    assert texts == []


def strings(held: Any) -> Iterator[str]:
    """Every text in some JSON."""
    if isinstance(held, str):
        yield held
    elif isinstance(held, dict):
        for key, value in held.items():
            yield key
            yield from strings(value)
    elif isinstance(held, list):
        for value in held:
            yield from strings(value)


def test_markdown_becomes_text_that_people_read() -> None:
    """Fences and marks go, code stays as it is; who takes Markdown gets it."""
    markdown = "```python\nf(a=`b`)\n```\n\n`int` · *live*, **x**\n\n![p](data:a) [t](http://b)"
    assert plain_text(markdown) == "f(a=`b`)\n\nint · live, x\n\np t"
    plain, both = types.MarkupKind.PlainText, [types.MarkupKind.Markdown]

    def hover(formats: list[types.MarkupKind]) -> Any:
        text = types.TextDocumentClientCapabilities(
            hover=types.HoverClientCapabilities(content_format=formats)
        )
        content = types.MarkupContent(types.MarkupKind.Markdown, markdown)
        told = types.ClientCapabilities(text_document=text)
        return fitted_result(types.Hover(content), told).contents.kind

    assert [hover([plain]), hover(both), hover([])] == [plain, both[0], both[0]]


def test_the_check_finds_what_was_not_announced() -> None:
    """Each kind of message that a client did not announce."""
    nothing: dict[str, Any] = {}

    def told(method: str, **params: Any) -> str | None:
        return unannounced(nothing, {"method": method, "params": params})

    assert told("window/showMessage") is None
    assert told("vivo/output") is None
    assert unannounced(nothing, {"method": "vivo/input", "id": 1}) == "the request vivo/input"
    assert "refreshSupport" in (told("workspace/inlayHint/refresh") or "")
    assert "workDoneProgress" in (told("$/progress") or "")
    registration = {"method": "workspace/didChangeWatchedFiles", "id": "1"}
    assert "registrations" in (
        told("client/registerCapability", registrations=[registration]) or ""
    )
    diagnostic = {"relatedInformation": [1]}
    some = {"textDocument": {"publishDiagnostics": {}}}
    message = {"method": "textDocument/publishDiagnostics", "params": {"diagnostics": [diagnostic]}}
    assert unannounced(some, message) == "relatedInformation of a diagnostic"
