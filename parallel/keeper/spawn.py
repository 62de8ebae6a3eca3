"""Starting and ending the engine's process.

Standard library only, and little of it: an engine takes longer to start than anything else, so it
is started (:mod:`.child`) before its keeper loads what itself needs. What it is to know follows
(:meth:`EngineProcess.begin`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
import sys

from .child import HELD_BACK, ChildProcess, StartedChild, start_child

TYPE_CHECKING = False  # typing's own comes with a module that nobody waits for here
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Starts the keeper as a grandchild, so that its parent is init.
DETACH = (
    "import os,sys\n"
    "if os.fork(): os._exit(0)\n"
    # -E and -P: neither the user's PYTHONPATH nor a folder's files come before our modules.
    "os.execv(sys.executable,"
    " [sys.executable, '-E', '-P', '-m', 'vivo.parallel.keeper', sys.argv[1]])"
)
KEEPER = [sys.executable, "-E", "-c", DETACH]
"""The command that starts a keeper; the path of its spec is its last word."""
UNKNOWN_STATUS = 1 << 16
GUEST_GONE = 1 << 17
_OUTPUT_LIMIT = 16 * 2**20  # characters; as in .flood, which is too much to load here


class AdoptedProcess:
    """An engine that another keeper has started: no child of this process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.descriptor = os.pidfd_open(pid)
        """Readable once it has ended."""

    def poll(self) -> int | None:
        """None while it runs, then :data:`UNKNOWN_STATUS`: only a parent is told."""
        return UNKNOWN_STATUS if select.select([self.descriptor], [], [], 0)[0] else None

    def wait(self, seconds: float | None = None) -> int | None:
        """The same; None if it still runs after that time."""
        ended = select.select([self.descriptor], [], [], seconds)[0]
        return UNKNOWN_STATUS if ended else None


class HostProcess(AdoptedProcess):
    """The process that an engine is a guest in: the engine has ended when its sockets are closed.

    It is another program's: nothing signals it.
    """

    def __init__(self, pid: int, main: socket.socket) -> None:
        super().__init__(pid)
        self._main = main

    def poll(self) -> int | None:
        """None while the engine is there."""
        if super().poll() is not None:
            return GUEST_GONE
        try:
            is_closed = not self._main.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            is_closed = True
        return GUEST_GONE if is_closed else None


