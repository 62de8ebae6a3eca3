"""The console of dumb terminals and pipes: line by line, without an escape code.

Lines are read by a thread of their own, since neither files nor pipes can be awaited alike; it
ends with the process. Prompts are shown where a person types, and not into a pipe's output.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import Any

from ...parallel.errors import SessionError
from ...parallel.registry import SessionEntry
from .base import LEAVING, BaseConsole
from .terminal import unseen


class SimpleConsole(BaseConsole):
    """See the module."""

    def __init__(self, entry: SessionEntry, *, started: bool) -> None:
        super().__init__(entry, started=started, colour=False)
        self.is_typed = self.can_offer = sys.stdin.isatty()
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._at_prompt = ""
        self._typed: list[str] = []
        self._ask_lock = asyncio.Lock()
        self._unread = asyncio.Event()
        """Set when nobody reads what is written."""

    def write(self, text: str) -> None:
        """Show a text; what an open prompt stood before comes again below it."""
        if self._at_prompt and not text.startswith("\n"):
            text = "\n" + text
        try:
            sys.stdout.write(text + (self._at_prompt if text.endswith("\n") else ""))
            sys.stdout.flush()
        except BrokenPipeError:
            # Nobody reads any more: leave, and let the interpreter's last flush go nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._lines.put_nowait("")
            self._unread.set()

    def notice(self, text: str) -> None:
        """Show a line of the console's own, apart from what a pipe reads."""
        if self.is_typed:
            super().notice(text)
        else:
            sys.stderr.write(f"vivo console: {text}\n")

    async def run(self) -> int:
        """Read and run until the end of input; 1 if the input is no terminal and a cell failed."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._pressed)
        self._pressing: set[asyncio.Task[None]] = set()
        threading.Thread(target=self._read, args=(loop,), daemon=True, name="stdin").start()
        await self.open()
        try:
            await self.take_over()
            while not (self.link.ended.is_set() or self._unread.is_set()):
                cell = await self._cell()
                if cell is None or cell.strip() in LEAVING:
                    break
                if cell.strip():
                    await self._run(cell)
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            await self.close()
        return 1 if self.link.ended.is_set() or (self.failed and not self.is_typed) else 0

    def greet(self, text: str) -> None:
        """Where a program reads, a greeting goes beside the output."""
        if self.is_typed:
            self.write(text)
        else:
            sys.stderr.write(text)

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            line = sys.stdin.readline()
            try:
                loop.call_soon_threadsafe(self._lines.put_nowait, line)
            except RuntimeError:
                return  # the console has ended
            if not line:
                return

    async def _cell(self) -> str | None:
        """The next cell; None at the end of input."""
        prompt = f"In [{self.next_count}]: "
        more = "...: ".rjust(len(prompt))
        self._typed.clear()
        while True:
            line = await self._line(more if self._typed else prompt)
            if line is None:
                return "\n".join(self._typed) or None
            if line == _DROPPED:
                self._typed.clear()
                continue
            self._typed.append(line)
            cell = "\n".join(self._typed)
            if self.is_complete(cell)[0] != "incomplete" or cell.strip() in LEAVING:
                return cell

    async def _line(self, prompt: str) -> str | None:
        if self.is_typed:
            sys.stdout.write(prompt)
            sys.stdout.flush()
            self._at_prompt = prompt
        try:
            line = await self._next_line()
        finally:
            self._at_prompt = ""
        return line

    async def _next_line(self) -> str | None:
        """The next line; None at the end of input, or when the session ends."""
        reading = asyncio.create_task(self._lines.get())
        ending = asyncio.create_task(self.link.ended.wait())
        try:
            await asyncio.wait([reading, ending], return_when=asyncio.FIRST_COMPLETED)
            line = reading.result() if reading.done() else ""
        finally:
            reading.cancel()
            ending.cancel()
        if not line:
            self._lines.put_nowait("")  # the end stays the end
            return None
        return line.rstrip("\n")

    async def _run(self, cell: str) -> None:
        try:
            finished = await self.send(cell)
        except SessionError as error:
            self.notice(str(error))
            return
        ends = [asyncio.ensure_future(each.wait()) for each in (self.link.ended, self._unread)]
        waits: list[asyncio.Future[Any]] = [finished, *ends]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in ends:
            each.cancel()
        for payload in finished.result() if finished.done() else []:
            if payload.get("source") == "page":
                self.write(str(payload["data"].get("text/plain", "")).rstrip("\n") + "\n")
            elif payload.get("source") == "set_next_input":
                self.write(str(payload.get("text", "")) + "\n")

    async def answer_input(self, prompt: str, password: bool, run: str | None) -> str | None:
        """The next line that is typed, unseen if it is a password."""
        async with self._ask_lock:
            self.write(prompt)
            with unseen(password and self.is_typed):
                line = await self._next_line()
            if password and self.is_typed:
                self.write("\n")
            return line

    def _pressed(self) -> None:
        if self._at_prompt and not self.waiting and self.transcript.running is None:
            self._lines.put_nowait(_DROPPED + "\n")
            sys.stdout.write("\n")
            return
        task = asyncio.ensure_future(self._interrupt())
        self._pressing.add(task)
        task.add_done_callback(self._pressing.discard)

    async def _interrupt(self) -> None:
        told = await self.interrupt()
        if told:
            self.notice(told)


_DROPPED = "\x03"
