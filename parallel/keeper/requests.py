"""The requests that the keeper answers by itself, a function each, found by name in a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from ..messages import (
    InterruptRequest,
    SessionReply,
    TableRequest,
    TakeInputRequest,
    VariablesRequest,
)
from ..runs import documents_of
from ..wire import PROTOCOL_VERSION, Message
from . import debugging
from .call_requests import CALL_HANDLERS
from .instructions import Announce, Measure, Reply, Stop
from .parts import Waiting
from .presence import answer_presence, is_plain, people_of
from .recorded import answer_cancel, answer_replay, answer_runs

if TYPE_CHECKING:
    from .state import SessionState

Handler = Callable[["SessionState", str, Message, float], None]


_OF_THE_LANE: dict[str, type[VariablesRequest] | type[TableRequest]] = {
    "vivo_variables_request": VariablesRequest,
    "vivo_table_request": TableRequest,
}


def handle(state: SessionState, channel: str, message: Message, now: float) -> None:
    """Answer a request; one that nobody knows is left alone, as Jupyter has it."""
    handler = HANDLERS.get(message.type)
    if handler is None:
        return
    if is_plain(message.header) and now:
        state.presence.heard(message.header, now)
    try:
        handler(state, channel, message, now)
    except msgspec.ValidationError as error:
        state.refuse(channel, message, "UsageError", f"{message.type} does not fit: {error}.")


def is_fit(state: SessionState, channel: str, message: Message) -> bool:
    """Whether a request for the lane fits its declaration; if not, it is refused."""
    declared = _OF_THE_LANE.get(message.type)
    if declared is not None:
        try:
            wanted = msgspec.convert(message.content, declared)
            if not wanted.path and declared is TableRequest:
                raise msgspec.ValidationError("a path begins with a variable's name")
            if wanted.path and not isinstance(wanted.path[0], str):
                raise msgspec.ValidationError("a path begins with a variable's name")
            if any(isinstance(each, str) for each in wanted.path[1:]):
                raise msgspec.ValidationError("a path goes on with positions")
        except msgspec.ValidationError as error:
            state.refuse(channel, message, "UsageError", f"{message.type} does not fit: {error}.")
            return False
        message.content = msgspec.to_builtins(wanted)
    return True


def wanted_of_execution(content: dict[str, Any]) -> str | None:
    """What an ``execute_request`` should have had; None if the engine can run it."""
    if not isinstance(content.get("code"), str):
        return "code, a text"
    if not isinstance(content.get("user_expressions") or {}, dict):
        return "user_expressions, an object of texts"
    return None


def handle_ready(state: SessionState, channel: str, message: Message) -> None:
    """Answer what waited for the engine to be ready."""
    if message.type == "vivo_restart_request":
        state.answer(channel, message, session_content(state, 0.0))
    else:
        handle(state, channel, message, 0.0)


def session_content(state: SessionState, now: float) -> dict[str, Any]:
    """The content of a ``vivo_session_reply``."""
    reply = SessionReply(
        id=state.session,
        state=state.engine,  # type: ignore[arg-type]
        python=state.python,
        python_version=state.python_version,
        cwd=state.cwd,
        engine_pid=state.engine_pid,
        keeper_pid=state.keeper_pid,
        running=state.running.record.id if state.running else None,
        queue=[run.record.id for run in state.queue],
        last=state.seq,
        documents=documents_of(state.runs),
        next_count=state.count,
        people=people_of(state, now),
    )
    return {"status": "ok", **msgspec.to_builtins(reply)}


def _kernel_info(state: SessionState, channel: str, message: Message, now: float) -> None:
    if not state.when_ready(channel, message):
        return
    version = state.python_version
    state.answer(
        channel,
        message,
        {
            "status": "ok",
            "protocol_version": PROTOCOL_VERSION,
            "implementation": "vivo",
            "implementation_version": implementation_version(),
            "language_info": {
                "name": "python",
                "version": version,
                "mimetype": "text/x-python",
                "file_extension": ".py",
                "pygments_lexer": "ipython3",
                "codemirror_mode": {"name": "ipython", "version": 3},
                "nbconvert_exporter": "python",
            },
            "banner": f"vivo {implementation_version()} · Python {version} · {state.python}",
            "help_links": [],
            "supported_features": ["kernel subshells", *debugging.features(state)],
        },
    )


def implementation_version() -> str:
    """vivo's own version."""
    from ... import __version__

    return __version__


def _comm_info(state: SessionState, channel: str, message: Message, now: float) -> None:
    target = message.content.get("target_name")
    state.answer(channel, message, {"status": "ok", "comms": state.comms.info(target)})


def _interrupt(state: SessionState, channel: str, message: Message, now: float) -> None:
    state.interrupt(now)
    state.answer(channel, message, {"status": "ok"})


def _usage(state: SessionState, channel: str, message: Message, now: float) -> None:
    reply = Reply(channel, message.identities, "usage_reply", message.raw_header, {})
    state.tell(Measure(reply, state.engine_pid))


def _create_subshell(state: SessionState, channel: str, message: Message, now: float) -> None:
    if state.engine == "dead":
        state.refuse(channel, message, "EngineDied", "The session's Python process has ended.")
    else:
        made = state.subshells.create()
        state.answer(channel, message, {"status": "ok", "subshell_id": made})


