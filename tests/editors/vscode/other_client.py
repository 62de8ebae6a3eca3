"""Another editor with the same notebook: it runs one cell, whose URI is its own, and waits for the end.

Arguments: the notebook's file, the cell's text.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from vivo.server.lsp_client import LspClient


async def main(path: Path, text: str) -> None:
    """Run the cell."""
    client = await LspClient.start()
    ended = asyncio.Event()

    def note(params: dict[str, Any]) -> None:
        ended.set()

    client.on_notification["vivo/executionFinished"] = note
    await client.initialize(path.parent.as_uri(), {}, {"python": sys.executable})
    notebook, cell = path.as_uri(), f"other-editor:{path}#cell"
    opened = {"uri": notebook, "notebookType": "jupyter-notebook", "version": 1,
              "cells": [{"kind": 2, "document": cell}]}  # fmt: skip
    document = {"uri": cell, "languageId": "python", "version": 1, "text": text}
    told = {"notebookDocument": opened, "cellTextDocuments": [document]}
    client.notify("notebookDocument/didOpen", told)
    await client.request("vivo/notebook", {"uri": notebook})  # it is attached then
    ended.clear()
    place = {"uri": cell, "position": {"line": 0, "character": 0}}
    await client.command("vivo.server.runCell", place)
    await asyncio.wait_for(ended.wait(), 60)
    await client.close()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
