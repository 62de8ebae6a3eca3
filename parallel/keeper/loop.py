"""The keeper's loop: sockets and descriptors in, the state machine asked, its instructions done.

One thread, one poll. Nothing here decides: :mod:`.state` does.

Rules:

1. An event is in the journal before it is published.
2. The loop never waits for the engine: its sockets are written without blocking, what does not
   fit is kept until it does.
3. Whatever a client or the engine sends, the loop goes on; what it could not read it logs, in
   few lines.
4. What somebody waits for (a cell for the engine, a reply) goes out at once, a cell's reply after
   what it has shown and before its idle status; events that are published go out, in order, before
   the loop waits again. Only a cell that has just begun may end first, within half a
   millisecond: its events then go out together.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import zmq

from .. import sharing
from ..connection import CHANNELS, ConnectionInfo
from ..errors import WireError
from ..frames import FrameError, FrameReader, encode_frame
from ..journal import Journal
from ..limits import DEFAULT_LIMIT
from ..logs import Log
from ..refusals import Refusals
from ..wire import DELIMITER, Codec
from . import books
from .checkpoints import Checkpoints
from .checkpoints import load as load_checkpoint
from .controlled import CHANNEL, Controlled
from .fetching import fetched
from .instructions import (
    Announce,
    Beat,
    Discard,
    DumpStacks,
    EndEngine,
    EndSpill,
    Instruction,
    Interrupt,
    Measure,
    Publish,
    Relink,
    Remember,
    Replay,
    Reply,
    Respawn,
    Spill,
    StartRun,
    Stop,
    Store,
    ToLane,
    ToMain,
)
from .pipes import OutputPipes, SparePipes
from .remembering import LostInputs
from .replaying import replayed
from .restoring import restore
from .signals import Signals
from .sockets import (
    LARGE_EVENT,
    bind_channel,
    comes_soon,
    echo,
    give_way,
    receive_frames,
    send_descriptors,
    send_frames,
    welcomed,
)
from .spawn import AdoptedProcess, EngineProcess, describe_exit, spawn_engine
from .spilling import SpillFiles, spill_files
from .state import SessionState
from .unready import early_failure
from .uploads import Uploads
from .writing import EngineWriter

if TYPE_CHECKING:
    from .publishing import Publisher

Take = Callable[[list[bytes]], list[Instruction]]
TakeFrame = Callable[[dict[str, Any], float, list[bytes]], list[Instruction]]
_log = Log(__name__)
_CHUNK = 2**18
_PARENT_CHECK = 1000  # milliseconds between looks at a foreign launcher
_REUNION = 15.0  # seconds that clients get to connect to a keeper which takes over
_RETRY = 50  # milliseconds until a client that is still connecting is tried again
_WRITABLE = int(zmq.POLLOUT)  # the enumeration's own operators are slow
_decode = msgspec.json.Decoder().decode  # in a fifth of json's time
_encode = msgspec.json.Encoder().encode


class Keeper:
    """Keeps one session until it ends."""

    def __init__(self, spec: dict[str, Any], engine: EngineProcess, magic: bytes) -> None:
        self.spec = spec
        self.engine = engine
        self._magic = magic
        self.connection = msgspec.convert(spec["connection"], ConnectionInfo)
        # Every keeper of a session has the session's name: what one has sent none takes in.
        self.codec = Codec(self.connection.key.encode(), session=spec["id"], is_asked=True)
        self._refusals = Refusals()
        self._untold: list[str] = []
        self.journal = Journal(Path(spec["journal"]), report=self._report)
        self.state = SessionState(
            spec["id"], spec["python"], spec["cwd"], magic=magic, foreign=spec["foreign"]
        )
        self.state.keeper_pid = os.getpid()
        self.state.guest_of = spec.get("guest", "")
        self.state.seq = self.journal.last
        self.state.floods.folder = spec["journal"]
        self.state.floods.limit = spec.get("output_limit", DEFAULT_LIMIT)
        self._spills = SpillFiles(self._report)
        self._uploads = Uploads(spec["id"])
        self._checkpoints = Checkpoints(self.journal)
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        self._sockets: dict[str, zmq.Socket[bytes]] = {}
        self._channels: dict[zmq.Socket[bytes], tuple[str, Take]] = {}
        self._spare_pipes = SparePipes()
        self._main_reader, self._lane_reader = FrameReader(_decode), FrameReader(_decode)
        self._writer = EngineWriter(self._poller)
        self._pipes = OutputPipes(self._poller, magic)
        self._is_stopping = self._has_begun_run = False
        self._parent = os.getppid()
        self._room = memoryview(bytearray(_CHUNK))  # a new one would be mapped for each reading
        self._signals = Signals()
        self._early_text = b""
        self._unsent_replies: list[Reply] = []
        self._events: list[Publish | Announce] = []
        self._unpublished: list[tuple[bytes, list[bytes], list[bytes]]] = []
        # Until then the clients of a keeper that died may still be on their way back.
        adopts = isinstance(engine.process, AdoptedProcess)
        self._reunited = time.monotonic() + _REUNION if adopts else 0.0
        self._publisher: Publisher | None = None
        self._lost_inputs = LostInputs(spec["history"])
        self._bind()
        self._adopt(engine)

    def _report(self, text: str) -> None:
        _log.error("%s", text)
        self._untold.append(text)

    def _bind(self) -> None:
        for channel in CHANNELS:
            each = bind_channel(
                self._context, self.connection, channel, is_reunion=bool(self._reunited)
            )
            takes: dict[str, Take] = {"hb": partial(echo, each), "iopub": self._subscribed}
            self.watch(channel, each, takes.get(channel, partial(self._client_message, channel)))
        if (told := self.spec.get("controller")) is not None:
            from .linking import ControllerLink  # few sessions have a controller

            self.state.controlled = Controlled(self.state, self.spec)
            self._link = ControllerLink(self, self._context, told["address"])
        self._poller.register(self._signals.descriptor, zmq.POLLIN)

    def watch(self, channel: str, each: zmq.Socket[bytes], take: Take) -> None:
        """Read what comes on a socket."""
        self._sockets[channel] = each
        self._channels[each] = channel, take
        self._poller.register(each, zmq.POLLIN)

    def unwatch(self, each: zmq.Socket[bytes]) -> None:
        """Do so no more."""
        del self._sockets[self._channels.pop(each)[0]]
        self._poller.unregister(each)

    def _adopt(self, engine: EngineProcess) -> None:
        """Watch a new engine's sockets and first pipes."""
        self.engine = engine
        self._is_senseless = False
        self._main_reader, self._lane_reader = FrameReader(_decode), FrameReader(_decode)
        self._writer.clear()
        for each in (engine.main, engine.lane):
            each.setblocking(False)
            self._poller.register(each.fileno(), zmq.POLLIN)
        for run, name, descriptor in engine.pipes:
            self._pipes.watch(descriptor, run, name)
        if isinstance(engine.process, AdoptedProcess):
            self._poller.register(engine.process.descriptor, zmq.POLLIN)

    def take_over(self) -> None:
        """Begin with what the journal knows: the keeper before this one has died."""
        self.state.engine_pid = self.engine.process.pid
        checkpoint = load_checkpoint(self.journal.folder, self.journal.last)
        items, files = self.journal.read(checkpoint.after), spill_files(self.journal.folder)
        restore(self.state, checkpoint, items, self.engine.pipes, files)
        self.codec.resume(self.state.parents.values())

    # --- The loop --------------------------------------------------------------------------

    def run(self) -> None:
        """Keep the session until it ends."""
        if not self.spec["foreign"]:  # a foreign launcher keeps its own books
            books.enter(self.spec, self.connection)
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
        if self._has_begun_run:
            self._has_begun_run = False
            if self.state.running is not None and comes_soon(self.engine.main):
                self._read_main()
        timeout = _PARENT_CHECK if self.spec["foreign"] else None
        if self._unsent_replies:
            timeout = _RETRY
            waiting, self._unsent_replies = self._unsent_replies, []
            for each in waiting:
                if each.channel != "stdin" or self.state.questions.is_open(each.parent):
                    self._reply(each)
        if (rest := self._pipes.rest()) is not None:
            timeout = max(0, min(timeout or 1000, int(rest * 1000) + 1))
        if (due := self.state.deadline) is not None:
            left = due - time.time()
            timeout = max(0, min(timeout or 1000, int(left * 1000) + 1))
            if left <= 0:
                self._do(self.state.time_passed(time.time()))
        self._send_published()
        self._checkpoints.keep(self.state)
        ready = self._poller.poll(timeout)
        if self.spec["foreign"] and os.getppid() != self._parent:
            self._is_stopping = True
            return
        for source, events in ready:
            if isinstance(source, int):
                self._descriptor_ready(source, events)
            else:
                self._socket_ready(source)
        if signals := self._signals.take():
            self._handle_signals(signals)
        while self._untold:
            self.state.floods.warn(self._untold.pop(0))
            self._do(self.state._taken())

    def _handle_signals(self, signals: set[int]) -> None:
        if signal.SIGTERM in signals:
            self._is_stopping = True
        if signal.SIGINT in signals and self.spec["foreign"]:
            self.state.interrupt(time.time())  # a launcher whose interrupt_mode is "signal"
            self._do(self.state._taken())
        if signal.SIGCHLD in signals:
            self._reap()

    def _socket_ready(self, source: zmq.Socket[bytes]) -> None:
        for _ in range(100):  # then the others have their turn
            if source not in self._channels:
                return  # it was closed by what came
            frames = receive_frames(source)
            if frames is None:
                return
            self._do(self._channels[source][1](frames))
            if self._has_begun_run:
                return  # what else is here waits until the engine has the processor

    def _subscribed(self, frames: list[bytes]) -> list[Instruction]:
        return [] if (topic := welcomed(frames)) is None else self.state.subscribed(topic)

    def _client_message(self, channel: str, frames: list[bytes]) -> list[Instruction]:
        try:
            message = self.codec.decode(frames)
        except WireError as error:
            self._refusals.note(channel, error)
            return []
        return self.state.client_message(channel, message, time.time())

    def _descriptor_ready(self, descriptor: int, events: int) -> None:
        if descriptor == self._signals.descriptor:
            self._signals.read()
        elif descriptor == getattr(self.engine.process, "descriptor", -1):  # of an adopted one
            self._poller.unregister(descriptor)
            self._reap()
        elif descriptor in self._pipes:
            if (got := self._pipes.read(descriptor)) is not None:
                self._output(*got)
        elif descriptor == self.engine.main.fileno():
            if events & _WRITABLE:
                self._writer.flush(self.engine.main)
            if events & ~_WRITABLE:
                self._read_main()
        elif descriptor == self.engine.lane.fileno():
            if events & _WRITABLE:
                self._writer.flush(self.engine.lane)
            if events & ~_WRITABLE:
                self._read_lane()

    def _output(self, run: str | None, name: str, data: bytes) -> None:
        """What a pipe gave."""
        if self.spec.get("ready") is not None:
            self._early_text = (self._early_text + data)[-2000:]
        self._do(self.state.output(run, name, data, time.time()))
        if data and not self._pipes.ends_with_marker(data):
            self._write_journal()  # what was read exists nowhere else

    def _read_main(self) -> None:
        data = self._received(self.engine.main)
        if data and self._take_frames(self._main_reader, data, self._engine_frame):
            self._pipes.wake()  # an event's place is among their text

    def _engine_frame(
        self, header: dict[str, Any], now: float, buffers: list[bytes]
    ) -> list[Instruction]:
        if header["type"] == "done":
            for run, name, data in self._pipes.read_present(header.get("run")):
                self._do(self.state.output(run, name, data, now))
        return self.state.engine_frame(header, now, buffers)

    def _read_lane(self) -> None:
        data = self._received(self.engine.lane)
        self._take_frames(self._lane_reader, data, lambda *told: self.state.lane_frame(*told[:2]))

    def _take_frames(self, reader: FrameReader, data: bytes, take: TakeFrame) -> bool:
        """Take in what the engine has sent; whether it was frames. If not, the engine is ended."""
        try:
            for header, buffers in reader.feed(data):
                try:
                    instructions = take(header, time.time(), buffers)
                except Exception as error:  # noqa: BLE001 - user code can write there as well
                    instructions = self.state._taken()
                    self._refusals.note("the engine's socket", error)
                self._do(instructions)
                if header.get("type") == "ready":
                    books.tell_starter(self.spec, "ready")
        except FrameError as error:
            if self._is_senseless:
                return False  # more of the same, on its way before the end
            self._is_senseless = True
            self.state.floods.warn(  # at once, as long as its cell runs
                f"What the session's Python process sends makes no sense ({error}), and it is "
                "ended: its code has written to a descriptor that was not its own."
            )
            self._do(self.state._taken())
            self.engine.signal_group(signal.SIGKILL)
            return False
        return True

    def _received(self, source: socket.socket) -> bytes:
        try:
            data = bytes(self._room[: source.recv_into(self._room)])
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
            text = self._early_text.decode("utf-8", "replace")
            why = early_failure(self.spec["python"], describe_exit(status), text)
            books.tell_starter(self.spec, "failed", why)
            self._is_stopping = True
        return True

    def _drain(self) -> None:
        """Read what a dead engine has left in its socket and pipes."""
        while select.select([self.engine.main], [], [], 0)[0]:
            try:
                data = self.engine.main.recv(_CHUNK)
            except OSError:
                break
            if not data:
                break
            if not self._take_frames(self._main_reader, data, self._engine_frame):
                break
        for got in self._pipes.read_all():
            self._output(*got)
        self._forget_engine()

    def _forget_engine(self) -> None:
        self._unwatch_engine()
        for each in (self.engine.main, self.engine.lane):
            each.close()

    def _unwatch_engine(self) -> None:
        for each in (self.engine.main, self.engine.lane):
            if each.fileno() >= 0:
                try:
                    self._poller.unregister(each.fileno())
                except KeyError:
                    pass  # it was closed by its other end before

    # --- Instructions ----------------------------------------------------------------------

    def _do(self, instructions: list[Instruction]) -> None:
        for instruction in instructions:
            _ACTIONS[type(instruction)](self, instruction)

    def _reply(self, reply: Reply) -> None:
        waiting = self._unsent_replies
        if waiting and any(each.identities == reply.identities for each in waiting):
            self._unsent_replies.append(reply)  # in its client's order
            return
        is_end = reply.kind == "execute_reply"
        if is_end:
            self._publish()  # what was shown: prompts follow replies
        if reply.shared:
            reply = fetched(reply)
        frames = self.codec.encode(
            reply.kind,
            reply.content,
            parent=reply.parent,
            metadata=reply.metadata,
            buffers=reply.buffers,
            identities=reply.identities,
        )
        if reply.channel == CHANNEL:
            self._link.send(frames)
            return
        try:
            send_frames(self._sockets[reply.channel], frames)
            if is_end:
                give_way()  # ZeroMQ's own thread sends it, and need not wait for what comes after
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            if reply.channel == "stdin" or time.monotonic() < self._reunited:
                self._unsent_replies.append(reply)

    def _write_journal(self) -> None:
        """Journal the events that have come, all at once."""
        events, self._events = self._events, []
        kept = []
        for event in events:
            parts = self.codec.parts(
                event.kind,
                event.content,
                parent=event.parent,
                metadata=event.metadata,
                buffers=event.buffers,
            )
            self._unpublished.append((event.kind.encode(), parts, event.buffers))
            if isinstance(event, Publish):
                kept.append([*parts, *event.buffers])
                last = event.seq
        if kept:
            number = self.journal.append_all(kept)
            assert number == last, f"event {last} became {number} in the journal"

    def _send_published(self) -> None:
        """Publish what has come, and do what nobody waits for."""
        self._publish()
        if self.state.running is None:
            self._spare_pipes.make()
        self._lost_inputs.write()  # their engine has ended, and so does not do it too

    def _publish(self) -> None:
        """Publish what was journaled since the last time (rules 1 and 4)."""
        self._write_journal()
        unpublished, self._unpublished = self._unpublished, []
        for topic, parts, buffers in unpublished:
            frames = [topic, DELIMITER, self.codec.sign(parts), *parts, *buffers]
            if buffers or len(parts[2]) + len(parts[3]) > LARGE_EVENT:
                self._send_large(frames)
            else:
                send_frames(self._sockets["iopub"], frames)

    def _send_large(self, frames: list[bytes]) -> None:
        if self._publisher is None:
            from .publishing import Publisher  # a start need not load it

            self._publisher = Publisher(self._sockets["iopub"], self.state.floods.limit)
        self._publisher.send(frames)

    def _start_run(self, start: StartRun) -> None:
        if not self.spec["foreign"]:
            self._write_journal()  # a keeper that takes over must know what the engine runs
        out, engine_out, error, engine_error = self._spare_pipes.take()
        self._pipes.watch(out, start.run, "stdout")
        self._pipes.watch(error, start.run, "stderr")
        data = encode_frame(start.header, encode=_encode)
        try:
            # The engine reads when it is idle, and it is: the first bytes always fit.
            ends = [engine_out, engine_error, out, error]
            sent = send_descriptors(self.engine.main, data, ends)
        except OSError:
            sent = len(data)  # it has ended; its exit says so
        finally:
            os.close(engine_out)
            os.close(engine_error)
        if sent < len(data):
            self._writer.write(self.engine.main, data[sent:])
        self._has_begun_run = True

    def _to_main(self, frame: ToMain) -> None:
        buffers = frame.buffers
        if frame.header["type"] == "call":
            buffers, shared = sharing.share(buffers, self.spec["id"])
            if shared:
                frame.header["shared"] = [*frame.header.get("shared", ()), *shared]
        self._writer.write(self.engine.main, encode_frame(frame.header, buffers))

    def _to_lane(self, frame: ToLane) -> None:
        self._writer.write(self.engine.lane, encode_frame(frame.header, frame.buffers))

    def _interrupt(self, interrupt: Interrupt) -> None:
        if interrupt.run is not None:  # the signal may meet the engine between two cells
            self._to_main(ToMain({"type": "interrupt", "run": interrupt.run}))
        self.engine.signal_group(signal.SIGINT)

    def _respawn(self, _: Respawn) -> None:
        for descriptor in self._pipes:
            self._pipes.forget(descriptor)
        self._unwatch_engine()
        self.engine.end()
        try:
            self._adopt(spawn_engine(self.spec, self._magic))
        except OSError as error:
            where = f"{self.spec['python']} cannot be started in {self.spec['cwd']}"
            told = f"{where}: {error.strerror}"
            self._do(self.state.engine_exited(told, time.time()))

    def _replay(self, replay: Replay) -> None:
        self._write_journal()
        self._reply(replayed(replay, self.journal))

    def _measure(self, measure: Measure) -> None:
        from .usage import usage_of  # few ask; a start need not load it

        self._reply(msgspec.structs.replace(measure.reply, content=usage_of(measure.pid)))

    def _spill(self, spill: Spill) -> None:
        if not self._spills.append(spill.path, spill.text):
            self.state.floods.spill_failed(spill.path)

    def _stop(self, _: Stop) -> None:
        self._is_stopping = True

    # --- The end ---------------------------------------------------------------------------

    def _close(self) -> None:
        self.engine.end()
        for got in self._pipes.read_all():  # what the engine printed as it ended
            self._output(*got)
        self._send_published()
        self._context.destroy()  # with all sockets, each after its own time to linger
        self._spare_pipes.close()
        self._lost_inputs.close()
        self.journal.close()
        self._spills.close()
        sharing.drop_all(self.spec["id"])
        if not self.spec["foreign"]:
            books.leave(self.spec, self.connection)


_ACTIONS: dict[type, Any] = {
    Reply: Keeper._reply,
    Publish: lambda keeper, event: keeper._events.append(event),
    Announce: lambda keeper, event: keeper._events.append(event),
    Remember: lambda keeper, told: keeper._lost_inputs.add(told),
    Spill: Keeper._spill,
    EndSpill: lambda keeper, ended: keeper._spills.end(ended.path, is_kept=ended.is_kept),
    StartRun: Keeper._start_run,
    ToMain: Keeper._to_main,
    ToLane: Keeper._to_lane,
    Interrupt: Keeper._interrupt,
    DumpStacks: lambda keeper, dump: keeper.engine.signal(dump.signal),
    EndEngine: lambda keeper, ended: keeper.engine.signal_group(ended.signal),
    Respawn: Keeper._respawn,
    Replay: Keeper._replay,
    Measure: Keeper._measure,
    Store: lambda keeper, part: keeper._reply(keeper._uploads.store(part)),
    Discard: lambda keeper, told: keeper._uploads.discard(told.names),
    Beat: lambda keeper, beat: keeper._link.beat(beat),
    Relink: lambda keeper, _: keeper._link.renew(),
    Stop: Keeper._stop,
}
