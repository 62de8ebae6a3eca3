"""The messages of a cluster, each declared once: what clients, controller and keepers say.

``docs/protocol.md`` is generated from these declarations. Messages are those of the Jupyter wire,
signed with the cluster's one key; what is pickled travels in buffers, in order, and each task, call
or result says how many are its own. The client's side (:mod:`.cluster`) runs where nothing is
installed, and uses plain dicts of these shapes.

Times are seconds since the epoch, unless they are durations; memory is in bytes.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from .messages import Declaration, Empty

CallStatus = Literal["ok", "error", "aborted", "lost", "unknown_function"]
TaskStatus = Literal["ok", "error", "cancelled", "lost", "timeout", "dependency_failed"]
EngineState = Literal["up", "dead", "stopped", "silent"]


class CallRequest(msgspec.Struct, omit_defaults=True):
    """A function to call in a session. Buffers: the pickled function if ``has_function``, the
    pickled ``(arguments, keywords)``, then what they pickle out of band."""

    call: str
    """The client's own id of the call: sent again, it is not run again."""
    function: str
    """The SHA-256 of the pickled function, in hexadecimal digits; or a function of vivo's:
    ``vivo:push`` ({name: value}) or ``vivo:pull`` ([names or expressions])."""
    has_function: bool = False
    taken: list[str] = []
    """Calls of before whose results have arrived, and need not be kept."""
    accepts_shared: bool = False
    """Whether the client can take large buffers of the result from the host's shared memory."""
    shared: list[Any] = []
    """Buffers that are in shared memory: [index, name, length] of each."""
    sent: list[tuple[int, str, int]] = []
    """Buffers that were sent in parts: [index, upload, length] of each."""


class PartRequest(msgspec.Struct, omit_defaults=True):
    """A part of a large buffer, which is the message's one. Parts are sent in order."""

    upload: str
    """32 hexadecimal digits of the client's choice."""
    size: int
    """Bytes of the whole."""
    offset: int
    """Where the part is in it."""
    is_given_up: bool = False
    """Whether the rest is not sent: what has come is of no use."""


class CallError(msgspec.Struct, omit_defaults=True):
    """Why a call failed."""

    ename: str
    evalue: str
    traceback: list[str] = []
    report: dict[str, Any] | None = None
    """The traceback as data, with values."""


class CallReply(msgspec.Struct, omit_defaults=True):
    """The end of a call. Buffers: the pickled result, or the pickled exception where it has one,
    then what it pickles out of band."""

    status: CallStatus
    """``aborted``: it was interrupted before it began. ``lost``: the engine's process ended.
    ``unknown_function``: send it again with its function."""
    call: str
    started: float = 0.0
    finished: float = 0.0
    stdout: str = ""
    stderr: str = ""
    outputs: list[dict[str, Any]] = []
    """What it displayed: {kind, content} of each."""
    error: CallError | None = None
    shared: list[Any] = []


class StatusRequest(msgspec.Struct, omit_defaults=True):
    """What is asked of the controller."""

    wait: bool = False
    """Answer with the next change of the engines, or in a second."""


class EngineStatus(msgspec.Struct, omit_defaults=True):
    """An engine as its controller knows it."""

    id: str
    number: int
    state: EngineState
    reason: str = ""
    """Why it is not up."""
    heard: float = 0.0
    memory: int | None = None
    done: int = 0
    failed: int = 0
    connection: dict[str, Any] | None = None
    """Its connection file, without the key."""
    host: str | None = None
    cwd: str | None = None
    python: str | None = None
    python_version: str | None = None
    engine_pid: int | None = None
    keeper_pid: int | None = None
    tasks: int = 0
    """Tasks that it has."""
    load: float | None = None
    """Processors that it kept busy over the last second: 1.0 is one."""
    rank: int | None = None
    """Its rank, where one program has started all of them: in the world of MPI, or in a job."""


