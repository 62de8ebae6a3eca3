"""What both consoles share: sending cells, waiting for their ends, interrupting, leaving."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import msgspec

from ...parallel.errors import SessionError
from ...parallel.execution import Execution
from ...parallel.registry import SessionEntry
from ...parallel.wire import Message
from ..consoles import as_typed
from .completeness import Completeness
from .images import Pictures
from .link import Link
from .source_colours import Painter
from .transcript import Ladder, Transcript

_NOT_TAKEN = frozenset({"EngineDied", "KernelEnded", "UsageError"})
LEAVING = frozenset({"exit", "quit", "exit()", "quit()"})


class BaseConsole(ABC):
    """A terminal on a session; see :mod:`.simple` and :mod:`.interactive`."""

    def __init__(
        self,
        entry: SessionEntry,
        *,
        started: bool,
        colour: bool,
        images: str = "path",
        paint_source: Painter | None = None,
    ) -> None:
        self.started = started
        self.transcript = Transcript(
            colour=colour, picture=Pictures(entry.id, images).show, paint_source=paint_source
        )
        self.link = Link(entry, on_event=self._event, on_notice=self.notice, on_input=self._asked)
        self.ladder = Ladder()
        self.completeness = Completeness()
        self.waiting: dict[str, asyncio.Future[list[dict[str, Any]]]] = {}
        """Our cells that have not ended, in the order they were sent."""
        self._ends: dict[str, asyncio.Future[None]] = {}
        """Of the cells that ask for a line, whoever sent them."""
        self.shows_past = False
        """Whether what the session has shown so far comes first; set before :meth:`open`."""
        self._comes_to_a_cell = False
        self._is_leaving = False
        self._watches: set[asyncio.Future[None]] = set()
        self.can_offer = True
        """Whether somebody is there who could be asked."""
        self.failed = False
        """Whether one of our cells failed."""

    @abstractmethod
    def write(self, text: str) -> None:
        """Show a text of the session's."""

    @abstractmethod
    async def answer_input(self, prompt: str, password: bool, run: str | None) -> str | None:
        """Ask the user for a line; None for the end of input. Cancelled if nobody wants it more."""

    def notice(self, text: str) -> None:
        """Show a line of the console's own."""
        self.write(self.transcript.notice(text))

    def greet(self, text: str) -> None:
        """Show what is said at the beginning and at the end."""
        self.write(text)

    @property
    def next_count(self) -> int:
        """The number that the next cell probably gets."""
        running = self.transcript.running is not None
        return self.transcript.execution_count + 1 + max(0, len(self.waiting) - running)

    async def open(self) -> None:
        """Connect, and say what to. Raises :class:`SessionError`."""
        session = await self.link.open(past=self.shows_past)
        self._comes_to_a_cell = session["running"] is not None
        entries = await self.link.client.runs()
        counts = [record.execution_count for record in entries if record.execution_count]
        self.transcript.execution_count = counts[-1] if counts else 0
        how = "new" if self.started else "attached to"
        kernel = self.link.client.kernel_info.get("implementation")
        runs = "Python" if kernel == "vivo" else f"the kernel {kernel}"
        self.greet(
            f"vivo, {how} session {session['id']} in {session['cwd']}\n"
            f"{runs} {session['python_version']}, {session['python']}\n"
        )
        for lacking in self.link.client.lacks:
            self.greet(self.transcript.paint("dim", f"  {lacking}") + "\n")
        for record in entries:
            if record.id == session["running"] and not self.shows_past:
                self.transcript.joined(msgspec.to_builtins(record))
                self.notice(
                    f"In [{record.execution_count}] ({record.client}) is running, and "
                    f"{len(session['queue'])} wait"
                )
        self.link.follow()

    async def take_over(self) -> None:
        """Have a question that waits asked here: whoever was asked may be gone."""
        if self._comes_to_a_cell:
            await self.link.client.take_input()

    async def close(self) -> None:
        """Let go of the session, and say that it stays."""
        self._is_leaving = True
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        await self.link.close()
        self.completeness.close()
        if not self.link.ended.is_set():
            self.greet(self.farewell())

    def farewell(self) -> str:
        """What is said when the user leaves."""
        session = self.link.entry.id
        running = " and goes on running its cell" if self.transcript.running else ""
        return (
            f"The session {session} stays{running}. `vivo console --session {session}` comes "
            f"back to it, `vivo sessions end {session}` ends it.\n"
        )

    async def send(self, source: str) -> asyncio.Future[list[dict[str, Any]]]:
        """Send a cell; the future of its end gives its payload. Raises :class:`SessionError`."""
        client = self.link.client
        run = client.codec.new_id()
        self.transcript.mine.add(run)
        future = self.waiting[run] = asyncio.get_running_loop().create_future()
        try:
            execution = await client.execute(source, run=run)
        except SessionError:
            del self.waiting[run]
            raise
        watch = asyncio.ensure_future(self._see_whether_refused(execution))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)
        return future

    async def _see_whether_refused(self, execution: Execution) -> None:
        """Say why a cell was not even taken: it has no run, and so no events."""
        try:
            reply = await execution.reply()
        except SessionError:
            return  # the link was closed
        told, name = reply.content, reply.content.get("ename")
        if name not in _NOT_TAKEN or "record" in reply.vivo or execution.id not in self.waiting:
            return  # a cell that was taken and ended with its engine has a record, and its events
        future = self.waiting.pop(execution.id)
        self.failed = True
        self.notice(str(told.get("evalue")))
        if not future.done():
            future.set_result([])
        if name != "UsageError" and self.can_offer:
            question = "Start a fresh one? What it has printed stays. [y/N] "
            if (said := await self._restart_if(question, lambda: True)) is not None:
                self.notice(said)

    async def _asked(self, prompt: str, password: bool, run: str | None) -> str | None:
        """Ask the user until there is an answer, or the cell has ended, or another has answered."""
        ended = self._ends.setdefault(run or "", asyncio.get_running_loop().create_future())
        asking = asyncio.ensure_future(self.answer_input(prompt, password, run))
        try:
            waits: list[asyncio.Future[Any]] = [asking, ended]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else None
        except asyncio.CancelledError:
            if not self._is_leaving:
                self.notice("Another client has answered")
            raise
        finally:
            if not asking.done():
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)

    def _event(self, event: Message) -> None:
        shown = self.transcript.feed(event)
        if shown.text:
            self.write(shown.text)
        if shown.ended is not None and (end := self._ends.pop(shown.ended, None)):
            end.set_result(None)
        if shown.ended is not None and (future := self.waiting.pop(shown.ended, None)):
            self.failed |= event.vivo["record"].get("status") != "ok"
            if not future.done():
                future.set_result(shown.payload)

    def is_complete(self, source: str) -> tuple[str, str]:
        """Whether Enter ends the input: ``complete``, ``incomplete`` or ``invalid``; the indent."""
        source = as_typed(source)
        try:
            connection = self.link.client.connection
        except SessionError:
            connection = None
        return self.completeness.ask(source, connection)

    async def interrupt(self) -> str | None:
        """A press of Ctrl-C: what the user is told, or None if there is nothing to interrupt."""
        running = self.transcript.running
        run = running["id"] if running else next(iter(self.waiting), None)
        if run is None:
            return None
        mine = run in self.transcript.mine
        action = self.ladder.press(run, mine=mine)
        if action == "ask":
            assert running is not None
            return f"The cell is of {running['client']}: Ctrl-C again interrupts it"
        if action == "restart":
            return await self.offer_restart(run)
        try:
            outcome = await self.link.client.interrupt(run)
        except SessionError as error:
            return str(error)
        if action == "stack" and outcome == "interrupted":
            if self.link.client.lacks:
                return "It has not ended yet. Ctrl-C again offers to start the kernel anew"
            return (
                "It has not ended yet; what it is doing is shown. Ctrl-C again offers a fresh "
                "engine: the cell's values are lost then, what was printed stays"
            )
        return None

    async def offer_restart(self, run: str) -> str | None:
        """Ask whether the engine is to be ended."""
        return await self._restart_if(
            "End the engine, and lose its values? [y/N] ",
            lambda: self.transcript.running is not None and self.transcript.running["id"] == run,
            run,
        )

    async def _restart_if(
        self, question: str, holds: Callable[[], bool], run: str | None = None
    ) -> str | None:
        """Restart if the user says yes and it still makes sense; what the user is told then.

        With a ``run`` only if that does not end, with its stack shown.
        """
        answer = await self.answer_input(question, False, None)
        if (answer or "").strip().lower() not in ("y", "yes"):
            return None
        if not holds():
            return "The cell has ended meanwhile: nothing was restarted"
        try:
            client = self.link.client
            if run is None or client.lacks:
                await client.restart()
            elif await client.interrupt(run, force=True) != "engine_ended":
                return "The cell has ended meanwhile: nothing was restarted"
        except SessionError as error:
            return str(error)
        return "The session has a fresh engine"
