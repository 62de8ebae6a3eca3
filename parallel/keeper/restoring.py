"""What a keeper takes over from one that died: the journal's runs, and the engine as it is. Pure.

The journal has every event that was published; the engine says what it is doing, sends its last
events again, and has kept the pipes. What lies between, read by the keeper that died and not yet in
the journal, is lost, and so is marked: each succession leaves a line in the transcript.

Rules:

1. A cell that the engine has begun is the running run; one that it never got waits again, first.
2. Cells that waited go on waiting, in their order.
3. Subshells go with their keeper: their clients are told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from ..frames import Ordering
from ..journal import Event, Gap
from ..messages import RunError, RunRecord
from ..wire import Message
from .comms import OpenComm
from .parts import Pipe, Run

if TYPE_CHECKING:
    from .state import SessionState

QUEUED = "vivo_queued"
"""The event of a cell that waits, with its request."""
_TELLING = (b'"record"', b'"n"')
_SHORT = 200  # bytes: more than a status has
_MARK = (
    "\n[vivo: the keeper of this session died and was replaced. Variables and running cells are "
    "kept; what was being printed in that moment may be missing here]\n"
)
_LOST = (
    "The keeper of this session died, and its subshells with it; a cell of theirs may still run. "
    "Make the subshell anew."
)


def restore(
    state: SessionState, items: Iterable[Event | Gap], pipes: list[tuple[str | None, str, int]]
) -> None:
    """Bring a new state to where the journal ends."""
    state.started = True
    number = 0
    requests: dict[str, Message] = {}
    parents: dict[str, bytes] = {}
    for item in items:
        if isinstance(item, Gap):
            continue
        header, parent, metadata, content = item.parts[:4]
        is_telling = b'"comm_' in header or any(word in metadata for word in _TELLING)
        if len(content) > _SHORT and not is_telling:
            continue  # text, as most events are: a new keeper must not be long in coming
        vivo = msgspec.json.decode(metadata).get("vivo") or {}
        number = max(number, vivo.get("n") or 0)
        if b'"restarting"' in content and vivo.get("run") is None:
            number = 0  # a new engine counts anew, and has no comms
            state.comms.open.clear()
        run = vivo.get("run")
        if run is not None and parent != b"{}":
            parents[run] = parent
        if b'"comm_' in header:
            _fold_comm(state, msgspec.json.decode(header), msgspec.json.decode(content), run)
        if "record" not in vivo:
            continue
        record = state.runs.fold({"vivo": vivo})
        if record is not None and record.status in ("queued", "running"):
            request = requests.get(record.id)
            if msgspec.json.decode(header).get("msg_type") == QUEUED:
                request = _request(parent, msgspec.json.decode(content)["request"])
            requests[record.id] = request or _request(parent, vivo.get("request") or {})
    for record in state.runs.all():
        if record.status not in ("running", "queued"):
            continue
        run_of_record = Run(record, requests[record.id], "shell")
        if "subshell_id" in run_of_record.request.header:
            _lose(state, run_of_record)
        elif record.status == "running":
            state.running = run_of_record
        else:
            state.queue.append(run_of_record)
    kept = {(run, name): Pipe(Ordering(state.magic, number)) for run, name, _ in pipes}
    state.adopt(parents=parents, pipes=kept)


def _fold_comm(
    state: SessionState, header: dict[str, Any], content: dict[str, Any], run: str | None
) -> None:
    if header["msg_type"] == "comm_open":
        state.comms.open[content["comm_id"]] = OpenComm(content.get("target_name", ""), run)
    elif header["msg_type"] == "comm_close":
        state.comms.open.pop(content["comm_id"], None)


def _lose(state: SessionState, run: Run) -> None:
    """End a run of a subshell: the new keeper has no subshells (rule 3)."""
    run.record.status, run.record.finished = "error", run.record.started or run.record.queued
    run.record.error = RunError("SubshellLost", _LOST)
    idle = {"execution_state": "idle"}
    state.publish("status", run.request.raw_header, idle, run.record.id, record=run.record)


def tell_waiting(state: SessionState, run: Run) -> None:
    """Tell that a cell waits: so the keeper after this one knows of it."""
    request = run.request
    told = {"request": request.content}
    state.publish(QUEUED, request.raw_header, told, run.record.id, record=run.record)


def adopted(state: SessionState, header: dict[str, Any], now: float) -> None:
    """The engine has told what it is doing."""
    running = state.running
    if running is not None and running.record.id != header["run"]:
        running.record.status, running.record.started = "queued", None
        state.queue.appendleft(running)
        state.running = None
    elif running is None and header["is_busy"]:
        # A silent cell: it leaves no record. Its client has its reply from the engine's report.
        record = RunRecord(header["run"], "", "running", started=now)
        state.running = Run(record, _request(b"{}", {"silent": True}), "shell")
    run = state.running.record.id if state.running else None
    told = {"name": "stderr", "text": _MARK}
    state.publish("stream", state.parent_of(run), told, run, extra={"gap": True})
    is_counted = state.running is not None and state.running.counted and header["is_busy"]
    state.adopt(count=header["count"] + is_counted)


def _request(parent: bytes, content: dict[str, Any]) -> Message:
    """An ``execute_request`` as it must have been; its client is found by its session's id."""
    header = msgspec.json.decode(parent) if parent != b"{}" else {"msg_id": "", "session": ""}
    identities = [str(header.get("session", "")).encode()]
    return Message(header, content=content, identities=identities, raw_header=parent)
