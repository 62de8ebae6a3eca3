"""Starting and ending the engine's process. Standard library only, so that it comes first."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..engine.helpers import own_folders
from ..frames import encode_frame

BOOTSTRAP = Path(__file__).resolve().parent.parent / "engine" / "bootstrap.py"
# Held back until the engine has loaded its modules: the user's types.py must not become ours.
_HELD_BACK = ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME")


@dataclass
class EngineProcess:
    """An engine's process and the keeper's ends of its sockets and first pipes."""

    process: subprocess.Popen[bytes]
    main: socket.socket
    lane: socket.socket
    out: int
    error: int

    def signal_group(self, number: int) -> None:
        """Signal the engine and the children that share its process group."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def end(self, patience: float = 2.0) -> None:
        """End the process: its socket closes, then a signal, then another."""
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
    start = {
        "type": "start",
        "magic": magic.hex(),
        "history": spec["history"],
        "profile": spec.get("profile"),
        "environment": held,
        "helpers": own_folders(),
    }
    main.sendall(encode_frame(start))
    return EngineProcess(process, main, lane, out, error)
