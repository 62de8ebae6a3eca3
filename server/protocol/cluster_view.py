"""A cluster as it is shown live: what it did lately, what changes, one engine in full."""

from __future__ import annotations

from typing import Literal

import attrs

from .declaring import Message


@attrs.define
class WatchClusterParams:
    """The cluster that is shown; one for each connection."""

    name: str | None
    """Null: none any more."""


@attrs.define
class EngineFacts:
    """What seldom changes of an engine."""

    number: int
    id: str
    """Of its session."""
    state: Literal["up", "dead", "stopped", "silent"]
    reason: str
    """Why it is not up."""
    host: str | None
    rank: int | None
    """Where one program has started all engines: in the world of MPI, or in a job."""
    pid: int | None
    python: str | None
    python_version: str | None


@attrs.define
class EngineUses:
    """What changes all the time of engines, by columns: an entry for each that is told of."""

    number: list[int]
    load: list[float | None]
    """Processors that it keeps busy."""
    memory: list[int | None]
    """MiB."""
    tasks: list[int]
    done: list[int]
    failed: list[int]


@attrs.define
class ClusterSamples:
    """What a cluster did, by columns: an entry for each second."""

    time: list[int]
    """Seconds since the epoch."""
    up: list[int]
    """Engines."""
    load: list[float]
    """Processors that all engines kept busy."""
    memory: list[int]
    """MiB of all engines."""
    waiting: list[int]
    running: list[int]
    done: list[int]
    """Tasks that ended well in this second."""
    failed: list[int]
    latency: list[float | None]
    """Seconds from submission to result, the median of those that ended in this second."""
    slowest: list[float | None]
    """The same, of which 95 in 100 were faster."""
    duration: list[float | None]
    """Seconds that they ran, the median."""


@attrs.define
class ClusterFailure:
    """What went wrong: a task that failed, or an engine that ended."""

    time: float
    """Seconds since the epoch."""
    engine: int | None
    task: str | None
    """Null of an engine's end."""
    error: str
    """Its name and message; of an engine, why it is not up."""
    traceback: str
    """In plain text, its end where it is long."""


@attrs.define
class ClusterChanges:
    """What has changed of the cluster that is shown."""

    name: str
    state: Literal["running", "none", "killed"]
    """``none``: it was stopped. ``killed``: its controller was."""
    launcher: str
    started: float
    """Seconds since the epoch."""
    is_whole: bool
    """Whether it is all there is, and what was told before is void."""
    awaited: int
    """Engines that were asked for and are not there yet."""
    launching: str
    """What the launcher waits for; or nothing."""
    problems: list[str]
    """What could not be done lately, and why engines have not started."""
    dashboard: str
    """Of Dask, where the engines are in Dask's workers."""
    engines: list[EngineFacts]
    """Those whose facts have changed."""
    uses: EngineUses
    gone: list[int]
    """The numbers of engines that were taken out."""
    samples: ClusterSamples
    """At first of up to ten minutes."""
    failures: list[ClusterFailure]
    """The oldest first; of a second's, the first ones."""


@attrs.define
class WatchEngineParams:
    """An engine of the cluster that is shown."""

    number: int
    after: int | None = None
    """The last event that was told of its session; without, its last output is told."""


@attrs.define
class EngineTask:
    """A task that an engine has."""

    id: str
    is_first: bool
    """Whether it is the one that runs."""
    since: float | None
    """When it began, as far as the controller knows."""


@attrs.define
class EnginePicture:
    """A picture that an engine has shown."""

    at: int
    """Where it stands: behind so many characters of the output."""
    mime: Literal["image/png", "image/jpeg"]
    data: str
    """In base64."""


@attrs.define
class EngineView:
    """An engine in full."""

    number: int
    state: Literal["up", "dead", "stopped", "silent"]
    reason: str
    cwd: str | None
    running: str | None
    """The code of the cell that runs there."""
    waiting: int
    """Cells that wait there."""
    tasks: list[EngineTask]
    """The first ones, in its order."""
    failure: ClusterFailure | None
    """What went wrong there last, of tasks and of its process."""
    output: str
    """What was run and printed there since, as text."""
    pictures: list[EnginePicture]
    """What was shown there since: the last ones, where they are many or large."""
    last: int
    """The number of the last event."""
    is_whole: bool
    """Whether what was told before is void: it is another process's, or too long."""
    problem: str
    """Why its output cannot be told just now; or nothing."""


@attrs.define
class InterruptEnginesParams:
    """Engines of the cluster that is shown, where what runs is interrupted."""

    engines: list[int] | None = None
    """Left out, all."""


@attrs.define
class InterruptedEngines:
    """The engines that were told to interrupt what they run."""

    engines: list[int]


_NONE = "No cluster is shown on this connection."
MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo.server.cluster.watch",
        "command",
        WatchClusterParams,
        ClusterChanges,
        "Show a cluster of this machine, by its name: the answer tells all, and from then on "
        "``vivo/clusterChanges`` what changes, once a second and with each engine. Its controller "
        "alone is asked, however many engines there are.",
        errors="No cluster of that name runs.",
    ),
    Message(
        "vivo.server.cluster.engine",
        "command",
        WatchEngineParams,
        EngineView,
        "What an engine of the cluster that is shown has run and printed, and what it does.",
        errors=f"{_NONE} It has no such engine any more.",
    ),
    Message(
        "vivo.server.cluster.interrupt",
        "command",
        InterruptEnginesParams,
        InterruptedEngines,
        "Interrupt what engines of the cluster that is shown run, whoever sent it.",
        errors=_NONE,
    ),
    Message(
        "vivo/clusterChanges",
        "notification",
        ClusterChanges,
        None,
        "What has changed of the cluster that is shown.",
    ),
)
