"""The session as a pure machine: an event in, instructions out.

Events are a client's message, a frame of the engine, bytes of a cell's pipes, the engine's end.
Nothing here does I/O, reads a clock or makes a process.

Rules, asserted by :meth:`SessionState.validate`:

1. At most one run runs; the others wait in the queue, in the order they came.
2. A run ends exactly once: with the engine's ``done``, by abortion, or by the engine's death. Then
   its client has its reply and everyone its idle status with the final record.
3. Sequence numbers are contiguous from 1; every event of a run has one.
4. Requests for the lane never wait for a run.
5. Nothing that a client sends raises: what is unfit is answered with an error, once.

The engine's life: ``starting`` → ``idle`` ⇄ ``busy`` → ``dead`` → (restart) ``starting``.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from ..frames import Ordering
from ..messages import RunError, RunRecord
from ..runs import RunTable, error_of, follows_a_failure, new_record, tell_end, values_wanted
from ..wire import Message
from . import comms, requests, restoring
from .asking import LANE_REQUESTS, Asking
from .calls import Calls
from .controlled import Controlled
from .flood import Floods
from .instructions import (
    Announce,
    Instruction,
    Publish,
    Reply,
    Respawn,
    StartRun,
    Stop,
)
from .ladder import Ladder
from .parts import Pipe, Run, Waiting
from .presence import Presence
from .questions import Questions
from .remembering import Remembering
from .showing import SHOWN, show
from .stacks import Stacks
from .subshells import Subshells

_STREAMS = ("stdout", "stderr")


class SessionState:
    """The one object that holds a session's state."""

    def __init__(self, session: str, python: str, cwd: str, *, magic: bytes, foreign: bool) -> None:
        self.session = session
        self.python = python
        self.python_version = ""
        self.has_debugger = False
        self.cwd = cwd
        self.foreign = foreign
        """Whether a foreign launcher owns the session: then it ends with its engine."""
        self.guest_of = ""  # what process the engine is a guest in, if it is
        self.controlled: Controlled | None = None
        self.engine = "starting"
        self.engine_pid: int | None = None
        self.keeper_pid = 0
        self.seq = 0
        self.running: Run | None = None
        self.queue: deque[Run] = deque()
        self.runs = RunTable(on_drop=lambda run: self.parents.pop(run, None))
        self.started = False
        self.magic = magic
        # Of the engine's event that is being told: its number among those with a place in the
        # text, or among the others; and the last of each that was told.
        self._number: int | None = None
        self._aside: int | None = None
        self.told_number = self.told_aside = 0
        self.parents: dict[str, bytes] = {}
        self.pipes: dict[tuple[str | None, str], Pipe] = {}
        self.asking = Asking(self)
        self.stacks, self.ladder = Stacks(self), Ladder(self)
        self.remembering = Remembering(self)
        self._until_ready: list[Waiting] = []
        self.questions, self.presence = Questions(self), Presence()
        self.comms, self.calls = comms.Comms(self), Calls(self)
        self.subshells = Subshells(self)
        self.floods = Floods(self)
        self.count = 1
        """The number of the next cell, in step with the engine's shell."""
        self._out: list[Instruction] = []
        self._new_pipes(None)

    # --- Events ----------------------------------------------------------------------------

    def client_message(self, channel: str, message: Message, now: float) -> list[Instruction]:
        """A client's message on ``shell``, ``control`` or ``stdin``."""
        if channel == "stdin":
            if not self.subshells.answer(message):
                self.questions.answer(message)
        elif message.type == "execute_request":
            self._execute_request(channel, message, now)
        elif message.type in LANE_REQUESTS:
            if requests.is_fit(self, channel, message):
                self.asking.ask(Waiting(channel, message), now)
        elif message.type in comms.MESSAGES:
            self.comms.arrived(message, now)
        else:
            requests.handle(self, channel, message, now)
        return self._taken()

    def engine_frame(
        self, header: dict[str, Any], now: float, buffers: list[bytes] | None = None
    ) -> list[Instruction]:
        """A frame of the engine's main thread.

        Before a run's ``done`` :meth:`output` is told what its pipes hold when that has come.
        """
        if buffers:
            header["buffers"] = buffers
        self._frame(header, now)
        return self._taken()

    def _frame(self, header: dict[str, Any], now: float) -> None:
        kind = header["type"]
        if kind in ("ready", "adopted"):
            if kind == "adopted":
                restoring.adopted(self, header, now)
            self._ready(header, now)
        elif "n" not in header:
            if header.get("m", self.told_aside + 1) > self.told_aside:  # else it comes again
                self._event(header, now)
        else:
            run, number = header["run"], header["n"]
            if (held := header.pop("held", None)) is not None:  # an event right before it
                self._frame(held, now)
            pipe = self.pipes.get((run, "stdout"))
            if pipe is None:
                self._event(header, now)
            elif kind == "done":  # whoever tells it has told what the pipes held then
                if (errors := self.pipes.get((run, "stderr"))) is not None:
                    self._ordered(run, "stderr", errors.ordering.feed_end(number, None), now)
                self._ordered(run, "stdout", pipe.ordering.feed_end(number, header), now)
            else:
                self._ordered(run, "stdout", pipe.ordering.feed_event(number, header), now)

    def lane_frame(self, header: dict[str, Any], now: float) -> list[Instruction]:
        """A frame of the engine's lane."""
        self.asking.answered(header, now)
        return self._taken()

    def output(self, run: str | None, name: str, data: bytes, now: float) -> list[Instruction]:
        """Bytes of a cell's pipe, none at its end; or of the stacks'."""
        if name == "stack":
            self.stacks.dumped(data, now)
            return self._taken()
        pipe = self.pipes.get((run, name))
        if pipe is None:
            return []
        if data:
            ready = pipe.ordering.feed_text(data)
        else:
            ready = pipe.ordering.finish()
            del self.pipes[run, name]
        self._ordered(run, name, ready, now)
        if not data:
            self.floods.settle(run)
        return self._taken()

    @property
    def how_to_go_on(self) -> str:
        """What to do when the engine has ended."""
        if self.foreign:
            return "Restart the kernel to go on."
        return f"Restart the session to go on (`vivo sessions restart {self.session}`)."

    def engine_exited(self, reason: str, now: float) -> list[Instruction]:
        """The engine has ended, all that it had written has been read."""
        if self.ladder.engine_ended(reason, now):
            return self._taken()
        self.engine = "dead"
        self.engine_pid = None
        sentence = (
            f"The session's Python process ended: {reason}. Its variables are gone; what it "
            f"printed is kept. {self.how_to_go_on}"
        )
        error = RunError("EngineDied", sentence)
        if self.running is not None:
            self.fail(self.running, error, now)
        self.subshells.reset(error, now)
        self.remembering.lost(now)
        self._abort_queue(now)
        self.comms.reset()
        self.calls.reset(reason)
        self.asking.reset(error)
        self.stacks.reset(now)
        self.ladder.reset()
        waiting, self._until_ready = self._until_ready, []
        for each in waiting:  # for an engine that never became ready
            if each.request.type in (*LANE_REQUESTS, "vivo_restart_request"):
                self.refuse(each.channel, each.request, error.name, sentence)
            else:
                requests.handle_ready(self, each.channel, each.request)
        self.publish("status", b"{}", {"execution_state": "dead"}, None)
        if self.foreign:
            self._out.append(Stop())
        return self._taken()

    def subscribed(self, topic: bytes) -> list[Instruction]:
        """A client has subscribed to iopub."""
        content = {"subscription": topic.decode("utf-8", "replace")}
        keeper = {"vivo": {"keeper": self.keeper_pid}}
        self._out.append(Announce("iopub_welcome", b"{}", content, keeper))
        if not self.started:
            self.started = True
            self.publish("status", b"{}", {"execution_state": "starting"}, None)
        return self._taken()

    # --- Runs ------------------------------------------------------------------------------

    def _execute_request(self, channel: str, message: Message, now: float) -> None:
        wanted = requests.wanted_of_execution(message.content)
        if wanted:
            self.refuse(channel, message, "UsageError", f"execute_request wants {wanted}.")
            return
        if self.engine == "dead":
            gone = f"The session's Python process has ended. {self.how_to_go_on}"
            self.refuse(channel, message, "EngineDied", gone)
            return
        if self.runs.get(message.id) is not None:
            return  # sent again by a client that could not know that it had arrived
        if not self.subshells.knows(message):
            sentence = f"There is no subshell {message.header['subshell_id']!r}."
            self.refuse(channel, message, "UsageError", sentence)
            return
        code: str = message.content["code"]
        run = Run(new_record(message.id, code, message.metadata, now), message, channel)
        self.parents[message.id] = message.raw_header
        self.runs.put(run.record)
        if follows_a_failure(self.runs, message):
            self.end_aborted(run, now)
        elif not self.subshells.put(message, run, now):
            self.queue.append(run)
            self._next(now)
            if self.queue and self.queue[-1] is run:
                restoring.tell_waiting(self, run)

    def _next(self, now: float) -> None:
        """Start the next run if nothing runs."""
        if self.running is not None or self.engine != "idle" or self.comms.start():
            return
        if self.calls.start() or not self.queue:
            return
        run = self.running = self.queue.popleft()
        self.engine, header = "busy", self.begin(run, now)
        self._new_pipes(run.record.id)
        self._out.append(StartRun(run.record.id, header))

    def begin(self, run: Run, now: float) -> dict[str, Any]:
        """Begin a run: number it and tell everyone; gives the engine's frame."""
        record, content = run.record, run.request.content
        record.status, record.started = "running", now
        record.execution_count = self.count
        if is_counted := run.counted:
            self.count += 1
        record.seq = self.seq + 1
        parent = run.request.raw_header
        self.publish("status", parent, {"execution_state": "busy"}, record.id)
        if not run.silent:
            shown = {"code": record.source, "execution_count": record.execution_count}
            self.publish("execute_input", parent, shown, record.id, record=record)
        return {
            "type": "execute",
            "execution_count": record.execution_count,
            "run": record.id,
            "code": record.source,
            "path": record.path,
            "first_line": record.first_line,
            "silent": run.silent,
            "store_history": is_counted,
            "user_expressions": content.get("user_expressions") or {},
            "allow_stdin": bool(content.get("allow_stdin", True)),
            "values": values_wanted(run.request.metadata),
        }

    def _event(self, header: dict[str, Any], now: float) -> None:
        """An event of the engine, in its place."""
        kind, run = header["type"], header.get("run")
        self._number, self._aside = header.get("n"), header.get("m")
        if kind == "stream":
            self.stream(run, header["name"], header["text"])
        elif kind == "done":
            if self.running is not None and self.running.record.id == run:
                self._finish(header, now)
            elif run is not None:
                self.subshells.done(run, header, now)
        elif kind == "input":
            self.ask_input(header)
        elif kind == "comm":
            self.comms.published(header)
        elif kind == "comm_done":
            if not self.subshells.done(header["run"], None, now):
                self.comms.done(header["run"])
                self._next(now)
        elif kind == "call_done":
            self.calls.done(header, now)
        elif kind == "revoked":
            self.calls.revoked(header["serials"])
        elif kind == "carried":
            self.calls.carried(header)
        elif kind in SHOWN:
            show(self, header)
        self._number = self._aside = None

    def _finish(self, done: dict[str, Any], now: float) -> None:
        """End the running run: its report and all of its text are here."""
        run = self.running
        assert run is not None
        self._number = done.get("n")
        aborts = self.conclude(run, done, now)
        self._number = None
        if aborts:
            self._abort_queue(now, after=run)
        self._next(now)

    def conclude(self, run: Run, done: dict[str, Any], now: float) -> bool:
        """End a run with the engine's report; whether what waits behind it is to be aborted."""
        record = run.record
        tell_end(record, done, now)
        content: dict[str, Any] = {
            "status": done["status"],
            "execution_count": run.last_number,
            "payload": done["payload"],
            "user_expressions": done["user_expressions"],
        }
        if "error" in done:
            error = done["error"]
            record.error = error_of(error["report"], record.path)
            content |= {key: error[key] for key in ("ename", "evalue", "traceback")}
        self._end(run, content, now)
        return bool(done["status"] == "error" and run.request.content.get("stop_on_error", True))

    def _end(self, run: Run, content: dict[str, Any], now: float) -> None:
        """Give a run's client its reply, and everyone its end (rule 2)."""
        self.floods.settle(run.record.id)
        request, metadata = run.request, None
        if request.is_ours:  # for who has missed the idle status; others make nothing of it
            metadata = {"vivo": {"record": msgspec.to_builtins(run.record)}}
        client, parent = (run.channel, request.identities), request.raw_header
        self._out.append(Reply(*client, "execute_reply", parent, content, [], metadata))
        idle = {"execution_state": "idle"}
        extra = {"payload": payload} if (payload := content.get("payload")) else None
        self.publish("status", parent, idle, run.record.id, record=run.record, extra=extra)
        self.runs.put(run.record)
        self.remembering.ended(run, now)
        self.ladder.run_ended(run.record.id)
        if self.running is run:
            self.running = None
            self.questions.forget()
            if self.engine == "busy":
                self.engine = "idle"

    def fail(self, run: Run, error: RunError, now: float, stack: list[str] | None = None) -> None:
        """End a run that runs with an error that is not its own."""
        run.record.status, run.record.finished, run.record.error = "error", now, error
        shown = [*(stack or ()), error.message]
        content = {"ename": error.name, "evalue": error.message, "traceback": shown}
        self.publish("error", run.request.raw_header, content, run.record.id)
        reply = {"status": "error", "execution_count": run.last_number, **content}
        self._end(run, reply, now)

    def abort(self, run: Run, now: float) -> None:
        """Take a waiting run out of the queue and tell so."""
        if run in self.queue:
            self.queue.remove(run)
        else:
            self.subshells.remove(run)
        self.end_aborted(run, now)

    def end_aborted(self, run: Run, now: float) -> None:
        """End a run that was taken out of its queue."""
        run.record.status, run.record.finished = "aborted", now
        self._end(run, {"status": "aborted", "execution_count": 0}, now)

    def _abort_queue(self, now: float, *, after: Run | None = None) -> None:
        for run in tuple(self.queue):
            if after is None or after.takes_along(run):
                self.abort(run, now)

    def interrupt(self, now: float) -> None:
        """Interrupt the running run; see :mod:`.ladder`."""
        self.ladder.interrupt(now)

    def restart(self, channel: str, message: Message, now: float) -> None:
        """End the engine and start a fresh one; the client is answered when that is ready."""
        self.begin_afresh(RunError("Restarted", "The session was restarted."), now)
        self._until_ready.append(Waiting(channel, message))

    def begin_afresh(self, error: RunError, now: float, stack: list[str] | None = None) -> None:
        """Go on with a fresh engine; what runs in this one ends with ``error``."""
        if self.running is not None:
            self.fail(self.running, error, now, stack)
        self.subshells.reset(error, now)
        self.remembering.lost(now)
        self._abort_queue(now)
        self.comms.reset()
        self.calls.reset(error.message)
        self.asking.reset(error)
        self.stacks.reset(now)
        self.ladder.reset()
        self.engine, self.engine_pid, self.count = "starting", None, 1
        self.told_number = self.told_aside = self.questions.before = 0
        self.pipes.clear()
        self.floods.settle_all()
        self._new_pipes(None)
        self.publish("status", b"{}", {"execution_state": "restarting"}, None)
        self._out.append(Respawn())

    # --- The engine ------------------------------------------------------------------------

    def _ready(self, header: dict[str, Any], now: float) -> None:
        self.engine = "idle" if self.running is None else "busy"
        self.engine_pid = header["pid"]
        self.python_version = header["python_version"]
        self.has_debugger = bool(header.get("debugger"))
        self.stacks.signal = header.get("stack_signal")
        waiting, self._until_ready = self._until_ready, []
        for each in waiting:
            if each.request.type in LANE_REQUESTS:
                self.asking.ask(each, now)
            else:
                requests.handle_ready(self, each.channel, each.request)
        self.publish("status", b"{}", {"execution_state": self.engine}, None)
        if self.controlled is not None:
            self.controlled.hello(now)
        self._next(now)
        self.subshells.start(now)

    def wait_until_ready(self, waiting: Waiting) -> None:
        """Take a request up again when the engine has said what it is."""
        self._until_ready.append(waiting)

    def when_ready(self, channel: str, message: Message) -> bool:
        """Whether the engine has said what it is; if not, the request waits for that."""
        if self.engine == "starting":
            self.wait_until_ready(Waiting(channel, message))
            return False
        return True

    def time_passed(self, now: float) -> list[Instruction]:
        """Answer what the lane has not answered by its deadline; take the ladder's steps."""
        parts = self.asking, self.stacks, self.ladder, self.remembering, self.floods
        for each in (*parts, self.controlled):
            if each is not None:
                each.time_passed(now)
        return self._taken()

    @property
    def deadline(self) -> float | None:
        """When :meth:`time_passed` is wanted; None while nothing is due."""
        parts = self.asking.last_known, self.stacks, self.ladder, self.remembering, self.floods
        earliest = self.controlled.deadline if self.controlled is not None else None
        for each in parts:
            due = each.deadline
            if due is not None and (earliest is None or due < earliest):
                earliest = due
        return earliest

    def _new_pipes(self, run: str | None) -> None:
        for name in _STREAMS:
            self.pipes[run, name] = Pipe(Ordering(self.magic))

    def adopt(
        self,
        *,
        parents: dict[str, bytes] | None = None,
        pipes: dict[tuple[str | None, str], Pipe] | None = None,
        count: int | None = None,
    ) -> None:
        """Take over from an earlier keeper."""
        self.parents.update(parents or {})
        self.pipes = self.pipes if pipes is None else pipes
        self.count = count or self.count

    def _ordered(
        self, run: str | None, name: str, items: list[bytes | tuple[int, Any]], now: float
    ) -> None:
        """What a pipe gives, in order: text to publish, events to take in."""
        pipe = self.pipes.get((run, name))
        for item in items:
            if isinstance(item, bytes):
                text = pipe.text_of(item) if pipe else item.decode("utf-8", "replace")
                self.stream(run, name, text)
            elif name == "stdout":
                self._event(item[1], now)

    def ask_input(self, header: dict[str, Any]) -> None:
        """Ask the client of a cell for what the engine's event says."""
        if header["asked"] <= self.questions.before:
            return  # an earlier keeper has asked it
        run = self.running
        if run is None or run.record.id != header["run"]:
            self.subshells.ask(header)
            return
        self.questions.ask(run, header)

    # --- Telling ---------------------------------------------------------------------------

    def parent_of(self, run: str | None) -> bytes:
        """The header that a run's events carry as their parent."""
        if run is None:
            return b"{}"
        known = self.parents.get(run) or self.comms.parent_of(run)
        return known or self.calls.parent_of(run) or b"{}"

    def stream(self, run: str | None, name: str, text: str) -> None:
        """Publish text of a run, within its limit."""
        if text:
            self.calls.printed(run, name, text)
            self.floods.stream(run, name, text)

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
        """Give an event its number."""
        self.seq += 1
        run = self.comms.run_of(run)
        vivo: dict[str, Any] = {"seq": self.seq, **(extra or {})}
        if self._number is not None:
            vivo["n"] = self.told_number = self._number
        elif self._aside is not None:
            vivo["m"] = self.told_aside = self._aside
        if run is not None:
            vivo["run"] = run
        if record is not None:
            vivo["record"] = msgspec.to_builtins(record)
        told = {**(metadata or {}), "vivo": vivo}
        self._out.append(Publish(self.seq, kind, parent, content, told, buffers or []))

    def answer(
        self,
        channel: str,
        request: Message,
        content: Any,
        buffers: list[bytes] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Answer a request that is no run, with its busy and idle."""
        parent = request.raw_header
        kind = request.type.removesuffix("_request") + "_reply"
        self._out.append(Announce("status", parent, {"execution_state": "busy"}))
        self._out.append(
            Reply(channel, request.identities, kind, parent, content, buffers or [], metadata)
        )
        self._out.append(Announce("status", parent, {"execution_state": "idle"}))

    def refuse(self, channel: str, request: Message, name: str, sentence: str) -> None:
        """Answer a request with an error."""
        error = {"ename": name, "evalue": sentence, "traceback": []}
        self.answer(channel, request, {"status": "error", "execution_count": 0, **error})

    def tell(self, instruction: Instruction) -> None:
        """Add an instruction; for :mod:`.requests`."""
        self._out.append(instruction)

    def _taken(self) -> list[Instruction]:
        taken, self._out = self._out, []
        return taken

    def validate(self) -> None:
        """Assert the rules of the module's head."""
        statuses = [run.record.status for run in self.queue]
        assert statuses == ["queued"] * len(statuses), f"queued runs are {statuses}"
        if self.running is not None:
            assert self.running.record.status == "running", self.running.record
            assert self.engine == "busy", self.engine
            assert self.running not in self.queue
            assert self.comms.handled is None, "a comm is handled beside a run"
        else:
            assert self.engine != "busy", "busy without a run"
            waits = self.engine == "idle" and self.comms.handled is None
            assert not waits or not self.queue, "idle with runs waiting"
        assert self.engine in ("starting", "idle", "busy", "dead"), self.engine
        parts = self.subshells, self.floods, self.asking, self.ladder, self.calls, self.presence
        for part in parts:
            part.validate()
