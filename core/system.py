"""Running commands of the operating system: ``!``, ``!!`` and what they give.

Rules:

1. A command's output goes where the cell's goes, as it comes; its questions go to the user.
2. An interrupt reaches the whole process group of the command, and then the cell. What ignores it
   is ended, but for what the command left in the background.
3. Output that is no text in the locale's encoding survives, undecodable bytes escaped.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .interrupts import raise_if_pending, shielded

if TYPE_CHECKING:
    from .terminal import Ask


class CommandOutput(list[str]):
    """The lines that a command printed.

    ``.l`` the lines, ``.n`` the text with line ends, ``.s`` the lines joined by blanks, ``.p``
    the paths.
    """

    @property
    def l(self) -> list[str]:  # noqa: E743 - the name is the peers', and users type it
        """The lines as a plain list."""
        return list(self)

    @property
    def n(self) -> str:
        """The lines joined by line ends."""
        return "\n".join(self)

    @property
    def s(self) -> str:
        """The lines joined by blanks."""
        return " ".join(self)

    @property
    def p(self) -> list[Any]:
        """The lines as paths, those that exist."""
        from pathlib import Path

        return [Path(line) for line in self if Path(line).exists()]

    def grep(
        self, pattern: str | Callable[[str], Any], prune: bool = False, field: int | None = None
    ) -> CommandOutput:
        """The lines that match a regular expression, ignoring case; with ``prune`` the others.

        ``field`` looks at one white-space separated field alone.
        """
        matches = pattern if callable(pattern) else re.compile(pattern, re.IGNORECASE).search

        def subject(line: str) -> str:
            if field is None:
                return line
            words = line.split()
            return words[field] if -len(words) <= field < len(words) else ""

        return CommandOutput(line for line in self if bool(matches(subject(line))) != prune)

    def fields(self, *numbers: int) -> CommandOutput | list[list[str]]:
        """Fields of each line, split at white space; without numbers all of them, as lists."""
        split = [line.split() for line in self]
        if not numbers:
            return split
        return CommandOutput(
            " ".join(words[n] for n in numbers if -len(words) <= n < len(words)) for words in split
        )

    def sort(  # type: ignore[override]
        self, field: int | None = None, nums: bool = False
    ) -> CommandOutput:
        """A sorted copy, by a field; with ``nums`` by the number in it."""

        def key(line: str) -> Any:
            words = line.split()
            text = line if field is None else (words[field] if field < len(words) else "")
            if not nums:
                return text
            digits = re.sub(r"[^\d.-]", "", text)
            try:
                return float(digits)
            except ValueError:
                return 0.0

        return CommandOutput(sorted(self, key=key))


def shell_program() -> str:
    """The user's shell if it is a POSIX one, else ``/bin/sh``.

    Where the environment does not name it (a service, a container) it is the account's.
    """
    shell = os.environ.get("SHELL") or _login_shell()
    return shell if shell.rsplit("/", 1)[-1] in ("bash", "zsh", "dash", "ksh") else "/bin/sh"


@functools.cache
def _login_shell() -> str:
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_shell
    except (ImportError, KeyError):
        return ""  # no such system, or a user without an account


def run_command(command: str, *, ask: Ask | None = None, inherit: bool = False) -> int:
    """Run a command, its output shown as it comes; give its exit status.

    Where this process has a terminal itself the command gets it; else one of its own
    (:mod:`vivo.core.terminal`), whose questions go to ``ask``. With ``inherit`` the output goes to
    this process's standard output as it is. A command ended by signal *n* gives ``-n``, as
    :mod:`subprocess` has it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if ask is None or os.name != "posix":
        return _run_in_the_open(command)
    from .terminal import Terminal

    terminal = _on_terminal(command, _writer(inherit))
    assert isinstance(terminal, Terminal)
    try:
        _raise_pending()
        return terminal.run(ask)
    except KeyboardInterrupt:
        terminal.interrupt()
        raise
    finally:
        terminal.close()


@shielded
def _on_terminal(command: str, write: Callable[[bytes], Any]) -> Any:
    from .terminal import Terminal

    return Terminal(command, shell_program(), write)


def _run_in_the_open(command: str) -> int:
    """Run a command on this process's own terminal: keys and interrupts reach it directly."""
    process = subprocess.Popen([shell_program(), "-c", command])
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal has sent it to the command too, which decides what that means.
            continue


def _writer(inherit: bool) -> Callable[[bytes], Any]:
    """Where a command's bytes go: to descriptor 1 as they are, or as text to ``sys.stdout``."""
    if inherit:
        descriptor = os.dup(1)  # of this cell, also when a child goes on after it
        weakref.finalize(holder := _Holder(descriptor), os.close, descriptor)
        return holder.write
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    target = sys.stdout

    def write(data: bytes) -> None:
        target.write(decoder.decode(data))
        target.flush()

    return write


