"""The tasks that programs give to a cluster's farm, as work-done progress that can be cancelled.

Rules:

1. They are shown once they last, for as long as some wait or run; cancelling takes all of them back
   and interrupts those that run, whoever sent them: the title says so.
2. The controller is asked once a second while there are tasks, and seldom while there are none; of
   a client that shows no progress never.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ...core.errors import VivoError

if TYPE_CHECKING:
    from ..cluster_session import ClusterSession
    from .server import VivoServer

_log = logging.getLogger(__name__)
_BUSY, _IDLE = 1.0, 3.0  # seconds between two looks
_PREFIX = "vivo-tasks-"


class TaskProgress:
    """The farms of the clusters that a client uses."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self._followed: dict[int, asyncio.Task[None]] = {}
        self._shown: dict[str, ClusterSession] = {}

    def status_changed(self, cluster: ClusterSession) -> None:
        """A cluster is there: follow its tasks; or it is gone."""
        if not self._server.presenter.can.progress:
            return
        is_there = cluster.state == "running" and cluster.cluster is not None
        if is_there and id(cluster) not in self._followed:
            task = asyncio.get_running_loop().create_task(self._follow(cluster))
            self._followed[id(cluster)] = task

    async def cancel(self, token: str) -> bool:
        """The user has cancelled a progress; whether it was one of these."""
        cluster = self._shown.get(token)
        if cluster is None:
            return False
        if cluster.cluster is not None:
            try:
                await cluster.cluster.cancel_tasks()
            except VivoError as error:
                self._server.show_message(str(error))
        return True

    async def _follow(self, cluster: ClusterSession) -> None:
        shown: _Shown | None = None
        try:
            while (held := cluster.cluster) is not None and cluster.state == "running":
                queue = (await held.status()).get("queue", {})
                is_busy = queue.get("waiting", 0) + queue.get("running", 0) > 0
                if not is_busy and shown is not None:
                    self._end(shown)
                    shown = None
                elif is_busy:
                    shown = shown or _Shown(f"{_PREFIX}{time.monotonic_ns()}", queue)
                    await self._tell(shown, cluster, queue)
                await asyncio.sleep(_BUSY if is_busy else _IDLE)
        except VivoError as error:
            _log.info("The tasks of %s cannot be followed: %s", cluster.name, error)
        finally:
            if shown is not None:
                self._end(shown)
            if self._followed.get(id(cluster)) is asyncio.current_task():
                del self._followed[id(cluster)]

    async def _tell(self, shown: _Shown, cluster: ClusterSession, queue: dict[str, Any]) -> None:
        progress = self._server.work_done_progress
        shown.looks += 1
        message, done = shown.state(queue)
        if shown.looks == 2:  # they last
            await progress.create_async(shown.token)
            self._shown[shown.token] = cluster
            title = f"Tasks of programs on {cluster.name} (cancelling takes back all)"
            begin = types.WorkDoneProgressBegin(
                title=title, cancellable=True, message=message, percentage=done
            )
            progress.begin(shown.token, begin)
        elif shown.looks > 2 and message != shown.told:
            progress.report(
                shown.token, types.WorkDoneProgressReport(message=message, percentage=done)
            )
        shown.told = message

    def _end(self, shown: _Shown) -> None:
        if self._shown.pop(shown.token, None) is not None:
            told = types.WorkDoneProgressEnd(message="no task waits or runs any more")
            self._server.work_done_progress.end(shown.token, told)

    async def close(self) -> None:
        """Follow nothing any more."""
        tasks = list(self._followed.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Shown:
    """Tasks that are shown together: from the first that waits to the last that ends."""

    def __init__(self, token: str, queue: dict[str, Any]) -> None:
        self.token = token
        self.looks = 0
        self.told = ""
        self._before = _ended(queue)

    def state(self, queue: dict[str, Any]) -> tuple[str, int]:
        """How far they are, in words and in percent."""
        ended = max(0, _ended(queue) - self._before)
        total = max(1, ended + queue.get("waiting", 0) + queue.get("running", 0))
        failed = f", {queue['failed']:,} have failed" if queue.get("failed") else ""
        told = f"{ended:,} of {total:,} have ended, {queue.get('running', 0):,} run{failed}"
        return told, 100 * ended // total


def _ended(queue: dict[str, Any]) -> int:
    return int(queue.get("done", 0) + queue.get("failed", 0))