def _list_subshell(state: SessionState, channel: str, message: Message, now: float) -> None:
    names = state.subshells.names()
    state.answer(channel, message, {"status": "ok", "subshell_id": names})


def _delete_subshell(state: SessionState, channel: str, message: Message, now: float) -> None:
    named = message.content.get("subshell_id")
    if isinstance(named, str) and state.subshells.delete(named, now):
        state.answer(channel, message, {"status": "ok"})
    else:
        state.refuse(channel, message, "UsageError", f"There is no subshell {named!r}.")


def _shutdown(state: SessionState, channel: str, message: Message, now: float) -> None:
    restart = bool(message.content.get("restart"))
    if restart and _refuse_for_guest(state, channel, message, "restarted"):
        return
    content = {"status": "ok", "restart": restart}
    if restart and not state.foreign:
        state.answer(channel, message, content)
        state.restart(channel, message, now)
        return
    reply = Reply(channel, message.identities, "shutdown_reply", message.raw_header, content)
    state.tell(reply)
    state.tell(Announce("shutdown_reply", message.raw_header, content))
    state.tell(Stop())


def _vivo_session(state: SessionState, channel: str, message: Message, now: float) -> None:
    state.answer(channel, message, session_content(state, now))


def _refuse_for_guest(state: SessionState, channel: str, message: Message, what: str) -> bool:
    """Refuse what would end the process of an engine's host; whether it has one."""
    if state.guest_of:
        sentence = (
            f"The engine is a guest in {state.guest_of}, which is not vivo's to end: it cannot be "
            f"{what} alone. Restart that process; a new one has a fresh engine by itself."
        )
        state.refuse(channel, message, "GuestEngine", sentence)
    return bool(state.guest_of)


def _vivo_interrupt(state: SessionState, channel: str, message: Message, now: float) -> None:
    wanted = msgspec.convert(message.content, InterruptRequest)
    if wanted.force and _refuse_for_guest(state, channel, message, "ended with force"):
        return
    running = state.running.record.id if state.running else None
    waiting = (*state.queue, *state.subshells.waiting())
    queued = next((run for run in waiting if run.record.id == wanted.run), None)
    if queued is not None:
        state.abort(queued, now)
        outcome = "removed_from_queue"
    elif wanted.run and (ended := state.calls.interrupt(wanted.run)) is not None:
        outcome = ended
    elif wanted.run and (subshell := state.subshells.id_of(wanted.run)) is not None:
        state.ladder.interrupt_beside(subshell, wanted.run)
        outcome = "interrupted"
    elif running is None and state.comms.handled is None and not state.calls.given:
        outcome = "idle"
    elif wanted.run in (None, running):
        state.interrupt(now)
        outcome = "interrupted"
    else:
        outcome = "mismatch"
    if wanted.force and outcome == "interrupted":
        handled = state.comms.handled
        target = wanted.run or running or (handled.id if handled else "")
        state.ladder.force(target, Waiting(channel, message), now)
    else:
        state.answer(channel, message, {"status": "ok", "outcome": outcome})


def _vivo_cancel(state: SessionState, channel: str, message: Message, now: float) -> None:
    waiting = (*state.queue, *state.subshells.waiting())
    for run in answer_cancel(state, waiting, channel, message):
        state.abort(run, now)


def _vivo_restart(state: SessionState, channel: str, message: Message, now: float) -> None:
    if not _refuse_for_guest(state, channel, message, "restarted"):
        state.restart(channel, message, now)


def _vivo_stack(state: SessionState, channel: str, message: Message, now: float) -> None:
    if state.engine in ("starting", "dead"):
        state.refuse(channel, message, "EngineDied", f"The session's engine is {state.engine}.")
        return

    def tell(text: str, now: float) -> None:
        if text:
            state.answer(channel, message, {"status": "ok", "text": text})
        elif state.engine in ("starting", "dead"):
            sentence = "The session's Python process has ended."
            state.refuse(channel, message, "EngineDied", sentence)
        else:
            sentence = "The session's Python process does not answer: interrupt it with force."
            state.refuse(channel, message, "StackUnknown", sentence)

    state.stacks.ask(tell, now)


def _vivo_take_input(state: SessionState, channel: str, message: Message, now: float) -> None:
    run = msgspec.convert(message.content, TakeInputRequest).run
    if run is not None:
        state.questions.take(run, message)
    is_asking = state.questions.offer(message) | state.subshells.offer(message)
    state.answer(channel, message, {"status": "ok", "asking": is_asking})


HANDLERS: dict[str, Handler] = {
    "kernel_info_request": _kernel_info,
    "comm_info_request": _comm_info,
    "interrupt_request": _interrupt,
    "shutdown_request": _shutdown,
    "usage_request": _usage,
    "create_subshell_request": _create_subshell,
    "list_subshell_request": _list_subshell,
    "delete_subshell_request": _delete_subshell,
    "vivo_session_request": _vivo_session,
    "vivo_runs_request": answer_runs,
    "vivo_replay_request": answer_replay,
    "vivo_interrupt_request": _vivo_interrupt,
    "vivo_cancel_request": _vivo_cancel,
    "vivo_restart_request": _vivo_restart,
    "vivo_stack_request": _vivo_stack,
    "vivo_take_input_request": _vivo_take_input,
    "vivo_presence_request": answer_presence,
    **CALL_HANDLERS,
}
