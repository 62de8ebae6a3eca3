"""The host's loop: the session's sockets on one side, the kernel's on the other.

One thread, one poll. Nothing here decides: :mod:`.state` does. An event is in the journal before it
is published; what cannot be read is logged, a line each.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from pathlib import Path
from typing import Any

import msgspec
import zmq

from ..connection import CHANNELS, ConnectionInfo, make_ipc, make_tcp
from ..directories import private
from ..errors import WireError
from ..journal import Journal
from ..keeper import books
from ..keeper.instructions import Announce, EndSpill, Publish, Replay, Reply, Spill, Stop
from ..keeper.publishing import Publisher
from ..keeper.replaying import replayed
from ..keeper.sockets import LARGE_EVENT
from ..keeper.spilling import SpillFiles
from ..wire import DELIMITER, Codec, to_json
from .instructions import InterruptKernel, RestartKernel, ToKernel
from .kernelspecs import KernelSpec
from .process import KernelProcess
from .state import HostedState

_log = logging.getLogger(__name__)
_KINDS = {"shell": zmq.ROUTER, "control": zmq.ROUTER, "stdin": zmq.ROUTER, "iopub": zmq.XPUB}
_HELD_EVENTS = 5000
_LOOK = 1000  # milliseconds between looks at the kernel's process, which also tells by a signal
_ASK_AGAIN = 0.3  # seconds until a kernel that starts is asked again whether it answers
_LACKS = (
    "It answers completion, inspection and history only when no cell runs; beside one, vivo answers"
    " with what was known last.",
    "It has no list of variables and no stack dumps.",
    "An interrupt has no ladder: what does not end is ended by a restart.",
    "Its variables end with the process that hosts it: nothing takes over from that.",
    "A run's values have no lines of their own: they stand at the end of their cell.",
)
_OVER_TCP = (
    "It is reached over TCP on this machine, as such kernels are: another user here may read what "
    "it shows."
)


class Host:
    """Keeps a session for a kernel until it ends."""

    def __init__(self, spec: dict[str, Any], kernel: KernelSpec) -> None:
        self.spec, self.kernel = spec, kernel
        self.connection = msgspec.convert(spec["connection"], ConnectionInfo)
        self.codec = Codec(self.connection.key.encode(), is_asked=True)
        self.journal = Journal(Path(spec["journal"]), report=_log.error)
        self.state = HostedState(spec["id"], kernel.display_name, spec["python"], spec["cwd"])
        self.state.keeper_pid, self.state.seq = os.getpid(), self.journal.last
        self.state.floods.folder, self.state.floods.limit = spec["journal"], spec["output_limit"]
        self.state.lacks = _LACKS if kernel.speaks_ipc else (*_LACKS, _OVER_TCP)
        self._spills = SpillFiles(_log.error)
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        self._sockets: dict[str, zmq.Socket[bytes]] = {}
        self._kernel_sockets: dict[str, zmq.Socket[bytes]] = {}
        self._is_stopping = False
        self._asked_ready = 0.0
        self._heard = False
        self._failure = "it was ended before it was ready"
        self._info: dict[str, Any] | None = None
        self._wake, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._terminated)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        self._bind()
        self._publisher = Publisher(self._sockets["iopub"], self.state.floods.limit)
        self._start_kernel()

    def _terminated(self, number: int, frame: Any) -> None:
        self._is_stopping = True

    # --- Both ends ---------------------------------------------------------------------------

    def _bind(self) -> None:
        for channel in CHANNELS:
            each = self._context.socket(_KINDS.get(channel, zmq.REP))
            each.linger = 200
            if channel == "iopub":
                each.setsockopt(zmq.XPUB_VERBOSE, 1)
                each.setsockopt(zmq.SNDHWM, _HELD_EVENTS)
            elif channel != "hb":
                each.setsockopt(zmq.ROUTER_HANDOVER, 1)
            each.bind(self.connection.address(channel))
            self._sockets[channel] = each
            self._poller.register(each, zmq.POLLIN)
        for path in self.connection.socket_files():
            path.chmod(0o600)
        self._poller.register(self._wake, zmq.POLLIN)

    def _start_kernel(self) -> None:
        """Start the kernel and connect to it. Raises ``OSError``."""
        folder = private(Path(self.spec["connection_file"]).parent / "k")
        info = make_ipc(folder) if self.kernel.speaks_ipc else make_tcp()
        file = folder / "connection.json"
        info.write(file)
        log = Path(self.spec["journal"]) / "kernel.log"
        self.process = KernelProcess(self.kernel, file, self.spec["cwd"], log)
        self.state.kernel_pid = self.process.pid
        self._kernel_info, self._kernel_codec = info, Codec(info.key.encode())
        self._heard, self._info, self._asked_ready = False, None, 0.0
        for channel in ("shell", "control", "stdin", "iopub"):
            each = self._context.socket(zmq.SUB if channel == "iopub" else zmq.DEALER)
            each.linger = 0
            if channel == "iopub":
                each.setsockopt(zmq.SUBSCRIBE, b"")
                each.setsockopt(zmq.RCVHWM, 0)  # none of the kernel's events may be lost here
            else:
                # One name on all channels: a kernel asks for input on the name that sent the cell.
                each.setsockopt(zmq.IDENTITY, self._kernel_codec.session.encode())
            each.connect(info.address(channel))
            self._kernel_sockets[channel] = each
            self._poller.register(each, zmq.POLLIN)

    def _forget_kernel(self) -> None:
        for each in self._kernel_sockets.values():
            self._poller.unregister(each)
            each.close()
        self._kernel_sockets.clear()

    # --- The loop ----------------------------------------------------------------------------

    def run(self) -> None:
        """Keep the session until it ends."""
        try:
            while not self._is_stopping:
                self._turn()
        finally:
            self._close()
            books.tell_starter(self.spec, "failed", self._failure)  # unless it was ready

    def _turn(self) -> None:
        timeout = _LOOK
        if self.state.phase == "starting":
            self._ask_whether_ready()
            timeout = int(_ASK_AGAIN * 1000)
        ready = dict(self._poller.poll(timeout))
        if self._wake in ready:
            os.read(self._wake, 4096)
        for channel, each in tuple(self._kernel_sockets.items()):
            if each in ready:
                self._read_kernel(channel, each)
        for channel, each in self._sockets.items():
            if each in ready:
                self._read_clients(channel, each)
        self._do(self.state.time_passed(time.time()))
        how = self.process.ended()
        if how is not None and self.state.phase != "dead":
            self._kernel_ended(how)

    def _read_clients(self, channel: str, source: zmq.Socket[bytes]) -> None:
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
                try:
                    message = self.codec.decode(frames)
                except WireError as error:
                    _log.warning("A message on %s is refused: %s.", channel, error)
                    continue
                self._do(self.state.client_message(channel, message, time.time()))

    def _read_kernel(self, channel: str, source: zmq.Socket[bytes]) -> None:
        for _ in range(100):
            try:
                frames = source.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                message = self._kernel_codec.decode(frames)
            except WireError as error:
                _log.warning("A message of the kernel on %s is refused: %s.", channel, error)
                continue
            if self.state.phase == "starting":
                self._heard = self._heard or channel == "iopub"
                if message.type == "kernel_info_reply":
                    self._info = message.content
                self._see_whether_ready()
                continue
            self._do(self.state.kernel_message(channel, message, time.time()))

    # --- The kernel's start and end ----------------------------------------------------------

    def _ask_whether_ready(self) -> None:
        """Ask until it is seen that its events arrive, not only its replies."""
        now = time.monotonic()
        if now - self._asked_ready >= _ASK_AGAIN:
            self._asked_ready = now
            frames = self._kernel_codec.encode("kernel_info_request", {})
            self._kernel_sockets["shell"].send_multipart(frames)

    def _see_whether_ready(self) -> None:
        if self._heard and self._info is not None:
            self._do(self.state.ready(self._info, time.time()))
            if self.spec.get("ready") is not None:
                books.enter(self.spec, self.connection)
                books.tell_starter(self.spec, "ready")

    def _kernel_ended(self, how: str) -> None:
        """It has ended by itself."""
        if self.spec.get("ready") is not None:
            words = self.process.last_words()
            told = f"the kernel {self.kernel.display_name} ended before it was ready ({how})"
            self._failure = f"{told}: {words}" if words else told
            self._is_stopping = True
            return
        for channel, each in tuple(self._kernel_sockets.items()):
            if each.poll(0):
                self._read_kernel(channel, each)  # what it had still sent
        self._forget_kernel()
        self._do(self.state.ended(how, time.time()))

    def _restart(self, _: RestartKernel) -> None:
        self._forget_kernel()
        self.process.end(asked=False)
        try:
            self._start_kernel()
        except OSError as error:
            self._do(self.state.ended(f"it cannot be started: {error.strerror}", time.time()))

    # --- Instructions ------------------------------------------------------------------------

    def _do(self, instructions: list[Any]) -> None:
        for instruction in instructions:
            _ACTIONS[type(instruction)](self, instruction)

    def _reply(self, reply: Reply) -> None:
        frames = self.codec.encode(
            reply.kind, reply.content, parent=reply.parent, metadata=reply.metadata,
            buffers=reply.buffers, identities=reply.identities,
        )  # fmt: skip
        self._sockets[reply.channel].send_multipart(frames)

    def _publish(self, event: Publish) -> None:
        frames = self.codec.encode(
            event.kind, event.content, parent=event.parent, metadata=event.metadata,
            buffers=event.buffers, identities=[event.kind.encode()],
        )  # fmt: skip
        number = self.journal.append(frames[3:])
        assert number == event.seq, f"event {event.seq} became {number} in the journal"
        if sum(map(len, frames)) > LARGE_EVENT:
            self._publisher.send(frames)
        else:
            self._sockets["iopub"].send_multipart(frames)

    def _announce(self, event: Announce) -> None:
        frames = self.codec.encode(
            event.kind, event.content, parent=event.parent, metadata=event.metadata,
            identities=[event.kind.encode()],
        )  # fmt: skip
        self._sockets["iopub"].send_multipart(frames)

    def _to_kernel(self, told: ToKernel) -> None:
        source = self._kernel_sockets.get(told.channel)
        if source is None:
            return  # it has ended; that is told
        message, codec = told.message, self._kernel_codec
        if told.kind is not None:
            frames = codec.encode(told.kind, told.content, parent=message.raw_header)
        else:
            parts = [
                message.raw_header,
                to_json(message.parent_header),
                to_json(message.metadata),
                to_json(told.content),
            ]
            frames = [DELIMITER, codec.sign(parts), *parts, *message.buffers]
        source.send_multipart(frames)

    def _interrupt(self, _: InterruptKernel) -> None:
        if self.kernel.interrupt_mode == "message":
            frames = self._kernel_codec.encode("interrupt_request", {})
            self._kernel_sockets["control"].send_multipart(frames)
        else:
            self.process.interrupt()

    def _replay(self, replay: Replay) -> None:
        self._reply(replayed(replay, self.journal))

    def _spill(self, spill: Spill) -> None:
        self._spills.append(spill.path, spill.text)

    def _end_spill(self, ended: EndSpill) -> None:
        self._spills.end(ended.path, is_kept=ended.is_kept)

    def _stop(self, _: Stop) -> None:
        self._is_stopping = True

    def _close(self) -> None:
        """End the kernel, then leave nothing that only a living session needs."""
        asked = "control" in self._kernel_sockets
        if asked:
            frames = self._kernel_codec.encode("shutdown_request", {"restart": False})
            self._kernel_sockets["control"].send_multipart(frames)
        self.process.end(asked=asked)
        self._forget_kernel()
        for each in self._sockets.values():
            each.close()
        self._context.term()
        self.journal.close()
        self._spills.close()
        folder = Path(self.spec["connection_file"]).parent / "k"
        for path in (*self._kernel_info.socket_files(), folder / "connection.json"):
            path.unlink(missing_ok=True)
        folder.rmdir()
        books.leave(self.spec, self.connection)


_ACTIONS: dict[type, Any] = {
    Reply: Host._reply,
    Publish: Host._publish,
    Announce: Host._announce,
    Spill: Host._spill,
    EndSpill: Host._end_spill,
    ToKernel: Host._to_kernel,
    InterruptKernel: Host._interrupt,
    RestartKernel: Host._restart,
    Replay: Host._replay,
    Stop: Host._stop,
}
