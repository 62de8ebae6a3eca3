"""A hosted kernel's process: how it starts, is interrupted, and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from .kernelspecs import KernelSpec

_END_SECONDS = 3.0
# The kernel ends with its host, also if that is killed: Linux does it for a child that asks. A
# kernel cannot be told to, so it is asked for in the process before it becomes the kernel's.
_BECOME = (
    "import ctypes, os, signal, sys\n"
    "if sys.platform == 'linux': ctypes.CDLL(None).prctl(1, int(signal.SIGTERM))\n"
    "if os.getppid() != int(sys.argv[1]): sys.exit(1)\n"
    "try: os.execvp(sys.argv[2], sys.argv[2:])\n"
    "except OSError as error: sys.exit(f'{sys.argv[2]} cannot be started: {error.strerror}')\n"
)


class KernelProcess:
    """A kernel that runs, in a process group of its own."""

    def __init__(self, spec: KernelSpec, connection_file: Path, cwd: str, log: Path) -> None:
        """Start it. What it writes past its messages goes to ``log``. Raises ``OSError``."""
        shim = [sys.executable, "-E", "-P", "-S", "-c", _BECOME, str(os.getpid())]
        environment = spec.environment()
        # What ipykernel and its kin look at where no system ends children with their parents.
        environment["JPY_PARENT_PID"] = str(os.getpid())
        self.log = log
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self.process = subprocess.Popen(
                [*shim, *spec.command(connection_file)],
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                cwd=cwd,
                env=environment,
                start_new_session=True,
            )
        finally:
            os.close(descriptor)

    @property
    def pid(self) -> int:
        """Its id, and that of its group."""
        return self.process.pid

    def ended(self) -> str | None:
        """How it has ended; None while it runs."""
        status = self.process.poll()
        if status is None:
            return None
        if status < 0:
            try:
                return signal.Signals(-status).name
            except ValueError:
                return f"signal {-status}"
        return f"exit status {status}"

    def last_words(self) -> str:
        """The last line that it wrote past its messages."""
        try:
            lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1] if lines else ""

    def interrupt(self) -> None:
        """Send SIGINT to it and its children."""
        self._signal(signal.SIGINT)

    def end(self, *, asked: bool) -> None:
        """See that it ends; ``asked``: it was told to, and gets time."""
        if not asked or not self._has_ended():
            self._signal(signal.SIGTERM)
            if not self._has_ended():
                self._signal(signal.SIGKILL)
                self.process.wait()
        self._signal(signal.SIGKILL)  # what is left of its group

    def _has_ended(self) -> bool:
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass  # nobody is left of it
