"""The requests that bring calls: a client's, and the controller's. Found by name in a table.

The controller's come over the link to it alone: on any other channel they are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..wire import Message
from .calls import Call
from .controlled import CHANNEL, Controlled
from .instructions import Reply, Store

if TYPE_CHECKING:
    from .state import SessionState

_LARGEST = 2**40  # bytes of a buffer that comes in parts


def _call(state: SessionState, channel: str, message: Message, now: float) -> None:
    state.calls.arrived(channel, message, now)


def _part(state: SessionState, channel: str, message: Message, now: float) -> None:
    from ..cluster_messages import PartRequest  # few sessions have clients on other hosts

    told = msgspec.convert(message.content, PartRequest)
    if len(message.buffers) != 1 or not 0 <= told.offset < told.size <= _LARGEST:
        raise msgspec.ValidationError("a part has its place and one buffer")
    reply = Reply(
        channel, message.identities, "vivo_part_reply", message.raw_header, {"status": "ok"}
    )
    data = message.buffers[0]
    state.tell(Store(reply, told.upload, told.size, told.offset, data, told.is_given_up))


def _calls(state: SessionState, channel: str, message: Message, now: float) -> None:
    _check(state, channel)
    from ..cluster_messages import Calls  # few sessions have a controller

    given = msgspec.convert(message.content, Calls).calls
    if sum(each.buffers for each in given) != len(message.buffers):
        raise msgspec.ValidationError("its calls and its buffers do not fit together")
    at, calls = 0, []
    for each in given:
        buffers = message.buffers[at : at + each.buffers]
        at += each.buffers
        calls.append(
            Call(
                each.call,
                msgspec.json.encode({**message.header, "msg_id": each.call}),
                each.function,
                each.has_function,
                buffers,
                of_controller=True,
            )
        )
    state.calls.give(calls)


def _revoke(state: SessionState, channel: str, message: Message, now: float) -> None:
    _check(state, channel)
    state.calls.revoke(_named(message))


def _stored(state: SessionState, channel: str, message: Message, now: float) -> None:
    _check(state, channel)
    state.calls.confirmed(_named(message))


def _interrupt(state: SessionState, channel: str, message: Message, now: float) -> None:
    _check(state, channel)
    for each in _named(message):
        state.calls.interrupt(each)


def _named(message: Message) -> list[str]:
    from ..cluster_messages import CallNames

    return msgspec.convert(message.content, CallNames).calls


def _hello(state: SessionState, channel: str, message: Message, now: float) -> None:
    _check(state, channel).hello(now)


def _heard(state: SessionState, channel: str, message: Message, now: float) -> None:
    _check(state, channel)


def _check(state: SessionState, channel: str) -> Controlled:
    if channel != CHANNEL or state.controlled is None:
        raise msgspec.ValidationError("only the controller of a cluster sends it")
    state.controlled.heard()
    return state.controlled


CALL_HANDLERS: dict[str, Any] = {
    "vivo_call_request": _call,
    "vivo_part_request": _part,
    "vivo_calls": _calls,
    "vivo_revoke": _revoke,
    "vivo_results_stored": _stored,
    "vivo_interrupt_calls": _interrupt,
    "vivo_hello_request": _hello,
    "vivo_heard": _heard,
}
