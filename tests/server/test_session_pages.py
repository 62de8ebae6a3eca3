"""What a session did, and what it does now, as documents; and which execution a cell had last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from .editors import Editor, at, editing


@pytest.fixture
async def editor(home: Path) -> AsyncIterator[Editor]:
    """An editor; its sessions end with the test."""
    async with editing(home) as made:
        yield made


async def page(editor: Editor, scheme: str, session: str) -> str:
    uri = f"{scheme}:/{session}/title"
    found = await editor.client.request("vivo/document", {"uri": uri})
    assert found["languageId"] == "plaintext"
    return str(found["text"])


async def test_transcript_and_stack_of_a_busy_session(editor: Editor) -> None:
    """Inputs, text and values; where the cell is, while it runs."""
    editor.open(
        "# %%\nprint('printed')\n42\n# %%\ndef turning():\n    while True: pass\nturning()\n"
    )
    await editor.run_cell(1)
    await editor.start("runCell", **at(5, 0))
    await editor.until(lambda: editor.told["vivo/status"][-1]["state"] == "busy")
    session = editor.told["vivo/status"][-1]["sessionId"]
    text = await page(editor, "vivo-transcript", session)
    assert text.startswith("In [1]:")
    assert "printed\n" in text
    assert "Out[1]: 42" in text
    stack = await page(editor, "vivo-stack", session)
    while "turning" not in stack:  # the state is told as the cell begins
        stack = await page(editor, "vivo-stack", session)
    assert "while True: pass" in stack
    for scheme in ("vivo-transcript", "vivo-stack"):
        with pytest.raises(Exception, match=r"[Nn]o session nothing"):
            await page(editor, scheme, "nothing")


async def test_the_last_execution_of_a_cell(editor: Editor) -> None:
    """From any line of it, edited or not; none where nothing has run."""
    editor.open("# %%\nx = 1\nx\n\n# %%\ny = 2\n")
    first = await editor.run_cell(1)
    last = await editor.run_cell(1)
    assert first["executionId"] != last["executionId"]

    async def of(line: int) -> Any:
        asked = {"uri": editor.uri, **at(line, 0)}
        return (await editor.client.request("vivo/executionOfCell", asked))["executionId"]

    assert [await of(line) for line in (0, 1, 2)] == [last["executionId"]] * 3
    assert await of(5) is None
