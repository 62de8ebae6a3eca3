"""The engine: runs cells on the main thread, one after the other, as the keeper sends them.

Rules:

1. Nothing of ours waits on the main thread while a cell runs.
2. The end of a cell is sent when all of its text is in its pipes: nothing of it comes later.
3. When the keeper ends, the engine ends; when it dies, the engine goes on with another
   (:mod:`.succession`).
"""

from __future__ import annotations

import atexit
import builtins
import faulthandler
import gc
import getpass
import os
import signal
import sys
import threading
import time
from collections import deque
from functools import partial
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from ...core import interrupts
from ...core.errors import UsageError
from ...core.event_loops import interruptible
from ...core.event_loops.base import is_readable, runs_callback
from ...core.event_loops.tasks import TaskLoop, advance
from ...core.profile_folder import has_default_profile
from ...core.settings import Settings
from . import cells, debugging, environment, helpers, routing, stacks, warned
from .channel import Channel, KeeperGone
from .comms import Comms
from .display_limit import DisplayLimit
from .front_end import EngineFrontEnd
from .lane import SWITCH_INTERVAL, Lane
from .notebook_shell import ZMQInteractiveShell, present
from .output import CellStream, InputStream, Output, OutStream
from .subshells import Subshells
from .succession import Succession
from .warming import warm_up

if TYPE_CHECKING:
    from .calls import Calls

_PAUSE = 10  # milliseconds without a cell, after which there is time to tidy up
_MOST_UNTIDIED = 50
_LAST_SECONDS = 2.0


