"""What a cluster is and does, for the client: asked for, and told when it changes.

Rules:

1. The controller is asked for changes only while somebody waits for them: a cluster that starts,
   or one that is watched.
2. What only ticks (clocks) is no change.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from ...core.errors import VivoError
from ..protocol.cluster import (
    ClusterInfo,
    ClusterList,
    ClusterParams,
    ClusterStatus,
    ClusterStatusParams,
    EngineInfo,
    ScaleClusterParams,
    StartClusterParams,
)
from ..protocol.declaring import NoParams
from .cluster_sending import check_trust
from .cluster_tasks import TaskProgress

if TYPE_CHECKING:
    from ...parallel.messages import RunRecord
    from ..cluster_runs import ClusterRun
    from ..cluster_session import ClusterSession
    from ..cluster_shown import ShownCluster
    from .handling import Handler
    from .server import VivoServer

_log = logging.getLogger(__name__)
NO_CLUSTER = (
    "No cluster runs for this workspace: `vivo.server.cluster.start` starts one, as a cell does "
    "that is sent to it."
)
_MEMORY_STEP = 2**20


class ClusterWatcher:
    """Tells the client of its clusters."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self._wanted: set[int] = set()
        """The clusters whose changes the client wants, also while their controllers are gone."""
        self._watched: dict[int, asyncio.Task[None]] = {}
        self._last: dict[int, ClusterStatus] = {}
        self.tasks = TaskProgress(server)

    # --- A Watcher of the manager's clusters -----------------------------------------------------

    def can_ask(self) -> bool:
        """Whether the user can be asked for a line of input."""
        return self._server.presenter.can.input

    def starting(self, cluster: ClusterSession, text: str) -> None:
        """Show how far the start is."""
        self._server.cluster_progress.starting(cluster, text)

    def status_changed(self, cluster: ClusterSession) -> None:
        """Tell the client, if anything that it is told has changed."""
        self._server.cluster_progress.status_changed(cluster)
        self._server.cluster_views.status_changed()
        self.tasks.status_changed(cluster)
        status = status_of(cluster)
        if id(cluster) in self._wanted and status.state == "running":
            self._begin(cluster)
        before = self._last.get(id(cluster))
        if status != before:
            self._last[id(cluster)] = status
            self._server.tell("vivo/clusterStatus", status)
        if before is None or (before.state == "running") != (status.state == "running"):
            self._server.presenter.refresh_lenses()

    def run_changed(self, cluster: ClusterSession, run: ClusterRun, record: RunRecord) -> None:
        """Show what engines have made of a cell so far."""
        self._server.cluster_progress.run_changed(cluster, run)
        told = self._last.get(id(cluster))
        if id(cluster) in self._wanted and (told is None or told.executions != running_on(cluster)):
            self.status_changed(cluster)
        uri = record.uri
        anchors = self._server.presenter.documents.get(uri or "")
        if uri is not None and anchors is not None and not run.has_ended:
            anchors.update(record)
            self._server.presenter.refresh(uri)

    # --- Watching --------------------------------------------------------------------------------

    def watch(self, cluster: ClusterSession) -> None:
        """Tell each change from now on."""
        self._wanted.add(id(cluster))
        if status_of(cluster).state == "running":
            self._begin(cluster)

    def _begin(self, cluster: ClusterSession) -> None:
        if id(cluster) not in self._watched:
            task = asyncio.get_running_loop().create_task(self._watch(cluster))
            self._watched[id(cluster)] = task

    def unwatch(self, cluster: ClusterSession) -> None:
        """No longer."""
        self._wanted.discard(id(cluster))
        task = self._watched.pop(id(cluster), None)
        if task is not None:
            task.cancel()

    async def _watch(self, cluster: ClusterSession) -> None:
        from ...parallel.cluster.places import has_ended

        try:
            while (held := cluster.cluster) is not None:
                if (how := has_ended(held.entry)) is not None:
                    await self._ended(cluster, how)
                    return
                told = await held.status(wait=True)
                if cluster.state != "starting" and cluster.cluster is held:
                    await cluster.sync(told)
                    self.status_changed(cluster)
        except VivoError as error:
            _log.info("The cluster %s cannot be watched: %s", cluster.name, error)
            if cluster.cluster is not None and (how := has_ended(cluster.cluster.entry)):
                await self._ended(cluster, how)
        finally:
            if self._watched.get(id(cluster)) is asyncio.current_task():
                del self._watched[id(cluster)]

    async def _ended(self, cluster: ClusterSession, how: str) -> None:
        self._watched.pop(id(cluster), None)  # or it would be begun again no more
        await cluster.ended(how)

    async def close(self) -> None:
        """Watch nothing any more."""
        self._wanted.clear()
        tasks = list(self._watched.values())
        self._watched.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(self.tasks.close(), *tasks, return_exceptions=True)


