"""Group commit: records go to the disk together, in a thread; what waits for that is done after."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from ..errors import JournalError
from .farming.log import Entry, TaskLog
from .farming.payloads import Buffer

_log = logging.getLogger(__name__)
_RETRY = 1.0  # seconds after which records that could not be written are tried again


class Group(msgspec.Struct):
    """Records that are written together, and what waits for them."""

    entries: list[Entry]
    after: Callable[[], None]
    refused: Callable[[str], None] | None = None
    """What is done instead if they cannot be written; without it they are tried until they are."""


class Committer:
    """Writes a task log in groups: all that came while one was being written is the next."""

    def __init__(self, log: TaskLog, report: Callable[[str], None]) -> None:
        """``report`` is told, each time anew, that the log cannot be written."""
        self._log, self._report = log, report
        self._groups: list[Group] = []
        self._needless: list[Buffer] = []
        self._wanted = asyncio.Event()
        self._is_failing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vivo-task-log")

    def add(
        self,
        entries: list[Entry],
        after: Callable[[], None] = lambda: None,
        refused: Callable[[str], None] | None = None,
    ) -> None:
        """Commit records; then do what waits for them."""
        self._groups.append(Group(entries, after, refused))
        self._wanted.set()

    async def run(self) -> None:
        """Commit as records come, until it is cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            groups, self._groups = self._groups, []
            self._needless += self._log.take_needless()
            try:
                await self._in_thread(self._log.commit, [e for g in groups for e in g.entries])
            except JournalError as error:
                await self._failed(groups, str(error))
                continue
            self._is_failing = False
            needless, self._needless = self._needless, []
            self._log.payloads.remove(needless)
            for each in groups:
                each.after()
            if self._log.wants_rewriting:
                try:
                    await self._in_thread(self._log.rewrite, self._log.left())
                except JournalError as error:
                    _log.warning("The task log stays as it is: %s", error)

    async def _in_thread(self, function: Callable[[list[Entry]], None], told: list[Entry]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, function, told)

    async def _failed(self, groups: list[Group], reason: str) -> None:
        """Tell those who can be told, and try the rest again."""
        if not self._is_failing:
            self._is_failing = True
            self._report(reason)
        kept = []
        for each in groups:
            if each.refused is not None:
                each.refused(reason)
            else:
                kept.append(each)
        self._groups[:0] = kept
        if kept:
            await asyncio.sleep(_RETRY)
            self._wanted.set()

    def close(self) -> None:
        """Write what is left, and end the thread."""
        self._thread.shutdown(wait=True)
        try:
            self._log.commit([entry for each in self._groups for entry in each.entries])
        except JournalError as error:
            _log.error("The last records are lost: %s", error)
