"""Editors are told who is in their sessions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.messages import PresenceRequest
from vivo.parallel.registry import Registry

from .editors import Editor, editing

pytestmark = pytest.mark.sessions


async def here(editor: Editor, *names: str) -> dict[str, dict[str, Any]]:
    """Wait until the editor was told that these are here, and nobody else."""

    def look() -> dict[str, dict[str, Any]] | None:
        told = editor.told.get("vivo/presence", [])
        people = {each["name"]: each for each in told[-1]["people"]} if told else {}
        return people if sorted(people) == sorted(names) else None

    found: dict[str, dict[str, Any]] = await editor.until(look)
    return found


async def test_an_editor_is_told_who_comes_and_goes(home: Path) -> None:
    """Itself by its own name, a console beside it; and whose cell runs, when it asks."""
    async with editing(home) as editor:
        editor.client.on_notification["vivo/presence"] = editor._noter("vivo/presence")
        editor.open("import threading\n# %%\nthreading.Event().wait(30)\n")
        await editor.run_cell(0)
        (own,) = (await here(editor, "vivo lsp")).values()
        assert (own["kind"], own["role"], own["own"]) == ("editor", "owner", True)
        (entry,) = Registry().live()
        console = await SessionClient.connect(entry.connection_file, name="console")
        console.present(PresenceRequest("console", "console"))
        people = await here(editor, "vivo lsp", "console")
        assert not people["console"]["own"]

        started = await editor.start("runCell", position={"line": 2, "character": 0})
        run = started["executionId"]
        await editor.until(
            lambda: any(each["executionId"] == run for each in editor.told["vivo/executionStarted"])
        )
        told = await editor.client.request("vivo/people", {"sessionId": entry.id})
        assert [each["name"] for each in told["people"] if each["running"]] == ["vivo lsp"]
        await editor.start("interrupt")
        await editor.end_of(run)
        await console.close()
        await here(editor, "vivo lsp")
