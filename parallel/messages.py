"""What vivo adds to the Jupyter protocol, each message declared once.

``docs/protocol.md`` is generated from these declarations. A plain Jupyter client needs none of
them: they travel in ``metadata["vivo"]``, and in requests on the control channel.

Times are seconds since the epoch; lines are 1-based lines of the file.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

INSPECTION_MIME = "application/vnd.vivo.inspection+json"
"""In the data of an ``inspect_reply``: the fields of an inspection."""

RunStatus = Literal["queued", "running", "ok", "error", "aborted"]


class RunOrigin(msgspec.Struct, omit_defaults=True):
    """Where a cell comes from: ``execute_request.metadata["vivo"]``."""

    client: str = ""
    """The front end's name, for instance ``vscode``; a plain client's cells are ``Jupyter``'s."""
    uri: str | None = None
    """The document."""
    version: int | None = None
    """The document's version when the cell was sent."""
    path: str | None = None
    """The real file name to compile under; none for text that stands in no file."""
    first_line: int = 1
    """The line of the file on which the cell begins."""
    after: str | None = None
    """The run that the same command sent before this one: if that has failed or was aborted by the
    time this one comes, and ``stop_on_error`` holds, this one is aborted too."""
    values: Literal["", "last", "all", "assignments"] = ""
    """Of a front end that shows values beside the code: which ones its record is to have. ``last``
    is as the session's setting says; assigned values are in the record alone, told by look-ups that
    run no user code. All have a preview (``text/markdown``, ``text/vnd.vivo.line``)."""


class RunValue(msgspec.Struct):
    """A value that a statement of a run showed."""

    first_line: int
    last_line: int
    data: dict[str, Any]
    """Its MIME bundle, without binary types: those are in the run's events."""


class RunWarning(msgspec.Struct):
    """A warning that a run issued (``warnings.warn``)."""

    category: str
    message: str
    path: str
    """The file of the line that it is about; not always the cell's own."""
    line: int


class RunError(msgspec.Struct):
    """Why a run failed."""

    name: str
    message: str
    line: int | None = None
    """The failing line of the cell's own file, where it is known."""


class RunRecord(msgspec.Struct):
    """One execution of a cell."""

    id: str
    """The ``msg_id`` of its ``execute_request``."""
    source: str
    status: RunStatus = "queued"
    client: str = ""
    uri: str | None = None
    version: int | None = None
    path: str | None = None
    first_line: int = 1
    execution_count: int | None = None
    queued: float = 0.0
    started: float | None = None
    finished: float | None = None
    values: list[RunValue] = []
    error: RunError | None = None
    seq: int | None = None
    """The number of its first event, from which its whole output is replayed."""
    warnings: list[RunWarning] = []
    """What it warned of, each line once; the first hundred."""


class EventMetadata(msgspec.Struct, omit_defaults=True):
    """``metadata["vivo"]`` of every message on iopub."""

    seq: int
    """From 1, contiguous, for the session's life."""
    run: str | None = None
    record: RunRecord | None = None
    """On ``execute_input`` and on the idle ``status``: the run as it is then."""
    payload: list[dict[str, Any]] = []
    """On the idle ``status`` of a run: the payload of its reply, as what ``obj?`` shows."""
    n: int | None = None
    """The number of the engine's event, from which a new keeper goes on."""
    m: int | None = None
    """The same of an event without a place in the running cell's text."""
    cut: bool = False
    """On a ``stream``: from here on the run's text goes to its spill file alone."""
    answered: str | None = None
    """On a busy ``status`` of a run: that question has been answered, by whoever."""
    gap: bool = False
    """On the ``stream`` that marks where a keeper died: output may be missing there."""


class Queued(msgspec.Struct):
    """The content of ``vivo_queued`` on iopub: a cell waits; its record is in the metadata."""

    request: dict[str, Any]
    """The content of its ``execute_request``."""


