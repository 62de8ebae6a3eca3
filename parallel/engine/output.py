"""The engine's output: text in order with events, each to the cell that made it.

Each cell has two pipes of its own, on fd 1 and 2, whose other ends the keeper holds; children
of the cell keep them, and so stay with their cell. Rules:

1. Text of the running cell goes into the pipe of fd 1 as it is; whatever must stand at its place
   among the text (displays, errors, ``sys.stderr``, the end of the cell) is an event: a frame
   on the socket, and a marker in the pipe where it belongs. The end of a cell is a frame alone: by
   then all of its text is in the pipes, which the keeper reads first.
2. Text of another cell's thread is a frame that names that cell.
3. When ``print`` has returned, its text is in the pipe: an engine that is killed loses nothing.
4. A forked child has no frames: its streams write to fd 1 and 2, as any program's.
5. The value that ends a cell is held for its report, whose frame has it, at most as long as our own
   code works: before anything of the user's runs, or anything else is sent, it goes.
"""

from __future__ import annotations

import io
import os
import threading
from typing import TYPE_CHECKING, Any

from ...core.interrupts import raise_if_pending, shielded
from ..frames import Ordering
from .routing import current_run, run_of_caller

if TYPE_CHECKING:
    from ...core.shell import Shell
    from .channel import Channel


class Output:
    """Where text and events go."""

    def __init__(self, channel: Channel, magic: bytes, ends: tuple[int, int] | None = None) -> None:
        """``ends``: the first pipes of one that is a guest in its process, whose fd 1 and 2 stay as
        they are; without, it has those."""
        self.channel = channel
        self._is_guest = ends is not None
        self.run: str | None = None
        self.shell: Shell | None = None
        self.beside: dict[int, Shell] = {}
        """The shells of other threads, by their ident."""
        self._magic = magic
        self._number = 0
        self._aside = 0
        self._held: dict[str, Any] | None = None
        self._lock = threading.RLock()
        self.out, self._error = ends or (os.dup(1), os.dup(2))
        """The pipes of the running cell; it prints into the first."""
        self.is_forked = False
        os.register_at_fork(after_in_child=self._after_fork)

    def _after_fork(self) -> None:
        self.is_forked = True
        self.channel.is_open = False
        self._held = None
        self._lock = threading.RLock()

    @shielded
    def begin(self, run: str, out: int, error: int) -> None:
        """Take a new cell's pipes: its own children inherit them as fd 1 and 2."""
        with self._lock:
            for old in (self.out, self._error):
                os.close(old)
            self.out, self._error = out, error
            if not self._is_guest:
                os.dup2(out, 1)
                os.dup2(error, 2)
            self.run = run

    def close(self) -> None:
        """Let go of the pipes."""
        with self._lock:
            for each in (self.out, self._error):
                os.close(each)
            self.out = self._error = -1

    def event(
        self,
        header: dict[str, Any],
        *,
        is_end: bool = False,
        buffers: tuple[bytes, ...] = (),
    ) -> None:
        """Send an event and mark its place among the text, unless it ``is_end`` of it.

        An event of another run than the one whose pipes are open has no place in them.
        """
        self._event(header, is_end, buffers)
        self.raise_if_interrupted()

    def put(self, header: dict[str, Any], buffers: tuple[bytes, ...] = ()) -> None:
        """Send an event from code of ours that must not be cut in two: an interrupt waits."""
        self._event(header, False, buffers)

    def hold(self, header: dict[str, Any]) -> None:
        """Send an event with the next one, or by :meth:`release` (rule 5)."""
        if self.is_forked or header["run"] != self.run:
            self.event(header)
            return
        self.release()
        self._held = header

    def release(self) -> None:
        """Send what is held now."""
        held, self._held = self._held, None
        if held is not None:
            self.event(held)

    @property
    def run_of_caller(self) -> str | None:
        """The run that what is executing now belongs to."""
        return run_of_caller() or self.run

    def raise_if_interrupted(self) -> None:
        """What came while a frame was being sent is raised now."""
        if self.shell is None:
            return
        if threading.current_thread() is threading.main_thread():
            raise_if_pending(self.shell)
        elif (beside := self.beside.get(threading.get_ident())) is not None:
            raise_if_pending(beside)

    @shielded
    def _event(self, header: dict[str, Any], is_end: bool, buffers: tuple[bytes, ...] = ()) -> None:
        if self.is_forked:
            return
        with self._lock:
            if header["run"] != self.run:
                self._aside += 1  # so that a new keeper knows which of them it has
                header["m"] = self._aside
                self.channel.send(header, buffers)
                return
            held, self._held = self._held, None
            if held is not None:
                self._number += 1
                held["n"] = self._number
                header["held"] = held
            self._number += 1
            header["n"] = self._number
            self.channel.send(header, buffers)
            if not is_end:  # the keeper reads what the pipes hold before it takes that in
                _write_all(self.out, Ordering.marker(self._magic, self._number))

    def mark_again(self) -> None:
        """Mark the place of the last event once more: a keeper that died may have taken the marker.

        Not under the lock: what holds it may be waiting for the new keeper.
        """
        number = self.channel.last_number
        if number:
            _write_all(self.out, Ordering.marker(self._magic, number))

    @shielded
    def _write(self, name: str, text: str) -> None:
        run = run_of_caller()
        data = text.encode("utf-8", "surrogateescape" if name == "stdout" else "backslashreplace")
        if self.is_forked:
            _write_all(1 if name == "stdout" else 2, data)
        elif run is not None and run != self.run:
            self._event({"type": "stream", "run": run, "name": name, "text": text}, False)
        elif name == "stdout":
            _write_all(self.out, data)
        else:
            self._event({"type": "stream", "run": self.run, "name": name, "text": text}, False)

    def write(self, name: str, text: str) -> None:
        """Write text to the stream ``name``."""
        try:
            self._write(name, text)
        except UnicodeEncodeError:
            self._write(name, text.encode("utf-8", "backslashreplace").decode("utf-8"))
        self.raise_if_interrupted()


