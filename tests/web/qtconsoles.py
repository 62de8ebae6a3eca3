"""qtconsole for tests: its window on a screen of its own, keys, and what stands there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from .screens import DEADLINE, Screen, screen

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-web/bin/python"


class QtConsole:
    """A window of qtconsole; ``qt_window.py`` tells what stands in it."""

    def __init__(self, process: asyncio.subprocess.Process, on: Screen) -> None:
        self.process = process
        self.screen = on
        self.told: dict[str, Any] = {}

    async def until(self, look: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """Wait for what is told; all of it as it is then."""
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(DEADLINE):
                while not self.told or not look(self.told):
                    line = await self.process.stdout.readline()
                    assert line, f"qtconsole has ended; the last was {self.told}"
                    self.told |= json.loads(line)
        except TimeoutError:
            raise AssertionError(f"it did not come; there is {self.told}") from None
        return self.told

    async def until_text(self, *parts: str) -> str:
        """Wait until these stand in the window, one after the other; the whole text."""

        def look(told: dict[str, Any]) -> bool:
            place = 0
            for part in parts:
                place = told["text"].find(part, place)
                if place < 0:
                    return False
                place += len(part)
            return True

        return str((await self.until(look))["text"])

    async def until_prompt(self, number: int) -> str:
        """Wait for an empty prompt of that number at the end; the whole text."""
        prompt = f"In [{number}]: "
        told = await self.until(lambda told: told["text"].endswith(prompt) and told["keyboard"])
        return str(told["text"])

    def run(self, cell: str) -> None:
        """Type a line and Return."""
        self.screen.type(cell)
        self.screen.press("Return")

    async def picture(self, file: Path) -> None:
        """Save what the window shows."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"picture {file}\n".encode())
        await self.until(lambda told: told.get("picture") == str(file))


@asynccontextmanager
async def qtconsole(*words: str, log: Path) -> AsyncIterator[QtConsole]:
    """``jupyter qtconsole`` with these words, ready and with the keyboard; ends with the test."""
    with screen() as made, log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            PYTHON,
            str(HERE / "qt_window.py"),
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env=made.environment,
            limit=1 << 24,
        )
        console = QtConsole(process, made)
        try:
            await console.until(lambda told: "In [" in told["text"])
            await asyncio.to_thread(made.focus, "Jupyter QtConsole")
            await console.until(lambda told: told["keyboard"])
            yield console
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), DEADLINE)
            except TimeoutError:
                process.kill()
                await process.wait()
