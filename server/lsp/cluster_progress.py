"""The start of a cluster and the cells on it as work-done progress.

A start is shown at once, and cancelling it stops the cluster; a cell is shown once it lasts, with
how many engines have ended, and cancelling it interrupts it on all of them.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from lsprotocol import types

from ..values import one_line

if TYPE_CHECKING:
    from ..cluster_runs import ClusterRun
    from ..cluster_session import ClusterSession
    from .server import VivoServer

_BEGIN_AFTER = 1.0
_REPORT_EVERY = 1.0


class ClusterProgress:
    """The progress of what clusters do for a client."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self._starts: dict[int, _Start] = {}
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._count = 0
        self._tokens: dict[str, tuple[ClusterSession, str | None]] = {}
        """What is shown: a run of a cluster, or without one its start."""

    @property
    def _is_shown(self) -> bool:
        return self._server.presenter.can.progress

    async def cancel(self, token: str) -> bool:
        """The user has cancelled a progress; whether it was one of these."""
        found = self._tokens.get(token)
        if found is None:
            return False
        cluster, run = found
        if run is None:
            await cluster.cancel_start()
        else:
            await self._server.insisting.interrupt(cluster, run, force=False)
        return True

    # --- Starts ----------------------------------------------------------------------------------

    def starting(self, cluster: ClusterSession, text: str) -> None:
        """A cluster is on its way."""
        if not self._is_shown:
            return
        start = self._starts.get(id(cluster))
        if start is None:
            self._count += 1
            token = f"vivo-cluster-{self._count}-{time.monotonic_ns()}"
            start = self._starts[id(cluster)] = _Start(self._server, token, cluster.name)
            self._tokens[token] = cluster, None
        start.tell(text)

    def status_changed(self, cluster: ClusterSession) -> None:
        """It is there, or will not be."""
        if cluster.state == "starting":
            return
        start = self._starts.pop(id(cluster), None)
        if start is not None:
            self._tokens.pop(start.token, None)
            count = len(cluster.engines)
            is_up = cluster.state == "running"
            start.end(f"{count} engine{'s' if count != 1 else ''}" if is_up else "not started")

    # --- Runs ------------------------------------------------------------------------------------

    def run_changed(self, cluster: ClusterSession, run: ClusterRun) -> None:
        """A run has begun, or changed."""
        if run.has_ended:
            task = self._runs.pop(run.id, None)
            if task is not None:
                task.cancel()
        elif self._is_shown and run.id not in self._runs:
            loop = asyncio.get_running_loop()
            self._runs[run.id] = loop.create_task(self._follow(cluster, run))

    async def _follow(self, cluster: ClusterSession, run: ClusterRun) -> None:
        started = time.monotonic()
        await asyncio.sleep(_BEGIN_AFTER)
        progress, token = self._server.work_done_progress, f"vivo-{run.id}"
        self._tokens[token] = cluster, run.id
        await progress.create_async(token)
        title = f"Running on {cluster.name}: {_first_line(run.source)}"
        progress.begin(
            token,
            types.WorkDoneProgressBegin(
                title=title, cancellable=True, message=_message(run, started), percentage=0
            ),
        )
        try:
            while True:
                await asyncio.sleep(_REPORT_EVERY)
                done = 100 * len(run.ended_on()) // max(1, len(run.engines))
                message = _message(run, started)
                report = types.WorkDoneProgressReport(message=message, percentage=done)
                progress.report(token, report)
        finally:
            del self._tokens[token]
            progress.end(token, types.WorkDoneProgressEnd(message=_message(run, started)))

    async def close(self) -> None:
        """Show nothing any more."""
        tasks = [*self._runs.values(), *(start.task for start in self._starts.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _message(run: ClusterRun, started: float) -> str:
    seconds, total = time.monotonic() - started, len(run.engines)
    begun = [n for n, part in run.parts.items() if part.status != "queued"]
    if not begun:
        return f"waits on {total} engine{'s' if total != 1 else ''} · {seconds:.0f} s"
    return f"{len(run.ended_on())} of {total} engines have ended · {seconds:.0f} s"


class _Start:
    """The progress of one start; what is told before the client knows its token waits."""

    def __init__(self, server: VivoServer, token: str, name: str) -> None:
        self._server, self.token, self._name = server, token, name
        self._text, self._ended = "", ""
        self._changed = asyncio.Event()
        self.task = asyncio.get_running_loop().create_task(self._show())

    def tell(self, text: str) -> None:
        """How far it is."""
        if text != self._text:
            self._text = text
            self._changed.set()

    def end(self, text: str) -> None:
        """It has ended."""
        self._ended = text
        self._changed.set()

    async def _show(self) -> None:
        progress = self._server.work_done_progress
        await progress.create_async(self.token)
        title = f"Starting the cluster {self._name}"
        begin = types.WorkDoneProgressBegin(title=title, cancellable=True, message=self._text)
        progress.begin(self.token, begin)
        while not self._ended:
            await self._changed.wait()
            self._changed.clear()
            if not self._ended:
                report = types.WorkDoneProgressReport(message=self._text, cancellable=True)
                progress.report(self.token, report)
        progress.end(self.token, types.WorkDoneProgressEnd(message=self._ended))


def _first_line(source: str) -> str:
    lines = (line.strip() for line in source.split("\n"))
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return one_line(first, 60)
