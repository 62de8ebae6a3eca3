"""Running cells as work-done progress: begun after a second, cancelled = interrupted."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from lsprotocol import types

from ...parallel.messages import RunRecord
from ..live import LiveSession
from ..values import one_line

if TYPE_CHECKING:
    from .server import VivoServer

_BEGIN_AFTER = 1.0
_REPORT_EVERY = 1.0


class RunProgress:
    """The progress of the runs that last."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._runs: dict[str, tuple[LiveSession, str]] = {}

    def begin(self, session: LiveSession, record: RunRecord) -> None:
        """A run has begun: show it if it lasts."""
        if self._server.presenter.can.progress:
            task = asyncio.get_running_loop().create_task(self._follow(session, record))
            self._tasks[record.id] = task

    def end(self, run: str) -> None:
        """A run has ended."""
        task = self._tasks.pop(run, None)
        if task is not None:
            task.cancel()

    async def cancel(self, token: str) -> None:
        """The user has cancelled a progress: its run is interrupted."""
        found = self._runs.get(token)
        if found is not None:
            session, run = found
            await self._server.insisting.interrupt(session, run, force=False)

    async def _follow(self, session: LiveSession, record: RunRecord) -> None:
        await asyncio.sleep(_BEGIN_AFTER)
        progress, token = self._server.work_done_progress, f"vivo-{record.id}"
        self._runs[token] = (session, record.id)
        await progress.create_async(token)
        title = f"Running [{record.execution_count}] {first_line(record.source)}"
        if self._server.presenter.is_stale(record):
            title += " (as it was sent: its text was edited since)"
        begin = types.WorkDoneProgressBegin(title=title, cancellable=True, message="1 s")
        progress.begin(token, begin)
        started = time.monotonic() - _BEGIN_AFTER
        try:
            while True:
                await asyncio.sleep(_REPORT_EVERY)
                message = f"{time.monotonic() - started:.0f} s"
                progress.report(token, types.WorkDoneProgressReport(message=message))
        finally:
            del self._runs[token]
            seconds = time.monotonic() - started
            progress.end(token, types.WorkDoneProgressEnd(message=f"ended after {seconds:.1f} s"))


def first_line(source: str) -> str:
    """The first line of a cell that says something, short."""
    lines = (line.strip() for line in source.split("\n"))
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return one_line(first, 60)


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    async def cancelled(params: types.WorkDoneProgressCancelParams) -> None:
        token = str(params.token)
        if await server.cluster_progress.cancel(token) or await server.cluster_watcher.tasks.cancel(
            token
        ):
            return
        await server.run_progress.cancel(token)