class _Holder:
    """A descriptor that is closed when nothing writes to it any more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


def capture_command(command: str) -> tuple[CommandOutput, int]:
    """The lines that a command prints, both streams, and its exit status."""
    process = _started(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        _raise_pending()
        output, _ = process.communicate()
    except KeyboardInterrupt:
        interrupt_group(process)
        process.communicate()
        raise
    text = output.decode(errors="surrogateescape").replace("\r\n", "\n")
    return CommandOutput(text.removesuffix("\n").split("\n") if text else ()), process.returncode


def _raise_pending() -> None:
    """What came while the command was being started is raised now that it can be ended."""
    from .shell import current_shell

    shell = current_shell()
    if shell is not None:
        raise_if_pending(shell)


@shielded
def _started(command: str, **options: Any) -> subprocess.Popen[bytes]:
    # A group of its own, so that an interrupt reaches grandchildren too.
    return subprocess.Popen(
        [shell_program(), "-c", command],
        stdin=subprocess.DEVNULL,
        process_group=0,
        **options,
    ) if sys.version_info >= (3, 11) else subprocess.Popen(
        [shell_program(), "-c", command],
        stdin=subprocess.DEVNULL,
        preexec_fn=os.setpgrp,  # noqa: PLW1509 - Python 3.10 has no process_group
        **options,
    )  # fmt: skip


def interrupt_group(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a command and all that it started; kill what does not end by itself."""
    signal_group(process, INTERRUPTING)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a command that waits for what will not come."""
    signal_group(process, ((signal.SIGTERM, 0.5), (signal.SIGKILL, 1.0)), spares=False)


INTERRUPTING = ((signal.SIGINT, 2.0), (signal.SIGTERM, 1.0), (signal.SIGKILL, 1.0))
"""The signals that end a command, each with the seconds that it is given before the next one."""


def signal_group(
    process: subprocess.Popen[bytes],
    ladder: Iterable[tuple[signal.Signals, float]],
    wait: Callable[[float], Any] | None = None,
    *,
    spares: bool = True,
) -> None:
    """Send signals until the command has ended; a further interrupt goes on to the next one.

    A shell may die of a signal that the program it runs lives through: the program is the command
    too (:func:`has_ended`). With ``spares`` what it left in the background is left alone.
    """
    for number, seconds in ladder:
        try:
            _signal(process, number, spares)
            if wait is None:
                _wait_for_group(process, seconds)
            else:
                wait(seconds)
        except (ProcessLookupError, PermissionError):
            return
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            continue
        return


def _signal(process: subprocess.Popen[bytes], number: signal.Signals, spares: bool) -> None:
    """Signal a group. Raises ``ProcessLookupError`` if there is nobody left to signal."""
    if number == signal.SIGINT or not spares or sys.platform != "linux":
        os.killpg(process.pid, number)  # the background is deaf to the first
        return
    members = [pid for pid in members_of("group", process.pid) if _is_in_front(process, pid)]
    if any(pid != process.pid for pid in members):
        # A shell in the background hears interrupts for a moment, each time it waits for a program.
        time.sleep(0.01)
        members = [pid for pid in members if _is_in_front(process, pid)]
    if not members:
        raise ProcessLookupError
    for pid in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _is_in_front(process: subprocess.Popen[bytes], pid: int) -> bool:
    return pid == process.pid or _hears_interrupts(pid)


def _wait_for_group(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Raises :class:`subprocess.TimeoutExpired`."""
    end = time.monotonic() + seconds
    process.wait(seconds)
    while not has_ended(process):
        if time.monotonic() > end:
            raise subprocess.TimeoutExpired(process.args, seconds)
        time.sleep(0.01)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a command that leads a group has ended, and all in the group that it ran in front.

    A shell starts what it leaves in the background deaf to interrupts: that may stay, as it does
    when a user presses Ctrl-C. Where the system does not tell, only the leader is looked at.
    """
    if process.poll() is None:
        return False
    if sys.platform != "linux":
        return True
    return not any(_hears_interrupts(pid) for pid in members_of("group", process.pid))


def members_of(kind: Literal["group", "session"], number: int) -> Iterator[int]:
    """The processes, zombies apart, of a process group or of a session; none but on Linux."""
    if sys.platform != "linux":
        return
    position = {"group": 2, "session": 3}[kind]
    for name in os.listdir("/proc"):  # noqa: PTH208 - names are all that is wanted
        if name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
                if int(fields[position]) == number and fields[0] != "Z":
                    yield int(name)


def _hears_interrupts(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False  # it ended while we looked
    ignored = re.search(r"^SigIgn:\s*([0-9a-f]+)", status, re.MULTILINE)
    return ignored is None or not int(ignored[1], 16) >> (signal.SIGINT - 1) & 1


def quote_lines(lines: Iterable[str]) -> str:
    """Lines as one text for a shell."""
    return " ".join(lines)