class WelcomeMetadata(msgspec.Struct):
    """``metadata["vivo"]`` of ``iopub_welcome``."""

    keeper: int
    """The keeper's process id: another one than before has taken over from one that died."""


class HostedMetadata(msgspec.Struct):
    """``metadata["vivo"]`` of the ``kernel_info_reply`` of a session that hosts another kernel."""

    kernel: str
    """The kernel's name for people."""
    lacks: list[str]
    """What it cannot do beside a session of vivo's own engines: a sentence each."""


class QuestionMetadata(msgspec.Struct):
    """``metadata["vivo"]`` of an ``input_request``, and of the ``input_reply`` of vivo's client."""

    question: str
    """The question's name. A reply to another one than that which waits is passed over; one that
    names none answers whatever waits."""
    after: int | None = None
    """The number of the event that it comes after, so that whoever shows both keeps the order."""


class Empty(msgspec.Struct):
    """No fields."""


class Person(msgspec.Struct, omit_defaults=True):
    """Somebody who is in a session: a connection of a front end, or a plain Jupyter client."""

    id: str
    """The ``session`` in the headers of its messages."""
    name: str
    """How its cells are named."""
    kind: str = "editor"
    """``editor``, ``console``, ``web`` or ``jupyter``."""
    role: str = "owner"
    """``owner``, ``runner`` or ``viewer``: what a web server lets them do."""
    since: float = 0.0
    heard: float | None = None
    """Of a plain Jupyter client, which does not say when it goes: when it was last heard."""


class SessionReply(msgspec.Struct):
    """What a session is and does."""

    id: str
    state: Literal["starting", "idle", "busy", "dead"]
    python: str
    python_version: str
    cwd: str
    engine_pid: int | None
    keeper_pid: int
    running: str | None
    """The run that runs now."""
    queue: list[str]
    """The runs that wait, in order."""
    last: int
    """The sequence number of the last event."""
    documents: list[str] = []
    """The documents whose cells ran here last, the latest first, at most 20."""
    next_count: int = 1
    """The number that the next cell gets."""
    people: list[Person] = []
    """Who is here, in the order in which they came."""


class ReplayRequest(msgspec.Struct):
    """Which events are wanted."""

    after: int = 0
    limit: int = 1000


class ReplayReply(msgspec.Struct):
    """Events, whole and in order; buffers of all are the reply's buffers."""

    events: list[Any]
    """Each {header, parent_header, metadata, content, buffers (how many)}."""
    last: int
    """The session's last event; ask again while the events end before it."""


class RunsRequest(msgspec.Struct, omit_defaults=True):
    """Which runs are wanted: of one document, of some ids, or all."""

    uri: str | None = None
    ids: list[str] | None = None


class RunsReply(msgspec.Struct):
    """Run records, oldest first."""

    runs: list[RunRecord]


class InterruptRequest(msgspec.Struct, omit_defaults=True):
    """The run to interrupt; without one, what runs now."""

    run: str | None = None
    force: bool = False
    """End the session's Python process if the run does not end with the interrupt within half a
    second: the variables are lost, what was printed is kept, and a fresh process takes the next
    cell. The run's error has the stack of what it was doing."""


class InterruptReply(msgspec.Struct):
    """What the interrupt did."""

    outcome: Literal["interrupted", "idle", "mismatch", "removed_from_queue", "engine_ended"]
    """``interrupted``: the interrupt was sent, and a run in a subshell has got it too, which ends
    once no code in C holds its thread; with ``force`` the run has ended. ``idle``: nothing runs.
    ``mismatch``: another run runs. ``removed_from_queue``: it had not begun, and never will.
    ``engine_ended``: only with ``force``."""


class CancelRequest(msgspec.Struct, omit_defaults=True):
    """Which cells that wait are taken out of the queue: those of one document, or all."""

    uri: str | None = None


class CancelReply(msgspec.Struct):
    """What was taken out of the queue."""

    runs: list[str]
    """The runs, in the order in which they waited. None has begun, and none ever will."""