class Engine:
    """The shell of a session, and its way to the keeper."""

    has_process = True
    """Whether the process is its own."""

    def __init__(self, main_socket: int, lane_socket: int) -> None:
        self.channel = Channel(main_socket)
        self._has_cell = False
        self._untold: deque[str] = deque()
        self._untidied = 0  # cells since the last time
        self._is_repeated = self._is_early = False
        self._interrupted = 0.0  # when a signal was last acted on, in seconds since the epoch
        lane_channel = Channel(lane_socket)
        header, _ = self.channel.receive()
        self._enter(header["environment"])
        helpers.offer(header["helpers"])
        self._session: str = header["session"]
        self.output = self._new_output(bytes.fromhex(header["magic"]))
        settings = Settings(inline_figures=True)
        self.front_end = EngineFrontEnd(self.output, self.channel, settings)
        module = ModuleType("__main__", "The session's namespace.")
        sys.modules["__main__"] = module
        self.shell = ZMQInteractiveShell(
            front_end=self.front_end,
            module=module,
            settings=settings,
            inherit_streams=self.has_process,
        )
        if header.get("journal"):
            self.front_end.limit = DisplayLimit(
                header["journal"], header["display_limit"], self.output, self.front_end.goes_on
            )
        self.output.shell = self.shell
        self._profile: str | None = header.get("profile")
        self._has_profile = False
        self.front_end.while_asking = self._live_while_asking
        routing.install()
        warned.install(self.output, self.front_end)
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._install()
        self._magic: str = header["magic"]
        self.succession: Succession | None = None
        *pipes, stack, engine_stack = self.channel.take_descriptors(4)
        self._stack_signal = self._install_stacks(engine_stack)
        if header["succession"] is not None and hasattr(os, "pidfd_open"):
            self.succession = Succession(header["succession"], self.channel, lane_channel)
            self.succession.hold(None, *pipes)
            self.succession.hold_stacks(stack)
        else:
            for each in (*pipes, stack):
                os.close(each)
        self.comms = Comms(self.output, self.shell, self.front_end.limit)
        self._made_calls: Calls | None = None
        self._making_calls = threading.Lock()
        subshells = Subshells(self.shell, self.front_end, self.output, self.comms)
        end = self.channel.expect_no_successor
        self._lane = Lane(lane_channel, self.shell, subshells, self._succeed, end, self._leave)
        self._lane.orders["interrupted"] = self._insist
        for order in ("revoke", "calls_stored", "calls_again"):
            self._lane.orders[order] = self._order_calls
        self._lane.start()
        present(self.shell, self.output, self.comms)
        self.shell.tidies_later = True
        if header["history"]:
            self.shell.use_history_file(header["history"], self._report_once)

    # --- Its place: a process of its own; a guest in another's has another (.guest) -----------

    def _enter(self, variables: dict[str, str]) -> None:
        """Take the user's environment."""
        environment.restore(variables)

    def _new_output(self, magic: bytes) -> Output:
        return Output(self.channel, magic)

    def _install(self) -> None:
        """Take the process's streams and its interrupts."""
        self._install_streams()
        interruptible.install()
        signal.signal(signal.SIGINT, self._on_interrupt)

    def _install_stacks(self, descriptor: int) -> int | None:
        return stacks.install(descriptor)

    def _leave(self) -> None:
        """The lane has ended: the process is not to outlive it by more than a moment."""
        threading.Event().wait(_LAST_SECONDS)
        os._exit(0)

    @property
    def calls(self) -> Calls:
        """What runs calls; loaded with the first."""
        from .calls import Calls

        with self._making_calls:  # the lane may come first
            if self._made_calls is None:
                self._made_calls = Calls(self.output, self.shell, self.front_end, self._session)
            return self._made_calls

    def _order_calls(self, header: dict[str, Any]) -> None:
        self.calls.order(header)

    def _report_once(self, text: str) -> None:
        """Tell the running cell of a fault of ours, or else the next: after idle comes nothing."""
        self._untold.append(text)
        if self._has_cell:
            self._tell()

    def _tell(self) -> None:
        while self._untold:
            try:
                text = self._untold.popleft() + "\n"
            except IndexError:  # another thread tells it
                return
            self.output.event(
                {"type": "stream", "run": self.output.run, "name": "stderr", "text": text}
            )

    def _install_streams(self) -> None:
        sys.stdout = sys.__stdout__ = OutStream(self.output, "stdout", 1)  # type: ignore[misc,assignment]
        sys.stderr = sys.__stderr__ = CellStream(self.output, "stderr", 2)  # type: ignore[misc,assignment]
        sys.stdin = sys.__stdin__ = InputStream(self.front_end.read_input)  # type: ignore[misc,assignment]
        builtins.input = self._input
        getpass.getpass = self._getpass
        faulthandler.enable(2)

    def _input(self, prompt: object = "", /) -> str:
        return self.front_end.read_input(str(prompt), password=False)

    def _getpass(self, prompt: str = "Password: ", stream: Any = None, **_: Any) -> str:
        return self.front_end.read_input(prompt, password=True)

    def _insist(self, header: dict[str, Any]) -> None:
        """Signal once more if Python has missed the signal that the keeper has sent; on the lane.

        One that comes between Python's last look and a call that waits cuts no wait short. A
        handler of the program's is left alone: it may count.
        """

        def is_missed() -> bool:
            is_ours = signal.getsignal(signal.SIGINT) is self.shell.interrupt_handler
            runs = self._has_cell and self.output.run == header["run"]
            return runs and is_ours and self._interrupted < header["sent"]

        interrupts.send_again(is_missed)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.output.is_forked:
            raise KeyboardInterrupt
        self._interrupted = time.time()
        calls = self._made_calls  # nothing is loaded here: the next signal would find half a module
        if calls is not None and calls.is_interrupted:
            calls.signal_came()
            if not self.shell.is_running:
                return  # the call begins, and ends at that; or it has ended
        elif self._is_repeated:
            self._is_repeated = False
            if not (self.shell.interrupt_next or self._is_early):
                return  # the cell has begun meanwhile, with its interrupt
        debugger = debugging.active
        if debugger is not None and debugger.release_caller():
            run = self.output.run
            interrupts.send_again(lambda: self.shell.is_running and self.output.run == run)
            return
        outcome = interrupts.handle(self.shell, frame)
        # The keeper sends a cell before it interrupts it: the signal may be here first.
        if outcome == "idle" and (self._has_cell or self.channel.is_readable):
            # Or late, for the cell before: a frame of the keeper's says which.
            self.shell.interrupt_next |= self._has_cell
            self._is_early = not self._has_cell
            if runs_callback(frame):
                raise KeyboardInterrupt  # the cell waits for a callback that does not end
            interrupts.send_again(self._wants_repeat)

    def _wants_repeat(self) -> bool:
        """Whether the cell still waits; the next signal is then the same interrupt again."""
        self._is_repeated = self.shell.interrupt_next or self._is_early
        return self._is_repeated

    @property
    def _has_debugger(self) -> bool:
        return self.has_process and helpers.is_available("debugpy")

    def serve(self) -> None:
        """Run what the keeper sends, until it is gone."""
        self.channel.send(
            {
                "type": "ready",
                "pid": os.getpid(),
                "python_version": _version(),
                "debugger": self._has_debugger,
                "stack_signal": self._stack_signal,
            }
        )
        while True:
            if not self.channel.has_frame:
                self.channel.in_hand = False
                if not self._untidied or not self.channel.comes_within(_PAUSE):
                    self._rest()
            header, buffers = self.channel.receive()
            if header["type"] == "exit":
                return
            self._do(header, buffers)

    def _rest(self) -> None:
        """Nobody waits: what can be done now is, until the keeper sends something."""
        if self._untidied:
            self._tidy()
        warm_up(lambda: self.channel.is_readable)
        self._live_while_idle()

    def _do(self, header: dict[str, Any], buffers: list[bytes]) -> None:
        """Do what a frame says."""
        if header["type"] == "execute":
            self._has_cell = True
            if self._is_early:
                self._is_early = False
                self.shell.interrupt_next |= self._was_interrupted(header["run"])
            self.channel.in_hand = False
            self.execute(header)
        elif header["type"] == "comm":
            self.front_end.allow_stdin = False  # nobody waits for a question of a callback
            self.comms.handle(header, buffers)
        elif header["type"] == "call":
            self.front_end.allow_stdin = False
            self._is_early = False  # that was for a cell, or for the call before
            self.calls.handle(header, buffers)

    def _was_interrupted(self, run: str) -> bool:
        """Whether the keeper has told, before its signal, that it interrupts this cell."""
        frames = [header for header, _ in self.channel.waiting_frames()]
        return any(each["type"] == "interrupt" and each["run"] == run for each in frames)

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
        if not self.succession.start(self._magic, self._hello):
            return False
        self.output.mark_again()
        return True

    def _hello(self) -> dict[str, Any]:
        """What a new keeper must know of this engine."""
        for header, buffers in self._lane.channel.take_frames("subshell"):
            self._lane.subshells.give(header["subshell"], header["frame"], buffers)
        return {
            "type": "adopted",
            "pid": os.getpid(),
            "python_version": _version(),
            "debugger": self._has_debugger,
            "stack_signal": self._stack_signal,
            "run": self.output.run,
            "is_busy": self._has_cell,
            "count": self.shell.execution_count,
            "subshells": self._lane.subshells.told(),
            "asked": self.front_end.asked,
            "questions": list(self.front_end.questions.values()),
            "calls": self.calls.told(self.channel) if self._made_calls else [],
        }

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
        self._tell()
        self.front_end.allow_stdin = header["allow_stdin"]
        self.shell._context.run(routing.current_run.set, run)
        if not self._has_profile:
            self._load_profile()
        if not header["silent"]:
            self.shell.mark_cell(header["code"])
        self.output.event(self._run_cell(header), is_end=True)
        self._untidied += 1
        if self._untidied >= _MOST_UNTIDIED:
            self._tidy()

    def _run_cell(self, header: dict[str, Any]) -> dict[str, Any]:
        """Run a cell; what is reported of its end."""
        result = cells.run_cell(self.shell, self.front_end, header)
        done = cells.done_frame(self.shell, self.front_end, header, result)
        self._has_cell = False
        self.shell.interrupt_next = False  # what came as the cell ended was for it
        return done

    def _tidy(self) -> None:
        self._untidied = 0
        self.shell.tidy()

    def _load_profile(self) -> None:
        """Load the profile with the first cell: what its start-up prints is that cell's output."""
        self._has_profile = True
        if not self._profile and not has_default_profile():
            self.shell.initialized()
            return
        from ...core.profiles import apply_profile, default_profile, find_profile

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


def run(main_socket: int, lane_socket: int) -> None:
    """Run an engine on two sockets until the keeper is gone."""
    # Until the engine is ready an interrupt has nothing to interrupt.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine = None
    try:
        engine = Engine(main_socket, lane_socket)
        gc.freeze()
        gc.enable()
        engine.serve()
    except KeeperGone:
        pass
    if engine is not None:
        engine.close()
    # Threads of the user's that will not end must not keep the process.
    os._exit(0)