class StatusReply(msgspec.Struct, omit_defaults=True):
    """A cluster: its engines, its queue, its failures."""

    cluster: str
    id: str
    launcher: str
    started: float
    now: float
    awaited: int
    """Engines that were asked for and are not there yet."""
    launching: str
    """What the launcher waits for: a job in a queue, a host that is not reached; or nothing."""
    problems: list[str]
    """What could not be done lately."""
    engines: list[EngineStatus]
    unstarted: dict[int, str] = {}
    """Why engines have not started, by number."""
    refused: str = ""
    """While engines are awaited: why a connection to the port for engines was refused last."""
    queue: dict[str, Any] = {}
    """How many tasks wait, run, are done, have failed."""
    rates: dict[str, float] = {}
    """Tasks per second."""
    dask: dict[str, Any] = {}
    """Of engines in Dask's workers: the addresses of Dask's ``scheduler`` and ``dashboard``, and of
    the ``workers`` by their engines' numbers; ``tls``, the folder of their certificate, if any."""


class MonitorRequest(msgspec.Struct, omit_defaults=True):
    """What is asked by who shows a cluster, again and again."""

    epoch: str = ""
    """That of the last answer: revisions are a controller's own."""
    after: int = 0
    """The revision of the last answer; 0 for all."""
    wait: bool = False
    """Answer with the next second, in which the next sample is taken, or the next engine."""


class EngineFacts(msgspec.Struct):
    """What seldom changes of an engine."""

    number: int
    id: str
    state: EngineState
    reason: str
    host: str | None
    rank: int | None
    pid: int | None
    python: str | None
    python_version: str | None


class EngineUses(msgspec.Struct):
    """What changes all the time of engines, by columns: an entry for each that is told of."""

    number: list[int] = []
    load: list[float | None] = []
    """Processors that it keeps busy."""
    memory: list[int | None] = []
    """MiB."""
    tasks: list[int] = []
    done: list[int] = []
    failed: list[int] = []


class Samples(msgspec.Struct):
    """What a cluster did, by columns: one entry for each second."""

    time: list[int] = []
    up: list[int] = []
    """Engines."""
    load: list[float] = []
    """Processors that all engines kept busy."""
    memory: list[int] = []
    """MiB of all engines."""
    waiting: list[int] = []
    running: list[int] = []
    done: list[int] = []
    """Tasks that ended well in this second."""
    failed: list[int] = []
    latency: list[float | None] = []
    """Seconds from submission to result, the median of those that ended in this second."""
    slowest: list[float | None] = []
    """The same, of which 95 in 100 were faster."""
    duration: list[float | None] = []
    """Seconds that they ran, the median."""


class Failure(msgspec.Struct):
    """What went wrong: a task that failed, or an engine that ended."""

    time: float
    engine: int | None
    task: str | None
    """None of an engine's end."""
    error: str
    """Its name and message; of an engine, why it is not up."""
    traceback: str
    """In plain text, its end where it is long."""


class MonitorReply(msgspec.Struct, omit_defaults=True):
    """What has changed of a cluster since a revision."""

    cluster: str
    launcher: str
    started: float
    now: float
    epoch: str
    revision: int
    is_whole: bool
    """Whether it is all there is, and what was told before is void."""
    awaited: int
    launching: str
    problems: list[str]
    """What could not be done lately, and why engines have not started."""
    engines: list[EngineFacts]
    """Those whose facts have changed."""
    uses: EngineUses
    gone: list[int]
    """The numbers of engines that were taken out."""
    samples: Samples
    failures: list[Failure]
    """The oldest first; of a second's, the first ones."""
    dashboard: str = ""
    """Of Dask, where the engines are in Dask's workers."""


class EngineRequest(msgspec.Struct):
    """An engine, by its number."""

    number: int


class EngineTask(msgspec.Struct):
    """A task that an engine has."""

    id: str
    is_first: bool
    """Whether it is the one that runs."""
    since: float | None
    """When it began, as far as the controller knows."""


class EngineReply(msgspec.Struct):
    """An engine and what it has to do."""

    engine: EngineStatus
    tasks: list[EngineTask]
    """The first ones, in its order."""
    failure: Failure | None
    """What went wrong there last."""


class Task(msgspec.Struct, omit_defaults=True):
    """A task: a call that the controller gives to whichever engine is best. Its ``buffers`` are the
    pickled ``(arguments, keywords)``, then what they pickle out of band."""

    id: str
    """The client's own: a task that is sent again is taken once."""
    function: str
    """The SHA-256 of the pickled function, in hexadecimal digits."""
    buffers: int
    retries: int = 0
    """How often it is tried again when it raises."""
    timeout: float | None = None
    """Seconds that it may run."""
    priority: int = 0
    """Higher ones go first."""
    after: list[str] = []
    """Tasks that must have succeeded before."""
    follow: list[str] = []
    """Tasks on whose engine it is to run."""
    targets: list[int] | None = None
    """The numbers of the engines that may run it; without, all."""