class StackReply(msgspec.Struct):
    """The stacks of the engine's threads, as text."""

    text: str


class VariablesRequest(msgspec.Struct):
    """Which variables are wanted, or which children of a value."""

    start: int = 0
    count: int = 100
    """At most 1,000 come."""
    filter: str = ""
    """A part of the name, or a pattern with ``*`` and ``?``; case does not count."""
    sort: Literal["name", "type", "size", "definition"] = "name"
    """An order by type or size is that of the cell's first page, so that later pages fit."""
    descending: bool = False
    path: list[str | int] = []
    """Whose children are wanted: a variable's name, then positions among the children of the one
    before. They come in their own order, without filter."""


class Variable(msgspec.Struct):
    """A variable, or a child of a value: told without running any code of the user's."""

    name: str
    """Of a child how it is reached: ``['key']``, ``[0]``, ``.attribute``, the label of a column."""
    type: str
    shape: list[int] | None
    dtype: str | None
    length: int | None
    """How many items a built-in container or text has."""
    size: int | None
    """Bytes: of arrays and frames their data; of others the object without what it refers to."""
    text: str
    """The value on one line."""
    children: int
    """How many values it holds that can be asked for."""
    changed: bool
    """Whether the last cell, or the one that runs, made or changed it: by the names that its text
    assigns, by those that are new, by what an earlier page showed. A change deep inside a value
    that neither shows is not seen."""


class VariablesReply(msgspec.Struct, omit_defaults=True):
    """A page of variables."""

    variables: list[Variable]
    total: int
    """How many there are in all."""
    found: bool = True
    """Whether the path still leads to a value."""
    busy: bool = False
    """Whether the engine did not answer in time, so that this is what was known last."""
    known: float | None = None
    """When that was known; none if nothing was."""


class TableFilter(msgspec.Struct):
    """What the items of a column must be."""

    column: int
    condition: str
    """``> 5``, ``>= 5``, ``< 5``, ``<= 5``, ``= 5``, ``!= 5``, several with `` & `` between them;
    ``=`` alone: missing, ``!=`` alone: not. Anything else is a text that the cell has in it, in
    any case; of numbers it is the number itself."""


class TableRequest(msgspec.Struct):
    """Which corner of which table is wanted."""

    path: list[str | int]
    """A variable's name, then positions among the children of the one before."""
    row: int = 0
    rows: int = 100
    """At most 1,000 come."""
    column: int = 0
    columns: int = 50
    """At most 200 come."""
    at: list[int] = []
    """Of an array of more than two dimensions: which sheet, by positions along those before the
    last two; the first where none is given."""
    sort: int | None = None
    """The column by which the rows are sorted: what is missing comes last."""
    descending: bool = False
    filters: list[TableFilter] = []
    """Rows that fit all of them are shown."""


class TableReply(msgspec.Struct, omit_defaults=True):
    """A corner of a table, as texts: told without running any code of the user's."""

    found: bool
    """Whether the path leads to a table: an array, a frame or series of pandas, polars, pyarrow or
    xarray, a tensor on the CPU, a list of lists or of dicts."""
    rows: int = 0
    """How many there are in all."""
    columns: int = 0
    labels: list[str] = []
    """What the rows that come are called."""
    names: list[str] = []
    """And the columns."""
    dtypes: list[str | None] = []
    cells: list[list[str]] = []
    """By row. ``…`` is a cell that only other code could read."""
    all_rows: int = 0
    """How many there are before the filters."""
    shape: list[int] = []
    """Of an array of more than two dimensions: all of them."""
    problem: str = ""
    """Why it can be neither sorted nor filtered so, as a sentence; no rows come then."""
    running: bool = False
    """Whether a cell runs, so that the order is that of its beginning, or of when it was made."""
    pending: bool = False
    """Whether the order is still being made, so that no rows come: ask again soon. It is given up
    when nobody asks for some seconds."""
    busy: bool = False
    """Whether the engine did not answer in time, so that this is what was known last."""
    known: float | None = None
    """When that was known; none if nothing was."""


