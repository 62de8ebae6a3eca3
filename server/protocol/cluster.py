"""Cells that are sent to a cluster, and the cluster itself."""

from __future__ import annotations

from typing import Literal

import attrs
from lsprotocol.types import Position, Range

from .declaring import Message, MimeBundle, NoParams
from .running import RunStarted

Engines = Literal["all", "balanced"] | list[int]
"""Which engines: all that are up, some by their numbers, or the one with the least to do."""


@attrs.define
class SendToClusterParams:
    """What is sent to which engines."""

    uri: str
    what: Literal["cell", "selection", "file"] = "cell"
    """The cell at ``position``, the text of ``range``, or the whole text as one cell."""
    position: Position | None = None
    range: Range | None = None
    target: Engines | None = None
    """Left out, it is the engine that was chosen for the cell, else all."""
    name: str | None = None
    """The cluster's name; without, the workspace's own."""


@attrs.define
class ClusterParams:
    """The cluster of a document's workspace, or the one of a name."""

    uri: str
    name: str | None = None


@attrs.define
class StartClusterParams:
    """The cluster that is to start."""

    uri: str
    engines: int | None = None
    """How many; without, as the setting ``cluster`` says, else one a processor."""
    name: str | None = None
    launcher: str | None = None
    """What starts them; without, as the setting ``cluster`` says, else this machine."""


@attrs.define
class ScaleClusterParams:
    """How the cluster is to change."""

    uri: str
    add: int = 0
    remove: list[int] = attrs.field(factory=list)
    """The numbers of engines that are to end."""
    name: str | None = None


@attrs.define
class ClusterStatusParams:
    """The cluster, and whether its changes are wanted from now on."""

    uri: str
    name: str | None = None
    watch: bool | None = None
    """True: ``vivo/clusterStatus`` comes with each change. False: no longer."""


@attrs.define
class EngineInfo:
    """An engine of a cluster."""

    number: int
    session_id: str
    state: Literal["up", "dead", "stopped", "silent"]
    reason: str
    """Why it is not up."""
    host: str | None
    pid: int | None
    """Its process there."""
    python: str | None
    python_version: str | None
    memory: int | None
    """Resident bytes."""
    tasks: int
    """Tasks that it has."""
    done: int
    failed: int


@attrs.define
class ClusterStatus:
    """A cluster: its engines, its queue, its failures."""

    name: str
    state: Literal["none", "starting", "running", "killed"]
    """``none``: it does not run. ``killed``: its controller was; the next cell that is sent takes
    it up again."""
    launcher: str
    engines: list[EngineInfo]
    awaited: int
    """Engines that were asked for and are not there yet."""
    launching: str
    """What the launcher waits for: a job in a queue, a host that is not reached; or nothing."""
    problems: list[str]
    """What could not be done lately, and why engines have not started."""
    queue: dict[str, int]
    """How many tasks wait, run, are done, have failed."""
    rate: float
    """Tasks per second."""
    executions: list[str]
    """The cells that were sent from editors and have not ended."""
    dashboard: str = ""
    """Of Dask, where the engines are in Dask's workers."""


@attrs.define
class ClusterInfo:
    """A cluster of this machine; nobody is asked what it does."""

    name: str
    state: Literal["starting", "running", "killed"]
    launcher: str
    cwd: str
    """Its folder: the cells of a workspace go to the newest that runs in theirs."""
    created: float
    """Seconds since the epoch."""


@attrs.define
class ClusterList:
    """The clusters of this machine, the newest first."""

    clusters: list[ClusterInfo]
    launchers: list[str]
    """What can start one: those of vivo, and of installed packages."""


@attrs.define
class ClusterTargetParams:
    """The engine that is to answer for a cell."""

    uri: str
    position: Position
    engine: int | None
    """Null: the document's session answers again."""
    name: str | None = None


