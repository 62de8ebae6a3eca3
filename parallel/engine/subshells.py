"""Subshells: threads that run cells beside the main thread, in the same namespace.

The lane hands them what the keeper sends, since the main thread may be busy. Rules:

1. A subshell's thread starts with its first cell, and ends when the subshell is deleted, after
   the cell that it runs.
2. All that a subshell's cell shows is an event that names the cell: it has no pipes of its own.
   What C code writes raw to fd 1 and 2 lands in the cell that main runs.
3. Every cell's end is reported, whatever the cell does.
4. They outlive their keeper: the next one is told which there are, and what each was given.
5. An interrupt ends the cell that it names, in its own thread (:mod:`.beside`).
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

from ...core.subshell import subshell_of
from . import cells
from .beside import Interrupter
from .channel import KeeperGone
from .routing import current_run

if TYPE_CHECKING:
    from .comms import Comms
    from .front_end import EngineFrontEnd
    from .notebook_shell import ZMQInteractiveShell
    from .output import Output

_Frame = tuple[dict[str, Any], list[bytes]]


class Subshells:
    """The subshells of an engine."""

    def __init__(
        self,
        shell: ZMQInteractiveShell,
        front_end: EngineFrontEnd,
        output: Output,
        comms: Comms,
    ) -> None:
        self.shell, self.front_end, self.output, self.comms = shell, front_end, output, comms
        self._threads: dict[str, SubshellThread] = {}
        self._ending: list[SubshellThread] = []
        """Those of deleted subshells, as long as they live."""

    def give(self, subshell: str, frame: dict[str, Any] | None, buffers: list[bytes]) -> None:
        """Give a subshell something to do; without a frame, end it."""
        if frame is None:
            thread = self._threads.pop(subshell, None)
            if thread is not None:
                thread.frames.put(None)
                thread.answers.put(None)
                self._ending.append(thread)
            return
        if frame["type"] == "input_reply":
            thread = self._threads.get(subshell)
            if thread is not None:
                thread.answers.put((frame["asked"], frame["value"]))
            return
        if frame["type"] == "interrupt":
            for each in (*self._threads.values(), *self._ending):
                if each.given == frame["run"]:
                    each.interrupt(frame["run"])
            return
        if subshell not in self._threads:
            self._threads[subshell] = SubshellThread(subshell, self)
        if frame["type"] != "open":
            self._threads[subshell].give(frame, buffers)

    def told(self) -> list[dict[str, Any]]:
        """What a new keeper needs to know (rule 4)."""
        self._ending = [each for each in self._ending if each.is_alive()]
        told = []
        for is_open, threads in ((True, self._threads.values()), (False, self._ending)):
            for each in tuple(threads):
                is_busy = each.given != each.ended
                of = {"id": each.id, "run": each.given, "is_busy": is_busy, "is_open": is_open}
                told.append(of)
        return told


class SubshellThread(threading.Thread):
    """The thread of one subshell."""

    def __init__(self, subshell: str, owner: Subshells) -> None:
        super().__init__(name=f"subshell {subshell}", daemon=True)
        self.frames: queue.SimpleQueue[_Frame | None] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[tuple[int, str | None] | None] = queue.SimpleQueue()
        self.allow_stdin = False
        self.id = subshell
        self.given: str | None = None
        """The run, or message of a comm's, that it was given last."""
        self.ended: str | None = None
        """The one that has ended last."""
        self._owner = owner
        self._interrupter: Interrupter | None = None
        self._interrupted: str | None = None

    def interrupt(self, run: str) -> None:
        """Interrupt a cell that it was given."""
        self._interrupted = run
        if self._interrupter is not None:
            self._interrupter.interrupt(run)

    def give(self, frame: dict[str, Any], buffers: list[bytes]) -> None:
        """Give it something to do; it starts with the first."""
        if self.given is None:
            self.start()
        self.given = frame["run"]
        self.frames.put((frame, buffers))

    def answer(self, asked: int) -> str | None:
        """Wait for the answer to a question; None without one, or when the subshell is deleted."""
        while (answer := self.answers.get()) is not None:
            if answer[0] == asked:
                return answer[1]
        return None

    def run(self) -> None:
        """Do what is given, one after the other, until the subshell is deleted."""
        shell = subshell_of(self._owner.shell)
        self._interrupter = Interrupter(shell, self._wake, self._tell)
        if self._interrupted is not None:
            self._interrupter.interrupt(self._interrupted)
        askers = self._owner.front_end.subshells
        askers[threading.get_ident()] = self
        self._owner.output.beside[threading.get_ident()] = shell
        try:
            while (given := self.frames.get()) is not None:
                frame, buffers = given
                self.allow_stdin = bool(frame.get("allow_stdin"))
                if frame["type"] == "comm":
                    self.ended = frame["run"]  # a new keeper need not wait for its end
                    self._owner.comms.handle(frame, buffers, shell)
                else:
                    self._execute(shell, frame)
        except KeeperGone:
            pass  # the lane ends the engine
        finally:
            askers.pop(threading.get_ident(), None)
            self._owner.output.beside.pop(threading.get_ident(), None)

    def _wake(self) -> None:
        self.answers.put((0, None))  # the answer to no question

    def _tell(self, run: str, text: str) -> None:
        told = {"type": "stream", "run": run, "name": "stderr", "text": text}
        self._owner.output.event(told)

    def _execute(self, shell: ZMQInteractiveShell, frame: dict[str, Any]) -> None:
        run, front_end = frame["run"], self._owner.front_end
        current_run.set(run)
        shell._context.run(current_run.set, run)
        assert self._interrupter is not None
        self._interrupter.begin(run)
        try:
            result = cells.run_cell(shell, front_end, frame)
            done = cells.done_frame(shell, front_end, frame, result)
        except KeeperGone:
            raise
        except BaseException as error:  # noqa: BLE001 - rule 3: the user's code can raise into any thread
            done = cells.failed_frame(front_end, run, error)
        finally:
            self._interrupter.end()
            shell.tidy()
        self.ended = run  # before it is told: a new keeper is told again, or waits for it
        self._owner.output.event(done)
