"""An engine that is a guest in another program's process: in a Dask worker, in a thread of its own.

It is the engine of any session, with its keeper, its lane and its namespace; what is another is
that the process, its main thread and its descriptors belong to its host. Rules:

1. The host's main thread is never waited for, and never interrupted: cells and calls run in one
   thread, and an interrupt is raised there as in a subshell (:mod:`.beside`).
2. ``sys.stdout`` and ``sys.stderr`` go by who writes: what a cell, a call or a thread of theirs
   writes is theirs, all else is the host's as before. Descriptors 1 and 2 stay the host's.
3. Its end leaves the process as it was, and running: streams, ``__main__``, ``input``.
4. There is one at a time in a process: ``sys.stdout`` and ``__main__`` are.
"""

from __future__ import annotations

import builtins
import contextlib
import getpass
import io
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from . import bootstrap, cells
from .beside import Interrupter
from .channel import KeeperGone
from .main import Engine
from .output import CellStream, InputStream, Output, OutStream
from .routing import run_of_caller

_NAP = 0.02  # seconds: so soon a sleep sees that it is interrupted
_LAST_SECONDS = 2.0
_MOMENT = 0.02


class RoutedStream(io.TextIOBase):
    """A stream of the process: the cell's for what a cell writes, else what it was (rule 2)."""

    def __init__(self, own: io.TextIOBase, hosts: Any) -> None:
        self._own, self._hosts = own, hosts

    def _stream(self) -> Any:
        return self._hosts if run_of_caller() is None else self._own

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream it is now."""
        return str(self._stream().encoding)

    @property
    def errors(self) -> str:  # type: ignore[override]
        """That of the stream it is now."""
        return str(self._stream().errors)

    @property
    def buffer(self) -> Any:
        """The binary side."""
        return self._stream().buffer

    def write(self, text: str) -> int:
        """Write text."""
        return int(self._stream().write(text))

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        """A line."""
        return str(self._stream().readline(size))

    def read(self, size: int | None = -1) -> str:
        """All lines."""
        return str(self._stream().read(size))

    def readable(self) -> bool:
        """Whether it is one to read from."""
        return bool(self._stream().readable())

    def writable(self) -> bool:
        """Whether it is one to write to."""
        return bool(self._stream().writable())

    def flush(self) -> None:
        """Have what was written on its way."""
        self._stream().flush()

    def fileno(self) -> int:
        """The descriptor of the stream it is now."""
        return int(self._stream().fileno())

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return bool(self._stream().isatty())

    def close(self) -> None:
        """Nothing: others write here too."""

    def __del__(self) -> None:
        """Nothing to let go of."""


class GuestEngine(Engine):
    """The engine; made, and run, in its thread."""

    has_process = False

    def __init__(self, main: int, lane: int, ends: tuple[int, int], left: Callable[[], None]):
        """``ends``: of the pipes for text and errors; ``left`` is called when the lane has ended,
        perhaps beside a cell that does not end.
        """
        self._ends, self._left = ends, left
        self._is_ending = False
        self.on_new_keeper: Callable[[set[str]], None] = lambda calls: None
        """Told of the calls that the engine has, once its keeper has died and another is there."""
        self._thread = threading.current_thread()
        self._kept: list[tuple[Any, str, Any]] = []  # what the process had, to be given back
        self._before = sys.modules.get("__main__"), sys.getswitchinterval()
        super().__init__(main, lane)
        self.channel.make_wakeable()
        self.interrupter = Interrupter(self.shell, self.channel.wake, self._tell_wait)
        self._lane.can_debug = False
        self._lane.orders["interrupted"] = lambda header: self.interrupter.interrupt(header["run"])
        self.output.beside[threading.get_ident()] = self.shell
        self.calls.interrupter = self.interrupter
        self.shell.interrupt_handler = None

    # --- Its place -------------------------------------------------------------------------

    def _enter(self, variables: dict[str, str]) -> None:
        """The environment is the host's, and stays."""

    def _new_output(self, magic: bytes) -> Output:
        return Output(self.channel, magic, self._ends)

    def _install_stacks(self, descriptor: int) -> int | None:
        os.close(descriptor)
        return None  # the lane tells: the signal's handler would be the host's

    def _install(self) -> None:
        out, error = OutStream(self.output, "stdout", 1), CellStream(self.output, "stderr", 2)
        self._set(sys, "stdout", RoutedStream(out, sys.stdout))
        self._set(sys, "stderr", RoutedStream(error, sys.stderr))
        asked = InputStream(self.front_end.read_input)
        self._set(sys, "stdin", RoutedStream(asked, sys.stdin))
        self._set(builtins, "input", _by_caller(self._input, builtins.input))
        self._set(getpass, "getpass", _by_caller(self._getpass, getpass.getpass))
        self._set(time, "sleep", _sleep_of(threading.get_ident(), time.sleep))
        self._set(builtins, "get_ipython", getattr(builtins, "get_ipython", None))

    def _set(self, where: Any, name: str, value: Any) -> None:
        self._kept.append((where, name, getattr(where, name, None)))
        setattr(where, name, value)

    def _tell_wait(self, run: str, text: str) -> None:
        text = text.replace("This cell of a subshell ends", "This cell of a guest engine ends")
        self.output.event({"type": "stream", "run": run, "name": "stderr", "text": text})

    # --- What it runs ----------------------------------------------------------------------

    def _do(self, header: dict[str, Any], buffers: list[bytes]) -> None:
        try:
            super()._do(header, buffers)
        except KeyboardInterrupt:
            self.interrupter.end()  # one for what has ended, a moment late

    def _run_cell(self, header: dict[str, Any]) -> dict[str, Any]:
        run = header["run"]
        self.interrupter.begin(run)
        try:
            return super()._run_cell(header)
        except KeeperGone:
            raise
        except BaseException as error:  # noqa: BLE001 - an interrupt is raised wherever it is
            self._has_cell = False
            return cells.failed_frame(self.front_end, run, error)
        finally:
            self.interrupter.end()

    # --- Its end ---------------------------------------------------------------------------

    def _leave(self) -> None:
        """Have what runs end, if it can; on the lane."""
        until = time.monotonic() + _LAST_SECONDS
        while self._thread.is_alive() and time.monotonic() < until:
            run = self.calls.current or self.output.run
            if run is not None and self.shell.is_running:
                self.interrupter.interrupt(run)
            self._thread.join(_MOMENT)
        self._lane.channel.close()
        self._left()

    def _succeed(self) -> bool:
        if self._is_ending or not super()._succeed():
            return False
        self.on_new_keeper({each["call"] for each in self.calls.told(self.channel)})
        return True

    def end(self) -> None:
        """End without the keeper's word, from any thread; it notices."""
        self._is_ending = True
        self.channel.expect_no_successor()
        for each in (self.channel.socket, self._lane.channel.socket):
            with contextlib.suppress(OSError):  # its keeper is gone already
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the process back what it had (rule 3)."""
        self.shell.close()
        for where, name, value in reversed(self._kept):
            if value is None:
                delattr(where, name)
            else:
                setattr(where, name, value)
        main, interval = self._before
        if main is not None:
            sys.modules["__main__"] = main
        sys.setswitchinterval(interval)
        self.channel.close()
        self.output.close()
        if self.succession is not None:
            self.succession.let_go()


def _by_caller(own: Callable[..., Any], hosts: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is the cell's for cells, and for all else what it was."""

    def called(*arguments: Any, **keywords: Any) -> Any:
        return (hosts if run_of_caller() is None else own)(*arguments, **keywords)

    called.__doc__ = hosts.__doc__
    return called


