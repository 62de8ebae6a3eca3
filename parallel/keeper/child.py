"""The engine's process, started with next to nothing loaded.

Between the start of a keeper and that of its engine nothing else happens, so that what is loaded
here is waited for in full: no ``subprocess``, ``socket``, ``signal`` or ``typing``, which take
longer than all the rest of it.
"""

from __future__ import annotations

import os
import time
from _signal import SIGPIPE, SIGXFSZ  # type: ignore[import-not-found]
from _socket import socketpair

TYPE_CHECKING = False  # typing's own comes with a module that nobody waits for here
if TYPE_CHECKING:
    from collections.abc import Sequence

BOOTSTRAP = f"{__file__.rpartition('keeper')[0]}engine/bootstrap.py"  # pathlib comes later
# Held back until the engine has loaded its modules: the user's types.py must not become ours.
HELD_BACK = ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME")
_LONGEST_NAP = 0.05  # seconds


class ChildProcess:
    """A child of this process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    def poll(self) -> int | None:
        """None while it runs, then its exit status: negative is the signal that ended it."""
        if self._status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # whoever started us ignores its children, and so do we
                self._status = 0
            else:
                self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status

    def wait(self, seconds: float | None = None) -> int | None:
        """Its exit status; None if it still runs after that time."""
        end = None if seconds is None else time.monotonic() + seconds
        nap = 0.0005
        while (status := self.poll()) is None:
            if end is not None and time.monotonic() >= end:
                return None
            time.sleep(nap)
            nap = min(2 * nap, _LONGEST_NAP)
        return status


class StartedChild:
    """A new engine's process and the descriptors of its keeper's ends."""

    def __init__(self, pid: int, main: int, lane: int, pipes: dict[str, int], stack: int) -> None:
        self.process = ChildProcess(pid)
        self.main, self.lane = main, lane
        self.pipes = pipes
        """By stream, the end to read from."""
        self.stack = stack
        """The end to write to that the engine is to have."""


class Ends:
    """The descriptors between a keeper and a new engine: two sockets, three pipes.

    Raises ``OSError`` if there are no more.
    """

    def __init__(self) -> None:
        _keep_standard_numbers_taken()
        ours = [end.detach() for pair in (socketpair(), socketpair()) for end in pair]
        ours += [end for _ in range(3) for end in os.pipe()]
        self.main, engine_main, self.lane, engine_lane, *pipes = ours
        self.out, self.engine_out, self.error, self.engine_error, *self.stacks = pipes
        self.given = (engine_main, engine_lane)

    def close_engines(self) -> None:
        """Close those that the engine has now."""
        for each in (*self.given, self.engine_out, self.engine_error):
            os.close(each)

    def close_keepers(self) -> None:
        """Close the keeper's: there is no engine."""
        for each in (self.main, self.lane, self.out, self.error, *self.stacks):
            os.close(each)

    def started(self, pid: int) -> StartedChild:
        """The keeper's side, with the engine's process."""
        pipes = {"stdout": self.out, "stderr": self.error, "stack": self.stacks[0]}
        return StartedChild(pid, self.main, self.lane, pipes, self.stacks[1])


def start_child(python: str, folder: str) -> StartedChild:
    """Start an engine's process, in ``folder``; it waits to be told what it is to know.

    Raises ``OSError`` if it cannot be started.
    """
    ends = Ends()
    try:
        words = [python, "-u", BOOTSTRAP, *map(str, ends.given)]
        pid = _spawn(words, folder, ends.given, ends.engine_out, ends.engine_error)
    except BaseException:
        ends.close_keepers()
        raise
    finally:
        ends.close_engines()
    return ends.started(pid)


def fork_child() -> StartedChild | tuple[int, int]:
    """Fork an engine's process off this one; in the engine, its two sockets.

    This process has one thread and has loaded next to nothing. Raises ``OSError`` if it cannot.
    """
    ends = Ends()
    try:
        pid = os.fork()
    except OSError:
        ends.close_keepers()
        ends.close_engines()
        raise
    if pid:
        ends.close_engines()
        return ends.started(pid)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number, each in enumerate((null, ends.engine_out, ends.engine_error)):
        os.dup2(each, number)
    for each in _descriptors():
        if each not in ends.given:
            try:
                os.close(each)
            except OSError:
                pass  # the listing's own: it is closed
    for name in HELD_BACK:
        os.environ.pop(name, None)
    return ends.given


def _spawn(words: list[str], folder: str, given: Sequence[int], out: int, error: int) -> int:
    """Start a process in a session of its own, with these descriptors and no others; its pid."""
    for each in _descriptors():
        try:
            os.set_inheritable(each, each in given)
        except OSError:
            pass  # the listing's own: it is closed
    environment = {key: value for key, value in os.environ.items() if key not in HELD_BACK}
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDWR, 0),
        (os.POSIX_SPAWN_DUP2, out, 1),
        (os.POSIX_SPAWN_DUP2, error, 2),
    ]
    with _InFolder(folder):
        return os.posix_spawnp(
            words[0],
            words,
            environment,
            file_actions=actions,
            setsid=True,
            setsigdef=[SIGPIPE, SIGXFSZ],  # which Python ignores
        )


class _InFolder:
    """The process in another folder for a moment: a child cannot be told where to start.

    A keeper's own paths are all in full. Raises ``OSError`` if it cannot go there.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._back = -1

    def __enter__(self) -> None:
        if os.getcwd() == self._folder:  # noqa: PTH109 - pathlib comes later
            return
        self._back = os.open(".", os.O_RDONLY)
        try:
            os.chdir(self._folder)
        except OSError:
            os.close(self._back)
            raise

    def __exit__(self, *_: object) -> None:
        if self._back >= 0:
            os.fchdir(self._back)
            os.close(self._back)


def _descriptors() -> list[int]:
    """The descriptors of this process beyond the standard ones."""
    try:
        numbers = [int(name) for name in os.listdir("/dev/fd")]  # noqa: PTH208 - the same
    except OSError:
        numbers = list(range(min(os.sysconf("SC_OPEN_MAX"), 65536)))
    return [number for number in numbers if number > 2]


def _keep_standard_numbers_taken() -> None:
    """A process whose standard streams were closed would give their numbers to what it opens."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(opened)
