"""The console of a terminal (prompt_toolkit): the prompt stays open while cells run.

What the session shows comes above the prompt, so that the next cell can be typed, completed and
queued meanwhile. A question of a cell takes the prompt's place; what was typed comes back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import in_terminal
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.shortcuts import CompleteStyle
from pygments.lexers.python import PythonLexer

from ...parallel.errors import SessionError
from ...parallel.registry import SessionEntry
from .base import LEAVING, BaseConsole
from .editing import STYLE, SessionCompleter, bindings, painted
from .images import protocol_of
from .pager import page
from .screen import Screen
from .searching import NEWEST, OlderInputs, SessionHistory
from .terminal import unseen

_GRACE = 0.1  # seconds that a short cell gets before the next prompt, which then is drawn once
_TOOLBAR = 1.0  # seconds that a cell runs before the toolbar tells


class Console(BaseConsole):
    """See the module."""

    def __init__(self, entry: SessionEntry, *, started: bool) -> None:
        images = protocol_of(os.environ)
        colour = not os.environ.get("NO_COLOR")  # https://no-color.org
        paint = painted if colour else None
        super().__init__(entry, started=started, colour=colour, images=images, paint_source=paint)
        self.screen = Screen()
        self._changed = asyncio.Event()
        self._pages: list[str] = []
        self._paging = False
        self._typed = ""
        self._question: _Question | None = None
        self._questions: list[_Question] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._began = time.monotonic()

    # --- What is shown ---------------------------------------------------------------------

    def write(self, text: str) -> None:
        """Show a text above the prompt, soon."""
        self.screen.write(text)
        self._changed.set()

    async def _paint(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._flush()

    async def _flush(self) -> None:
        """Give the terminal what is whole, then the pages."""
        text = self.screen.take()
        if not text and not self._pages:
            self._session.app.invalidate()
            return
        async with in_terminal():
            sys.stdout.write(text)
            sys.stdout.flush()
            while self._pages:
                self._paging = True
                try:
                    await asyncio.to_thread(page, self._pages.pop(0))
                finally:
                    self._paging = False

    def _message(self) -> StyleAndTextTuples:
        partial = self.screen.shown
        shown = [*to_formatted_text(ANSI(partial)), ("", "\n")] if partial else []
        return [*shown, ("class:number", f"In [{self.next_count}]: ")]

    def _continuation(self, width: int, line: int, wraps: int) -> StyleAndTextTuples:
        return [("class:continuation", "...: ".rjust(width))]

    def _toolbar(self) -> str | None:
        running = self.transcript.running
        if running is None:
            return None
        seconds = time.time() - (running.get("started") or time.time())
        if seconds < _TOOLBAR:
            return None
        whose = "" if self.transcript.runs_mine else f" of {running['client']}"
        waiting = sum(run != running["id"] for run in self.waiting)
        queue = f", {waiting} wait" if waiting else ""
        count = running.get("execution_count")
        return f" In [{count}]{whose} runs for {seconds:.0f} s{queue} · Ctrl-C interrupts it"

    # --- What is read ----------------------------------------------------------------------

    async def run(self) -> int:
        """Read and run until the user leaves; 1 if the session has ended."""
        loop = asyncio.get_running_loop()
        await self.open()
        history = SessionHistory(await self._history(n=NEWEST))
        self._session: PromptSession[str | None] = PromptSession(
            message=self._message,
            multiline=True,
            prompt_continuation=self._continuation,
            lexer=PygmentsLexer(PythonLexer),
            completer=SessionCompleter(self),
            complete_style=CompleteStyle.COLUMN,
            complete_while_typing=False,
            history=history,
            enable_history_search=True,
            key_bindings=bindings(self, interrupt=self.pressed, accept=self._accepting),
            style=STYLE,
            bottom_toolbar=self._toolbar,
            enable_suspend=True,
            refresh_interval=0.5,
            include_default_pygments_style=False,
        )
        older = OlderInputs(history, self._searched, self._session.app.invalidate)
        self._session.search_buffer.on_text_changed += lambda buffer: older.changed(buffer.text)
        self._answers: PromptSession[str | None] = PromptSession(
            history=InMemoryHistory(), key_bindings=_question_keys(self)
        )
        loop.add_signal_handler(signal.SIGINT, self.pressed)
        self._begin(self._paint())
        self._begin(self._leave_when_ended())
        try:
            with unseen(True):  # between two prompts a password may be typed ahead
                await self.take_over()
                await self._read()
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            older.stop()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self.screen.finish()
            await self.close()
            sys.stdout.write(self.screen.take())
            sys.stdout.flush()
        return 1 if self.link.ended.is_set() else 0

    async def _history(self, **wanted: Any) -> list[str]:
        """Inputs of all sessions, the oldest first."""
        try:
            entries = await self.link.client.history(**wanted)
        except SessionError:
            return []
        texts: list[str] = [str(entry[2]) for entry in entries]
        return [text for at, text in enumerate(texts) if at == 0 or text != texts[at - 1]]

    async def _searched(self, pattern: str, count: int) -> list[str]:
        return await self._history(hist_access_type="search", pattern=pattern, n=count, unique=True)

    async def _read(self) -> None:
        while not self.link.ended.is_set():
            if self._questions:
                await self._ask(self._questions.pop(0))
                continue
            try:
                cell = await self._prompt()
            except EOFError:
                return
            if cell is None:
                continue
            if cell.strip() in LEAVING:
                return
            if cell.strip():
                await self._run(cell)

    async def _prompt(self) -> str | None:
        """A cell; None if something took the prompt's place."""
        app = self._session.app
        app.erase_when_done = False
        typed, self._typed = self._typed, ""
        prompt = f"In [{self.next_count}]: "
        cell = await self._session.prompt_async(
            default=typed, handle_sigint=False, set_exception_handler=False
        )
        if cell is not None and app.erase_when_done:
            more = "...: ".rjust(len(prompt))
            shown = self.transcript.paint("in", prompt) + cell.replace("\n", f"\n{more}")
            sys.stdout.write(shown + "\n")
        return cell

    def _accepting(self) -> None:
        """A cell is sent: what stands above it unended is drawn with the next prompt again."""
        self._session.app.erase_when_done = bool(self.screen.partial)

    def _make_way(self) -> None:
        """End the prompt and keep what is typed."""
        app = self._session.app
        if app.is_running and not app.is_done:
            self._typed = self._session.default_buffer.text
            app.erase_when_done = True
            app.exit(result=None)

    async def _run(self, cell: str) -> None:
        try:
            finished = await self.send(cell)
        except SessionError as error:
            self._typed = cell
            self.notice(str(error))
            return
        self._begin(self._follow(finished))
        await asyncio.wait([finished], timeout=_GRACE)
        await self._flush()

    async def _follow(self, finished: asyncio.Future[list[dict[str, Any]]]) -> None:
        for payload in await finished:
            source = payload.get("source")
            if source == "page":
                self._pages.append(str(payload["data"].get("text/plain", "")))
                self._changed.set()
            elif source == "set_next_input":
                self._make_way()
                self._typed = str(payload.get("text", ""))
            elif source == "edit_magic":
                self.notice(f"Edit {payload.get('filename')}, line {payload.get('line_number')}")

    # --- Questions -------------------------------------------------------------------------

    async def answer_input(self, prompt: str, password: bool, run: str | None) -> str | None:
        """Ask in the prompt's place; None for the end of input."""
        question = _Question(prompt, password)
        self._questions.append(question)
        self._make_way()
        try:
            return await question.answer
        finally:
            if question in self._questions:
                self._questions.remove(question)
            if self._question is question and self._answers.app.is_running:
                self._answers.app.exit(exception=EOFError())

    async def _ask(self, question: _Question) -> None:
        before, self.screen.partial = self.screen.shown, ""
        await self._flush()
        self._question = question
        try:
            value = await self._answers.prompt_async(
                ANSI(before + question.prompt),
                is_password=question.password,
                handle_sigint=False,
                set_exception_handler=False,
            )
        except EOFError:
            value = None
        finally:
            self._question = None
        self.transcript.answered()
        if not question.answer.done():
            question.answer.set_result(value)
        waits: list[asyncio.Future[Any]] = list(self.waiting.values())
        await asyncio.wait(waits or [question.answer], timeout=_GRACE)
        await self._flush()

    # --- Keys ------------------------------------------------------------------------------

    def pressed(self) -> None:
        """Ctrl-C: end what runs; with nothing running, drop what is typed."""
        if self._paging:
            return  # the pager has had it too
        buffer = self._session.default_buffer
        mine = self.transcript.runs_mine or bool(self.waiting)
        if self._question is None and buffer.text and not mine:
            buffer.reset()
            return
        self._begin(self._interrupt())

    async def _interrupt(self) -> None:
        if self.transcript.running is None and not self.waiting:
            self.notice("Nothing runs; Ctrl-D leaves the console, the session stays")
        elif told := await self.interrupt():
            self.notice(told)

    async def _leave_when_ended(self) -> None:
        await self.link.ended.wait()
        self._make_way()
        if self._question is not None and self._answers.app.is_running:
            self._answers.app.exit(exception=EOFError())

    def _begin(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Question:
    """A line that a cell waits for."""

    def __init__(self, prompt: str, password: bool) -> None:
        self.prompt, self.password = prompt, password
        self.answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()


def _question_keys(console: Console) -> Any:
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("c-c")
    def _(event: Any) -> None:
        """Interrupt the cell that asks."""
        console.pressed()

    return keys
