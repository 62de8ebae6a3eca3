"""A cluster in the hand of a program that has an event loop of its own, as the language server has.

Rules:

1. What is asked is awaited on the caller's loop, and never waits for a peer there.
2. What blocks (a start, a stop, letting go) is called in a thread of the caller's.
3. The cluster outlives the program: it is detached before anything is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from .cluster import Cluster
from .engine_link import EngineLink
from .executions import Cell
from .signing import Message


class AttachedCluster:
    """A cluster that was started, or found."""

    def __init__(self, cluster: Cluster, *, is_fresh: bool = False) -> None:
        self._cluster = cluster
        self.is_fresh = is_fresh
        """Whether it was started here, just now."""
        self.is_resumed = False
        """Whether its controller is a new one, which its engines have still to find."""
        self.name = cluster.name
        self.entry: dict[str, Any] = cluster._entry

    # --- For a thread that may wait (rule 2) -------------------------------------------------

    @classmethod
    def start(cls, launcher: str, **options: Any) -> AttachedCluster:
        """Start one, as :class:`Cluster` does; its engines come when they come.

        Raises :class:`ClusterError`.
        """
        cluster = Cluster(launcher, wait=False, **options)
        try:
            cluster.detach()
        except BaseException:
            cluster.stop()
            raise
        return cls(cluster, is_fresh=True)

    @classmethod
    def connect(cls, name: str) -> AttachedCluster:
        """One that runs. Raises :class:`ClusterError`."""
        return cls(Cluster.connect(name))

    @classmethod
    def resume(cls, name: str) -> AttachedCluster:
        """One whose controller was killed. Raises :class:`ClusterError`."""
        made = cls(Cluster.resume(name))
        made.is_resumed = True
        return made

    def stop(self) -> None:
        """End the engines and the controller."""
        self._cluster.stop()

    def close(self) -> None:
        """Let go of the cluster, which goes on."""
        self._cluster.close()

    # --- For the caller's loop (rule 1) ------------------------------------------------------

    async def ask(self, kind: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the controller. Raises :class:`ClusterError`."""
        return await asyncio.wrap_future(self._cluster.asked(kind, content))

    async def status(self, *, wait: bool = False) -> dict[str, Any]:
        """What the cluster is and does: now, or with its next change, or in a second."""
        return await self.ask("vivo_status", {"wait": True} if wait else {})

    async def add(self, count: int) -> list[int]:
        """Have more engines started; their numbers."""
        told = await self.ask("vivo_scale", {"add": count})
        return list(told["numbers"])

    async def remove(self, numbers: Sequence[int]) -> None:
        """End some engines."""
        await self.ask("vivo_scale", {"remove": list(numbers)})

    async def cancel_tasks(self) -> None:
        """Take back every task of the farm, whoever sent it; those that run are interrupted."""
        await self.ask("vivo_cancel", {"all": True})

    def links(self, told: dict[str, Any]) -> dict[int, EngineLink]:
        """The links to the engines that are up, by what :meth:`status` told."""
        return self._cluster._known(told)

    async def ask_engine(
        self, link: EngineLink, channel: str, kind: str, content: Any, timeout: float
    ) -> Message:
        """An engine's reply to a request. Raises :class:`ClusterError`."""
        asked = link.link.ask(channel, kind, content, timeout=timeout)
        return await asyncio.wrap_future(self._cluster._loop.spawn(asked))

    def call(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Have something done on the cluster's own loop: a method of a link, for instance."""
        self._cluster._loop.call(function, *arguments)

    def send(self, cells: Sequence[tuple[EngineLink, Cell]]) -> None:
        """Send engines their cells."""
        for link, cell in cells:
            self.call(link.execute, cell)

    def follow(self, link: EngineLink, after: int, on_event: Callable[[Message], None]) -> None:
        """Have every event of an engine after a number told on the caller's loop, in order."""
        own = asyncio.get_running_loop()

        def told(event: Message) -> None:
            if not own.is_closed():
                own.call_soon_threadsafe(on_event, event)

        self.call(link.executions.follow, after, told)


__all__ = ["AttachedCluster", "Cell", "EngineLink"]