def status_of(cluster: ClusterSession | None) -> ClusterStatus:
    """What is known of a cluster."""
    told: dict[str, Any] = cluster.told if cluster is not None else {}
    state: Any = cluster.state if cluster is not None else "none"
    if cluster is None or (cluster.cluster is None and state != "starting"):
        name = cluster.name if cluster is not None else ""
        return ClusterStatus(name, "none", "", [], 0, "", [], {}, 0.0, [])
    if cluster.cluster is not None and state == "running":
        from ...parallel.cluster.places import has_ended

        state = "killed" if has_ended(cluster.cluster.entry) == "killed" else state
    return told_status(cluster.name, state, told, running_on(cluster))


def told_status(
    name: str, state: Any, told: dict[str, Any], executions: list[str]
) -> ClusterStatus:
    """What a controller has told."""
    queue = {k: v for k, v in told.get("queue", {}).items() if isinstance(v, int)}
    return ClusterStatus(
        name=name,
        state=state,
        launcher=str(told.get("launcher", "")),
        engines=[_info(each) for each in told.get("engines", ())],
        awaited=told.get("awaited", 0),
        launching=str(told.get("launching", "")),
        problems=[*told.get("problems", ()), *told.get("unstarted", {}).values()],
        queue=queue,
        rate=round(float(told.get("rates", {}).get("tasks", 0.0)), 1),
        executions=executions,
        dashboard=str(told.get("dask", {}).get("dashboard") or ""),
    )


def running_on(cluster: ClusterSession) -> list[str]:
    """The runs of editors that have not ended."""
    return [run.id for run in cluster.sent.values() if not run.has_ended]


def _info(told: dict[str, Any]) -> EngineInfo:
    memory = told.get("memory")
    return EngineInfo(
        number=told["number"],
        session_id=told["id"],
        state=told["state"],
        reason=told.get("reason") or "",
        host=told.get("host"),
        pid=told.get("engine_pid"),
        python=told.get("python"),
        python_version=told.get("python_version"),
        memory=memory // _MEMORY_STEP * _MEMORY_STEP if isinstance(memory, int) else None,
        tasks=told.get("tasks", 0),
        done=told.get("done", 0),
        failed=told.get("failed", 0),
    )


# --- Commands ----------------------------------------------------------------------------------


async def start(server: VivoServer, params: StartClusterParams) -> ClusterStatus:
    """Start the cluster, or connect to it; answered at once."""
    from ..clusters import options_of

    check_trust(server)
    options_of(server.settings.cluster)  # what is wrong with it is said now
    if params.engines is not None and params.engines < 1:
        from pygls.exceptions import JsonRpcInvalidParams

        raise JsonRpcInvalidParams(message=f"{params.engines} is no number of engines: 1 or more.")
    cluster = server.clusters.of(params.uri, params.name, params.engines)
    if params.launcher:
        server.clusters.launch_by(params.uri, params.name, params.launcher)
    if cluster.state != "running":
        cluster.state = "starting"
        server.in_background(_started(server, cluster))
    return status_of(cluster)


