"""One run of the user's ssh, which starts a program of vivo's at its other end and talks to it.

A line of JSON is an instruction; what that program says is a line too, that begins with a mark: all
other lines are the user's profile's, or ssh's. Rules:

1. ssh asks nobody anything: what it needs a human for is said in a sentence (:mod:`.failures`).
2. Nothing secret is on a command line: it goes over the standard streams.
3. It uses no connection of others, which would end when they like; nor do others use its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from ..errors import SessionError
from .failures import MISSING

_LINE = 2**20  # bytes; what begins there says little, but the user's profile may
OPTIONS = {
    "BatchMode": "yes",  # rule 1
    "ExitOnForwardFailure": "yes",
    "ConnectTimeout": "20",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
    "ControlMaster": "no",  # rule 3
    "ControlPath": "none",
    "ClearAllForwardings": "no",
    "RemoteCommand": "none",
}


class EndedError(Exception):
    """The process of a link has ended."""


class Run:
    """One run of ssh, from its start to its end."""

    def __init__(self, process: asyncio.subprocess.Process, mark: str) -> None:
        self.process = process
        self.began = time.monotonic()
        self.said: deque[str] = deque(maxlen=20)
        """What it has said last that is no answer."""
        self.missing: list[str] = []
        """Why programs there are not vivo's."""
        self.news: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        """What it has told without being asked."""
        self._mark = mark
        self._answers: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._reading = [asyncio.ensure_future(self._read()), asyncio.ensure_future(self._listen())]

    @classmethod
    async def start(
        cls, command: Sequence[str], words: Sequence[str], mark: str, *, control: str = ""
    ) -> Run:
        """Start it: ``command`` is ssh's, ``words`` what follows our options.

        ``control`` is a socket for :meth:`forward`, which ends with it. Raises
        :class:`SessionError` if there is no such program.
        """
        more = {"ControlMaster": "yes", "ControlPath": control, "ControlPersist": "no"}
        told = {**OPTIONS, **(more if control else {})}
        options = [word for each in told.items() for word in ("-o", "=".join(each))]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                *options,
                *words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,  # an interrupt of our terminal is none of it
                limit=_LINE,
            )
        except OSError as error:
            raise SessionError(f"{command[0]} cannot be started ({error.strerror}).") from None
        return cls(process, mark)

    def begin(self, *lines: str) -> None:
        """Give what starts the program there what it reads."""
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{each}\n" for each in lines).encode())

    async def ask(self, told: dict[str, Any]) -> dict[str, Any]:
        """Have something done; the answer.

        Raises :class:`SessionError` with why it was not, :class:`EndedError`.
        """
        told = {**told, "id": os.urandom(8).hex()}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(told).encode() + b"\n")
        while (answer := await self._answers.get()) is not None:
            if answer.get("id") == told["id"]:
                if answer["message"]:
                    raise SessionError(str(answer["message"]))
                return answer
        self._answers.put_nowait(None)
        raise EndedError

    @staticmethod
    async def forward(command: Sequence[str], control: str, words: Sequence[str]) -> str:
        """Have the connection of a control socket forward more; what is wrong, if anything is."""
        process = await asyncio.create_subprocess_exec(
            *(*command, "-S", control, "-O", "forward", *words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        if process.returncode == 0:
            return ""
        return said.decode("utf-8", "replace").strip() or "ssh forwards nothing"

    async def wait(self) -> None:
        """Wait for its end, or the end of what it has started there."""
        await asyncio.wait(self._reading[:1])

    async def end(self) -> None:
        """End it, if it has not ended: by the end of its input, then by a signal, then another."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            for act in (self.process.terminate, self.process.kill):
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self.process.wait(), 1.0)
                    break
                with contextlib.suppress(ProcessLookupError):
                    act()
            await self.process.wait()
            await asyncio.wait(self._reading, timeout=1.0)
        finally:
            for each in self._reading:
                each.cancel()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        try:
            while line := (await self.process.stdout.readline()).decode("utf-8", "replace"):
                if line.startswith(self._mark):
                    told = json.loads(line.removeprefix(self._mark))
                    (self._answers if "id" in told else self.news).put_nowait(told)
                elif line.startswith(MISSING):
                    self.missing.append(line.removeprefix(MISSING).strip())
                else:
                    self.said.append(line.strip())
        except ValueError as error:
            self.said.append(f"what it says cannot be read: {error}")
        finally:
            self._answers.put_nowait(None)

    async def _listen(self) -> None:
        assert self.process.stderr is not None
        with contextlib.suppress(ValueError):
            while line := (await self.process.stderr.readline()).decode("utf-8", "replace"):
                if line.strip():
                    self.said.append(line.strip())
