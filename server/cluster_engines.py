"""An engine of a cluster as the server sees it: a session, reached by its cluster's way.

That way leads also to engines that only the controller reaches, on other hosts. Imported when a
cluster is used, and not before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import msgspec

from ..parallel.client import DEFAULT_TIMEOUT, SessionClient
from ..parallel.cluster.attached import AttachedCluster, EngineLink
from ..parallel.launch import SessionOptions
from ..parallel.messages import RunRecord
from ..parallel.wire import Message
from .live import Listener, LiveSession

if TYPE_CHECKING:
    from ..parallel.cluster.signing import Message as EngineMessage

_log = logging.getLogger(__name__)
_REPLAYED_EVENTS = 2000


class EngineClient(SessionClient):
    """What a session can be asked, asked of an engine."""

    def __init__(self, cluster: AttachedCluster, link: EngineLink) -> None:  # no sockets of its own
        self._cluster, self._link_to_engine = cluster, link
        self.name = "vivo lsp"
        self.kernel_info = {}

    async def request(
        self, channel: str, kind: str, content: Any, *, timeout: float = DEFAULT_TIMEOUT
    ) -> Message:
        """Send a request and wait for its reply. Raises :class:`ClusterError`."""
        link = self._link_to_engine
        reply = await self._cluster.ask_engine(link, channel, kind, content, timeout)
        return cast(Message, reply)  # of the same shape

    async def close(self) -> None:
        """The cluster has the connection."""


class EngineSession(LiveSession):
    """An engine: its runs, and what is told of them."""

    def __init__(
        self,
        cluster: AttachedCluster,
        link: EngineLink,
        told: dict[str, Any],
        listener: Listener,
    ) -> None:
        """``told`` is what the controller tells of the engine."""
        options = SessionOptions(python=str(told.get("python") or ""), cwd=str(told.get("cwd")))
        super().__init__(options, listener)
        self.link = link
        self.client = EngineClient(cluster, link)
        self._cluster = cluster
        self.on_answered: Callable[[str, int], object] = lambda run, number: None
        """Told that what a run has asked was answered, by whoever."""

    @property
    def id(self) -> str:
        """The engine's session."""
        return self.link.session

    @property
    def engine(self) -> int | None:
        """Its number in the cluster."""
        return self.link.number

    async def known_runs(self) -> list[RunRecord]:
        """Take over what it knows of runs. Raises :class:`ClusterError`."""
        assert self.client is not None
        told = await self.client.session()
        self.python_version, self.state = told["python_version"], told["state"]
        self.running, self.last = told["running"], int(told["last"])
        for record in await self.client.runs():
            self.runs.put(record)
        return self.runs.all()

    def follow(self, told: int | None) -> int:
        """Have its events told: after the one that was told last over a connection before; or the
        last ones, those of runs that have not ended from the first on. The number after which."""
        after = max(0, self.last - _REPLAYED_EVENTS)
        seen = self.seen.get(self.id)
        if told is not None:
            after = told
        elif isinstance(seen, int):
            after = max(0, min(after, seen))
        else:
            for record in self.runs.all():
                if record.status in ("queued", "running") and record.seq:
                    after = min(after, record.seq - 1)
        heard = self.link.executions.heard  # of an engine that was lost, and is there again
        self._cluster.follow(self.link, after, self._told_by_engine)
        return after if heard is None else heard

    def _told_by_engine(self, event: EngineMessage) -> None:
        if "seq" not in event.vivo:
            return
        if "answered" in event.vivo:
            self.on_answered(str(event.vivo.get("run")), self.link.number)
        try:
            self._event(cast(Message, event))
        except (KeyError, TypeError, ValueError, msgspec.MsgspecError):
            _log.exception("An event of engine %d could not be shown.", self.link.number)

    last = 0
    """The number of its last event, when it was found."""

    async def close(self) -> None:
        """Nothing: the cluster has the connection."""
