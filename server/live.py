"""A session as the server sees it: its client, its runs, and who wants to know.

Rules:

1. What is shown derives from the session's run records and events, never from this server's
   memory alone: a new server shows the same.
2. Cells are sent in the order they were asked for, also while the session is still starting;
   what is asked after a restart runs in the fresh engine. (Requests of the shell and of the
   control channel pass each other on the way, so a restart holds the cells back until it is done.)
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..parallel.client import Execution, SessionClient
from ..parallel.errors import ConnectionFileError, SessionError
from ..parallel.launch import SessionOptions, start_session
from ..parallel.messages import RunOrigin, RunRecord
from ..parallel.registry import SessionEntry
from ..parallel.runs import RunTable
from ..parallel.wire import Message

_log = logging.getLogger(__name__)
_REPLAYED_EVENTS = 2000


class Listener(Protocol):
    """What is told of a session."""

    def state_changed(self, session: LiveSession, message: str | None) -> None:
        """The session's state, its queue, or what runs has changed."""

    def run_started(self, session: LiveSession, record: RunRecord) -> None:
        """A cell began to run."""

    def run_output(self, session: LiveSession, event: Message) -> None:
        """A cell showed something."""

    def run_finished(self, session: LiveSession, record: RunRecord) -> None:
        """A cell ended."""

    def start_failed(self, session: LiveSession, run: str, uri: str | None, message: str) -> None:
        """A cell could not be sent: the session did not start, or is gone."""

    def input_wanted(
        self, session: LiveSession, run: str | None, prompt: str, password: bool
    ) -> Coroutine[Any, Any, str | None]:
        """A cell asks for a line of input."""


