"""What becomes of an engine whose keeper dies: it starts another one and hands it the session.

The engine holds what the keeper cannot lose: its own ends of the sockets, a copy of the read end of
each pipe that a cell or its children may still write to, and the last frames that it sent.

Rules:

1. A keeper that ends in order says so (an ``end`` frame on the lane); then the engine ends too.
   A socket that closes without it is the keeper's death.
2. Text that nobody has read stays in its pipe: who writes to a full one waits, and is not killed.
3. A keeper that dies again and again as soon as it starts gets no further successor.
4. Only the lane does this, so that a cell goes on meanwhile.
"""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...core.private_files import open_file
from .channel import Channel

_EARLY = 2.0  # seconds within which a keeper's death counts as a failed start
_FAILURES = 5


class Succession:
    """The way from a keeper that died to the next. ``told``: how to start one."""

    def __init__(self, told: dict[str, Any], main: Channel, lane: Channel) -> None:
        self._command: list[str] = told["command"]
        self._spec: dict[str, Any] = told["spec"]
        self._main, self._lane = main, lane
        self._environment = dict(os.environ)
        self._pipes: list[tuple[str | None, str, int]] = []
        self._started = 0.0
        self._failures = 0
        main.may_change = True

    def hold(self, run: str | None, out: int, error: int) -> None:
        """Keep the read ends of a cell's pipes; let go of those that nobody writes to any more."""
        poll = select.poll()
        for _, _, descriptor in self._pipes:
            poll.register(descriptor, select.POLLIN)
        # Closed by all writers, and empty: what the keeper has not read is not let go.
        ended = {each for each, event in poll.poll(0) if event == select.POLLHUP}
        for each in ended:
            os.close(each)
        self._pipes = [each for each in self._pipes if each[2] not in ended]
        self._pipes += [(run, "stdout", out), (run, "stderr", error)]

    def hold_stacks(self, descriptor: int) -> None:
        """Keep the read end of the pipe that the stacks are written into."""
        self._pipes.append((None, "stack", descriptor))

    def let_go(self) -> None:
        """Close the ends that were held: nobody comes after, and the process goes on."""
        pipes, self._pipes = self._pipes, []
        for _, _, descriptor in pipes:
            os.close(descriptor)

    def start(self, magic: str, hello: Callable[[], dict[str, Any]]) -> bool:
        """Start a keeper and hand over. False if that is not to be: then the engine ends.

        ``hello`` tells what the engine is doing, once nothing more comes from the old keeper.
        """
        now = time.monotonic()
        self._failures = self._failures + 1 if now - self._started < _EARLY else 0
        if self._failures > _FAILURES:
            return False
        self._started = now
        main, keepers_main = socket.socketpair()
        lane, keepers_lane = socket.socketpair()
        adopted = {
            "pid": os.getpid(),
            "magic": magic,
            "main": keepers_main.fileno(),
            "lane": keepers_lane.fileno(),
            "pipes": self._pipes,
        }
        import subprocess  # for once in many sessions

        try:
            self._spawn(adopted, (keepers_main.fileno(), keepers_lane.fileno()))
        except (OSError, subprocess.SubprocessError):
            return False
        finally:
            keepers_main.close()
            keepers_lane.close()
        self._lane.change_peer(lane)
        self._main.change_peer(main, hello)
        return True

    def _spawn(self, adopted: dict[str, Any], sockets: tuple[int, int]) -> None:
        import subprocess

        spec = {**self._spec, "ready": None, "one_use": True, "adopted": adopted}
        path = Path(self._spec["connection_file"]).parent / "spec.json"
        path.unlink(missing_ok=True)
        descriptor = open_file(path, os.O_WRONLY | os.O_EXCL)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(spec, stream)
        log = Path(self._spec["journal"]) / "keeper.log"
        with os.fdopen(open_file(log, os.O_WRONLY | os.O_APPEND), "ab") as stream_of_log:
            subprocess.run(
                [*self._command, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=stream_of_log,
                stderr=stream_of_log,
                pass_fds=(*sockets, *(each for _, _, each in self._pipes)),
                env=self._environment,
                cwd="/",
                start_new_session=True,
                check=True,
            )
