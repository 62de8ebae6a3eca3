"""A command on a pseudo-terminal: its output as it comes, and its questions to the user.

Rules:

1. What the command writes comes out unchanged, byte for byte: the terminal translates nothing.
2. A command that waits for a line is noticed (on Linux, by the system call it sleeps in): the user
   is asked, and where nobody can answer it gets an end of file, and is ended if that is
   not enough. Nothing waits for ever.
3. Its processes are a session of their own with this terminal as theirs: an interrupt reaches
   them all. Those that it leaves running go on writing into the cell that started them.
4. Pagers are switched off: there is no one to turn the page.
"""

from __future__ import annotations

import contextlib
import os
import platform
import select
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .interrupts import shielded
from .system import INTERRUPTING, end_group, has_ended, members_of, signal_group

COLUMNS, LINES = 100, 30
_IDLE = 0.08  # seconds without output after which the command may be waiting for the user
_PATIENCE = 3  # ends of file before a command that nobody can answer is ended
_PAGERS = {"PAGER": "cat", "GIT_PAGER": "cat", "MANPAGER": "cat", "SYSTEMD_PAGER": ""}
# System calls that wait for input, by machine: read, then those that watch several descriptors.
_CALLS: dict[str, tuple[int, dict[int, str]]] = {
    "x86_64": (0, {7: "poll", 271: "poll", 23: "select", 270: "select"}),
    "aarch64": (63, {73: "poll", 72: "select"}),
}
# Started by the session's leader: the first terminal that it opens becomes its own.
# When the leader ends, those that it left in the background must not be hung up.
_OPENING = 'trap "" HUP; exec <"$0" >"$0" 2>&1; exec "$1" -c "$2"'

Ask = Callable[[str, bool], str]
"""``ask(prompt, password)`` gives a line, or raises ``EOFError`` where nobody can answer."""


class Terminal:
    """A pseudo-terminal with one command on it, whose output goes to ``write``."""

    def __init__(self, command: str, shell: str, write: Callable[[bytes], Any]) -> None:
        import pty

        self._write = write
        self.master, slave = pty.openpty()
        try:
            self.name = os.ttyname(slave)
            _configure(slave)
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", _OPENING, self.name, shell, command],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, **_PAGERS, "TERM": _kind()},
            )
        except BaseException:
            os.close(self.master)
            raise
        finally:
            # Held until the command has opened it: a terminal that nobody has reads as hung up.
            self._slave: int | None = slave
        self._exit = os.pidfd_open(self.process.pid) if hasattr(os, "pidfd_open") else None
        self._refused = 0
        self._tail = b""
        self._echo_is_off = False

    def run(self, ask: Ask) -> int:
        """Pass output on and questions to the user until the command ends; give its status.

        A command ended by signal *n* gives ``-n``. An interrupt comes through: tell the command
        with :meth:`interrupt` then.
        """
        while True:
            descriptors = [self.master] if self._exit is None else [self.master, self._exit]
            ready, _, _ = select.select(descriptors, [], [], _IDLE)
            if self.master in ready:
                if not self._pass_on():
                    break
            elif self.process.poll() is not None:
                break
            elif not ready:
                self._let_echo()
                # What it wrote before it began to wait, the prompt, goes first.
                if self._is_waiting() and not select.select([self.master], [], [], 0)[0]:
                    self._answer(ask)
        status = self.process.wait()
        self._drain()
        return status

    def _pass_on(self) -> bool:
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: the last process has left the terminal
            return False
        if data:
            self._write(data)
            self._tail = (self._tail + data)[-400:]
        return bool(data)

    def _drain(self) -> None:
        """What is still in the terminal when the command has ended."""
        self._let_go_of_slave()
        while select.select([self.master], [], [], 0)[0]:
            if not self._pass_on():
                return
        if self._has_others():
            self._follow()

    def _has_others(self) -> bool:
        """Whether processes that the command left behind still have the terminal."""
        poll = select.poll()
        poll.register(self.master, select.POLLIN)
        return not any(event & select.POLLHUP for _, event in poll.poll(0))

    def _follow(self) -> None:
        """Pass on what those write that stay behind, until the last of them ends."""
        master, self.master, write = self.master, -1, self._write

        def follow() -> None:
            with contextlib.suppress(OSError):
                while data := os.read(master, 65536):
                    write(data)
            os.close(master)

        threading.Thread(target=follow, name="vivo-background-output", daemon=True).start()

    # --- Questions -------------------------------------------------------------------------

    def _is_waiting(self) -> bool:
        """Whether a process of the command sleeps until the terminal has input."""
        return any(_waits_for(pid, self.name) for pid in self._processes())

    def _processes(self) -> Iterator[int]:
        """The processes of the command's session, where its system calls can be read."""
        if platform.machine() in _CALLS:
            yield from members_of("session", self.process.pid)

    def _answer(self, ask: Ask) -> None:
        import termios

        settings = termios.tcgetattr(self.master)
        prompt = self._tail.rpartition(b"\n")[2].decode("utf-8", "replace")
        by_line = bool(settings[3] & termios.ICANON)
        hidden = by_line and not settings[3] & termios.ECHO
        try:
            text = ask(prompt, hidden)
        except EOFError:
            self._refused += 1
            if self._refused > _PATIENCE:
                self._write(
                    b"\nThe command waits for keys that nobody can press here; it is ended.\n"
                )
                end_group(self.process)
            else:
                os.write(self.master, b"\x04")
            return
        if by_line and not hidden:
            # The front end has shown what the user typed: once is enough.
            settings[3] &= ~termios.ECHO
            termios.tcsetattr(self.master, termios.TCSANOW, settings)
            self._echo_is_off = True
        data = text.encode("utf-8", "surrogateescape")
        os.write(self.master, data + (b"\n" if by_line else b"\r"))

    def _let_echo(self) -> None:
        """After an answer was read: a terminal that shows what is typed, as programs expect."""
        import termios

        if self._echo_is_off:
            self._echo_is_off = False
            with contextlib.suppress(termios.error):
                settings = termios.tcgetattr(self.master)
                settings[3] |= termios.ECHO
                termios.tcsetattr(self.master, termios.TCSANOW, settings)

    # --- The end ---------------------------------------------------------------------------

    def interrupt(self) -> None:
        """End the command, interrupted first; what it says to that is passed on."""
        signal_group(self.process, INTERRUPTING, self._ends_within)
        self.process.wait()
        self._drain()

    def _ends_within(self, seconds: float) -> None:
        """Raises :class:`subprocess.TimeoutExpired`."""
        end = time.monotonic() + seconds
        while not has_ended(self.process):
            left = end - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(self.process.args, seconds)
            descriptors = [self.master]
            if self._exit is not None and self.process.returncode is None:
                descriptors.append(self._exit)
            ready, _, _ = select.select(descriptors, [], [], min(left, _IDLE))
            if self.master in ready and not self._pass_on():
                self.process.wait(left)
                time.sleep(min(left, _IDLE))  # all have left the terminal, and may yet run

    @shielded
    def _let_go_of_slave(self) -> None:
        slave, self._slave = self._slave, None
        if slave is not None:
            os.close(slave)

    @shielded
    def close(self) -> None:
        """Let go of the terminal. The command must have ended."""
        self._let_go_of_slave()
        for descriptor in (self.master, self._exit):
            if descriptor is not None and descriptor >= 0:
                os.close(descriptor)
        self.master, self._exit = -1, None


