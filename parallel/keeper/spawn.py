"""Starting and ending the engine's process. Standard library only, so that it comes first."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..engine.helpers import own_folders
from ..frames import encode_frame

BOOTSTRAP = Path(__file__).resolve().parent.parent / "engine" / "bootstrap.py"
# Held back until the engine has loaded its modules: the user's types.py must not become ours.
_HELD_BACK = ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME")


# Starts the keeper as a grandchild, so that its parent is init.
DETACH = (
    "import os,sys\n"
    "if os.fork(): os._exit(0)\n"
    # -E and -P: neither the user's PYTHONPATH nor a folder's files come before our modules.
    "os.execv(sys.executable,"
    " [sys.executable, '-E', '-P', '-m', 'vivo.parallel.keeper', sys.argv[1]])"
)
UNKNOWN_STATUS = 1 << 16


class AdoptedProcess:
    """An engine that another keeper has started: no child of this process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.descriptor = os.pidfd_open(pid)
        """Readable once it has ended."""

    def poll(self) -> int | None:
        """None while it runs, then :data:`UNKNOWN_STATUS`: only a parent is told."""
        return UNKNOWN_STATUS if select.select([self.descriptor], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        """Raises :class:`subprocess.TimeoutExpired`."""
        if not select.select([self.descriptor], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0.0)
        return UNKNOWN_STATUS


@dataclass
class EngineProcess:
    """An engine's process and the keeper's ends of its sockets and first pipes."""

    process: subprocess.Popen[bytes] | AdoptedProcess
    main: socket.socket
    lane: socket.socket
    pipes: list[tuple[str | None, str, int]]
    """Of each pipe the run, the stream, the read end."""

    def signal_group(self, number: int) -> None:
        """Signal the engine and the children that share its process group."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def end(self, patience: float = 2.0) -> None:
        """End the process: its socket closes, then a signal, then another."""
        with contextlib.suppress(OSError):  # it has ended, or does not listen: it is made to
            self.lane.send(encode_frame({"type": "end"}))
        for each in (self.main, self.lane):
            each.close()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.signal_group(signal.SIGTERM)
            try:
                self.process.wait(0.5)
            except subprocess.TimeoutExpired:
                self.signal_group(signal.SIGKILL)
                self.process.wait()


def describe_exit(status: int) -> str:
    """Why a process ended, from its return code."""
    if status == UNKNOWN_STATUS:
        return "in a way that a keeper which has not started it cannot see"
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
    main, engine_main = socket.socketpair()
    lane, engine_lane = socket.socketpair()
    out, engine_out = os.pipe()
    error, engine_error = os.pipe()
    environment = {key: value for key, value in os.environ.items() if key not in _HELD_BACK}
    held = {key: os.environ[key] for key in _HELD_BACK if key in os.environ}
    descriptors = (engine_main.fileno(), engine_lane.fileno())
    try:
        process = subprocess.Popen(
            [spec["python"], "-u", str(BOOTSTRAP), *map(str, descriptors), spec["cache"]],
            stdin=subprocess.DEVNULL,
            stdout=engine_out,
            stderr=engine_error,
            pass_fds=descriptors,
            env=environment,
            cwd=spec["cwd"],
            start_new_session=True,
        )
    finally:
        for each in (engine_main, engine_lane):
            each.close()
        os.close(engine_out)
        os.close(engine_error)
    told = {key: value for key, value in spec.items() if key != "adopted"}
    succession = {"command": [sys.executable, "-E", "-c", DETACH], "spec": told}
    start = {
        "type": "start",
        "magic": magic.hex(),
        "history": spec["history"],
        "profile": spec.get("profile"),
        "environment": held,
        "succession": None if spec["foreign"] else succession,
        "helpers": own_folders(),
    }
    # The read ends go along: what is in a pipe must not be lost with its keeper.
    data = encode_frame(start)
    sent = socket.send_fds(main, [data], [out, error])
    main.sendall(data[sent:])
    return EngineProcess(process, main, lane, [(None, "stdout", out), (None, "stderr", error)])


def adopt_engine(told: dict[str, Any]) -> EngineProcess:
    """Take over an engine whose keeper has died, as it says. Raises ``OSError`` if it has ended."""
    main, lane = socket.socket(fileno=told["main"]), socket.socket(fileno=told["lane"])
    pipes = [(run, name, descriptor) for run, name, descriptor in told["pipes"]]
    for descriptor in (told["main"], told["lane"], *(each for _, _, each in pipes)):
        os.set_inheritable(descriptor, False)
    return EngineProcess(AdoptedProcess(told["pid"]), main, lane, pipes)