class EngineProcess:
    """An engine's process and the keeper's ends of its sockets and first pipes.

    ``pipes``: of each the run, the stream, the read end.
    """

    def __init__(
        self,
        process: ChildProcess | AdoptedProcess,
        main: socket.socket,
        lane: socket.socket,
        pipes: Sequence[tuple[str | None, str, int]],
        stack: int = -1,
    ) -> None:
        self.process = process
        self.main, self.lane = main, lane
        self.pipes = list(pipes)
        self._stack = stack  # the write end that the engine is to have
        self._has_cache = False

    @classmethod
    def of(cls, child: StartedChild) -> EngineProcess:
        """An engine that was just started."""
        main, lane = socket.socket(fileno=child.main), socket.socket(fileno=child.lane)
        pipes = [(None, *each) for each in child.pipes.items()]
        return cls(child.process, main, lane, pipes, child.stack)

    def use_cache(self, folder: str) -> None:
        """Tell a new engine where bytecode goes: all that it needs to load its modules."""
        cache = os.fsencode(folder)
        self._has_cache = True
        with contextlib.suppress(OSError):  # it has ended already; its exit says so
            self.main.sendall(len(cache).to_bytes(4, "big") + cache)

    def begin(self, spec: dict[str, Any], magic: bytes) -> None:
        """Tell a new engine what it needs before it can run cells."""
        from ..engine.helpers import own_folders
        from ..frames import encode_frame

        if not self._has_cache:
            self.use_cache(spec["cache"])
        told = {key: value for key, value in spec.items() if key != "adopted"}
        succession = {"command": KEEPER, "spec": told}
        start = {
            "type": "start",
            "session": spec["id"],
            "magic": magic.hex(),
            "history": spec["history"],
            "journal": spec["journal"],
            "display_limit": 4 * spec.get("output_limit", _OUTPUT_LIMIT),
            "profile": spec.get("profile"),
            "environment": {key: os.environ[key] for key in HELD_BACK if key in os.environ},
            "succession": None if spec["foreign"] else succession,
            "helpers": own_folders(),
        }
        # The read ends go along: what is in a pipe must not be lost with its keeper.
        data = encode_frame(start)
        ends = [*(descriptor for _, _, descriptor in self.pipes), self._stack]
        try:
            sent = socket.send_fds(self.main, [data], ends)
            self.main.sendall(data[sent:])
        except OSError:
            pass  # it has ended already; its exit says so
        finally:
            os.close(self._stack)
            self._stack = -1

    def signal(self, number: int) -> None:
        """Signal the engine alone."""
        try:
            os.kill(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def signal_group(self, number: int) -> None:
        """Signal the engine and the children that share its process group."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def end(self, patience: float = 2.0) -> None:
        """End the process: its socket closes, then a signal, then another."""
        from ..frames import encode_frame

        with contextlib.suppress(OSError):  # it has ended, or does not listen: it is made to
            self.lane.send(encode_frame({"type": "end"}))
        for each in (self.main, self.lane):
            each.close()
        if self.process.wait(patience) is None:
            self.signal_group(signal.SIGTERM)
            if self.process.wait(0.5) is None:
                self.signal_group(signal.SIGKILL)
                self.process.wait()


class GuestOf(EngineProcess):
    """An engine that is a guest in a process, which outlives it."""

    def signal(self, number: int) -> None:
        """Nothing: the process is another program's."""

    def signal_group(self, number: int) -> None:
        """Nothing, either."""

    def end(self, patience: float = 2.0) -> None:
        """Tell the engine to end, and wait for that a moment."""
        from ..frames import encode_frame

        with contextlib.suppress(OSError):  # it has ended
            self.lane.setblocking(True)
            self.lane.settimeout(2 * patience)
            self.lane.send(encode_frame({"type": "end"}))
            self.main.shutdown(socket.SHUT_RDWR)
            while self.lane.recv(65536):
                continue
        for each in (self.main, self.lane):
            each.close()


def describe_exit(status: int) -> str:
    """Why a process ended, from its return code."""
    if status == UNKNOWN_STATUS:
        return "in a way that a keeper which has not started it cannot see"
    if status == GUEST_GONE:
        return "the process that it was a guest in has ended, or has let go of it"
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        hint = " (the system may have run out of memory)" if status == -signal.SIGKILL else ""
        return f"killed by {name}{hint}"
    return f"exit status {status}"


def spawn_engine(spec: dict[str, Any], magic: bytes) -> EngineProcess:
    """Start an engine as a session's spec says. Raises ``OSError`` if it cannot be started."""
    if (launched := spec.get("launched")) is not None:
        told = f"{launched} starts with all the others alone: stop the cluster and start it again"
        raise OSError(errno.ENOTSUP, told)
    engine = EngineProcess.of(start_child(spec["python"], spec["cwd"]))
    engine.begin(spec, magic)
    return engine


def adopt_engine(told: dict[str, Any], *, is_guest: bool = False) -> EngineProcess:
    """Take over an engine that was there before, as it says. Raises ``OSError`` if it has ended."""
    main, lane = socket.socket(fileno=told["main"]), socket.socket(fileno=told["lane"])
    pipes = [(run, name, descriptor) for run, name, descriptor in told["pipes"]]
    for descriptor in (told["main"], told["lane"], *(each for _, _, each in pipes)):
        os.set_inheritable(descriptor, False)
    stack = told.get("stack", -1)
    if is_guest:
        return GuestOf(HostProcess(told["pid"], main), main, lane, pipes, stack)
    return EngineProcess(AdoptedProcess(told["pid"]), main, lane, pipes, stack)