def _kind() -> str:
    """The kind of terminal that programs are told of."""
    held = os.environ.get("TERM", "")
    return held if held not in ("", "dumb", "unknown") else "xterm-256color"


def _configure(slave: int) -> None:
    import fcntl
    import termios

    settings = termios.tcgetattr(slave)
    settings[1] &= ~termios.OPOST  # rule 1
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))


def _waits_for(pid: int, terminal: str) -> bool:
    """Whether a process sleeps in a system call that ends when the terminal has input."""
    try:
        words = Path(f"/proc/{pid}/syscall").read_text().split()
        if len(words) < 7:
            return False  # it runs
        number, arguments = int(words[0]), [int(word, 16) for word in words[1:7]]
        read, watching = _CALLS[platform.machine()]
        if number == read:
            return _is_terminal(pid, arguments[0], terminal)
        kind = watching.get(number)
        if kind is None:
            return False
        return any(_is_terminal(pid, fd, terminal) for fd in _watched(pid, kind, arguments))
    except (OSError, ValueError, struct.error):
        return False  # it ended while we looked, or it is not ours to look at


def _watched(pid: int, kind: str, arguments: list[int]) -> list[int]:
    """The descriptors whose input a process waits for, read from its memory."""
    memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    try:
        if kind == "poll":
            count = min(arguments[1], 64)
            held = os.pread(memory, 8 * count, arguments[0])
            entries = struct.iter_unpack("ihh", held)
            return [fd for fd, events, _ in entries if events & select.POLLIN]
        if not arguments[1]:
            return []
        (bits,) = struct.unpack("Q", os.pread(memory, 8, arguments[1]))
        return [fd for fd in range(min(arguments[0], 64)) if bits >> fd & 1]
    finally:
        os.close(memory)


def _is_terminal(pid: int, descriptor: int, terminal: str) -> bool:
    held = os.readlink(f"/proc/{pid}/fd/{descriptor}")  # noqa: PTH115 - Path would parse it for nothing
    return held in (terminal, "/dev/tty")