def _sleep_of(thread: int, sleep: Callable[[float], None]) -> Callable[[float], None]:
    """``time.sleep``, which in the engine's thread ends when it is interrupted."""

    def interruptible_sleep(seconds: float, /) -> None:
        if threading.get_ident() != thread or seconds <= _NAP:
            sleep(seconds)
            return
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            sleep(min(left, _NAP))

    interruptible_sleep.__name__ = interruptible_sleep.__qualname__ = "sleep"
    interruptible_sleep.__module__ = "time"
    interruptible_sleep.__doc__ = sleep.__doc__
    return interruptible_sleep


class Guest:
    """A guest engine and its thread, as its host has it."""

    def __init__(
        self,
        main: int,
        lane: int,
        ends: tuple[int, int],
        ended: Callable[[str], None],
        ready: Callable[[GuestEngine], None],
    ) -> None:
        """``ready`` gets the engine, in its thread, before it serves; ``ended`` is told, in some
        thread, that it has ended, and why if that is a fault.
        """
        self._sockets, self._ends, self._ended, self._ready = (main, lane), ends, ended, ready
        self._lock = threading.Lock()
        self._is_told = False
        self.engine: GuestEngine | None = None
        self._thread = threading.Thread(target=self._run, name="vivo-engine", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        why = ""
        try:
            bootstrap.Loader.cache = bootstrap.told_cache(self._sockets[0])
            self.engine = engine = GuestEngine(*self._sockets, self._ends, self._tell)
            self._ready(engine)
            try:
                engine.serve()
            finally:
                engine.close()
        except (KeeperGone, SystemExit):
            pass
        except BaseException as error:  # noqa: BLE001 - the host is told, and goes on
            why = f"{type(error).__name__}: {error}"
        self._tell(why)

    def _tell(self, why: str = "") -> None:
        with self._lock:
            is_first, self._is_told = not self._is_told, True
        if is_first:
            self._ended(why)

    def end(self) -> None:
        """End it: its keeper takes that for the engine's end."""
        engine = self.engine
        if engine is not None:
            engine.end()


__all__ = ["Guest", "GuestEngine", "RoutedStream"]
