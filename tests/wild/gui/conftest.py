"""What the tests of windows need: a screen that can be looked at, and Pythons with toolkits.

The toolkits of PyPI (packages-gui.txt) are in the environment that run.sh makes, or the one whose
Python ``VIVO_WILD_PYTHON`` names. Debian's (apt-gui.txt) are in Debian's Python, a user's
interpreter with nothing of ours.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.messages import RunRecord

ROOT = Path(__file__).resolve().parents[3]
DEBIAN_PYTHON = "/usr/bin/python3"


class Screen:
    """A virtual X screen, whose pixels are a file."""

    def __init__(self, folder: Path) -> None:
        server = shutil.which("Xvfb")
        assert server, "these tests need a virtual screen: install what apt-gui.txt names"
        reading, writing = os.pipe()
        command = [server, "-displayfd", str(writing), "-screen", "0", "800x600x24"]
        self.process = subprocess.Popen(
            [*command, "-noreset", "-nolisten", "tcp", "-fbdir", str(folder)],
            pass_fds=[writing],
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with open(reading) as answer:
            self.display = f":{answer.readline().strip()}"
        self._pixels = folder / "Xvfb_screen0"

    def shows(self, colour: str) -> bool:
        """Whether an area of at least 10 rows of 10 pixels has a colour, ``#rrggbb``."""
        red, green, blue = bytes.fromhex(colour.removeprefix("#"))
        pixel = re.escape(bytes((blue, green, red))) + b"."  # toolkits fill the fourth byte or not
        return len(re.findall(b"(?:%s){10}" % pixel, self._pixels.read_bytes(), re.DOTALL)) >= 10

    def close(self) -> None:
        """Turn the screen off."""
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def pypi_python() -> str:
    """The interpreter of the environment with the toolkits of PyPI."""
    python = os.environ.get("VIVO_WILD_PYTHON", str(ROOT / ".venv-wild" / "bin" / "python"))
    assert Path(python).exists(), "make test-wild makes the environment"
    return python


@pytest.fixture
def screen(
    home: Path, tmp_path: Path, leaves_nothing: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Screen]:
    """A screen of the test's own, which its sessions use."""
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    made = Screen(tmp_path)
    monkeypatch.setenv("DISPLAY", made.display)
    yield made
    made.close()


class Session:
    """A session, as a test talks to it."""

    def __init__(self, client: SessionClient) -> None:
        self.client = client

    async def run(self, code: str) -> RunRecord:
        """Run a cell to its end."""
        return await (await self.client.execute(code)).finished()

    async def value(self, code: str) -> str:
        """The text of a cell's value; the test fails with the cell's own error."""
        record = await self.run(code)
        assert record.status == "ok", record.error
        return str(record.values[-1].data["text/plain"]) if record.values else ""

    async def refusal(self, code: str) -> str:
        """The sentence with which a cell is refused."""
        record = await self.run(code)
        assert record.error is not None
        assert record.error.name == "UsageError"
        return record.error.message

    async def shown(self, code: str) -> list[dict[str, Any]]:
        """What a cell shows, its displays and updates: their data, and ``type``."""
        after = (await self.client.session())["last"]
        execution = await self.client.execute(code)
        found = []
        async for event in self.client.events(after=after):
            if event.metadata["vivo"].get("run") != execution.id:
                continue
            if "data" in event.content:
                found.append({"type": event.type, **event.content["data"]})
            if event.type == "error":
                pytest.fail(f"{event.content['ename']}: {event.content['evalue']}")
            if event.type == "status" and event.content["execution_state"] == "idle":
                break
        return found

    async def printed(self, text: str, after: int) -> int:
        """Wait until a text has been printed; the number of its event."""
        seen = ""
        async for event in self.client.events(after=after):
            if event.type == "stream":
                seen += event.content["text"]
                if text in seen:
                    return int(event.metadata["vivo"]["seq"])
        raise AssertionError(f"the session ended without printing {text}")


Starter = Callable[..., Awaitable[Session]]


@pytest.fixture
async def start(home: Path) -> AsyncIterator[Starter]:
    """Start a session of an interpreter; all are ended with the test."""
    async with AsyncExitStack() as stack:

        async def starter(python: str, profile: str | None = None) -> Session:
            options = SessionOptions(python=python, cwd=str(home), profile=profile)
            entry = await start_session(options)
            stack.push_async_callback(end_session, entry.id)
            client = await SessionClient.connect(entry.connection_file, name="test")
            stack.push_async_callback(client.close)
            return Session(client)

        yield starter
