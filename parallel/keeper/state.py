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
from ..runs import RunTable, error_of, new_record, values_of
from ..wire import Message
from . import comms, debugging, requests, restoring
from .flood import Floods
from .instructions import (
    Announce,
    Instruction,
    Interrupt,
    Publish,
    Reply,
    Respawn,
    StartRun,
    Stop,
    ToLane,
    ToMain,
)
from .last_known import LastKnown
from .parts import Pipe, Run, Waiting
from .showing import SHOWN
from .subshells import Subshells, question

LANE_REQUESTS = (
    "complete_request",
    "inspect_request",
    "is_complete_request",
    "history_request",
    "debug_request",
    "vivo_variables_request",
)
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
        self.engine = "starting"
        self.engine_pid: int | None = None
        self.keeper_pid = 0
        self.seq = 0
        self.running: Run | None = None
        self.queue: deque[Run] = deque()
        self.runs = RunTable()
        self.started = False
        self.magic = magic
        self._number: int | None = None  # of the engine's event that is being told
        self._parents: dict[str, bytes] = {}
        self.pipes: dict[tuple[str | None, str], Pipe] = {}
        self._lane: dict[int, Waiting] = {}
        self._lane_count = 0
        self.last_known = LastKnown()
        self._until_ready: list[Waiting] = []
        self._asked: int | None = None
        self.question: Reply | None = None
        self.comms = comms.Comms(self)
        self.subshells = Subshells(self)
        self.floods = Floods(self)
        self._count = 1
        """The number of the next cell, in step with the engine's shell."""
        self._out: list[Instruction] = []
        self._new_pipes(None)

    # --- Events ----------------------------------------------------------------------------

    def client_message(self, channel: str, message: Message, now: float) -> list[Instruction]:
        """A client's message on ``shell``, ``control`` or ``stdin``."""
        if channel == "stdin":
            if not self.subshells.answer(message):
                self._input_reply(message)
        elif message.type == "execute_request":
            self._execute_request(channel, message, now)
        elif message.type in LANE_REQUESTS:
            if requests.is_fit(self, channel, message):
                self._ask_lane(Waiting(channel, message), now)
        elif message.type in comms.MESSAGES:
            self.comms.arrived(message, now)
        else:
            requests.handle(self, channel, message, now)
        return self._taken()

    def engine_frame(
        self, header: dict[str, Any], now: float, buffers: list[bytes] | None = None
    ) -> list[Instruction]:
        """A frame of the engine's main thread."""
        kind = header["type"]
        if buffers:
            header["buffers"] = buffers
        if kind in ("ready", "adopted"):
            if kind == "adopted":
                restoring.adopted(self, header, now)
            self._ready(header, now)
        elif "n" not in header:
            self._event(header, now)
        else:
            run = header["run"]
            if kind == "done" and (run, "stderr") in self.pipes:
                ended = self.pipes[run, "stderr"].ordering.feed_event(header["n"], header)
                self._ordered(run, "stderr", ended, now)
            pipe = self.pipes.get((run, "stdout"))
            if pipe is None:
                self._event(header, now)
            else:
                ready = pipe.ordering.feed_event(header["n"], header)
                self._ordered(run, "stdout", ready, now)
        return self._taken()

    def lane_frame(self, header: dict[str, Any], now: float) -> list[Instruction]:
        """A frame of the engine's lane."""
        if header["type"] == "debug_event":
            debugging.event(self, header["content"])
            return self._taken()
        waiting = self._lane.pop(header["id"], None)
        if waiting is None:
            return []  # an answer of an engine that was restarted since
        content = header["content"]
        if not self.last_known.answered(header["id"], content, now):
            return []  # it was answered from what was known before
        if waiting.purpose == "ladder":
            text = "This cell still runs after an interrupt. What it is doing:\n" + content["text"]
            self.stream(self.running.record.id if self.running else None, "stderr", text)
        else:
            self.answer(waiting.channel, waiting.request, content)
        return self._taken()

    def output(self, run: str | None, name: str, data: bytes, now: float) -> list[Instruction]:
        """Bytes of a cell's pipe; none at its end."""
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

    def engine_exited(self, reason: str, now: float) -> list[Instruction]:
        """The engine has ended, all that it had written has been read."""
        self.engine = "dead"
        self.engine_pid = None
        sentence = (
            f"The session's Python process ended: {reason}. Its variables are gone; what it "
            "printed is kept. Restart the session to go on."
        )
        error = RunError("EngineDied", sentence)
        if self.running is not None:
            self.fail(self.running, error, now)
        self.subshells.reset(error, now)
        self._abort_queue(now)
        self.comms.reset()
        for number, waiting in tuple(self._lane.items()):
            del self._lane[number]
            if waiting.purpose == "reply" and not self.last_known.is_overdue(number):
                self.refuse(waiting.channel, waiting.request, "EngineDied", sentence)
        self.last_known.reset()
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
        code = message.content.get("code")
        if not isinstance(code, str):
            self.refuse(channel, message, "UsageError", "execute_request wants code, a text.")
            return
        if self.engine == "dead":
            sentence = "The session's Python process has ended: restart the session to go on."
            self.refuse(channel, message, "EngineDied", sentence)
            return
        if self.runs.get(message.id) is not None:
            return  # sent again by a client that could not know that it had arrived
        if not self.subshells.knows(message):
            named = message.header["subshell_id"]
            self.refuse(channel, message, "UsageError", f"There is no subshell {named!r}.")
            return
        run = Run(new_record(message.id, code, message.metadata, now), message, channel)
        self._parents[message.id] = message.raw_header
        self.runs.put(run.record)
        if not self.subshells.put(message, run, now):
            self.queue.append(run)
            self._next(now)
            if self.queue and self.queue[-1] is run:
                restoring.tell_waiting(self, run)

    def _next(self, now: float) -> None:
        """Start the next run if nothing runs."""
        if self.running is not None or self.engine != "idle" or self.comms.start():
            return
        if not self.queue:
            return
        run = self.queue.popleft()
        self.running, self.engine = run, "busy"
        header = self.begin(run, now)
        self._new_pipes(run.record.id)
        self._out.append(StartRun(run.record.id, header))

    def begin(self, run: Run, now: float) -> dict[str, Any]:
        """Begin a run: number it and tell everyone; gives the engine's frame."""
        record, content = run.record, run.request.content
        record.status, record.started = "running", now
        record.execution_count = self._count
        if run.counted:
            self._count += 1
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
            "store_history": run.counted,
            "user_expressions": content.get("user_expressions") or {},
            "allow_stdin": bool(content.get("allow_stdin", True)),
        }

    def _event(self, header: dict[str, Any], now: float) -> None:
        """An event of the engine, in its place."""
        kind, run = header["type"], header.get("run")
        self._number = header.get("n")
        if kind == "stream":
            self.stream(run, header["name"], header["text"])
        elif kind == "done":
            if self.running is not None and self.running.record.id == run:
                self.running.done = header
                self._finish(now)
            elif run is not None:
                self.subshells.done(run, header, now)
        elif kind == "input":
            self._ask_input(header)
        elif kind == "comm":
            self.comms.published(header)
        elif kind == "comm_done":
            if not self.subshells.done(header["run"], None, now):
                self.comms.done(header["run"])
                self._next(now)
        elif kind in SHOWN:
            name, content = SHOWN[kind](header)
            metadata = {"report": header["report"]} if kind == "error" else None
            self.publish(name, self.parent_of(run), content, run, extra=metadata)
        self._number = None

    def _finish(self, now: float) -> None:
        """End the running run once its report and all of its text are here."""
        run = self.running
        if run is None or run.done is None or not run.errors_ended:
            return
        self._number = run.done.get("n")
        aborts = self.conclude(run, run.done, now)
        self._number = None
        if aborts:
            self._abort_queue(now, only_of=run.request.header.get("session"))
        self._next(now)

    def conclude(self, run: Run, done: dict[str, Any], now: float) -> bool:
        """End a run with the engine's report; whether what waits behind it is to be aborted."""
        record = run.record
        record.status, record.finished = done["status"], now
        record.values = values_of(done["values"])
        content: dict[str, Any] = {
            "status": done["status"],
            "execution_count": record.execution_count,
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
        metadata = {"vivo": {"record": msgspec.to_builtins(run.record)}}
        self._out.append(
            Reply(
                run.channel,
                run.request.identities,
                "execute_reply",
                run.request.raw_header,
                content,
                metadata=metadata,
            )
        )
        idle = {"execution_state": "idle"}
        extra = {"payload": payload} if (payload := content.get("payload")) else None
        self.publish(
            "status", run.request.raw_header, idle, run.record.id, record=run.record, extra=extra
        )
        self.runs.put(run.record)
        if self.running is run:
            self.running = None
            self._asked = None
            if self.engine == "busy":
                self.engine = "idle"

    def fail(self, run: Run, error: RunError, now: float) -> None:
        """End a run that runs with an error that is not its own."""
        run.record.status, run.record.finished, run.record.error = "error", now, error
        content = {"ename": error.name, "evalue": error.message, "traceback": [error.message]}
        self.publish("error", run.request.raw_header, content, run.record.id)
        reply = {"status": "error", "execution_count": run.record.execution_count or 0, **content}
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

    def _abort_queue(self, now: float, *, only_of: str | None = None) -> None:
        for run in tuple(self.queue):
            if only_of is None or run.request.header.get("session") == only_of:
                self.abort(run, now)

    def interrupt(self) -> None:
        """Interrupt the running run; from the second time on show what it is doing."""
        run = self.running
        if run is None:
            if self.comms.handled is not None:
                self._out.append(Interrupt())
            return
        run.interrupts += 1
        self._out.append(Interrupt())
        if run.interrupts == 2:
            self.ask_stack("", run.request, "ladder")

    def restart(self, channel: str, message: Message, now: float) -> None:
        """End the engine and start a fresh one; the client is answered when that is ready."""
        error = RunError("Restarted", "The session was restarted.")
        if self.running is not None:
            self.fail(self.running, error, now)
        self.subshells.reset(error, now)
        self._abort_queue(now)
        self.comms.reset()
        self._lane.clear()
        self.last_known.reset()
        self.engine, self.engine_pid, self._count = "starting", None, 1
        self.pipes.clear()
        self.floods.settle_all()
        self._new_pipes(None)
        self._until_ready.append(Waiting(channel, message))
        self.publish("status", b"{}", {"execution_state": "restarting"}, None)
        self._out.append(Respawn())

    # --- The engine ------------------------------------------------------------------------

    def _ready(self, header: dict[str, Any], now: float) -> None:
        self.engine = "idle" if self.running is None else "busy"
        self.engine_pid = header["pid"]
        self.python_version = header["python_version"]
        self.has_debugger = bool(header.get("debugger"))
        waiting, self._until_ready = self._until_ready, []
        for each in waiting:
            if each.request.type in LANE_REQUESTS:
                self._ask_lane(each, now)
            else:
                requests.handle_ready(self, each.channel, each.request)
        self.publish("status", b"{}", {"execution_state": self.engine}, None)
        self._next(now)
        self.subshells.start(now)

    def when_ready(self, channel: str, message: Message) -> bool:
        """Whether the engine has said what it is; if not, the request waits for that."""
        if self.engine == "starting":
            self._until_ready.append(Waiting(channel, message))
            return False
        return True

    def time_passed(self, now: float) -> list[Instruction]:
        """Answer what the lane has not answered by its deadline."""
        for waiting in self.last_known.due(now):
            self._answer_last_known(waiting)
        return self._taken()

    def _answer_last_known(self, waiting: Waiting) -> None:
        request = waiting.request
        content, known = self.last_known.answer(request.type, request.content)
        metadata = {"vivo": {"busy": True, "known": known}}
        self.answer(waiting.channel, request, content, metadata=metadata)

    def _ask_lane(self, waiting: Waiting, now: float) -> None:
        if self.engine == "dead":
            sentence = "The session's Python process has ended: restart the session."
            self.refuse(waiting.channel, waiting.request, "EngineDied", sentence)
        elif self.engine == "starting":
            self._until_ready.append(waiting)
        elif self.last_known.has_no_room_for(waiting, is_busy=self.engine == "busy"):
            self._answer_last_known(waiting)
        else:
            self._lane_count += 1
            self._lane[self._lane_count] = waiting
            self.last_known.asked(self._lane_count, waiting, now, is_busy=self.engine == "busy")
            kind, content = waiting.request.type, waiting.request.content
            self._out.append(ToLane({"type": kind, "id": self._lane_count, "content": content}))

    def ask_stack(self, channel: str, message: Message, purpose: str = "reply") -> None:
        """Ask the lane for the stacks of the engine's threads."""
        self._lane_count += 1
        self._lane[self._lane_count] = Waiting(channel, message, purpose)
        self._out.append(ToLane({"type": "stack", "id": self._lane_count, "content": {}}))

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
        self._parents.update(parents or {})
        self.pipes = self.pipes if pipes is None else pipes
        self._count = count or self._count

    def _ordered(
        self, run: str | None, name: str, items: list[bytes | tuple[int, Any]], now: float
    ) -> None:
        """What a pipe gives, in order: text to publish, events to take in."""
        pipe = self.pipes.get((run, name))
        for item in items:
            if isinstance(item, bytes):
                text = pipe.decoder.decode(item) if pipe else item.decode("utf-8", "replace")
                self.stream(run, name, text)
            elif name == "stdout":
                self._event(item[1], now)
            elif self.running is not None and self.running.record.id == run:
                self.running.errors_ended = True
                self._finish(now)

    def _ask_input(self, header: dict[str, Any]) -> None:
        run = self.running
        if run is None or run.record.id != header["run"]:
            self.subshells.ask(header)
            return
        self._asked, self.question = header["asked"], question(run.request, header)
        self._out.append(self.question)

    def is_asking(self, parent: bytes) -> bool:
        """Whether the run of that request still waits for input."""
        run = self.running
        return run is not None and self._asked is not None and run.request.raw_header == parent

    def _input_reply(self, message: Message) -> None:
        if self._asked is not None and message.type == "input_reply":
            value = message.content.get("value")
            value = value if isinstance(value, str) else None
            self._out.append(ToMain({"type": "input_reply", "asked": self._asked, "value": value}))
            self._asked = None

    # --- Telling ---------------------------------------------------------------------------

    def parent_of(self, run: str | None) -> bytes:
        """The header that a run's events carry as their parent."""
        if run is None:
            return b"{}"
        return self._parents.get(run) or self.comms.parent_of(run) or b"{}"

    def stream(self, run: str | None, name: str, text: str) -> None:
        """Publish text of a run, within its limit."""
        if text:
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
            vivo["n"] = self._number
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
        self.subshells.validate()
        self.floods.validate()
        assert self.engine in ("starting", "idle", "busy", "dead"), self.engine
        assert self.engine != "dead" or not self._lane, "the dead are asked"