@shielded
def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class CellStream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of a session."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, output: Output, name: str, descriptor: int) -> None:
        self._output = output
        self._descriptor = descriptor
        self.name = f"<{name}>"
        self._stream = name
        self.buffer = _Buffer(self)

    def write(self, text: str) -> int:
        """Write text; it is on its way when this returns."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text:
            self._output.write(self._stream, text)
        return len(text)

    def writable(self) -> bool:
        """True."""
        return True

    def fileno(self) -> int:
        """The descriptor that children of this process write to."""
        return self._descriptor

    def isatty(self) -> bool:
        """False: what is written here is a cell's output."""
        return False

    def flush(self) -> None:
        """Nothing: text never waits."""

    def close(self) -> None:
        """Nothing: a program that closes its output leaves the session's open."""

    def __del__(self) -> None:
        """Nothing to let go of."""


class OutStream(CellStream):
    """``sys.stdout``: text of the running cell takes the shortest way, for ``print`` in loops.

    Not shielded to its end: an interrupt after the last look would be put off, and nobody would
    look again before a call that waits for ever.
    """

    def write(self, text: str) -> int:
        """Write text; it is on its way when this returns."""
        output = self._output
        if current_run.get() is not output.run or type(text) is not str or output.is_forked:
            return super().write(text)
        try:
            data = text.encode()
        except UnicodeEncodeError:
            return super().write(text)
        written = os.write(output.out, data)
        if written < len(data):
            _write_all(output.out, data[written:])
        if output.shell.interrupt_pending:  # type: ignore[union-attr]
            output.raise_if_interrupted()
        return len(text)


class _Buffer(io.RawIOBase):
    """The binary side of a stream: bytes are decoded, and take the text's way."""

    def __init__(self, stream: CellStream) -> None:
        self._text = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        raw = bytes(data)
        self._text.write(raw.decode("utf-8", "replace"))
        return len(raw)

    def fileno(self) -> int:
        return self._text.fileno()

    def close(self) -> None:
        pass


class InputStream(io.TextIOBase):
    """``sys.stdin`` of a session: a line is asked of the front end."""

    encoding = "utf-8"
    name = "<stdin>"

    def __init__(self, ask: Any) -> None:
        self._ask = ask

    def readable(self) -> bool:
        """True."""
        return True

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        """A line; empty when nobody answers."""
        try:
            return str(self._ask("", password=False)) + "\n"
        except EOFError:
            return ""

    def read(self, size: int | None = -1) -> str:
        """All lines until nobody answers."""
        lines = []
        while line := self.readline():
            lines.append(line)
        return "".join(lines)

    def fileno(self) -> int:
        """The process's own stdin, which is empty."""
        return 0

    def close(self) -> None:
        """Nothing: the session's input stays."""
