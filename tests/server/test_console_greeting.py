"""What a console says before anything that happens in its session."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.messages import RunRecord
from vivo.server.console.base import BaseConsole

pytestmark = pytest.mark.sessions


class Shown(BaseConsole):
    """A console whose screen is a text."""

    text = ""

    def write(self, text: str) -> None:
        """Show it."""
        self.text += text

    async def answer_input(self, prompt: str, password: bool, run: str | None) -> str | None:
        """Nobody is there."""
        return None


async def ticks(client: SessionClient, count: int) -> None:
    """Wait until the cell has printed so often again."""
    async with contextlib.aclosing(client.events()) as events:  # type: ignore[type-var]
        while count:
            count -= "tick" in str((await anext(events)).content)


async def test_what_is_printed_while_a_console_comes_is_shown_after_its_greeting(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes to look around, no output is taken for an earlier cell's."""
    entry = await start_session(SessionOptions(cwd=str(home), workspace=str(home)))
    client = await SessionClient.connect(entry.connection_file, name="vscode")
    look = SessionClient.runs

    async def slow_look(self: SessionClient) -> list[RunRecord]:
        await ticks(client, 3)
        return await look(self)

    monkeypatch.setattr(SessionClient, "runs", slow_look)
    try:
        await client.execute("import time\nwhile True: print('tick'); time.sleep(0.02)")
        await ticks(client, 1)
        console = Shown(entry, started=False, colour=False)
        await console.open()
        await ticks(client, 3)
        while console.text.count("tick") < 3:
            await ticks(client, 1)
        greeting, _, rest = console.text.partition("[In [1] (vscode) is running, and 0 wait]\n")
        assert "tick" not in greeting
        assert rest.startswith("tick\n")
        assert "earlier cell" not in rest
        await console.close()
    finally:
        await client.close()
        await end_session(entry.id)
