"""What a keeper takes over from one that died: the journal's runs, and the engine as it is. Pure.

The journal has every event that was published; the engine says what it is doing, sends its last
events again, and has kept the pipes. What lies between, read by the keeper that died and not yet in
the journal, is lost, and so is marked: each succession leaves a line in the transcript.

Rules:

1. A cell that the engine has begun is the running run; one that it never got waits again, first.
2. Cells that waited go on waiting, in their order.
3. The same holds in each subshell: the engine says which there are, and what each was given last.
4. A question that waits is asked again, and no other.
5. Of the journal only what came after the checkpoint is read (:mod:`.checkpoints`).
6. No cell runs twice. Where the journal has a hole (a disk was full), a cell whose end may stand in
   it, and which is not the engine's, ends with an error that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from ..frames import Ordering
from ..journal import Event, Gap
from ..messages import RunError, RunRecord
from ..wire import Message
from .checkpoints import Checkpoint, PrintedSoFar
from .comms import OpenComm
from .parts import Pipe, Run

if TYPE_CHECKING:
    from .state import SessionState

QUEUED = "vivo_queued"
"""The event of a cell that waits, with its request."""
_MARK = (
    "\n[vivo: the keeper of this session died and was replaced. Variables and running cells are "
    "kept; what was being printed in that moment may be missing here]\n"
)
_UNSURE = (
    "The disk was full while this cell waited or ran, and the keeper died: whether it has run to "
    "its end is not known. It is not run again by itself."
)


def restore(
    state: SessionState,
    checkpoint: Checkpoint,
    items: Iterable[Event | Gap],
    pipes: list[tuple[str | None, str, int]],
    spill_files: dict[str, int],
) -> None:
    """Bring a new state to where the journal ends.

    ``items``: what the journal has after the checkpoint; ``spill_files``: the sizes of those that
    there are, by path.
    """
    fold = Fold(state, checkpoint, spill_files)
    last = checkpoint.after
    for item in items:
        if isinstance(item, Event):
            fold.event(item)
            last = item.seq
        elif item.last is not None:
            fold.hole()
    if state.seq > last + 1:  # numbers were given that the journal never got; one may be torn
        fold.hole()
    state.started = True
    state.told_number, state.told_aside = checkpoint.number, checkpoint.aside
    for record in state.runs.all():
        if record.status not in ("running", "queued"):
            continue
        content = checkpoint.requests.get(record.id, {})
        run = Run(record, _request(fold.parents.get(record.id, b"{}"), content), "shell")
        if "subshell_id" in run.request.header:
            state.subshells.returned(run)
        elif record.status == "running":
            state.running = run
        else:
            state.queue.append(run)
    open_runs = {run for run, _, _ in pipes} | {run.record.id for run in state.subshells.waiting()}
    for of, printed in checkpoint.printed.items():
        if of in open_runs:
            state.floods.resume(of, printed, spill_files.get(printed.path))
    kept = {(run, name): Pipe(Ordering(state.magic, checkpoint.number)) for run, name, _ in pipes}
    state.adopt(parents=fold.parents, pipes=kept, count=checkpoint.count)


class Fold:
    """Takes events into a checkpoint, and into a state's runs and comms."""

    def __init__(
        self, state: SessionState, checkpoint: Checkpoint, spill_files: dict[str, int]
    ) -> None:
        self._state = state
        self._checkpoint = checkpoint
        self._spill_files = spill_files
        self.parents = {run: header.encode() for run, header in checkpoint.parents.items()}
        for record in checkpoint.runs:
            state.runs.put(record)
        for comm, (target, run) in checkpoint.comms.items():
            state.comms.open[comm] = OpenComm(target, run)

    def hole(self) -> None:
        """The journal lacks events here."""
        runs = self._state.runs
        runs.unsure |= {each.id for each in runs.all() if each.status in ("running", "queued")}

    def event(self, item: Event) -> None:
        """Take in an event."""
        header, parent, metadata, content = item.parts[:4]
        vivo = msgspec.json.decode(metadata).get("vivo") or {}
        checkpoint, run = self._checkpoint, vivo.get("run")
        checkpoint.number = max(checkpoint.number, vivo.get("n") or 0)
        checkpoint.aside = max(checkpoint.aside, vivo.get("m") or 0)
        if run is None and b'"restarting"' in content:
            # A new engine counts anew, and has no comms.
            checkpoint.number, checkpoint.aside, checkpoint.count = 0, 0, 1
            self._state.comms.open.clear()
        if run is not None and parent != b"{}":
            self.parents[run] = parent
        if "gap" in vivo:  # a keeper that took over has settled what was unsure
            self._state.runs.unsure.clear()
        if b'"stream"' in header and run is not None:
            self._printed(item.seq, run, content, is_cut="cut" in vivo)
        elif b'"comm_' in header:
            self._comm(msgspec.json.decode(header), msgspec.json.decode(content), run)
        elif "record" in vivo:
            record = self._state.runs.fold({"vivo": vivo})
            if record is not None and record.status in ("queued", "running"):
                if msgspec.json.decode(header).get("msg_type") == QUEUED:
                    request = msgspec.json.decode(content)["request"]
                else:
                    request = checkpoint.requests.get(record.id) or vivo.get("request") or {}
                checkpoint.requests[record.id] = request
                if record.status == "running" and request.get("store_history", True):
                    count = (record.execution_count or 0) + 1
                    checkpoint.count = max(checkpoint.count, count)
            elif record is not None:
                checkpoint.requests.pop(record.id, None)

    def _printed(self, seq: int, run: str, content: bytes, *, is_cut: bool) -> None:
        printed = self._checkpoint.printed.get(run)
        if printed is None:
            path = self._state.floods.path_of(seq)
            printed = self._checkpoint.printed[run] = PrintedSoFar(path, 0, early="")
        if printed.path in self._spill_files:
            printed.early = None
        if printed.early is None:  # only how much matters: a new keeper must not be long in coming
            printed.shown += len(content)
        else:
            text = msgspec.json.decode(content).get("text", "")
            printed.shown += len(text)
            printed.early += text
        printed.is_cut = printed.is_cut or is_cut

    def _comm(self, header: dict[str, Any], content: dict[str, Any], run: str | None) -> None:
        comms = self._state.comms
        if header["msg_type"] == "comm_open":
            comms.open[content["comm_id"]] = OpenComm(content.get("target_name", ""), run)
        elif header["msg_type"] == "comm_close":
            comms.open.pop(content["comm_id"], None)


