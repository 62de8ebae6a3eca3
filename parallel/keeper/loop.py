"""The keeper's loop: sockets and descriptors in, the state machine asked, its instructions done.

One thread, one poll. Nothing here decides: :mod:`.state` does.

Rules:

1. An event is in the journal before it is published.
2. The loop never waits for the engine: its sockets are written without blocking, what does not
   fit is kept until it does.
3. Whatever a client sends, the loop goes on; what it could not read it logs, a line each.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import zmq

from ..connection import CHANNELS, ConnectionInfo
from ..errors import WireError
from ..frames import FrameError, FrameReader, encode_frame
from ..journal import Journal
from ..registry import Registry, SessionEntry, process_started, this_host
from ..transcripts import describe
from ..wire import Codec
from .flood import DEFAULT_LIMIT
from .instructions import (
    Announce,
    EndSpill,
    Instruction,
    Interrupt,
    Measure,
    Publish,
    Replay,
    Reply,
    Respawn,
    Spill,
    StartRun,
    Stop,
    ToLane,
    ToMain,
)
from .replaying import replayed
from .restoring import restore
from .spawn import AdoptedProcess, EngineProcess, describe_exit, spawn_engine
from .spilling import SpillFiles
from .state import SessionState

if TYPE_CHECKING:
    from .usage import UsageMeter

_log = logging.getLogger(__name__)
_CHUNK = 2**18
_PARENT_CHECK = 1000  # milliseconds between looks at a foreign launcher
_REST = 0.004  # seconds that a pipe rests after a short read, so that lines come together
_LINE_END = 0.0005  # seconds that the rest of a line is waited for: print writes in two steps
_REUNION = 15.0  # seconds that clients get to connect to a keeper which takes over
_HELD_EVENTS = 5000  # for a subscriber that does not read; one that misses more asks for a replay
_RETRY = 50  # milliseconds until a client that is still connecting is tried again
_KINDS = {"shell": zmq.ROUTER, "control": zmq.ROUTER, "stdin": zmq.ROUTER, "iopub": zmq.XPUB}


class Keeper:
    """Keeps one session until it ends."""

    def __init__(self, spec: dict[str, Any], engine: EngineProcess, magic: bytes) -> None:
        self.spec = spec
        self.engine = engine
        self._magic = magic
        self.connection = msgspec.convert(spec["connection"], ConnectionInfo)
        self.codec = Codec(self.connection.key.encode(), is_asked=True)
        self._untold: list[str] = []
        self.journal = Journal(Path(spec["journal"]), report=self._report)
        self.state = SessionState(
            spec["id"], spec["python"], spec["cwd"], magic=magic, foreign=spec["foreign"]
        )
        self.state.keeper_pid = os.getpid()
        self.state.seq = self.journal.last
        self.state.floods.folder = spec["journal"]
        self.state.floods.limit = spec.get("output_limit", DEFAULT_LIMIT)
        self._spills = SpillFiles(self._report)
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        self._sockets: dict[str, zmq.Socket[bytes]] = {}
        self._main_reader, self._lane_reader = FrameReader(), FrameReader()
        self._unsent: dict[int, bytearray] = {}
        self._pipes: dict[int, tuple[str | None, str]] = {}
        self._is_stopping = False
        self._parent = os.getppid()
        self._wake, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, self._note_signal)
        self._signalled: set[int] = set()
        self._early_text = b""
        self._resting: dict[int, float] = {}
        self._unsent_replies: list[Reply] = []
        # Until then the clients of a keeper that died may still be on their way back.
        adopts = isinstance(engine.process, AdoptedProcess)
        self._reunited = time.monotonic() + _REUNION if adopts else 0.0
        self._usage: UsageMeter | None = None
        self._bind()
        self._adopt(engine)

    def _report(self, text: str) -> None:
        _log.error("%s", text)
        self._untold.append(text)

    def _note_signal(self, number: int, frame: Any) -> None:
        self._signalled.add(number)

    def _bind(self) -> None:
        for channel in CHANNELS:
            kind = _KINDS.get(channel, zmq.REP)
            each = self._context.socket(kind)
            each.linger = 200
            if kind == zmq.ROUTER:
                each.setsockopt(zmq.ROUTER_HANDOVER, 1)
            if channel == "stdin" or (self._reunited and kind == zmq.ROUTER):
                # What is sent must not be lost because its client is still connecting.
                each.setsockopt(zmq.ROUTER_MANDATORY, 1)
            if kind == zmq.XPUB:
                each.setsockopt(zmq.XPUB_VERBOSE, 1)
                each.setsockopt(zmq.SNDHWM, _HELD_EVENTS)
            each.bind(self.connection.address(channel))
            self._sockets[channel] = each
            self._poller.register(each, zmq.POLLIN)
        for path in self.connection.socket_files():
            path.chmod(0o600)
        self._poller.register(self._wake, zmq.POLLIN)

    def _adopt(self, engine: EngineProcess) -> None:
        """Watch a new engine's sockets and first pipes."""
        self.engine = engine
        self._main_reader, self._lane_reader = FrameReader(), FrameReader()
        self._unsent.clear()
        for each in (engine.main, engine.lane):
            each.setblocking(False)
            self._poller.register(each.fileno(), zmq.POLLIN)
        for run, name, descriptor in engine.pipes:
            self._watch_pipe(descriptor, run, name)
        if isinstance(engine.process, AdoptedProcess):
            self._poller.register(engine.process.descriptor, zmq.POLLIN)

    def _watch_pipe(self, descriptor: int, run: str | None, name: str) -> None:
        os.set_blocking(descriptor, False)
        self._pipes[descriptor] = (run, name)
        self._poller.register(descriptor, zmq.POLLIN)

    def take_over(self) -> None:
        """Begin with what the journal knows: the keeper before this one has died."""
        self.state.engine_pid = self.engine.process.pid
        restore(self.state, self.journal.read(), self.engine.pipes)

    # --- The loop --------------------------------------------------------------------------

    def run(self) -> None:
        """Keep the session until it ends."""
        self._register()
        try:
            while not self._is_stopping:
                self._turn()
        except Exception:
            if not self.spec["foreign"]:
                raise  # the engine, and what it holds, goes on with another keeper
            self._close()
            raise
        self._close()

    def _turn(self) -> None:
        timeout = _PARENT_CHECK if self.spec["foreign"] else None
        if self._unsent_replies:
            timeout = _RETRY
            waiting, self._unsent_replies = self._unsent_replies, []
            for each in waiting:
                if each.channel != "stdin" or self.state.is_asking(each.parent):
                    self._reply(each)
        if self._resting:
            left = min(self._resting.values()) - time.monotonic()
            timeout = max(0, min(timeout or 1000, int(left * 1000) + 1))
            if left <= 0:
                self._wake_pipes()
        due = self.state.last_known.deadline
        if due is not None:
            left = due - time.time()
            timeout = max(0, min(timeout or 1000, int(left * 1000) + 1))
            if left <= 0:
                self._do(self.state.time_passed(time.time()))
        ready = self._poller.poll(timeout)
        if self.spec["foreign"] and os.getppid() != self._parent:
            self._is_stopping = True
            return
        for source, events in ready:
            if isinstance(source, int):
                self._descriptor_ready(source, events)
            else:
                self._socket_ready(source)
        if self._signalled:
            self._handle_signals()
        while self._untold:
            self.state.floods.warn(self._untold.pop(0))
            self._do(self.state._taken())

    def _handle_signals(self) -> None:
        signalled, self._signalled = self._signalled, set()
        if signal.SIGTERM in signalled:
            self._is_stopping = True
        if signal.SIGINT in signalled and self.spec["foreign"]:
            self.state.interrupt()  # a launcher whose interrupt_mode is "signal"
            self._do(self.state._taken())
        if signal.SIGCHLD in signalled:
            self._reap()

    def _socket_ready(self, source: zmq.Socket[bytes]) -> None:
        channel = next(name for name, each in self._sockets.items() if each is source)
        for _ in range(100):  # then the others have their turn
            try:
                frames = source.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if channel == "hb":
                source.send_multipart(frames)
            elif channel == "iopub":
                if frames[0][:1] == b"\x01":
                    self._do(self.state.subscribed(frames[0][1:]))
            else:
                self._client_message(channel, frames)

    def _client_message(self, channel: str, frames: list[bytes]) -> None:
        try:
            message = self.codec.decode(frames)
        except WireError as error:
            _log.warning("A message on %s is refused: %s.", channel, error)
            return
        self._do(self.state.client_message(channel, message, time.time()))

    def _descriptor_ready(self, descriptor: int, events: int) -> None:
        if descriptor == self._wake:
            os.read(self._wake, 4096)
        elif descriptor == self._exit_descriptor():
            self._poller.unregister(descriptor)
            self._reap()
        elif descriptor in self._pipes:
            self._read_pipe(descriptor)
        elif descriptor == self.engine.main.fileno():
            if events & zmq.POLLOUT:
                self._flush(self.engine.main)
            if events & ~zmq.POLLOUT:
                self._read_main()
        elif descriptor == self.engine.lane.fileno():
            if events & zmq.POLLOUT:
                self._flush(self.engine.lane)
            if events & ~zmq.POLLOUT:
                self._read_lane()

    def _exit_descriptor(self) -> int:
        process = self.engine.process
        return process.descriptor if isinstance(process, AdoptedProcess) else -1

    def _read_pipe(self, descriptor: int) -> None:
        run, name = self._pipes[descriptor]
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._forget_pipe(descriptor)
        elif len(data) < _CHUNK // 8 and not self._ends_with_marker(data):
            data += self._rest_of_line(descriptor, data)
            if descriptor not in self._resting:  # the last reading may come while it rests
                self._poller.unregister(descriptor)
            self._resting[descriptor] = time.monotonic() + _REST
        if self.spec.get("ready") is not None:
            self._early_text = (self._early_text + data)[-2000:]
        self._do(self.state.output(run, name, data, time.time()))

    def _ends_with_marker(self, data: bytes) -> bool:
        return data[-24:-8] == self._magic

    @staticmethod
    def _rest_of_line(descriptor: int, data: bytes) -> bytes:
        """The end of a line whose beginning has come, if it is on its way."""
        if data.endswith(b"\n") or not select.select([descriptor], [], [], _LINE_END)[0]:
            return b""
        return os.read(descriptor, _CHUNK)

    def _wake_pipes(self) -> None:
        """Look at every pipe again: their rest is over, or an event waits for their text."""
        for descriptor in self._resting:
            self._poller.register(descriptor, zmq.POLLIN)
        self._resting.clear()

    def _forget_pipe(self, descriptor: int) -> None:
        del self._pipes[descriptor]
        if self._resting.pop(descriptor, None) is None:
            self._poller.unregister(descriptor)
        os.close(descriptor)

    def _read_main(self) -> None:
        data = self._received(self.engine.main)
        if not data:
            return
        try:
            for header, buffers in self._main_reader.feed(data):
                self._do(self.state.engine_frame(header, time.time(), buffers))
                if header["type"] == "ready":
                    self._tell_starter("ready")
            self._wake_pipes()  # an event's place is among their text
        except FrameError as error:
            _log.error("The engine sends no frames: %s.", error)
            self.engine.signal_group(signal.SIGKILL)

    def _read_lane(self) -> None:
        data = self._received(self.engine.lane)
        for header, _ in self._lane_reader.feed(data):
            self._do(self.state.lane_frame(header, time.time()))

    def _received(self, source: socket.socket) -> bytes:
        try:
            data = source.recv(_CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._poller.unregister(source.fileno())
            # An engine that closed its socket ends, or is made to.
            if not self._reap() and source is self.engine.main:
                self.engine.signal_group(signal.SIGTERM)
        return data

    def _reap(self) -> bool:
        """Whether the engine has ended; then all that it wrote is read, and its end is told."""
        status = self.engine.process.poll()
        if status is None or self.state.engine == "dead":
            return False
        self._drain()
        self._do(self.state.engine_exited(describe_exit(status), time.time()))
        if self.spec.get("ready") is not None:
            self._tell_starter("failed", self._early_failure(status))
            self._is_stopping = True
        return True

    def _early_failure(self, status: int) -> str:
        """Why an engine ended before it was ready: the last line it wrote says most."""
        lines = self._early_text.decode("utf-8", "replace").strip().splitlines()
        told = f": {lines[-1]}" if lines else ""
        return f"{self.spec['python']} cannot run an engine ({describe_exit(status)}){told}"

    def _drain(self) -> None:
        """Read what a dead engine has left in its socket and pipes."""
        while select.select([self.engine.main], [], [], 0)[0]:
            try:
                data = self.engine.main.recv(_CHUNK)
            except OSError:
                break
            if not data:
                break
            for header, buffers in self._main_reader.feed(data):
                self._do(self.state.engine_frame(header, time.time(), buffers))
        for descriptor in tuple(self._pipes):
            while descriptor in self._pipes and select.select([descriptor], [], [], 0)[0]:
                self._read_pipe(descriptor)
        self._forget_engine()

    def _forget_engine(self) -> None:
        for each in (self.engine.main, self.engine.lane):
            if each.fileno() >= 0:
                try:
                    self._poller.unregister(each.fileno())
                except KeyError:
                    pass  # it was closed by its other end before
                each.close()

    # --- Instructions ----------------------------------------------------------------------

    def _do(self, instructions: list[Instruction]) -> None:
        for instruction in instructions:
            _ACTIONS[type(instruction)](self, instruction)

    def _reply(self, reply: Reply) -> None:
        frames = self.codec.encode(
            reply.kind,
            reply.content,
            parent=reply.parent,
            metadata=reply.metadata,
            buffers=reply.buffers,
            identities=reply.identities,
        )
        try:
            self._sockets[reply.channel].send_multipart(frames)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            if reply.channel == "stdin" or time.monotonic() < self._reunited:
                self._unsent_replies.append(reply)

    def _publish(self, event: Publish) -> None:
        topic = event.kind.encode()
        frames = self.codec.encode(
            event.kind,
            event.content,
            parent=event.parent,
            metadata=event.metadata,
            buffers=event.buffers,
            identities=[topic],
        )
        number = self.journal.append(frames[3:])
        assert number == event.seq, f"event {event.seq} became {number} in the journal"
        self._sockets["iopub"].send_multipart(frames)

    def _announce(self, event: Announce) -> None:
        topic = event.kind.encode()
        frames = self.codec.encode(
            event.kind,
            event.content,
            parent=event.parent,
            metadata=event.metadata,
            identities=[topic],
        )
        self._sockets["iopub"].send_multipart(frames)

    def _start_run(self, start: StartRun) -> None:
        out, engine_out = os.pipe()
        error, engine_error = os.pipe()
        self._watch_pipe(out, start.run, "stdout")
        self._watch_pipe(error, start.run, "stderr")
        data = encode_frame(start.header)
        try:
            # The engine reads when it is idle, and it is: the first bytes always fit.
            ends = [engine_out, engine_error, out, error]
            sent = socket.send_fds(self.engine.main, [data], ends)
        except OSError:
            sent = len(data)  # it has ended; its exit says so
        finally:
            os.close(engine_out)
            os.close(engine_error)
        if sent < len(data):
            self._queue_bytes(self.engine.main, data[sent:])

    def _to_main(self, frame: ToMain) -> None:
        self._queue_bytes(self.engine.main, encode_frame(frame.header, frame.buffers))

    def _to_lane(self, frame: ToLane) -> None:
        self._queue_bytes(self.engine.lane, encode_frame(frame.header, frame.buffers))

    def _queue_bytes(self, target: socket.socket, data: bytes) -> None:
        self._unsent.setdefault(target.fileno(), bytearray()).extend(data)
        self._flush(target)

    def _flush(self, target: socket.socket) -> None:
        number = target.fileno()
        held = self._unsent.get(number)
        try:
            while held:
                sent = target.send(held)
                del held[:sent]
        except BlockingIOError:
            self._poller.modify(number, zmq.POLLIN | zmq.POLLOUT)
            return
        except OSError:
            self._unsent.pop(number, None)  # the engine has ended; its exit says so
            return
        if self._unsent.pop(number, None) is not None:
            self._poller.modify(number, zmq.POLLIN)

    def _interrupt(self, _: Interrupt) -> None:
        self.engine.signal_group(signal.SIGINT)

    def _respawn(self, _: Respawn) -> None:
        for descriptor in tuple(self._pipes):
            self._forget_pipe(descriptor)
        for each in (self.engine.main, self.engine.lane):
            if each.fileno() >= 0:
                try:
                    self._poller.unregister(each.fileno())
                except KeyError:
                    pass  # closed by its other end before
        self.engine.end()
        try:
            self._adopt(spawn_engine(self.spec, self._magic))
        except OSError as error:
            told = f"{self.spec['python']} cannot be started: {error.strerror}"
            self._do(self.state.engine_exited(told, time.time()))

    def _replay(self, replay: Replay) -> None:
        events, buffers = replayed(self.journal.read(replay.after), replay.limit)
        reply = replay.reply
        content = {**reply.content, "events": events}
        self._reply(
            Reply(reply.channel, reply.identities, reply.kind, reply.parent, content, buffers)
        )

    def _measure(self, measure: Measure) -> None:
        if self._usage is None:
            from .usage import UsageMeter  # few ask; a start need not load it

            self._usage = UsageMeter()
        self._reply(replace(measure.reply, content=self._usage.measure(measure.pid)))

    def _spill(self, spill: Spill) -> None:
        self._spills.append(spill.path, spill.text)

    def _end_spill(self, ended: EndSpill) -> None:
        self._spills.end(ended.path, is_kept=ended.is_kept)

    def _stop(self, _: Stop) -> None:
        self._is_stopping = True

    # --- Beginning and end -----------------------------------------------------------------

    def _register(self) -> None:
        """Write the registry entry; a foreign launcher keeps its own books."""
        if self.spec["foreign"]:
            return
        host, boot, owner = this_host()
        entry = SessionEntry(
            id=self.spec["id"],
            name=self.spec["name"],
            owner=owner,
            host=host,
            boot=boot,
            keeper_pid=os.getpid(),
            keeper_started=process_started(os.getpid()) or time.time(),
            python=self.spec["python"],
            cwd=self.spec["cwd"],
            workspace=self.spec["workspace"],
            created=time.time(),
            connection_file=self.spec["connection_file"],
            journal=self.spec["journal"],
        )
        self.connection.write(Path(entry.connection_file))
        Registry().add(entry)
        describe(entry)

    def _tell_starter(self, status: str, message: str = "") -> None:
        """One line to whoever started the session, once."""
        descriptor = self.spec.get("ready")
        if descriptor is not None:
            self.spec["ready"] = None
            line = json.dumps({"status": status, "message": message})
            try:
                os.write(descriptor, line.encode() + b"\n")
            except BrokenPipeError:
                _log.info("The starter did not wait for the session.")
            os.close(descriptor)

    def _close(self) -> None:
        self.engine.end()
        self._drain_at_end()
        for each in self._sockets.values():
            each.close()
        self._context.term()
        self.journal.close()
        self._spills.close()
        if not self.spec["foreign"]:
            Registry().remove(self.spec["id"])
            for path in (*self.connection.socket_files(), Path(self.spec["connection_file"])):
                path.unlink(missing_ok=True)
            try:
                Path(self.spec["connection_file"]).parent.rmdir()
            except OSError as error:
                _log.warning("The session's folder stays: %s", error)

    def _drain_at_end(self) -> None:
        """Keep in the journal what the engine printed as it ended."""
        for descriptor in tuple(self._pipes):
            while descriptor in self._pipes and select.select([descriptor], [], [], 0)[0]:
                self._read_pipe(descriptor)


_ACTIONS: dict[type, Any] = {
    Reply: Keeper._reply,
    Publish: Keeper._publish,
    Announce: Keeper._announce,
    Spill: Keeper._spill,
    EndSpill: Keeper._end_spill,
    StartRun: Keeper._start_run,
    ToMain: Keeper._to_main,
    ToLane: Keeper._to_lane,
    Interrupt: Keeper._interrupt,
    Respawn: Keeper._respawn,
    Replay: Keeper._replay,
    Measure: Keeper._measure,
    Stop: Keeper._stop,
}