@dataclass
class LiveSession:
    """A session that documents use: found, starting, or not begun yet."""

    options: SessionOptions
    listener: Listener
    entry: SessionEntry | None = None
    client: SessionClient | None = None
    state: str = "starting"
    python_version: str = ""
    runs: RunTable = field(default_factory=RunTable)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The tracebacks of failed runs, as data."""
    errors: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Jupyter's error content of failed runs: name, message, rendered traceback."""
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The last value of a run, as a MIME bundle."""
    waiting: list[str] = field(default_factory=list)
    """Runs that were sent and have not begun."""
    running: str | None = None
    engines: int = 0
    """How often a fresh engine has begun: what an earlier one told counts no more."""
    seen: dict[str, int] = field(default_factory=dict)
    """By session, the number of the last event that the client was shown by an earlier server."""
    _held: set[str] = field(default_factory=set)
    """Of those waiting, the ones that the session has not been sent yet."""
    uris: set[str] = field(default_factory=set)
    """The documents that it serves."""
    _starting: asyncio.Task[None] | None = None
    _watching: asyncio.Task[None] | None = None
    _order: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def id(self) -> str:
        """The session's id; empty until it is started."""
        return self.entry.id if self.entry is not None else ""

    @property
    def python(self) -> str:
        """The interpreter of the user's code."""
        return self.entry.python if self.entry is not None else self.options.python

    def in_background(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something beside, and keep it from being forgotten."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def ready(self) -> SessionClient:
        """The client, once the session is there. Raises :class:`SessionError`."""
        if self.client is None:
            if self._starting is None:
                self._starting = asyncio.create_task(self._start())
            try:
                await asyncio.shield(self._starting)
            finally:
                if self._starting is not None and self._starting.done():
                    self._starting = None
        assert self.client is not None
        return self.client

    async def _start(self) -> None:
        self.state = "starting"
        self.listener.state_changed(self, None)
        try:
            if self.entry is None:
                self.entry = await start_session(self.options)
            await self._attach()
        except (SessionError, ConnectionFileError) as error:
            self.entry, self.state = None, "ended"
            self.listener.state_changed(self, str(error))
            raise

    async def _attach(self) -> None:
        """Connect, take over the session's records, and follow its events."""
        assert self.entry is not None
        client = await SessionClient.connect(self.entry.connection_file, name="vivo lsp")
        client.on_input = self._input
        told = await client.session()
        self.python_version, self.state = told["python_version"], told["state"]
        self.running = told["running"]
        for record in await client.runs():
            self.runs.put(record)
        self.client = client
        after = max(0, told["last"] - _REPLAYED_EVENTS)
        seen = self.seen.get(self.entry.id)
        if isinstance(seen, int):
            after = max(0, min(after, seen))
        elif self.running is not None and (of := self.runs.get(self.running)) is not None:
            after = min(after, (of.seq or after + 1) - 1)  # whole, for a client that cannot say
        self._watching = asyncio.create_task(self._watch(client, after))
        self.listener.state_changed(self, None)
        running = self.runs.get(self.running) if self.running else None
        if running is not None and running.uri is not None:
            # An editor's cell: the server that would have answered for it may be gone.
            await client.take_input()

    async def _input(self, prompt: str, password: bool, run: str | None) -> str | None:
        return await self.listener.input_wanted(self, run, prompt, password)

    async def _watch(self, client: SessionClient, after: int) -> None:
        try:
            async for event in client.events(after=after):
                try:
                    self._event(event)
                except Exception:  # noqa: BLE001 - one event must not end the watch of all
                    _log.exception("An event of the session %s could not be shown.", self.id)
        except SessionError as error:
            _log.info("The session %s is gone: %s", self.id, error)

    def _event(self, event: Message) -> None:
        vivo = event.metadata["vivo"]
        run = vivo.get("run")
        record = self.runs.fold(event.metadata)
        if event.type == "status":
            if "payload" in vivo:
                self.listener.run_output(self, event)
            self._status(event.content["execution_state"], run, record)
        elif event.type == "execute_input" and record is not None:
            self.listener.run_started(self, record)
        else:
            if event.type == "error" and run is not None:
                self.errors[run] = event.content
                if "report" in vivo:
                    self.reports[run] = vivo["report"]
            if event.type == "execute_result" and run is not None:
                self.outputs[run] = event.content["data"]
            self.listener.run_output(self, event)

    def _status(self, state: str, run: str | None, record: RunRecord | None) -> None:
        if state == "busy" and run is not None:
            self.state, self.running = "busy", run
            if run in self.waiting:
                self.waiting.remove(run)
        elif state == "idle" and run is not None:
            if self.running == run:
                self.running = None
            if run in self.waiting:
                self.waiting.remove(run)
            self.state = "idle" if self.running is None else "busy"
            if record is not None:
                self.listener.run_finished(self, record)
        else:
            self.state = {"dead": "ended", "restarting": "starting"}.get(state, state)
            self.running = None
            self.engines += 1
        self.listener.state_changed(self, None)

    # --- Asking ----------------------------------------------------------------------------

    def send(self, code: str, origin: RunOrigin) -> str:
        """Send a cell when its turn comes; its execution id at once."""
        run = uuid.uuid4().hex
        self.waiting.append(run)
        self._held.add(run)
        self.in_background(self._send(run, code, origin))
        return run

    async def _send(self, run: str, code: str, origin: RunOrigin) -> Execution | None:
        async with self._order:
            if run not in self._held:
                return None  # it was taken out meanwhile
            try:
                client = await self.ready()
                if run not in self._held:
                    return None
                self._held.discard(run)
                return await client.execute(code, origin=origin, run=run)
            except (SessionError, ConnectionFileError) as error:
                self._held.discard(run)
                if run in self.waiting:
                    self.waiting.remove(run)
                self.listener.start_failed(self, run, origin.uri, str(error))
                return None

    async def interrupt(self, run: str | None, *, force: bool = False) -> str:
        """Interrupt a run, or what runs; the outcome by name. ``force`` may end the engine."""
        if run is not None and run in self._held:
            self._held.discard(run)
            self.waiting.remove(run)
            return "removed_from_queue"
        if self.client is None:
            return "idle"
        return await self.client.interrupt(run, force=force)

    async def restart(self) -> None:
        """Start a fresh engine. Raises :class:`SessionError`."""
        async with self._order:
            client = await self.ready()
            told = await client.restart()
            self.python_version, self.state = told["python_version"], told["state"]
            self.engines += 1
        self.listener.state_changed(self, "The session was restarted; its variables are gone.")

    async def gone(self) -> None:
        """The session has ended: the next run starts another."""
        await self.close()
        self.entry, self.state, self.running = None, "ended", None
        self.waiting.clear()
        self._held.clear()
        self.listener.state_changed(self, None)

    async def close(self) -> None:
        """Let go of the session, which goes on."""
        tasks = [task for task in (self._watching, self._starting, *self._tasks) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.client is not None:
            await self.client.close()
        self.client = self._watching = self._starting = None
