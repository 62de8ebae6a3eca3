"""The requests that a host answers by itself, a function each; all others are the kernel's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from ..keeper.instructions import Announce, Reply
from ..keeper.presence import answer_presence, is_plain, people_of
from ..keeper.recorded import answer_cancel, answer_replay, answer_runs
from ..messages import InterruptRequest, SessionReply
from ..runs import documents_of
from ..wire import Message
from .instructions import InterruptKernel

if TYPE_CHECKING:
    from .state import HostedState

Handler = Callable[["HostedState", str, Message, float], None]
ANSWERED_BESIDE = frozenset(
    {"complete_request", "inspect_request", "is_complete_request", "history_request"}
)
"""What is answered beside a running cell with what was known last."""


def handle(state: HostedState, channel: str, message: Message, now: float) -> bool:
    """Answer a request; whether it was one of these."""
    handler = _HANDLERS.get(message.type)
    if handler is None:
        return False
    if is_plain(message.header) and now:
        state.presence.heard(message.header, now)
    try:
        handler(state, channel, message, now)
    except msgspec.ValidationError as error:
        state.refuse(channel, message, "UsageError", f"{message.type} does not fit: {error}.")
    return True


def session_content(state: HostedState, now: float) -> dict[str, Any]:
    """The content of a ``vivo_session_reply``."""
    language = state.kernel_info.get("language_info") or {}
    reply = SessionReply(
        id=state.session,
        state=state.phase,  # type: ignore[arg-type] # the phases have the states' names
        python=state.python,
        python_version=str(language.get("version", "")),
        cwd=state.cwd,
        engine_pid=state.kernel_pid,
        keeper_pid=state.keeper_pid,
        running=state.running.record.id if state.running else None,
        queue=[run.record.id for run in state.queue],
        last=state.seq,
        documents=documents_of(state.runs),
        next_count=1 + max((each.execution_count or 0 for each in state.runs.all()), default=0),
        people=people_of(state, now),
    )
    return {"status": "ok", **msgspec.to_builtins(reply)}


def _kernel_info(state: HostedState, channel: str, message: Message, now: float) -> None:
    if state.phase == "starting":
        state.wait_until_ready(channel, message)
        return
    told = {"vivo": {"kernel": state.kernel, "lacks": list(state.lacks)}}
    state.answer(channel, message, state.kernel_info, metadata=told)


def _session(state: HostedState, channel: str, message: Message, now: float) -> None:
    state.answer(channel, message, session_content(state, now))


def _interrupt(state: HostedState, channel: str, message: Message, now: float) -> None:
    if state.running is not None:
        state.tell(InterruptKernel())
    state.answer(channel, message, {"status": "ok"})


def _vivo_interrupt(state: HostedState, channel: str, message: Message, now: float) -> None:
    wanted = msgspec.convert(message.content, InterruptRequest)
    queued = next((run for run in state.queue if run.record.id == wanted.run), None)
    running = state.running.record.id if state.running else None
    if queued is not None:
        state.abort(queued, now)
        outcome = "removed_from_queue"
    elif running is None:
        outcome = "idle"
    elif wanted.run in (None, running):
        state.tell(InterruptKernel())
        outcome = "interrupted"
    else:
        outcome = "mismatch"
    state.answer(channel, message, {"status": "ok", "outcome": outcome})


def _cancel(state: HostedState, channel: str, message: Message, now: float) -> None:
    cancelled = answer_cancel(state, tuple(state.queue), channel, message)
    for run in cancelled:
        state.abort(run, now)


def _restart(state: HostedState, channel: str, message: Message, now: float) -> None:
    if state.phase != "starting":
        state.restart(now)
    state.wait_until_ready(channel, message)


def _take_input(state: HostedState, channel: str, message: Message, now: float) -> None:
    state.answer(channel, message, {"status": "ok", "asking": state.question is not None})
    if state.question is not None:
        state.tell(msgspec.structs.replace(state.question, identities=message.identities))


def _shutdown(state: HostedState, channel: str, message: Message, now: float) -> None:
    restart = bool(message.content.get("restart"))
    content = {"status": "ok", "restart": restart}
    if restart:
        state.answer(channel, message, content)
        if state.phase != "starting":
            state.restart(now)
        return
    state.tell(Reply(channel, message.identities, "shutdown_reply", message.raw_header, content))
    state.tell(Announce("shutdown_reply", message.raw_header, content))
    state.stop()


def _lacking(sentence: str) -> Handler:
    def refuse(state: HostedState, channel: str, message: Message, now: float) -> None:
        state.refuse(channel, message, "KernelLacks", sentence.format(state.kernel))

    return refuse


_HANDLERS: dict[str, Handler] = {
    "kernel_info_request": _kernel_info,
    "interrupt_request": _interrupt,
    "shutdown_request": _shutdown,
    "vivo_session_request": _session,
    "vivo_runs_request": answer_runs,
    "vivo_replay_request": answer_replay,
    "vivo_interrupt_request": _vivo_interrupt,
    "vivo_cancel_request": _cancel,
    "vivo_restart_request": _restart,
    "vivo_take_input_request": _take_input,
    "vivo_presence_request": answer_presence,
    "vivo_stack_request": _lacking("The kernel {} does not tell its stacks: interrupt the cell."),
    "vivo_table_request": _lacking("The kernel {} shows no table beside its cells: print it."),
    "vivo_variables_request": _lacking(
        "The kernel {} has no list of variables: ask by a cell, as `dir()` or `%whos` in Python."
    ),
}
