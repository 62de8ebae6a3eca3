"""What both consoles share: sending cells, waiting for their ends, interrupting, leaving."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from ...parallel.errors import SessionError
from ...parallel.registry import SessionEntry
from ...parallel.wire import Message
from .completeness import Completeness
from .images import Pictures
from .link import Link
from .transcript import Ladder, Transcript

LEAVING = frozenset({"exit", "quit", "exit()", "quit()"})


class BaseConsole(ABC):
    """A terminal on a session; see :mod:`.simple` and :mod:`.interactive`."""

    def __init__(
        self, entry: SessionEntry, *, started: bool, colour: bool, images: str = "path"
    ) -> None:
        self.started = started
        self.transcript = Transcript(colour=colour, picture=Pictures(entry.id, images).show)
        self.link = Link(
            entry, on_event=self._event, on_notice=self.notice, on_input=self.answer_input
        )
        self.ladder = Ladder()
        self.completeness = Completeness()
        self.waiting: dict[str, asyncio.Future[list[dict[str, Any]]]] = {}
        """Our cells that have not ended, in the order they were sent."""
        self.failed = False
        """Whether one of our cells failed."""

    @abstractmethod
    def write(self, text: str) -> None:
        """Show a text of the session's."""

    @abstractmethod
    async def answer_input(self, prompt: str, password: bool, run: str | None) -> str | None:
        """Ask the user for a line; None for the end of input."""

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
        await self.link.open()
        session = await self.link.client.session()
        entries = await self.link.client.runs()
        counts = [record.execution_count for record in entries if record.execution_count]
        self.transcript.execution_count = counts[-1] if counts else 0
        how = "new" if self.started else "attached to"
        self.greet(
            f"vivo, {how} session {session['id']} in {session['cwd']}\n"
            f"Python {session['python_version']}, {session['python']}\n"
        )
        for record in entries:
            if record.id == session["running"]:
                self.transcript.running = {"id": record.id, "client": record.client}
                self.notice(
                    f"In [{record.execution_count}] ({record.client}) is running, and "
                    f"{len(session['queue'])} wait"
                )

    async def close(self) -> None:
        """Let go of the session, and say that it stays."""
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
            await client.execute(source, run=run)
        except SessionError:
            del self.waiting[run]
            raise
        return future

    def _event(self, event: Message) -> None:
        shown = self.transcript.feed(event)
        if shown.text:
            self.write(shown.text)
        if shown.ended is not None and (future := self.waiting.pop(shown.ended, None)):
            self.failed |= event.vivo["record"].get("status") != "ok"
            if not future.done():
                future.set_result(shown.payload)

    def is_complete(self, source: str) -> tuple[str, str]:
        """Whether Enter ends the input: ``complete``, ``incomplete`` or ``invalid``; the indent.

        A line after the last one that holds nothing ends a block, also if it is indented.
        """
        lines = source.split("\n")
        if len(lines) > 1 and not lines[-1].strip():
            source = "\n".join(lines[:-1]) + "\n"
        client = self.link.connected
        return self.completeness.ask(source, client.connection if client else None)

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
            return (
                "It has not ended yet; what it is doing is shown. Ctrl-C again offers a fresh "
                "engine: the cell's values are lost then, what was printed stays"
            )
        return None

    async def offer_restart(self, run: str) -> str | None:
        """Ask whether the engine is to be ended."""
        answer = await self.answer_input("End the engine, and lose its values? [y/N] ", False, None)
        running = self.transcript.running
        if (answer or "").strip().lower() not in ("y", "yes") or not running:
            return None
        if running["id"] != run:
            return "The cell has ended meanwhile: nothing was restarted"
        try:
            await self.link.client.restart()
        except SessionError as error:
            return str(error)
        return "The session has a fresh engine"
