"""Outputs by reference, and pages beside the code, through the real process over stdio."""

from __future__ import annotations

import base64
import copy
import hashlib
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from vivo.server.lsp_client import ResponseError

from .editors import CAPABILITIES, Editor, end_all, make_editor

REFERRING: dict[str, Any] = copy.deepcopy(CAPABILITIES)
REFERRING["experimental"]["vivo"]["blobs"] = True
READING: dict[str, Any] = copy.deepcopy(CAPABILITIES)
READING["workspace"]["textDocumentContent"] = {}
READING["window"]["showDocument"] = {"support": True}
CODE = """# %%
import base64
def picture(size):
    return {"image/png": bytes(range(256)) * size, "text/plain": "a picture"}
class Large:
    def _repr_html_(self):
        return "<b>é</b>" * 20_000
# %%
display(picture(40), raw=True)
display(picture(40), raw=True)
display({"application/json": {"a": 1}, "text/html": "<b>1</b>"}, raw=True)
Large()
"""
RAW = bytes(range(256)) * 40


def outputs_of(editor: Editor, run: str) -> list[dict[str, Any]]:
    return [each for each in editor.told["vivo/output"] if each["executionId"] == run]


async def test_large_data_by_reference_is_fetched_once(home: Path) -> None:
    """By its hash, from the next server too; and inline for who announced nothing."""
    editor = await make_editor(home, REFERRING)
    try:
        editor.open(CODE)
        await editor.run_cell(1)
        ended = await editor.run_cell(7)
        first, second, small, large = outputs_of(editor, ended["executionId"])
        name = hashlib.sha256(RAW).hexdigest()
        reference = {"blob": name, "size": len(RAW)}
        assert first["data"] == {"image/png": reference, "text/plain": "a picture"}
        assert second["data"]["image/png"] == reference
        assert small["data"]["application/json"] == {"a": 1}
        assert small["data"]["text/html"] == "<b>1</b>"
        assert large["data"]["text/html"]["size"] == len("<b>é</b>".encode()) * 20_000
        assert ended["value"]["text/html"] == large["data"]["text/html"]
        blob = await editor.client.request("vivo/blob", {"id": name})
        assert (base64.b64decode(blob["data"]), blob["size"]) == (RAW, len(RAW))
        page = await editor.client.request("vivo/blob", {"id": large["data"]["text/html"]["blob"]})
        assert base64.b64decode(page["data"]).decode() == "<b>é</b>" * 20_000
        for unfit in ("../../etc/passwd", "", "0" * 64, name.upper(), f"{name}/.."):
            with pytest.raises(ResponseError, match="There is no data"):
                await editor.client.request("vivo/blob", {"id": unfit})
        os.kill(editor.client.process.pid, signal.SIGKILL)
        await editor.client.process.wait()
        await editor.client.close()
        session, sequence = first["sessionId"], first["sequence"]
        editor = await make_editor(home, seen={session: large["sequence"]})
        editor.open(CODE)
        await editor.until(lambda: editor.told.get("vivo/status"))
        wanted = {"id": name, "sessionId": session, "sequence": sequence}
        blob = await editor.client.request("vivo/blob", wanted)
        assert base64.b64decode(blob["data"]) == RAW
        with pytest.raises(ResponseError, match="There is no data"):
            await editor.client.request("vivo/blob", {**wanted, "id": "1" * 64})
        ended = await editor.run_cell(7)
        inline = outputs_of(editor, ended["executionId"])[0]
        assert base64.b64decode(inline["data"]["image/png"]) == RAW
    finally:
        await end_all(editor)
        await editor.client.close()


async def test_a_page_is_an_output_and_a_document_beside_the_code(home: Path) -> None:
    """For ``obj?`` and ``obj??``; read by LSP's own request, also from the next server."""
    shown: list[dict[str, Any]] = []

    async def show(params: dict[str, Any]) -> dict[str, Any]:
        shown.append(params)
        editor.changed.set()
        return {"success": True}

    text = '# %%\ndef f(a):\n    "Doubles."\n    return a * 2\n# %%\nf?\nf??\n'
    editor = await make_editor(home, READING)
    editor.client.on_request["window/showDocument"] = show
    try:
        editor.open(text)
        await editor.run_cell(1)
        ended = await editor.run_cell(5)
        pages = outputs_of(editor, ended["executionId"])
        assert [each["kind"] for each in pages] == ["page", "page"]
        assert "Doubles." in pages[0]["data"]["text/plain"]
        await editor.until(lambda: shown)
        (asked,) = shown
        assert asked["uri"].startswith(f"vivo-page:/{ended['sessionId']}/")
        assert asked["takeFocus"] is False
        method, wanted = "workspace/textDocumentContent", {"uri": asked["uri"]}
        content = await editor.client.request(method, wanted)
        assert "return a * 2" in content["text"]
        ours = await editor.client.request("vivo/document", wanted)
        assert ours == {"text": content["text"], "languageId": "plaintext"}
        for gone in ("vivo-page:/../../etc/passwd", "vivo-page:/a/b/0", "file:///etc/passwd"):
            with pytest.raises(ResponseError, match=r"no longer there|no document of vivo"):
                await editor.client.request("vivo/document", {"uri": gone})
        await editor.client.close()
        editor = await make_editor(home, READING)
        editor.client.on_request["window/showDocument"] = show
        editor.open(text)
        await editor.until(lambda: len(editor.told.get("vivo/output", ())) == 2)
        again = await editor.client.request("vivo/document", wanted)
        assert again["text"] == content["text"]
        assert len(shown) == 1  # what is replayed opens nothing
    finally:
        await end_all(editor)
        await editor.client.close()


async def test_a_client_is_told_which_documents_it_can_read(home: Path) -> None:
    """In the handshake, if it reads any; one that opens none is asked nothing."""
    for capabilities, wanted in ((READING, True), (CAPABILITIES, False)):
        editor = await make_editor(home, capabilities)
        told = editor.capabilities["workspace"].get("textDocumentContent")
        assert ("vivo-page" in told["schemes"]) if wanted else told is None
        await editor.client.close()