def tell_waiting(state: SessionState, run: Run) -> None:
    """Tell that a cell waits: so the keeper after this one knows of it."""
    request = run.request
    told = {"request": request.content}
    state.publish(QUEUED, request.raw_header, told, run.record.id, record=run.record)


def adopted(state: SessionState, header: dict[str, Any], now: float) -> None:
    """The engine has told what it is doing."""
    _end_unsure(state, {header["run"], *(told["run"] for told in header["subshells"])}, now)
    running = state.running
    if running is not None and running.record.id != header["run"]:
        running.record.status, running.record.started = "queued", None
        state.queue.appendleft(running)
        state.running = None
    elif running is None and header["is_busy"]:
        state.running = silent_run(header["run"], now)
    for told in header["subshells"]:
        state.subshells.adopted(told, now)
    state.subshells.settle()
    state.calls.adopted(header.get("calls", []))
    for question in header["questions"]:
        state.ask_input(question)
    state.questions.before = header["asked"]
    run = state.running.record.id if state.running else None
    told = {"name": "stderr", "text": _MARK}
    state.publish("stream", state.parent_of(run), told, run, extra={"gap": True})
    state.floods.note(run, _MARK)
    is_counted = state.running is not None and state.running.counted and header["is_busy"]
    # Cells that a cell runs itself take numbers too, and so do those of subshells.
    state.adopt(count=max(state.count, header["count"] + is_counted))


def _end_unsure(state: SessionState, given: set[str | None], now: float) -> None:
    """End the cells of which nobody knows whether they have run (rule 6), but for those that the
    engine was given last."""
    unsure, state.runs.unsure = state.runs.unsure - given, set()
    error = RunError("EndUnknown", _UNSURE)
    for run in state.subshells.take_returned(unsure):
        state.fail(run, error, now)
    for run in [*filter(None, [state.running]), *state.queue]:
        if run.record.id in unsure:
            if run in state.queue:
                state.queue.remove(run)
            else:
                state.running = None
            state.fail(run, error, now)


def silent_run(run: str, now: float) -> Run:
    """A silent cell leaves no record; its client has its reply by the engine's report."""
    record = RunRecord(run, "", "running", started=now)
    return Run(record, _request(b"{}", {"silent": True}), "shell")


def _request(parent: bytes, content: dict[str, Any]) -> Message:
    """An ``execute_request`` as it must have been; its client is found by its session's id."""
    header = msgspec.json.decode(parent) if parent != b"{}" else {"msg_id": "", "session": ""}
    identities = [str(header.get("session", "")).encode()]
    return Message(header, content=content, identities=identities, raw_header=parent)
