"""The cluster that a client shows live: told once a second, of its controller alone.

A client shows one at a time; it is another thing than the clusters that its documents use.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ...parallel.errors import SessionError
from ..protocol.cluster_view import (
    ClusterChanges,
    ClusterFailure,
    ClusterSamples,
    EngineFacts,
    EnginePicture,
    EngineTask,
    EngineUses,
    EngineView,
    InterruptedEngines,
    InterruptEnginesParams,
    WatchClusterParams,
    WatchEngineParams,
)

if TYPE_CHECKING:
    from ..cluster_shown import ShownCluster
    from .handling import Handler
    from .server import VivoServer

_NONE_SHOWN = "No cluster is shown: choose one."


class ClusterViews:
    """What a client shows of clusters."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self.shown: ShownCluster | None = None
        self._order = asyncio.Lock()
        self._changed = asyncio.Event()

    async def show(self, name: str | None) -> ClusterChanges:
        """Show a cluster, or none any more. Raises :class:`ClusterError`."""
        from ..cluster_shown import ShownCluster

        async with self._order:
            await self._hide()
            if name is None:
                return changes_of("", "none", None)
            await self._until_begun(name)
            shown = ShownCluster(name, self._server.clusters.blocking)

            def tell(state: Any, told: dict[str, Any] | None) -> None:
                self._server.tell("vivo/clusterChanges", changes_of(name, state, told))

            told = await shown.begin(tell)
            self.shown = shown
            return changes_of(name, "running", told)

    async def _until_begun(self, name: str) -> None:
        """Wait for a cluster that is started here: until its controller serves, or will not."""
        while any(
            each.name == name and each.state == "starting" and each.cluster is None
            for each in self._server.clusters.all()
        ):
            self._changed.clear()
            await self._changed.wait()

    def status_changed(self) -> None:
        """A cluster that is used here has changed: it may have begun."""
        self._changed.set()

    async def _hide(self) -> None:
        shown, self.shown = self.shown, None
        if shown is not None:
            await shown.close()

    def that_is_shown(self) -> ShownCluster:
        """The cluster that is shown. Raises :class:`SessionError`."""
        if self.shown is None:
            raise SessionError(_NONE_SHOWN)
        return self.shown

    async def close(self) -> None:
        """Show nothing any more."""
        await self._hide()


def changes_of(name: str, state: Any, told: dict[str, Any] | None) -> ClusterChanges:
    """What a controller tells of changes, as the client is told of them."""
    told = told or {}
    return ClusterChanges(
        name=name,
        state=state,
        launcher=str(told.get("launcher", "")),
        started=float(told.get("started", 0.0)),
        is_whole=bool(told.get("is_whole", False)),
        awaited=told.get("awaited", 0),
        launching=str(told.get("launching", "")),
        problems=list(told.get("problems", ())),
        dashboard=str(told.get("dashboard", "")),
        engines=[EngineFacts(**each) for each in told.get("engines", ())],
        uses=EngineUses(**told.get("uses", _NO_USES)),
        gone=list(told.get("gone", ())),
        samples=ClusterSamples(**told.get("samples", _NO_SAMPLES)),
        failures=[ClusterFailure(**each) for each in told.get("failures", ())],
    )


_NO_USES: dict[str, Any] = {name: [] for name in EngineUses.__annotations__}
_NO_SAMPLES: dict[str, Any] = {name: [] for name in ClusterSamples.__annotations__}


async def watch(server: VivoServer, params: WatchClusterParams) -> ClusterChanges:
    """Show a cluster, or none any more."""
    return await server.cluster_views.show(params.name)


async def engine(server: VivoServer, params: WatchEngineParams) -> EngineView:
    """Tell of an engine in full."""
    told = await server.cluster_views.that_is_shown().engine(params.number, params.after)
    known, failure = told["engine"], told["failure"]
    return EngineView(
        number=params.number,
        state=known["state"],
        reason=known.get("reason") or "",
        cwd=known.get("cwd"),
        running=told["running"],
        waiting=told["waiting"],
        tasks=[EngineTask(**each) for each in told["tasks"]],
        failure=ClusterFailure(**failure) if failure is not None else None,
        output=told["output"],
        pictures=[EnginePicture(**each) for each in told["pictures"]],
        last=told["last"],
        is_whole=told["is_whole"],
        problem=told["problem"],
    )


async def interrupt(server: VivoServer, params: InterruptEnginesParams) -> InterruptedEngines:
    """Interrupt what engines run."""
    shown = server.cluster_views.that_is_shown()
    return InterruptedEngines(await shown.interrupt(params.engines))


HANDLERS: dict[str, Handler] = {
    "vivo.server.cluster.watch": watch,
    "vivo.server.cluster.engine": engine,
    "vivo.server.cluster.interrupt": interrupt,
}
