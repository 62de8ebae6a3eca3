"""What a session answers of its past, whoever runs its cells: runs, and events again. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

from ..messages import CancelReply, CancelRequest, ReplayRequest, RunsReply, RunsRequest
from ..runs import RunTable
from ..wire import Message
from .instructions import Replay, Reply
from .parts import Run

_MOST_EVENTS = 10_000


class Recorded(Protocol):
    """A session's state, as far as these requests look at it."""

    runs: RunTable
    seq: int

    def answer(self, channel: str, request: Message, content: Any) -> None:
        """Answer a request that is no run."""

    def tell(self, instruction: Any) -> None:
        """Add an instruction."""


def answer_runs(state: Recorded, channel: str, message: Message, now: float) -> None:
    """``vivo_runs_request``. Raises ``msgspec.ValidationError``."""
    wanted = msgspec.convert(message.content, RunsRequest)
    runs = msgspec.to_builtins(RunsReply(state.runs.all(wanted.uri, wanted.ids)))
    state.answer(channel, message, {"status": "ok", **runs})


def answer_replay(state: Recorded, channel: str, message: Message, now: float) -> None:
    """``vivo_replay_request``. Raises ``msgspec.ValidationError``."""
    wanted = msgspec.convert(message.content, ReplayRequest)
    content = {"status": "ok", "events": [], "last": state.seq}
    kind = "vivo_replay_reply"
    reply = Reply(channel, message.identities, kind, message.raw_header, content)
    state.tell(Replay(reply, max(0, wanted.after), max(1, min(wanted.limit, _MOST_EVENTS))))


def answer_cancel(
    state: Recorded, waiting: Iterable[Run], channel: str, message: Message
) -> list[Run]:
    """``vivo_cancel_request``; gives the runs to abort. Raises ``msgspec.ValidationError``."""
    wanted = msgspec.convert(message.content, CancelRequest)
    found = [each for each in waiting if wanted.uri in (None, each.record.uri)]
    told = msgspec.to_builtins(CancelReply([each.record.id for each in found]))
    state.answer(channel, message, {"status": "ok", **told})
    return found
