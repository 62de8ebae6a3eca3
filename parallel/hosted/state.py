"""A hosted kernel's session as a machine: messages in, instructions out. Pure.

Rules, asserted by :meth:`HostedState.validate`:

1. One cell is at the kernel at a time; the others wait here, in the order they came.
2. A run ends once: when its reply and its idle status have both come, when it is taken out of the
   queue, or when the kernel ends. Its final record is on its idle status.
3. Every event of a run has a number, contiguous over all; what belongs to no run has none, but for
   what is shown.
4. Completion and the like are answered beside a running cell too: with what was known last, marked
   as such, since the kernel would answer only when the cell has ended.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any

import msgspec

from ..keeper.flood import Floods
from ..keeper.instructions import Announce, Instruction, Publish, Reply, Stop
from ..keeper.last_known import LastKnown
from ..keeper.parts import Run, Waiting
from ..keeper.presence import Presence
from ..messages import RunError, RunRecord
from ..observed import conclude, error_told, observe
from ..runs import RunTable, follows_a_failure, new_record
from ..wire import Message
from . import requests
from .instructions import RestartKernel, ToKernel

_MAXIMUM_FORWARDED = 10_000
_ABORTED = {"status": "aborted"}
_ENDED = "The kernel has ended: restart the session (Ctrl-C offers it in a console)."


class HostedState:
    """See the module."""

    def __init__(self, session: str, kernel: str, python: str, cwd: str) -> None:
        self.session, self.kernel, self.python, self.cwd = session, kernel, python, cwd
        self.phase = "starting"
        """``starting``, ``idle``, ``busy`` or ``dead``."""
        self.lacks: tuple[str, ...] = ()
        self.kernel_info: dict[str, Any] = {}
        self.kernel_pid: int | None = None
        self.keeper_pid = 0
        self.seq = 0
        self.runs = RunTable()
        self.running: Run | None = None
        self.queue: deque[Run] = deque()
        self.floods = Floods(self)  # type: ignore[arg-type] # it has what that asks for
        self.pipes: dict[Any, Any] = {}
        """Of the cells: a kernel has none, its output comes as messages."""
        self.last_known, self.presence = LastKnown(), Presence()
        self.question: Reply | None = None
        """What the running cell asks for."""
        self._question_header = b"{}"
        self._is_idle_seen = False
        self._forwarded: OrderedDict[str, tuple[str, Message, int]] = OrderedDict()
        self._until_ready: list[tuple[str, Message]] = []
        self._count = 0
        self._out: list[Instruction | ToKernel | RestartKernel] = []

    # --- Clients -----------------------------------------------------------------------------

    def client_message(self, channel: str, message: Message, now: float) -> list[Any]:
        """A client's message on ``shell``, ``control`` or ``stdin``."""
        if channel == "stdin":
            self._answered(message)
        elif message.type == "execute_request":
            self._execute(channel, message, now)
        elif not requests.handle(self, channel, message, now):
            self._forward(channel, message, now)
        return self.taken()

    def subscribed(self, topic: bytes) -> list[Any]:
        """A client has subscribed: it is greeted, and knows that it misses nothing from here on."""
        told = {"vivo": {"keeper": self.keeper_pid}}
        self._out.append(Announce("iopub_welcome", b"{}", {"subscription": topic.decode()}, told))
        return self.taken()

    def _execute(self, channel: str, message: Message, now: float) -> None:
        code = message.content.get("code")
        if not isinstance(code, str):
            self.refuse(channel, message, "UsageError", "An execute_request needs code, a text.")
        elif self.phase == "dead":
            self.refuse(channel, message, "KernelEnded", _ENDED)
        else:
            run = Run(new_record(message.id, code, message.metadata, now), message, channel)
            self.runs.put(run.record)
            self.queue.append(run)
            if follows_a_failure(self.runs, message):
                self.abort(run, now)
            self._next()

    def _next(self) -> None:
        """Send the kernel the next cell (rule 1)."""
        if self.phase != "idle" or not self.queue:
            return
        run = self.running = self.queue.popleft()
        self.phase, self._is_idle_seen = "busy", False
        # What waits is aborted here: the kernel would abort also what comes after.
        content = {**run.request.content, "stop_on_error": False}
        self.tell(ToKernel("shell", run.request, content))

    def _forward(self, channel: str, message: Message, now: float) -> None:
        kind = message.type
        if self.phase == "starting":
            self._until_ready.append((channel, message))
        elif self.phase == "dead":
            self.refuse(channel, message, "KernelEnded", _ENDED)
        elif self.phase == "busy" and channel == "shell" and kind in requests.ANSWERED_BESIDE:
            content, known = self.last_known.answer(kind, message.content)
            told = {"vivo": {"busy": True, "known": known}}
            self.answer(channel, message, content, metadata=told)
        else:
            self._count += 1
            self._forwarded[message.id] = channel, message, self._count
            if len(self._forwarded) > _MAXIMUM_FORWARDED:  # a kernel need not answer at all
                _, (_, _, oldest) = self._forwarded.popitem(last=False)
                self.last_known.answered(oldest, {}, now)
            if kind in requests.ANSWERED_BESIDE:
                self.last_known.asked(self._count, Waiting(channel, message), now, is_busy=False)
            self.tell(ToKernel(channel, message, message.content))

    def _answered(self, message: Message) -> None:
        question = self.question
        if question is None or message.type != "input_reply":
            return
        name = (question.metadata or {})["vivo"]["question"]
        if message.vivo.get("question", name) != name:
            return  # an answer to an older one
        value = message.content.get("value")
        content = {"value": value if isinstance(value, str) else "\x04"}  # the end of input
        header = Message({}, raw_header=self._question_header)
        self.tell(ToKernel("stdin", header, content, kind="input_reply"))
        self.question = None
        if self.running is not None:
            self._publish_for(self.running, "status", {"execution_state": "busy"}, answered=name)

    # --- The kernel --------------------------------------------------------------------------

    def kernel_message(self, channel: str, message: Message, now: float) -> list[Any]:
        """A message of the kernel's."""
        if channel == "iopub":
            self._event(message, now)
        elif channel == "stdin":
            self._asked(message)
        elif self.running is not None and message.parent_id == self.running.record.id:
            self.running.done = message.content
            self._finish(now)
        elif (found := self._forwarded.pop(message.parent_id or "", None)) is not None:
            asked_on, request, number = found
            if request.type in requests.ANSWERED_BESIDE:
                self.last_known.answered(number, message.content, now)
            self._out.append(
                Reply(asked_on, request.identities, message.type, request.raw_header,
                      message.content, message.buffers, message.metadata)
            )  # fmt: skip
        return self.taken()

    def ready(self, info: dict[str, Any], now: float) -> list[Any]:
        """The kernel answers: what waited is done."""
        self.kernel_info, self.phase = info, "idle"
        waiting, self._until_ready = self._until_ready, []
        for channel, message in waiting:
            if message.type == "vivo_restart_request":
                self.answer(channel, message, requests.session_content(self, now))
            elif not requests.handle(self, channel, message, now):
                self._forward(channel, message, now)
        self._next()
        return self.taken()

    def _event(self, message: Message, now: float) -> None:
        run, kind, content = self.running, message.type, message.content
        if run is None or message.parent_id != run.record.id:
            self._event_of_none(message)
            return
        if kind == "stream":
            self.floods.stream(run.record.id, str(content.get("name")), str(content.get("text")))
            return
        if content.get("execution_state") == "idle" and kind == "status":
            self._is_idle_seen = True
            self._finish(now)
            return
        observe(run.record, kind, content, now)
        if kind == "clear_output":
            self.floods.clear(run.record.id, wait=bool(content.get("wait")))
            return
        self.floods.release_clearing(run.record.id)
        record = run.record if kind == "execute_input" else None
        self.publish(
            kind, run.request.raw_header, content, run.record.id, record=record,
            metadata=message.metadata, buffers=message.buffers,
        )  # fmt: skip

    def _event_of_none(self, message: Message) -> None:
        """What a request that is no run shows, or a thread of an earlier cell."""
        if message.type in ("iopub_welcome", "shutdown_reply"):
            return
        state = message.content.get("execution_state")
        parent = msgspec.json.encode(message.parent_header)
        known = self.runs.get(message.parent_id or "")
        if message.type == "status":
            if state in ("busy", "idle") and known is None:
                self._out.append(Announce("status", parent, message.content))
            return  # what a kernel says of its own start is said here already
        run = known.id if known is not None else None
        self.publish(
            message.type, parent, message.content, run,
            metadata=message.metadata, buffers=message.buffers,
        )  # fmt: skip

    def _asked(self, message: Message) -> None:
        run = self.running
        if run is None or message.type != "input_request" or message.parent_id != run.record.id:
            return
        self._question_header = message.raw_header
        content = {key: message.content.get(key) for key in ("prompt", "password")}
        told = {"vivo": {"question": message.id}}
        request = run.request
        self.question = Reply(
            "stdin", request.identities, "input_request", request.raw_header, content, metadata=told
        )
        self._out.append(self.question)

    def _finish(self, now: float) -> None:
        """End the running cell once its reply and its idle have come (rule 2)."""
        run = self.running
        if run is None or run.done is None or not self._is_idle_seen:
            return
        done = run.done
        if run.record.started is None and done.get("status") != "aborted":
            run.record.started = now  # a silent cell shows no beginning
        if done.get("status") == "error" and run.record.error is None:
            run.record.error = error_told(done)
        conclude(run.record, now, done.get("status"))
        self._end(run, done)
        self.running, self.phase = None, "idle"
        if run.record.status == "error" and run.request.content.get("stop_on_error", True):
            for each in tuple(self.queue):
                if run.takes_along(each):
                    self.abort(each, now)
        self._next()

    def _end(self, run: Run, content: dict[str, Any]) -> None:
        self.question = None
        self.floods.settle(run.record.id)
        request, record = run.request, msgspec.to_builtins(run.record)
        self._out.append(
            Reply(run.channel, request.identities, "execute_reply", request.raw_header, content,
                  metadata={"vivo": {"record": record}})
        )  # fmt: skip
        payload = content.get("payload")
        extra = {"payload": payload} if payload else {}
        idle = {"execution_state": "idle"}
        self.publish(
            "status", request.raw_header, idle, run.record.id, record=run.record, extra=extra
        )

    def abort(self, run: Run, now: float) -> None:
        """Take a cell out of the queue."""
        self.queue.remove(run)
        conclude(run.record, now, "aborted")
        self._end(run, dict(_ABORTED))

    def ended(self, how: str, now: float) -> list[Any]:
        """The kernel's process has ended, and nobody asked for it."""
        self.phase, self.kernel_pid = "dead", None
        self._lose(f"The kernel has ended ({how}): its variables are gone, its output stays.", now)
        self.publish("status", b"{}", {"execution_state": "dead"}, None)
        return self.taken()

    def restart(self, now: float) -> None:
        """End the kernel and start it anew."""
        self._lose("The session was restarted while this cell ran.", now)
        self.phase = "starting"
        self.publish("status", b"{}", {"execution_state": "restarting"}, None)
        self.tell(RestartKernel())

    def _lose(self, why: str, now: float) -> None:
        run, self.running = self.running, None
        if run is not None:
            run.record.started = run.record.started or now
            run.record.error = RunError("KernelEnded", why)
            told = {"ename": "KernelEnded", "evalue": why, "traceback": [f"KernelEnded: {why}"]}
            self.publish("error", run.request.raw_header, told, run.record.id)
            conclude(run.record, now, "error")
            self._end(run, {"status": "error", **told})
        for each in tuple(self.queue):
            self.abort(each, now)
        for channel, request, _ in self._forwarded.values():
            self.refuse(channel, request, "KernelEnded", why)
        self._forwarded.clear()
        self.last_known.reset()

    # --- Telling -----------------------------------------------------------------------------

    def parent_of(self, run: str | None) -> bytes:
        """The header that a run's events carry as their parent."""
        found = self.running
        is_it = found is not None and found.record.id == run
        return found.request.raw_header if found is not None and is_it else b"{}"

    def publish(
        self,
        kind: str,
        parent: bytes,
        content: dict[str, Any],
        run: str | None,
        *,
        record: RunRecord | None = None,
        extra: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        buffers: list[bytes] | None = None,
    ) -> None:
        """Give an event its number (rule 3)."""
        self.seq += 1
        vivo: dict[str, Any] = {"seq": self.seq, **(extra or {})}
        if run is not None:
            vivo["run"] = run
        if record is not None:
            vivo["record"] = msgspec.to_builtins(record)
        told = {**(metadata or {}), "vivo": vivo}
        self._out.append(Publish(self.seq, kind, parent, content, told, buffers or []))

    def _publish_for(self, run: Run, kind: str, content: dict[str, Any], **extra: Any) -> None:
        self.publish(kind, run.request.raw_header, content, run.record.id, extra=extra)

    def answer(
        self,
        channel: str,
        request: Message,
        content: dict[str, Any],
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Answer a request here, with its busy and idle."""
        parent, kind = request.raw_header, request.type.removesuffix("_request") + "_reply"
        self._out.append(Announce("status", parent, {"execution_state": "busy"}))
        self._out.append(
            Reply(channel, request.identities, kind, parent, content, metadata=metadata)
        )
        self._out.append(Announce("status", parent, {"execution_state": "idle"}))

    def refuse(self, channel: str, request: Message, name: str, sentence: str) -> None:
        """Answer a request with an error."""
        told = {"ename": name, "evalue": sentence, "traceback": []}
        self.answer(channel, request, {"status": "error", **told})

    def wait_until_ready(self, channel: str, message: Message) -> None:
        """Do a request when the kernel answers."""
        self._until_ready.append((channel, message))

    def stop(self) -> None:
        """End the session."""
        self._out.append(Stop())

    def tell(self, instruction: Any) -> None:
        """Add an instruction."""
        self._out.append(instruction)

    def time_passed(self, now: float) -> list[Any]:
        """Show what was held of a cell that goes on."""
        self.floods.time_passed(now)
        return self.taken()

    def taken(self) -> list[Any]:
        """The instructions since the last time."""
        taken, self._out = self._out, []
        return taken

    def validate(self) -> None:
        """Assert the rules of the module's head."""
        assert (self.phase == "busy") == (self.running is not None), self.phase
        assert self.phase != "idle" or not self.queue, "idle with cells waiting"
        assert self.phase != "dead" or not self.queue, "the dead have a queue"
        assert all(run.record.status == "queued" for run in self.queue)
        assert self.question is None or self.running is not None, "a question of nobody"
        self.floods.validate()
