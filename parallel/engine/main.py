"""The engine: runs cells on the main thread, one after the other, as the keeper sends them.

Rules:

1. Nothing of ours waits on the main thread while a cell runs.
2. The end of a cell is an event in order with its text, on both pipes: nothing of it comes later.
3. When the keeper ends, the engine ends; when it dies, the engine goes on with another
   (:mod:`.succession`).
"""

from __future__ import annotations

import atexit
import builtins
import faulthandler
import getpass
import os
import signal
import sys
from functools import partial
from types import FrameType, ModuleType
from typing import Any

from ...core import interrupts
from ...core.errors import UsageError
from ...core.event_loops import interruptible
from ...core.event_loops.base import is_readable, runs_callback
from ...core.event_loops.tasks import TaskLoop, advance
from ...core.history import History
from ...core.settings import Settings
from . import cells, debugging, helpers, routing
from .channel import Channel, KeeperGone
from .comms import Comms
from .front_end import EngineFrontEnd
from .lane import SWITCH_INTERVAL, Lane
from .notebook_shell import ZMQInteractiveShell, present
from .output import CellStream, InputStream, Output
from .subshells import Subshells
from .succession import Succession


class Engine:
    """The shell of a session, and its way to the keeper."""

    def __init__(self, main_socket: int, lane_socket: int) -> None:
        self.channel = Channel(main_socket)
        self._has_cell = False
        self._is_repeated = False
        lane_channel = Channel(lane_socket)
        header, _ = self.channel.receive()
        restore_environment(header["environment"])
        helpers.offer(header["helpers"])
        self.output = Output(self.channel, bytes.fromhex(header["magic"]))
        settings = Settings(inline_figures=True)
        self.front_end = EngineFrontEnd(self.output, self.channel, settings)
        module = ModuleType("__main__", "The session's namespace.")
        sys.modules["__main__"] = module
        history = header["history"]
        self.shell = ZMQInteractiveShell(
            front_end=self.front_end,
            module=module,
            settings=settings,
            inherit_streams=True,
            history=History(history, report=self._report_once) if history else None,
        )
        self.output.shell = self.shell
        self._profile: str | None = header.get("profile")
        self._has_profile = False
        self.front_end.while_asking = self._live_while_asking
        self._install_streams()
        routing.install()
        interruptible.install()
        signal.signal(signal.SIGINT, self._on_interrupt)
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._magic: str = header["magic"]
        self.succession: Succession | None = None
        pipes = self.channel.take_descriptors(2)
        if header["succession"] is not None and hasattr(os, "pidfd_open"):
            self.succession = Succession(header["succession"], self.channel, lane_channel)
            self.succession.hold(None, *pipes)
        else:
            for each in pipes:
                os.close(each)
        self.comms = Comms(self.output, self.shell)
        subshells = Subshells(self.shell, self.front_end, self.output, self.comms)
        Lane(lane_channel, self.shell, subshells, self._succeed).start()
        present(self.shell, self.output, self.comms)

    def _report_once(self, text: str) -> None:
        self.output.event(
            {"type": "stream", "run": self.output.run, "name": "stderr", "text": text + "\n"}
        )

    def _install_streams(self) -> None:
        sys.stdout = sys.__stdout__ = CellStream(self.output, "stdout", 1)  # type: ignore[misc,assignment]
        sys.stderr = sys.__stderr__ = CellStream(self.output, "stderr", 2)  # type: ignore[misc,assignment]
        sys.stdin = sys.__stdin__ = InputStream(self.front_end.read_input)  # type: ignore[misc,assignment]
        builtins.input = self._input
        getpass.getpass = self._getpass
        faulthandler.enable(2)

    def _input(self, prompt: object = "", /) -> str:
        return self.front_end.read_input(str(prompt), password=False)

    def _getpass(self, prompt: str = "Password: ", stream: Any = None, **_: Any) -> str:
        return self.front_end.read_input(prompt, password=True)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.output.is_forked:
            raise KeyboardInterrupt
        if self._is_repeated:
            self._is_repeated = False
            if not self.shell.interrupt_next:
                return  # the cell has begun meanwhile, with its interrupt
        debugger = debugging.active
        if debugger is not None and debugger.release_caller():
            run = self.output.run
            interrupts.send_again(lambda: self.shell.is_running and self.output.run == run)
            return
        outcome = interrupts.handle(self.shell, frame)
        # The keeper sends a cell before it interrupts it: the signal may be here first.
        if outcome == "idle" and (self._has_cell or self.channel.is_readable):
            self.shell.interrupt_next = True
            if runs_callback(frame):
                raise KeyboardInterrupt  # the cell waits for a callback that does not end
            interrupts.send_again(self._wants_repeat)

    def _wants_repeat(self) -> bool:
        """Whether the cell still waits; the next signal is then the same interrupt again."""
        self._is_repeated = self.shell.interrupt_next
        return self._is_repeated

    def serve(self) -> None:
        """Run what the keeper sends, until it is gone."""
        self.channel.send(
            {
                "type": "ready",
                "pid": os.getpid(),
                "python_version": _version(),
                "debugger": helpers.is_available("debugpy"),
            }
        )
        while True:
            if not self.channel.has_frame:
                self.channel.in_hand = False
                self._live_while_idle()
            header, buffers = self.channel.receive()
            if header["type"] == "execute":
                self._has_cell = True
                self.channel.in_hand = False
                self.execute(header)
            elif header["type"] == "comm":
                self.front_end.allow_stdin = False  # nobody waits for a question of a callback
                self.comms.handle(header, buffers)
            elif header["type"] == "exit":
                return

    def _live_while_idle(self) -> None:
        """Let windows and tasks go on until the keeper sends something."""
        shell, descriptor = self.shell, self.channel.socket.fileno()
        while not is_readable(descriptor):
            loop = shell.event_loop
            if loop is None and shell.has_background_tasks:
                loop = TaskLoop(shell)
            if loop is None:
                return
            tick = partial(advance, shell) if shell._loop is not None else None
            # in the cells' context: a callback sees the context variables that a cell has set
            shell._context.run(loop.run_until_readable, descriptor, tick)

    def _live_while_asking(self) -> None:
        """Let windows live until the answer to ``input()`` is here, or an interrupt."""
        loop = self.shell.event_loop
        if loop is not None and loop.serves_cells:
            loop.run_until_readable(
                self.channel.socket.fileno(), lambda: self.shell.interrupt_pending
            )

    def _succeed(self) -> bool:
        """Start a new keeper for one that died; on the lane."""
        if self.succession is None or self.output.is_forked:
            return False
        hello = {
            "type": "adopted",
            "pid": os.getpid(),
            "python_version": _version(),
            "debugger": helpers.is_available("debugpy"),
            "magic": self._magic,
            "run": self.output.run,
            "is_busy": self._has_cell,
            "count": self.shell.execution_count,
        }
        if not self.succession.start(hello):
            return False
        self.output.mark_again()
        return True

    def execute(self, header: dict[str, Any]) -> None:
        """Run a cell and report its end."""
        run = header["run"]
        self.channel.settle()
        out, error, *readers = self.channel.take_descriptors(4)
        if self.succession is not None:
            self.succession.hold(run, *readers)
        else:
            for each in readers:
                os.close(each)
        self.output.begin(run, out, error)
        self.front_end.allow_stdin = header["allow_stdin"]
        self.shell._context.run(routing.current_run.set, run)
        if not self._has_profile:
            self._load_profile()
        self.shell.mark_cell(header["code"])
        result = cells.run_cell(self.shell, self.front_end, header)
        self._has_cell = False
        done = cells.done_frame(self.shell, self.front_end, header, result)
        self.output.event(done, ends_errors=True)

    def _load_profile(self) -> None:
        """Load the profile with the first cell: what its start-up prints is that cell's output."""
        from ...core.profiles import apply_profile, default_profile, find_profile

        self._has_profile = True
        try:
            profile = find_profile(self._profile) if self._profile else default_profile()
            if profile is not None:
                self.shell._context.run(apply_profile, self.shell, profile)
        except UsageError as error:
            self.shell.warn(str(error))
        except KeyboardInterrupt:
            self.shell.warn("The profile's start-up was interrupted.")
        self.shell.initialized()

    def close(self) -> None:
        """End as a program ends: exit functions run, the history's session is closed."""
        atexit._run_exitfuncs()
        self.shell.close()


def _version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def restore_environment(environment: dict[str, str]) -> None:
    """Give the user's own variables back, which were held back until our modules were loaded."""
    os.environ.update(environment)
    paths = environment.get("PYTHONPATH", "")
    sys.path[0:0] = ["", *filter(None, paths.split(os.pathsep))]


def run(main_socket: int, lane_socket: int) -> None:
    """Run an engine on two sockets until the keeper is gone."""
    # Until the engine is ready an interrupt has nothing to interrupt.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine = None
    try:
        engine = Engine(main_socket, lane_socket)
        engine.serve()
    except KeeperGone:
        pass
    if engine is not None:
        engine.close()
    # Threads of the user's that will not end must not keep the process.
    os._exit(0)
