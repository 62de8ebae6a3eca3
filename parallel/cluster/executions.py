"""Cells on one engine, with what they print and show while they run.

Theory of operation: events are published with numbers that have no gap; what is missing is asked
for from the session's journal. A cell has ended when the event with its final record has come.
Rules:

1. Each output of a cell is given once and in order, also over a link that was cut.
2. A cell is sent once; whether one that was on its way has arrived is known by its id.
3. A question that a cell asks is put once to whoever waits for it, after all that came before it.
   Told again, as after a cut, it is answered again.
4. Who follows an engine is given all that it published after a number, by whichever client's cells,
   once and in order, however it came.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..merging import EventMerger, merged
from .calls import Outcome
from .errors import ClusterError
from .link import Request
from .signing import Message

if TYPE_CHECKING:
    from .link import Link

_log = logging.getLogger(__name__)
_SILENCE = 1.0  # seconds between a reply and the last event, before that one is asked for
_OUTPUTS = {
    *("stream", "display_data", "update_display_data", "execute_result", "error", "clear_output")
}

Shown = Callable[[str, dict[str, Any]], None]
Asked = Callable[[str, bool, Callable[[str | None], None]], None]


@dataclass
class Cell:
    """A cell that was sent."""

    code: str
    id: str
    on_output: Shown | None = None
    """Called on the loop with the kind and the content of each output as it comes."""
    on_question: Asked | None = None
    """Called on the loop with prompt, whether it is a password, and how to answer."""
    store_history: bool = True
    origin: dict[str, Any] = field(default_factory=lambda: {"client": "cluster"})
    """Where it comes from: the fields of a ``RunOrigin``."""
    is_adopted: bool = False
    """Whether another client has sent it."""
    done: Future[Outcome] = field(default_factory=Future)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    reply: dict[str, Any] | None = None
    record: dict[str, Any] | None = None
    request: Request | None = None
    answers: dict[str, Callable[[], None] | None] = field(default_factory=dict)
    """By the name of a question: what sends its answer again, None until there is one."""


class Executions:
    """The cells of one engine."""

    def __init__(self, link: Link, engine: int) -> None:
        self._link, self._engine = link, engine
        self.pending: dict[str, Cell] = {}
        self._greeted: asyncio.Event | None = None
        self._merger: EventMerger[Message] | None = None
        """None before the first event."""
        self._early: list[tuple[int, Message]] = []
        """Questions, and the numbers of the events that come before them."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_replaying = False
        self._on_event: Callable[[Message], None] | None = None

    def send(self, cell: Cell) -> None:
        """Send a cell, once its events can come."""
        self.pending[cell.id] = cell
        self._spawn(self._send(cell))

    def follow(self, after: int, on_event: Callable[[Message], None]) -> None:
        """Have every event after a number told (rule 4), before any cell is sent; again after the
        engine was lost."""
        self._on_event = on_event
        if self._merger is None:
            self._merger = EventMerger(after)
        self._spawn(self._follow())

    @property
    def heard(self) -> int | None:
        """The number of the last event that was told; None before the first."""
        return self._merger.last if self._merger is not None else None

    async def _follow(self) -> None:
        await self._hear()
        await self._replay()

    def renew(self) -> None:
        """Look whether anything is missing."""
        self._spawn(self._renew())

    def adopt(self, cell: Cell) -> None:
        """A cell that another client has sent, which may be gone, and that has not ended: what it
        asks is asked here, and its end is known."""
        cell.is_adopted = True
        self.pending[cell.id] = cell
        self._spawn(self._take_over(cell))

    async def _take_over(self, cell: Cell) -> None:
        await self._hear()
        try:
            if cell.on_question is not None:
                wanted = {"run": cell.id}
                await self._link.ask("control", "vivo_take_input_request", wanted, timeout=20)
        except ClusterError as error:
            _log.info("What a cell of another client asks is not known: %s", error)

    async def _hear(self) -> None:
        """Be sure that events come."""
        if self._greeted is None:
            self._greeted = asyncio.Event()
            self._link.kept_open |= {"iopub", "stdin"}
            self._link.open("iopub")
            self._link.open("stdin")
        await self._greeted.wait()

    async def _send(self, cell: Cell) -> None:
        await self._hear()
        if cell.id not in self.pending:
            return  # the link was lost meanwhile
        content = {
            "code": cell.code,
            "silent": False,
            "store_history": cell.store_history,
            "user_expressions": {},
            "allow_stdin": cell.on_question is not None,
            "stop_on_error": False,
        }
        metadata = {"vivo": cell.origin}
        cell.request = Request(
            "shell", "execute_request", content, lambda answer: self._replied(cell, answer)
        )
        cell.request.metadata, cell.request.is_repeatable = metadata, False
        self._link.request(cell.request, cell.id)

    def _replied(self, cell: Cell, answer: Message | ClusterError) -> None:
        if isinstance(answer, ClusterError):
            return  # lost() tells
        cell.reply = answer.content
        if cell.record is not None or answer.content.get("status") == "aborted":
            self._end(cell)
        else:
            asyncio.get_running_loop().call_later(_SILENCE, self._miss, cell)

    def _miss(self, cell: Cell) -> None:
        """A cell has ended and its last event has not come: it may have been dropped."""
        if cell.id in self.pending:
            self._spawn(self._renew())

    def _end(self, cell: Cell) -> None:
        if self.pending.pop(cell.id, None) is None:
            return
        if cell.request is not None:
            self._link.forget(cell.request)
        record, content = cell.record or {}, dict(cell.reply or {})
        status = content.get("status") or record.get("status") or "error"
        for name in ("stdout", "stderr"):
            texts = [
                each["content"].get("text", "")
                for each in cell.outputs
                if each["kind"] == "stream" and each["content"].get("name") == name
            ]
            content[name] = "".join(texts)
        if status == "error":
            content["error"] = _error_of(cell)
        content["record"] = record
        cell.done.set_result(Outcome(self._engine, status, content, [], cell.outputs))

    def lost(self, error: ClusterError) -> None:
        """The engine is gone."""
        told = {"ename": type(error).__name__, "evalue": str(error), "traceback": []}
        self._greeted = None
        self._link.kept_open.clear()
        for cell in tuple(self.pending.values()):
            del self.pending[cell.id]
            outcome = Outcome(self._engine, "lost", {"error": told}, [], cell.outputs)
            cell.done.set_result(outcome)

    def close(self) -> None:
        """End what goes on here."""
        for task in tuple(self._tasks):
            task.cancel()

    def _spawn(self, coroutine: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- Events ----------------------------------------------------------------------------

    def event(self, message: Message) -> None:
        """Something was published."""
        if message.type == "iopub_welcome":
            if self._greeted is not None:
                self._greeted.set()
            if self.pending or self._on_event is not None:
                self._spawn(self._renew())
            return
        seq = message.vivo.get("seq")
        if not isinstance(seq, int):
            return
        if self._merger is None:
            self._merger = EventMerger(seq - 1)
        for each in self._merger.feed(seq, message):
            self._dispatch(each)
        if self._merger.missing_after is not None:
            self._spawn(self._replay())
        if self._early:
            self._ask_early()

    def _dispatch(self, message: Message) -> None:
        if self._on_event is not None:
            self._on_event(message)
        cell = self.pending.get(message.parent_id or "")
        if cell is None:
            return
        if message.type in _OUTPUTS:
            content = dict(message.content)
            if message.type == "error" and "report" in message.vivo:
                content["report"] = message.vivo["report"]
            cell.outputs.append({"kind": message.type, "content": content})
            if cell.on_output is not None:
                cell.on_output(message.type, content)
        elif message.content.get("execution_state") == "idle" and "record" in message.vivo:
            cell.record = message.vivo["record"]
            if cell.reply is not None:
                self._end(cell)
            else:  # it may have been lost on its way
                asyncio.get_running_loop().call_later(_SILENCE, self._end, cell)

    async def _replay(self) -> None:
        """Ask for what is missing."""
        merger = self._merger
        if self._is_replaying or merger is None:
            return
        self._is_replaying = True
        try:
            while True:
                before = merger.last
                wanted = {"after": before, "limit": 1000}
                reply = await self._link.ask("control", "vivo_replay_request", wanted, timeout=20)
                for each in merged(merger, reply.content, reply.buffers, Message):
                    self._dispatch(each)
                if merger.last >= reply.content["last"] or merger.last == before:
                    break
        except ClusterError as error:
            _log.info("What is missing is asked for again later: %s", error)
        finally:
            self._is_replaying = False

    async def _renew(self) -> None:
        """The link may have been cut: see what became of the cells that were sent (rule 2)."""
        await self._replay()
        sent = [
            cell.id for cell in self.pending.values() if cell.request is not None or cell.is_adopted
        ]
        if not sent:
            return
        try:
            reply = await self._link.ask("control", "vivo_runs_request", {"ids": sent}, timeout=20)
            runs = {each["id"]: each for each in reply.content["runs"]}
            for run in sent:
                cell = self.pending.get(run)
                if cell is None:
                    continue
                record = runs.get(run)
                if record is None and cell.reply is None and cell.request is not None:
                    self._link.request(cell.request, cell.id)
                elif record is not None and record.get("finished") is not None:
                    cell.record = record
                    self._end(cell)
            asking = [cell for cell in self.pending.values() if cell.on_question is not None]
            for cell in asking[:1] + [cell for cell in asking[1:] if cell.is_adopted]:
                wanted = {"run": cell.id} if cell.is_adopted else {}
                await self._link.ask("control", "vivo_take_input_request", wanted, timeout=20)
        except ClusterError as error:
            _log.info("What became of the cells is asked again later: %s", error)

    # --- Questions -------------------------------------------------------------------------

    def question(self, message: Message) -> None:
        """A cell asks for a line (rule 3). It comes by another socket than what was printed."""
        after = message.vivo.get("after")
        if self._merger is not None and isinstance(after, int) and after > self._merger.last:
            self._early.append((after, message))
            self._spawn(self._replay_late())
        else:
            self._ask(message)

    async def _replay_late(self) -> None:
        await asyncio.sleep(_SILENCE)
        if self._early:
            await self._replay()
            early, self._early = self._early, []
            for _, each in early:  # what is missing still was lost
                self._ask(each)

    def _ask_early(self) -> None:
        assert self._merger is not None
        last, early = self._merger.last, self._early
        self._early = [each for each in early if each[0] > last]
        for after, message in early:
            if after <= last:
                self._ask(message)

    def _ask(self, message: Message) -> None:
        cell = self.pending.get(message.parent_id or "")
        if cell is None or cell.on_question is None or message.type != "input_request":
            return
        name = str(message.vivo.get("question"))
        if name in cell.answers:
            again = cell.answers[name]
            if again is not None:
                again()
            return
        cell.answers[name] = None

        def answer(value: str | None) -> None:
            def send() -> None:
                self._link.tell(
                    *("stdin", "input_reply", {"value": value}),
                    metadata={"vivo": {"question": name}},
                    parent=message.raw_header,
                )

            cell.answers[name] = send
            send()

        content = message.content
        cell.on_question(str(content.get("prompt", "")), bool(content.get("password")), answer)


def _error_of(cell: Cell) -> dict[str, Any]:
    """Why a cell failed: its reply, with the report of its last error."""
    told = dict(cell.reply or {})
    for each in cell.outputs:
        if each["kind"] == "error":
            told = {**told, **each["content"]}
    error = (cell.record or {}).get("error") or {}
    return {
        "ename": told.get("ename") or error.get("name", ""),
        "evalue": told.get("evalue") or error.get("message", ""),
        "traceback": told.get("traceback", []),
        "report": told.get("report"),
    }