class SubmitRequest(msgspec.Struct):
    """Tasks. The buffers of its functions come first, then those of the tasks in their order."""

    tasks: list[Task]
    functions: dict[str, int] = {}
    """By digest, the index of the buffer that has the function pickled. A function that the
    controller has had may be left out."""


class SubmitReply(msgspec.Struct, omit_defaults=True):
    """Which tasks are taken in, and on disk."""

    accepted: list[str]
    unknown_functions: list[str] = []
    """Functions that must be sent along; their tasks are not taken in."""


class TaskResult(msgspec.Struct, omit_defaults=True):
    """The end of a task. Its ``buffers`` are those of a :class:`CallReply`."""

    task: str
    status: TaskStatus
    """``lost``: it ended its engines too often. ``dependency_failed``: one that it comes after."""
    buffers: int = 0
    engine: int | None = None
    attempts: int = 1
    started: float = 0.0
    finished: float = 0.0
    stdout: str = ""
    stderr: str = ""
    outputs: list[dict[str, Any]] = []
    error: CallError | None = None


class Results(msgspec.Struct):
    """Results, unasked, to the client that sent the tasks, or asked for them."""

    results: list[TaskResult]


class TaskNames(msgspec.Struct, omit_defaults=True):
    """Some tasks, by their ids."""

    tasks: list[str]


class CollectReply(msgspec.Struct):
    """What is known of the tasks whose results were asked for; results come by themselves."""

    pending: list[str]
    """They wait or run."""
    unknown: list[str]
    """The controller has never had them, or their results were collected."""


class CancelTasks(msgspec.Struct, omit_defaults=True):
    """Tasks that are not wanted any more."""

    tasks: list[str] = []
    all: bool = False
    """Whether every task of the cluster is meant, whoever sent it."""


class CancelReply(msgspec.Struct):
    """What became of each task that was named."""

    outcomes: dict[str, str]
    """``cancelled`` before it began, ``interrupted``, ``done`` already, or ``unknown``."""


class ScaleRequest(msgspec.Struct, omit_defaults=True):
    """How the cluster is to change."""

    add: int = 0
    remove: list[int] = []
    """The numbers of engines."""
    request: str = ""
    """The client's own id of the request: sent again, it is not done again."""


class EngineNumbers(msgspec.Struct):
    """The numbers of engines."""

    numbers: list[int]


class InterruptEnginesRequest(msgspec.Struct, omit_defaults=True):
    """Where what runs is interrupted, whoever sent it; without, on all."""

    engines: list[int] | None = None


class RestartEnginesRequest(msgspec.Struct, omit_defaults=True):
    """Which engines get a fresh process; without, all."""

    engines: list[int] | None = None
    request: str = ""
    """The client's own id of the request: sent again, it is not done again."""


class GivenCalls(msgspec.Struct):
    """What a keeper has of the controller's calls."""

    given: list[str]
    """Those that its engine has, in its order."""
    results: list[str]
    """Those that have ended and are not confirmed."""


class EngineHello(msgspec.Struct, omit_defaults=True):
    """An engine is there, or asked to say so again."""

    session: str
    number: int
    state: str
    connection: dict[str, Any]
    """Its connection file, without the key."""
    host: str
    """Its name; or what the user calls it, of one that is apart."""
    cwd: str
    python: str
    python_version: str
    engine_pid: int | None
    keeper_pid: int
    calls: GivenCalls
    reason: str = ""
    """Why its process ended, of one that is dead."""
    rank: int | None = None
    """Its rank, where one program has started all of them."""
    is_apart: bool = False
    """Whether it is reached through its controller alone, whatever its host's name says."""


class Heartbeat(msgspec.Struct, omit_defaults=True):
    """A sign of life, every second."""

    memory: int | None = None
    load: float | None = None
    """Processors that it kept busy since the last one."""
    is_stopped: bool = False
    asks: bool = False
    """Whether it wants a ``vivo_heard``: nothing has come for a while."""


