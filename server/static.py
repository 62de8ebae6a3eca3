"""Static answers, from the analysis process: jedi's, and what parso tells of a document.

Rules:

1. The loop never waits for analysis but in a coroutine with a deadline: what is not there in time
   is None, and nothing else is delayed by it.
2. The process is started when it is first of use, ends with its stdin, and is killed and started
   anew when it hangs: when it has worked for long at what nobody waits for any more, or told
   nothing at all. If that goes on, there are no static answers for a while.
3. A text is sent once a version.
4. It runs no interpreter of the user's: see :mod:`.analysis.jedi_answers`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from typing import Any, NamedTuple

from .analysis import framing

_log = logging.getLogger(__name__)

STATIC_DEADLINE = 5.0
"""Seconds that a request waits for a static answer where there is no live one."""
PATIENCE = 12.0
"""Seconds that it may work at one request which nobody waits for any more."""
HANGING = 30.0
"""Seconds without any answer, after which the process is taken to hang."""
_REST = 60.0  # seconds without static answers after several deaths
_MAXIMUM_STARTS = 4  # in that time
_DIED: Any = object()
_LAST_SECONDS = 1.0  # for a process that says no more to end by itself


class Source(NamedTuple):
    """A document as the analysis sees it."""

    uri: str
    version: int | None
    text: str
    path: str | None
    folder: str
    """The workspace folder, where its modules and its uses are looked for."""
    python: str
    """The interpreter whose packages it sees."""


class StaticAnalysis:
    """The analysis process, seen from the server."""

    def __init__(self, command: list[str] | None = None) -> None:
        module = f"{__package__}.analysis.process"
        self._command = command or [sys.executable, "-E", "-P", "-m", module]
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._sent: dict[str, tuple[int | None, int]] = {}
        """By document, the version that the process has."""
        self._starts: list[float] = []
        self._heard = 0.0
        self._at_work: tuple[int, float] | None = None
        """The request that jedi works at, and since when."""
        self._is_closed = False

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> bool:
        """Start the process if it does not run; whether it does now (rule 2)."""
        async with self._starting:
            if self._is_closed:
                return False
            if self.is_running:
                return True
            now = time.monotonic()
            self._starts = [each for each in self._starts if now - each < _REST]
            if len(self._starts) >= _MAXIMUM_STARTS:
                return False
            self._starts.append(now)
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
                )
            except OSError as error:
                _log.warning("There are no static answers: %s", error)
                return False
            self._process, self._heard = process, now
            self._sent.clear()
            self._at_work = None
            self._reader = asyncio.create_task(self._read(process))
            return True

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        try:
            while True:
                header = await process.stdout.readexactly(framing.HEADER.size)
                (length,) = framing.HEADER.unpack(header)
                message = framing.unpacked(await process.stdout.readexactly(length))
                self._heard = time.monotonic()
                if "begun" in message:
                    self._begun(process, message["begun"])
                    continue
                if self._at_work is not None and self._at_work[0] == message["id"]:
                    self._at_work = None
                future = self._waiting.pop(message["id"], None)
                if "failed" in message:
                    _log.info("No static answer: %s", message["failed"])
                if future is not None and not future.done():
                    future.set_result(message.get("told"))
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass  # it ended: whoever waits hears of it below
        finally:
            if self._process is process:
                self._process = None
            waiting, self._waiting = self._waiting, {}
            for future in waiting.values():
                if not future.done():
                    future.set_result(_DIED)
            await _ended(process)

    async def ask(
        self, method: str, source: Source, *, deadline: float = STATIC_DEADLINE, **asked: Any
    ) -> Any | None:
        """What the analysis tells; None for nothing, too late, or not at all.

        If the process dies meanwhile another one is asked, once.
        """
        until = time.monotonic() + deadline
        told = await self._ask(method, source, deadline, asked)
        if told is _DIED and (left := until - time.monotonic()) > 0:
            told = await self._ask(method, source, left, asked)
        return None if told is _DIED else told

    async def _ask(
        self, method: str, source: Source, deadline: float, asked: dict[str, Any]
    ) -> Any | None:
        if not self.is_running and not await self.start():
            return None
        process = self._process
        if process is None or process.stdin is None:
            return None
        self._number += 1
        number = self._number
        message: dict[str, Any] = {
            "id": number,
            "method": method,
            "uri": source.uri,
            "path": source.path,
            "folder": source.folder,
            "python": source.python,
            **asked,
        }
        key = source.version, hash(source.text) if source.version is None else 0
        if self._sent.get(source.uri) != key:
            message["text"] = source.text
            self._sent[source.uri] = key
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            self._heard = time.monotonic()
        self._waiting[number] = future
        process.stdin.write(framing.packed(message))
        try:
            return await asyncio.wait_for(future, deadline)
        except asyncio.TimeoutError:
            _log.info("%s was not answered within %g s", method, deadline)
            return None
        finally:
            if self._waiting.pop(number, None) is not None:
                self._take_back(process, number)

    def _take_back(self, process: asyncio.subprocess.Process, number: int) -> None:
        """Say that nobody waits any more; end a process that has long said nothing."""
        if process.returncode is not None or process.stdin is None or process is not self._process:
            return
        if time.monotonic() - self._heard > HANGING:
            _log.warning("The analysis has not answered for %g s: it is started anew.", HANGING)
            process.kill()
        else:
            process.stdin.write(framing.packed({"cancel": number}))
            self._watch(process, number)

    def _begun(self, process: asyncio.subprocess.Process, number: int) -> None:
        self._at_work = number, self._heard
        if number not in self._waiting:
            self._watch(process, number)

    def _watch(self, process: asyncio.subprocess.Process, number: int) -> None:
        """Nobody waits for a request: see later whether it is still worked at."""
        if self._at_work is not None and self._at_work[0] == number:
            left = PATIENCE - (time.monotonic() - self._at_work[1])
            loop = asyncio.get_running_loop()
            loop.call_later(max(0.0, left), self._end_if_at, process, number)

    def _end_if_at(self, process: asyncio.subprocess.Process, number: int) -> None:
        """End a process that still works at what nobody waits for (rule 2)."""
        if process is not self._process or process.returncode is not None:
            return
        if self._at_work is not None and self._at_work[0] == number:
            _log.warning("The analysis hangs at a request: it is started anew.")
            process.kill()

    def closed(self, uri: str) -> None:
        """A document was closed: its text is not needed."""
        process = self._process
        if self._sent.pop(uri, None) is not None and process is not None and process.stdin:
            process.stdin.write(framing.packed({"close": uri}))

    async def close(self) -> None:
        """End the process."""
        self._is_closed = True
        process, reader = self._process, self._reader
        if process is not None and process.returncode is None:
            if process.stdin is not None:
                process.stdin.close()
            process.kill()
        if reader is not None:
            await asyncio.gather(reader, return_exceptions=True)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait for the end of a process that says no more.

    To kill one that has ended just now takes its exit status from asyncio, which then warns.
    """
    try:
        await asyncio.wait_for(process.wait(), _LAST_SECONDS)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
