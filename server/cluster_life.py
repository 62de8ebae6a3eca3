"""A cluster's life as the server sees it: started or found, its engines known, let go or stopped.

Rules:

1. The cluster is nobody's child: it outlives this server, and another one finds it with its runs.
2. Nothing here waits for the cluster: what blocks is done by the manager's threads.
3. What was started and did not come up is stopped; what was found is only let go of.
"""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ..core.errors import VivoError
from ..parallel.cluster.attached import AttachedCluster, EngineLink
from ..parallel.cluster.errors import ClusterError
from ..parallel.cluster.places import has_ended
from ..parallel.errors import SessionError
from ..parallel.launch import SessionOptions
from ..parallel.messages import RunRecord
from .cluster_engines import EngineSession
from .live import Listener, LiveSession

_log = logging.getLogger(__name__)
Blocking = Callable[..., Awaitable[Any]]
"""Has a function called in a thread; awaits what it gives."""
_START_SECONDS = 120.0  # for engines that no batch system holds up
_RETURN_SECONDS = 10.0
_UP = ("up", "stopped")


class ClusterLife(LiveSession, ABC):
    """A cluster that is on its way, runs, or is gone."""

    def __init__(
        self,
        name: str,
        begin: Callable[[int | None, Callable[[], None]], Coroutine[Any, Any, AttachedCluster]],
        blocking: Blocking,
        listener: Listener,
        seen: dict[str, int],
    ) -> None:
        """``begin`` finds it; or starts one, with so many engines if it is told, and says so."""
        super().__init__(SessionOptions(python="", cwd=""), listener, seen=seen)
        self.name = name
        self.state = "none"
        self.cluster: AttachedCluster | None = None
        self.engines: dict[int, EngineSession] = {}
        self.count: int | None = None
        """How many engines it gets if it is started; None as the user's setting has it."""
        self.told: dict[str, Any] = {}
        """What the controller told last."""
        self._begin, self._blocking = begin, blocking
        self._followed: dict[str, int] = {}
        """By session, the number of the last event that was told over a connection before."""
        self._stopping: asyncio.Task[None] | None = None

    @property
    def id(self) -> str:
        """The cluster's name."""
        return self.name

    @property
    def python(self) -> str:
        """The engines' interpreter."""
        return str(self.cluster.entry.get("python", "")) if self.cluster is not None else ""

    # --- Its life ------------------------------------------------------------------------------

    async def up(self) -> AttachedCluster:
        """The cluster, once engines are there. Raises :class:`SessionError`."""
        if self._stopping is not None:
            await asyncio.shield(self._stopping)
        if self.cluster is not None and (how := has_ended(self.cluster.entry)) is not None:
            await self._let_go()
            if how == "stopped":
                self._end_all("The cluster was stopped.")
        if self.cluster is None or self.state == "starting":
            if self._starting is None or self._starting.done():
                self._starting = asyncio.create_task(self._start_up())
            starting = self._starting
            try:
                await asyncio.shield(starting)
            except asyncio.CancelledError:
                if starting.cancelled():
                    raise SessionError("The start of the cluster was cancelled.") from None
                raise
        if self.cluster is None:
            raise SessionError(f"The cluster {self.name} is gone: send the cell again.")
        return self.cluster

    async def _start_up(self) -> None:
        self.state = "starting"
        self._tell_status()
        try:
            if self.cluster is None:
                beginning = asyncio.ensure_future(
                    self._begin(self.count, lambda: self._tell_start(""))
                )
                try:
                    self.cluster = await asyncio.shield(beginning)
                except asyncio.CancelledError:
                    beginning.add_done_callback(self._began_in_vain)
                    raise
                self.name = self.cluster.name
            await self._await_engines(self.cluster)
            self.state = "running"
        except (VivoError, OSError) as error:
            self.state = "none"
            await self._given_up()
            self._end_all(str(error))
            raise SessionError(str(error)) from None
        except asyncio.CancelledError:
            self.state = "none"
            raise
        finally:
            self._tell_status()

    def _began_in_vain(self, beginning: asyncio.Future[AttachedCluster]) -> None:
        """It was cancelled while a thread began it: it is stopped once it is there."""
        if not beginning.cancelled() and beginning.exception() is None:
            self.in_background(self._stopped(beginning.result()))

    async def _await_engines(self, cluster: AttachedCluster) -> None:
        until = time.monotonic() + _START_SECONDS
        told = await cluster.status()
        while True:
            up = _count_up(told)
            launching, awaited = told.get("launching", ""), told["awaited"]
            self.told = told
            if not awaited and (up or not launching):
                break  # a batch system goes on telling of a job that runs
            total = f"{up} of {up + awaited} engines"
            self._tell_start(f"{total}; {launching}" if launching else total)
            self._tell_status()
            if launching:
                until = time.monotonic() + _START_SECONDS
            elif time.monotonic() > until:
                raise ClusterError(
                    f"{total} of the cluster {self.name} are there in time; the logs are in "
                    f"{cluster.entry['state']}."
                )
            told = await cluster.status(wait=True)
        if cluster.is_resumed:
            told = await self._await_return(cluster, told)
            up = _count_up(told)
        if not up:
            reasons = [*told.get("unstarted", {}).values(), *told["problems"]]
            why = f": {reasons[0]}" if reasons else ": add some, or stop it and send the cell anew."
            raise ClusterError(f"No engine of the cluster {self.name} is up{why}")
        await self.sync(told)

    async def _await_return(self, cluster: AttachedCluster, told: dict[str, Any]) -> dict[str, Any]:
        """Wait until the engines have found their new controller, which does not know how many
        they are: until no other has come for a moment."""
        cluster.is_resumed = False
        until = time.monotonic() + _RETURN_SECONDS
        while time.monotonic() < until:
            before = _count_up(told)
            told = await cluster.status(wait=True)
            if before and _count_up(told) == before:
                break
        return told

    async def sync(self, told: dict[str, Any]) -> None:
        """Know the engines that the controller told of."""
        assert self.cluster is not None
        self.told = told
        links = self.cluster.links(told)
        facts = {each["number"]: each for each in told["engines"]}
        for number in [n for n, e in self.engines.items() if links.get(n) is not e.link]:
            del self.engines[number]
        fresh = [
            self._engine_of(link, facts[number])
            for number, link in sorted(links.items())
            if number not in self.engines
        ]
        found = await asyncio.gather(*map(self._known_runs, fresh))
        for engine, records in zip(fresh, found, strict=True):
            if records is None:
                continue
            assert engine.engine is not None
            self.engines[engine.engine] = engine
            engine.seen = self.seen
            after = engine.follow(self._followed.get(engine.id))
            self._found(engine, records, after)
        self._settle_all(links)

    async def _known_runs(self, engine: EngineSession) -> list[RunRecord] | None:
        try:
            return await engine.known_runs()
        except (SessionError, KeyError) as error:
            _log.info("Engine %s does not tell its runs: %s", engine.engine, error)
            return None

    async def _stopped(self, cluster: AttachedCluster) -> None:
        """Stop the cluster; who wants it again meanwhile waits for its end."""
        self._stopping = asyncio.create_task(self._stop(cluster))
        await asyncio.shield(self._stopping)

    async def _stop(self, cluster: AttachedCluster) -> None:
        try:
            await self._blocking(cluster.stop)
        except (VivoError, OSError) as error:
            _log.warning("The cluster %s could not be stopped: %s", cluster.name, error)
        finally:
            self._stopping = None

    @property
    def is_stopping(self) -> bool:
        """Whether it is about to be gone."""
        return self._stopping is not None

    async def cancel_start(self) -> None:
        """Give the start up: what has been started is stopped."""
        if self._starting is None or self._starting.done():
            return
        self._starting.cancel()
        await asyncio.gather(self._starting, return_exceptions=True)
        await self._given_up(is_stopped=True)

    async def stop(self) -> None:
        """End the engines and the controller."""
        await self.cancel_start()
        cluster, self.cluster = self.cluster, None
        self.engines.clear()
        self.state = "none"
        if cluster is not None:
            await self._stopped(cluster)
        self._end_all("The cluster was stopped.")
        self._tell_status()

    async def _given_up(self, *, is_stopped: bool = False) -> None:
        """It did not come up (rule 3)."""
        if self.cluster is not None and (self.cluster.is_fresh or is_stopped):
            cluster, self.cluster = self.cluster, None
            self.engines.clear()
            await self._stopped(cluster)
        else:
            await self._let_go()

    async def _let_go(self) -> None:
        for engine in self.engines.values():
            if (heard := engine.link.executions.heard) is not None:
                self._followed[engine.id] = heard
        cluster, self.cluster = self.cluster, None
        self.engines.clear()
        if cluster is not None:
            await self._blocking(cluster.close)
        self.state = "none"

    async def ended(self, how: str) -> None:
        """Its controller is gone: stopped by somebody, or killed."""
        if how == "killed":
            self._tell_status()
            return  # the engines go on, and the next cell takes the cluster up again
        await self._let_go()
        self._end_all("The cluster was stopped.")
        self._tell_status()

    async def close(self) -> None:
        """Let go of the cluster, which goes on (rule 1)."""
        tasks = [task for task in (self._starting, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        cluster, self.cluster = self.cluster, None
        if cluster is not None:
            await self._blocking(cluster.close)

    # --- For who has its runs --------------------------------------------------------------------

    @abstractmethod
    def _tell_start(self, text: str) -> None:
        """How far its start is."""

    @abstractmethod
    def _tell_status(self) -> None:
        """Its state or its engines may have changed."""

    @abstractmethod
    def _engine_of(self, link: EngineLink, told: dict[str, Any]) -> EngineSession:
        """An engine that is new here."""

    @abstractmethod
    def _found(self, engine: EngineSession, records: list[RunRecord], after: int) -> None:
        """An engine knows these runs; its events after a number are told."""

    @abstractmethod
    def _settle_all(self, up: dict[int, EngineLink]) -> None:
        """These engines are up, and all that they know was taken over."""

    @abstractmethod
    def _end_all(self, reason: str) -> None:
        """Nothing runs any more."""


def _count_up(told: dict[str, Any]) -> int:
    return sum(each["state"] in _UP for each in told["engines"])