class EngineDied(msgspec.Struct):
    """An engine's process has ended; its keeper tells."""

    reason: str
    ran: str | None
    """The call that ran."""
    waiting: list[str]
    """Calls that had not begun."""
    is_dead: bool = True
    """Whether it stays so; else a fresh process was asked for."""


class GivenCall(msgspec.Struct, omit_defaults=True):
    """A call for an engine; its ``buffers`` are those of a :class:`CallRequest`."""

    call: str
    function: str
    buffers: int
    has_function: bool = False


class Calls(msgspec.Struct):
    """Calls for an engine."""

    calls: list[GivenCall]


class CallNames(msgspec.Struct):
    """Some calls, by their ids."""

    calls: list[str]


class CallResult(CallReply, omit_defaults=True):
    """The end of a call of the controller's."""

    buffers: int = 0


class CallResults(msgspec.Struct):
    """Ends of calls, sent until they are confirmed."""

    results: list[CallResult]


class Telling(msgspec.Struct):
    """A message that nothing answers."""

    name: str
    content: type
    doc: str


TO_SESSION: tuple[Declaration, ...] = (
    Declaration(
        "vivo_call",
        CallRequest,
        CallReply,
        "Call a function on the session's main thread, between cells; on the shell channel. "
        "``vivo_interrupt_request`` with the call's id interrupts it.",
    ),
    Declaration(
        "vivo_part",
        PartRequest,
        Empty,
        "A part of a large buffer of a call that follows, on the same channel; the session checks "
        "and stores it while the next ones are on their way.",
    ),
)
"""From a client to a session, directly."""

TO_CONTROLLER: tuple[Declaration, ...] = (
    Declaration("vivo_status", StatusRequest, StatusReply, "What the cluster is and does."),
    Declaration(
        "vivo_monitor",
        MonitorRequest,
        MonitorReply,
        "What has changed since the last answer, and what the cluster did in the last ten minutes.",
    ),
    Declaration("vivo_engine", EngineRequest, EngineReply, "An engine and what it has to do."),
    Declaration(
        "vivo_submit", SubmitRequest, SubmitReply, "Take tasks in; answered once they are on disk."
    ),
    Declaration(
        "vivo_collect",
        TaskNames,
        CollectReply,
        "Send the results of these tasks to this client, now or as they come.",
    ),
    Declaration(
        "vivo_collected",
        TaskNames,
        Empty,
        "These results have arrived; answered once that is on disk, and sent again until then.",
    ),
    Declaration("vivo_cancel", CancelTasks, CancelReply, "Cancel tasks, also those that run."),
    Declaration("vivo_scale", ScaleRequest, EngineNumbers, "Start engines, or take some out."),
    Declaration(
        "vivo_interrupt_engines",
        InterruptEnginesRequest,
        EngineNumbers,
        "Interrupt what engines run: cells, calls and tasks.",
    ),
    Declaration(
        "vivo_restart_engines", RestartEnginesRequest, EngineNumbers, "Give engines new processes."
    ),
    Declaration(
        "vivo_detach", Empty, Empty, "Let the cluster outlive the process that started it."
    ),
    Declaration("vivo_stop", Empty, Empty, "End the engines and the controller."),
)
"""From a client to the controller."""

TELLINGS: tuple[Telling, ...] = (
    Telling("vivo_results", Results, "Controller to client: results of its tasks."),
    Telling("vivo_engine_hello", EngineHello, "Keeper to controller: here is an engine."),
    Telling("vivo_heartbeat", Heartbeat, "Keeper to controller: a sign of life."),
    Telling("vivo_call_results", CallResults, "Keeper to controller: calls have ended."),
    Telling("vivo_revoked", CallNames, "Keeper to controller: these calls never begin."),
    Telling("vivo_engine_died", EngineDied, "Keeper to controller: the process has ended."),
    Telling("vivo_calls", Calls, "Controller to keeper: calls to run."),
    Telling("vivo_results_stored", CallNames, "Controller to keeper: let go of these results."),
    Telling("vivo_revoke", CallNames, "Controller to keeper: do not begin these calls."),
    Telling("vivo_interrupt_calls", CallNames, "Controller to keeper: interrupt these calls."),
    Telling("vivo_hello_request", Empty, "Controller to keeper: say hello again."),
    Telling("vivo_heard", Empty, "Controller to keeper: the sign of life that asked has come."),
)
"""Messages that nothing answers."""