class LastKnownMetadata(msgspec.Struct):
    """``metadata["vivo"]`` of a reply that the engine did not give in time, since code in C holds
    the interpreter's lock: it tells what was known last, or nothing. In the replies to
    ``complete_request`` and ``inspect_request`` it stands in ``content.metadata["vivo"]`` too.
    """

    busy: bool
    """True."""
    known: float | None
    """When what the reply tells was known; none if it tells nothing."""


class TakeInputRequest(msgspec.Struct, omit_defaults=True):
    """Which questions are wanted beside the one that waits."""

    run: str | None = None
    """The run whose later questions are asked of this client too: one that waits or runs."""


class TakeInputReply(msgspec.Struct):
    """Whether a cell waits for input; then its ``input_request`` follows on stdin."""

    asking: bool


class PresenceRequest(msgspec.Struct, omit_defaults=True):
    """Who asks is here; to be said again within 20 seconds, else they are taken for gone."""

    name: str = ""
    """Without a name it only asks who is here."""
    kind: str = "editor"
    role: str = "owner"
    leaving: bool = False
    """They are not here any longer."""


class PresenceReply(msgspec.Struct):
    """Who is here; also the content of ``vivo_presence`` on iopub, which is sent on each change
    while somebody is here who has said so. It is no event of the session, and not kept."""

    people: list[Person]
    """In the order in which they came."""
    running: str | None = None
    """The id of whose cell runs now. A change of that is told by the cells' own events."""


class Declaration(msgspec.Struct):
    """A request of ours on the control channel, with its reply."""

    name: str
    params: type
    result: type
    doc: str
    errors: str = ""


MESSAGES: tuple[Declaration, ...] = (
    Declaration("vivo_session", Empty, SessionReply, "What the session is and does."),
    Declaration(
        "vivo_replay", ReplayRequest, ReplayReply, "The journal's events after a sequence number."
    ),
    Declaration("vivo_runs", RunsRequest, RunsReply, "The records of runs."),
    Declaration(
        "vivo_interrupt",
        InterruptRequest,
        InterruptReply,
        "Interrupt a run by its id, or take it out of the queue. A second interrupt shows in the "
        "cell what it is doing; however many come, only one with ``force`` ends the process.",
    ),
    Declaration(
        "vivo_cancel",
        CancelRequest,
        CancelReply,
        "Take every cell that waits out of the queue, whoever sent it; what runs goes on.",
    ),
    Declaration(
        "vivo_restart",
        Empty,
        SessionReply,
        "End the engine and start a fresh one in the same session; the journal goes on.",
    ),
    Declaration(
        "vivo_stack",
        Empty,
        StackReply,
        "The stacks of the engine's threads, also while a cell runs, and while its code in C holds "
        "the interpreter's lock.",
        errors="The process does not answer: it is stopped, or blocks signals.",
    ),
    Declaration(
        "vivo_take_input",
        TakeInputRequest,
        TakeInputReply,
        "Ask this client what a cell is waiting for: for one that reattached, or takes over from "
        "the client that ran the cell. The first answer counts, whoever gives it.",
    ),
    Declaration(
        "vivo_presence",
        PresenceRequest,
        PresenceReply,
        "Say who is here, ask who is, or say good-bye. Nothing else depends on it: who says "
        "nothing can do all the same.",
    ),
    Declaration(
        "vivo_variables",
        VariablesRequest,
        VariablesReply,
        "A page of the user's variables, or of what a value holds, also while a cell runs; on the "
        "control or the shell channel.",
    ),
    Declaration(
        "vivo_table",
        TableRequest,
        TableReply,
        "Some rows and columns of a table of any size, also while a cell runs; on the control or "
        "the shell channel.",
    ),
)