@attrs.define
class ClusterTargetResult:
    """The cell whose hover and completion the engine answers now."""

    range: Range
    engine: int | None


@attrs.define
class PushParams:
    """Variables of the document's session that engines are to have."""

    uri: str
    names: list[str]
    engines: Literal["all"] | list[int] = "all"
    name: str | None = None


@attrs.define
class PullParams:
    """A variable of an engine that the document's session is to have."""

    uri: str
    variable: str
    engine: int
    to: str | None = None
    """What it is called in the session; without, as in the engine."""
    name: str | None = None


@attrs.define
class ExecutionParams:
    """A cell that was sent."""

    execution_id: str


@attrs.define
class EngineResult:
    """How a cell ended on an engine, or how far it is."""

    engine: int
    status: Literal["queued", "running", "ok", "error", "aborted"]
    execution_count: int | None
    values: list[MimeBundle]
    """By statement."""
    error: str | None
    """Its name and message."""
    duration: float | None
    """Seconds."""


@attrs.define
class ClusterResults:
    """What each engine made of a cell."""

    engines: list[EngineResult]


_NONE = "No cluster runs there."
MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo.server.sendToCluster",
        "command",
        SendToClusterParams,
        RunStarted,
        "Run a cell, a selection or the document on engines of a cluster, which is found or "
        "started. The outputs of each engine come as ``vivo/output`` with its number.",
        errors="There is no code; the workspace is not trusted; the setting ``cluster`` is unfit.",
    ),
    Message(
        "vivo.server.cluster.start",
        "command",
        StartClusterParams,
        ClusterStatus,
        "Start the workspace's cluster, or connect to it; answered at once. Until it is there, "
        "``vivo/clusterStatus`` tells how far it is.",
        errors="The workspace is not trusted; the setting ``cluster`` is unfit.",
    ),
    Message(
        "vivo.server.cluster.use",
        "command",
        ClusterParams,
        ClusterStatus,
        "Use a cluster that runs for the document's workspace from now on, by its name; without "
        "one, the workspace's own again. It holds until the server ends.",
        errors="No cluster of that name runs.",
    ),
    Message(
        "vivo.server.cluster.stop",
        "command",
        ClusterParams,
        ClusterStatus,
        "End the engines of a cluster and its controller.",
        errors=_NONE,
    ),
    Message(
        "vivo.server.cluster.scale",
        "command",
        ScaleClusterParams,
        ClusterStatus,
        "Start more engines, or end some; answered once the controller knows.",
        errors=_NONE,
    ),
    Message(
        "vivo.server.cluster.status",
        "command",
        ClusterStatusParams,
        ClusterStatus,
        "What the cluster is and does.",
    ),
    Message(
        "vivo.server.cluster.list",
        "command",
        NoParams,
        ClusterList,
        "List the clusters of this machine, whoever started them.",
    ),
    Message(
        "vivo.server.cluster.results",
        "command",
        ExecutionParams,
        ClusterResults,
        "What each engine made of a cell that was sent to a cluster, in full.",
        errors="No cluster knows that execution.",
    ),
    Message(
        "vivo.server.cluster.target",
        "command",
        ClusterTargetParams,
        ClusterTargetResult,
        "Choose the engine whose live values hover and completion tell in a cell, and to which "
        "the cell is sent unless it is said otherwise.",
        errors=f"{_NONE} The engine is not up.",
    ),
    Message(
        "vivo.server.cluster.push",
        "command",
        PushParams,
        RunStarted,
        "Give engines variables of the document's session; they go from there to the engines.",
        errors=_NONE,
    ),
    Message(
        "vivo.server.cluster.pull",
        "command",
        PullParams,
        RunStarted,
        "Give the document's session a variable of an engine.",
        errors=_NONE,
    ),
    Message(
        "vivo/clusterStatus",
        "notification",
        ClusterStatus,
        None,
        "A cluster has changed: while it starts, and as long as somebody watches it.",
    ),
)