async def _started(server: VivoServer, cluster: ClusterSession) -> None:
    try:
        await cluster.up()
    except VivoError as error:
        server.show_message(str(error))


async def stop(server: VivoServer, params: ClusterParams) -> ClusterStatus:
    """End a cluster."""
    if (shown := _shown(server, params)) is not None:
        await shown.stop()
        return status_of(None)
    cluster = await _running(server, params.uri, params.name)
    server.cluster_watcher.unwatch(cluster)
    await cluster.stop()
    return status_of(cluster)


async def scale(server: VivoServer, params: ScaleClusterParams) -> ClusterStatus:
    """Have more engines, or fewer."""
    from pygls.exceptions import JsonRpcInvalidParams

    if params.add < 0 or (not params.add and not params.remove):
        raise JsonRpcInvalidParams(message="Say how many engines to add, or which to remove.")
    if (shown := _shown(server, params)) is not None:
        if params.add:
            check_trust(server)
        return told_status(shown.name, "running", await shown.scale(params.add, params.remove), [])
    cluster = await _running(server, params.uri, params.name)
    held = cluster.cluster
    assert held is not None
    if params.add:
        check_trust(server)
        await held.add(params.add)
    if params.remove:
        await held.remove(params.remove)
    await cluster.sync(await held.status())
    server.cluster_watcher.status_changed(cluster)
    return status_of(cluster)


async def status(server: VivoServer, params: ClusterStatusParams) -> ClusterStatus:
    """What a cluster is and does."""
    cluster = server.clusters.starting(params.uri, params.name)
    if cluster is None:
        cluster = await server.clusters.attach(params.uri, params.name)
    if cluster is not None and cluster.cluster is not None and cluster.state == "running":
        from ...parallel.cluster.places import has_ended

        how = has_ended(cluster.cluster.entry)
        if how is not None:
            await cluster.ended(how)
        else:
            await cluster.sync(await cluster.cluster.status())
    if cluster is None and (killed := server.clusters.killed(params.uri, params.name)):
        return ClusterStatus(killed, "killed", "", [], 0, "", [], {}, 0.0, [])
    if cluster is not None and params.watch is not None:
        watcher = server.cluster_watcher
        (watcher.watch if params.watch else watcher.unwatch)(cluster)
    return status_of(cluster)


async def listing(server: VivoServer, params: NoParams) -> ClusterList:
    """The clusters of this machine."""
    from ...parallel.controller.naming import launchers

    known = [ClusterInfo(**each) for each in server.clusters.listing()]
    return ClusterList(known, launchers())


def _shown(server: VivoServer, params: ClusterParams | ScaleClusterParams) -> ShownCluster | None:
    """The cluster, if it is shown live and no cell goes there: then no engine is connected to."""
    shown = server.cluster_views.shown
    is_it = shown is not None and shown.name == params.name
    return shown if is_it and server.clusters.known(params.uri, params.name) is None else None


async def _running(server: VivoServer, uri: str, name: str | None) -> ClusterSession:
    cluster = server.clusters.starting(uri, name) or await server.clusters.attach(uri, name)
    if cluster is None:
        from ...parallel.errors import SessionError

        raise SessionError(NO_CLUSTER)
    return cluster


async def use(server: VivoServer, params: ClusterParams) -> ClusterStatus:
    """Use a cluster that runs, or the workspace's own again. Raises :class:`SessionError`."""
    server.clusters.use(params.uri, params.name)
    server.presenter.refresh_lenses()
    return await status(server, ClusterStatusParams(params.uri, watch=True))


HANDLERS: dict[str, Handler] = {
    "vivo.server.cluster.start": start,
    "vivo.server.cluster.use": use,
    "vivo.server.cluster.stop": stop,
    "vivo.server.cluster.scale": scale,
    "vivo.server.cluster.status": status,
    "vivo.server.cluster.list": listing,
}
