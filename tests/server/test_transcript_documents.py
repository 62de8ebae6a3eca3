"""What sessions did and logged, as documents that an editor asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from vivo.server.lsp_client import ResponseError

from tests.server.cluster_editors import last_editing


async def test_a_sessions_transcript_and_log_are_documents(home: Path) -> None:
    """Of one that runs; of none that is not there, and of no path."""
    async with last_editing(home) as editor:
        editor.open("print('hello')\n6 * 7\n")
        await editor.run_cell(0)
        await editor.run_cell(1)
        (session,) = (await editor.client.command("vivo.server.sessions", {}))["sessions"]

        async def text_of(uri: str) -> str:
            content = await editor.client.request("vivo/document", {"uri": uri})
            return str(content["text"])

        text = await text_of(f"vivo-transcript:/{session['sessionId']}")
        assert text.startswith("In [1]:")
        assert "    print('hello')\nhello\n" in text
        assert text.endswith("Out[2]: 42\n")
        assert await text_of(f"vivo-log:/{session['sessionId']}")
        for scheme in ("vivo-transcript", "vivo-log"):
            for name in ("nothing", "", "../../../etc", "%2e%2e%2f"):
                with pytest.raises(ResponseError, match=r"has left a journal|names no session"):
                    await text_of(f"{scheme}:/{name}")
