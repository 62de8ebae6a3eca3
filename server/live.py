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
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakValueDictionary

import msgspec

from ..parallel.client import SessionClient
from ..parallel.errors import ConnectionFileError, SessionError
from ..parallel.execution import Execution
from ..parallel.launch import SessionOptions, start_session
from ..parallel.messages import Person, PresenceRequest, RunError, RunOrigin, RunRecord
from ..parallel.processes import process_started
from ..parallel.registry import Registry, SessionEntry, liveness
from ..parallel.runs import RunTable, new_record
from ..parallel.wire import Message, Numbering
from .bounded import MAXIMUM_ENTRIES, Bounded
from .queue import Queue

_log = logging.getLogger(__name__)
_REPLAYED_EVENTS = 2000
_QUEUED = "vivo_queued"
_SUCCESSION = 5.0  # seconds that an engine has to start another keeper


class Listener(Protocol):
    """What is told of a session."""

    def state_changed(self, session: LiveSession, message: str | None) -> None:
        """The session's state, its queue, or what runs has changed."""

    def queue_changed(self, session: LiveSession) -> None:
        """What runs or waits has changed."""

    def presence_changed(self, session: LiveSession) -> None:
        """Somebody came to the session, or went."""

    def run_waits(self, session: LiveSession, record: RunRecord) -> None:
        """A cell waits in the session's queue, whoever sent it."""

    def run_started(self, session: LiveSession, record: RunRecord) -> None:
        """A cell began to run."""

    def run_output(self, session: LiveSession, event: Message) -> None:
        """A cell showed something."""

    def run_finished(self, session: LiveSession, record: RunRecord) -> None:
        """A cell ended."""

    def debug_event(self, session: LiveSession, message: dict[str, Any]) -> None:
        """The session's debugger tells something."""

    def start_failed(self, session: LiveSession, run: str, uri: str | None, message: str) -> None:
        """A cell could not be sent: the session did not start, or is gone."""

    def input_wanted(
        self, session: LiveSession, run: str | None, prompt: str, password: bool
    ) -> Coroutine[Any, Any, str | None]:
        """A cell asks for a line of input."""


_PLACES: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


def _starting(place: str | None) -> asyncio.Lock:
    """Held while the session of a place is looked for and started: several servers may live in one
    process, and the second finds what the first has started."""
    lock = _PLACES.get(place or "") if place else None
    if lock is None:
        lock = asyncio.Lock()
        if place:
            _PLACES[place] = lock
    return lock


@dataclass
class LiveSession:
    """A session that documents use: found, starting, or not begun yet."""

    options: SessionOptions
    listener: Listener
    entry: SessionEntry | None = None
    prepare: Callable[[LiveSession], None] = lambda session: None
    """Called before a session is started: it chooses the options, or finds one that runs. It may
    raise :class:`SessionError`."""
    client: SessionClient | None = None
    state: str = "starting"
    python_version: str = ""
    runs: RunTable = field(default_factory=lambda: RunTable(MAXIMUM_ENTRIES))
    """The newest; with what is kept beside them, bounded: the session's journal has all."""
    reports: dict[str, dict[str, Any]] = field(default_factory=Bounded)
    """The tracebacks of failed runs, as data."""
    errors: dict[str, dict[str, Any]] = field(default_factory=Bounded)
    """Jupyter's error content of failed runs: name, message, rendered traceback."""
    outputs: dict[str, dict[str, Any]] = field(default_factory=Bounded)
    """The last value of a run, as a MIME bundle."""
    queue: Queue = field(default_factory=Queue)
    """What runs and waits, whoever sent it."""
    running: str | None = None
    next_count: int = 1
    """The number that the next cell gets."""
    attached_at: int = 0
    """The number of the session's last event when this server came to it."""
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the events from before this server came have been taken in."""
    engine_starts: int = 0
    """How often a fresh engine has begun: what an earlier one told counts no more."""
    seen: dict[str, int] = field(default_factory=dict)
    """By session, the number of the last event that the client was shown by an earlier server."""
    who: PresenceRequest = field(default_factory=PresenceRequest)
    """Who the client is to others: its runs have this name. Who came by a share is no owner."""
    numbering: Numbering = field(default_factory=Numbering)
    """Of its runs. They are sent in the order of their numbers."""
    own_runs: set[str] = field(default_factory=set)
    """The runs that this server has sent, until they have ended."""
    _held: set[str] = field(default_factory=set)
    """Of those waiting, the ones that the session has not been sent yet."""
    _at_end: dict[str, Callable[[], None]] = field(default_factory=dict)
    uris: set[str] = field(default_factory=set)
    """The documents that it serves."""
    _engine: tuple[int, float | None] | None = None
    """Its engine's process id and start, as far as is known."""
    _starting: asyncio.Task[None] | None = None
    _watching: asyncio.Task[None] | None = None
    _linking: asyncio.Task[None] | None = None
    """Makes the link to another host anew, whose process is gone."""
    _order: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def id(self) -> str:
        """The session's id; empty until it is started."""
        return self.entry.id if self.entry is not None else ""

    @property
    def is_begun(self) -> bool:
        """Whether it runs, or is about to."""
        return self.entry is not None or self._starting is not None

    @property
    def is_far(self) -> bool:
        """Whether it runs on another host: its paths are no files of here."""
        return self.entry is not None and bool(self.entry.remote)

    @property
    def engine(self) -> int | None:
        """Its number in its cluster; None for what is no engine of a cluster."""
        return None

    @property
    def python(self) -> str:
        """The interpreter of the user's code."""
        return self.entry.python if self.entry is not None else self.options.python

    @property
    def session_name(self) -> str:
        """What it is called."""
        return (self.entry.name if self.entry is not None else self.options.name) or ""

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
                async with _starting(self.options.workspace):
                    self.prepare(self)
                    if self.entry is None and self.who.role != "owner":
                        raise SessionError("The session that was shared with you has ended.")
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
        if self.entry.remote and liveness(self.entry) == "stale":
            from ..parallel.remote.starting import attach_again

            self.entry = await attach_again(self.entry)
        client = await SessionClient.connect(self.entry.connection_file, name="vivo lsp")
        client.on_input = self._input
        client.on_debug_event = lambda message: self.listener.debug_event(self, message)
        if self.who.name:
            client.present(self.who, self._presence_changed)
        told = await client.session()
        self._told(told)
        self.running = told["running"]
        self.next_count = told.get("next_count") or 1
        for record in await client.runs():
            self.runs.put(record)
            self.queue.told(record)
        self.client, self.attached_at = client, told["last"]
        after = max(0, told["last"] - _REPLAYED_EVENTS)
        seen = self.seen.get(self.entry.id)
        if isinstance(seen, int):
            after = max(0, min(after, seen))
        elif self.running is not None and (of := self.runs.get(self.running)) is not None:
            after = min(after, (of.seq or after + 1) - 1)  # whole, for a client that cannot say
        self.caught_up.clear()
        if after >= self.attached_at:
            self.caught_up.set()
        self._watching = asyncio.create_task(self._watch(client, after))
        self.listener.state_changed(self, None)
        self.listener.queue_changed(self)
        self._presence_changed()
        running = self.runs.get(self.running) if self.running else None
        if running is not None and self._may_answer(running):
            # An editor's cell or input: the server that would have answered may be gone.
            await client.take_input()

    def _presence_changed(self) -> None:
        if self.people:
            self.listener.presence_changed(self)

    def _may_answer(self, run: RunRecord) -> bool:
        """Whether what a cell asks is this client's to answer, also if another one ran it."""
        if self.who.role == "owner":
            return run.uri is not None or run.client == self.who.name
        return self.who.role == "runner" and run.client == self.who.name

    @property
    def people(self) -> list[Person]:
        """Who is in the session, this client too."""
        client = self.client
        return client.presence.people if client is not None and client.presence else []

    def _told(self, told: dict[str, Any]) -> None:
        """What the session says of itself."""
        self.python_version, self.state = told["python_version"], told["state"]
        pid = told["engine_pid"] if not self.is_far else None
        self._engine = (pid, process_started(pid)) if pid is not None else None

    async def _input(self, prompt: str, password: bool, run: str | None) -> str | None:
        return await self.listener.input_wanted(self, run, prompt, password)

    async def _watch(self, client: SessionClient, after: int) -> None:
        try:
            async for event in client.events(after=after):
                try:
                    self._event(event)
                except Exception:  # noqa: BLE001 - one event must not end the watch of all
                    _log.exception("An event of the session %s could not be shown.", self.id)
                if event.metadata["vivo"]["seq"] >= self.attached_at:
                    self.caught_up.set()
        except SessionError as error:
            _log.info("The session %s is gone: %s", self.id, error)

    def _event(self, event: Message) -> None:
        vivo = event.metadata["vivo"]
        run = vivo.get("run")
        record = self.runs.fold(event.metadata)
        if record is not None:
            self.queue.told(record)
            self.listener.queue_changed(self)
        if event.type == "status":
            if "payload" in vivo:
                self.listener.run_output(self, event)
            is_past = run is None and vivo["seq"] <= self.attached_at
            if not is_past:  # what the session said of itself as this server came is newer
                self._status(event.content["execution_state"], run, record)
        elif event.type == "execute_input" and record is not None:
            self.next_count = (record.execution_count or 0) + 1
            self.listener.run_started(self, record)
        elif event.type == _QUEUED and record is not None:
            self.listener.run_waits(self, record)
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
        elif state == "idle" and run is not None:
            if self.running == run:
                self.running = None
            self.queue.forget(run)
            self.state = "idle" if self.running is None else "busy"
            if (then := self._at_end.pop(run, None)) is not None:
                then()
            if record is not None:
                self.listener.run_finished(self, record)
            self.own_runs.discard(run)
        else:
            self.state = {"dead": "ended", "restarting": "starting"}.get(state, state)
            self.running = None
            self.engine_starts += 1
            if state == "restarting":
                self.next_count = 1
                self.in_background(self._wait_until_ready())
        self.listener.state_changed(self, None)

    async def _wait_until_ready(self) -> None:
        """A fresh engine starts, whoever asked for it: tell when it is ready."""
        client = self.client
        if client is None:
            return
        try:
            await client.request("control", "kernel_info_request", {})  # answered by then
            told = await client.session()
        except SessionError as error:
            _log.info("The session %s does not come back: %s", self.id, error)
            return
        if self.state == "starting":
            self._told(told)
            self.listener.state_changed(self, None)

    # --- Asking ----------------------------------------------------------------------------

    def send(
        self,
        code: str,
        origin: RunOrigin,
        *,
        stop_on_error: bool = True,
        first: asyncio.Task[None] | None = None,
        run: str | None = None,
    ) -> RunRecord:
        """Send a cell when its turn comes; its record, which has its execution id, at once.

        ``stop_on_error``: its failure takes what waits of the same document out of the queue.
        ``first``: what must have gone well before, as a restart. ``run``: the id it is to have.
        """
        run = run or self.numbering.next()
        record = new_record(run, code, {"vivo": msgspec.to_builtins(origin)}, time.time())
        self.queue.sent(record)
        self._held.add(run)
        self.own_runs.add(run)
        self.in_background(self._send(run, code, origin, stop_on_error, first))
        self.listener.queue_changed(self)
        return record

    async def _send(
        self,
        run: str,
        code: str,
        origin: RunOrigin,
        stop_on_error: bool,
        first: asyncio.Task[None] | None,
    ) -> Execution | None:
        async with self._order:
            if run not in self._held:
                return None  # it was taken out meanwhile
            try:
                if first is not None:
                    await first
                await self.check()
                client = await self.ready()
                if run not in self._held:
                    return None
                self._held.discard(run)
                return await client.execute(
                    code, origin=origin, run=run, stop_on_error=stop_on_error
                )
            except (SessionError, ConnectionFileError) as error:
                self._held.discard(run)
                self._lost(run)
                self.listener.start_failed(self, run, origin.uri, str(error))
                self.listener.queue_changed(self)
                return None

    def at_end(self, run: str, then: Callable[[], None]) -> None:
        """Do something once a run has ended."""
        self._at_end[run] = then

    async def check(self) -> None:
        """Let go of a session that has ended, whoever ended it: the next run starts another.

        One whose keeper died goes on, once its engine has started another keeper.
        """
        client, entry = self.client, self.entry
        if entry is not None and entry.remote:
            await self._check_link(entry)
            return
        if client is None or entry is None or entry.elsewhere or liveness(entry) != "stale":
            return
        written = Registry().read(entry.id)
        if written is not None:
            try:
                await client.session(timeout=_SUCCESSION)
            except SessionError:
                if self._engine is not None and process_started(self._engine[0]) == self._engine[1]:
                    return  # its code in C lets it do nothing: the keeper comes when that is over
                written = None
            else:
                written = Registry().read(entry.id)
        if written is None:
            await self._let_go()
        else:
            self.entry = written

    async def _check_link(self, entry: SessionEntry) -> None:
        """Tell what has become of the link to another host; make one anew that was killed."""
        written = Registry().read(entry.id)
        if written is None:
            if self.client is not None:
                told = f"The session {entry.name} on {entry.on} has ended, or was detached."
                self.listener.state_changed(self, told)
                await self._let_go()
            return
        self.entry = written
        if written.away != entry.away:
            told = written.lost if written.away else f"The link to {entry.on} is there again."
            self.listener.state_changed(self, told)
        is_linking = self._linking is not None and not self._linking.done()
        if liveness(written) == "stale" and self.client is not None and not is_linking:
            self._linking = self.in_background(self._link_again(written))

    async def _link_again(self, entry: SessionEntry) -> None:
        from ..parallel.remote.starting import attach_again

        try:
            self.entry = await attach_again(entry)
        except SessionError as error:
            self.listener.state_changed(self, str(error))

    async def interrupt(self, run: str | None, *, force: bool = False) -> str:
        """Interrupt a run, or what runs; the outcome by name. ``force`` may end the engine."""
        if run is not None and run in self._held:
            self._hold_no_more(run)
            return "removed_from_queue"
        if self.client is None:
            return "idle"
        return await self.client.interrupt(run, force=force)

    async def cancel_waiting(self, uri: str | None) -> list[str]:
        """Take what waits out of the queue, of one document or all; the runs that never ran."""
        wanted = [each for each in self.queue.waiting if uri in (None, each.uri)]
        held = [each.id for each in wanted if each.id in self._held]
        for run in held:
            self._hold_no_more(run)
        told = await self.client.cancel_waiting(uri) if self.client is not None else []
        return [*told, *held]

    def _hold_no_more(self, run: str) -> None:
        """Forget a run that the session was never sent; its end is told all the same."""
        self._held.discard(run)
        record = self._lost(run)
        if record is not None:
            record.status = "aborted"
            self.listener.run_finished(self, record)
        self.listener.queue_changed(self)

    def _lost(self, run: str) -> RunRecord | None:
        """Forget a run that ends without its session having said so."""
        self.own_runs.discard(run)
        if (then := self._at_end.pop(run, None)) is not None:
            then()
        return self.queue.forget(run)

    def restart_first(self) -> asyncio.Task[None]:
        """Begin a restart; what is sent after this call runs in the fresh engine."""
        return self.in_background(self.restart())

    async def restart(self) -> None:
        """Start a fresh engine. Raises :class:`SessionError`."""
        async with self._order:
            client = await self.ready()
            self._told(await client.restart())
            self.engine_starts += 1
        self.listener.state_changed(self, "The session was restarted; its variables are gone.")

    async def gone(self) -> None:
        """The session was ended: the next run starts another."""
        await self.close()
        self._held.clear()
        self._forget()

    async def _let_go(self) -> None:
        """The session has ended by itself; what is held here goes to the next one."""
        watching, client = self._watching, self.client
        self.client = self._watching = None
        self._forget()  # before anything is waited for: who comes next starts another
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        if client is not None:
            await client.close()

    def _forget(self) -> None:
        for record in [*self.queue.running, *self.queue.waiting]:
            if record.id not in self._held:
                self._lost(record.id)
                record.status = "error" if record.status == "running" else "aborted"
                record.error = RunError("SessionEnded", "The session was ended.")
                self.listener.run_finished(self, record)
        self.state, self.running = "ended", None
        self.listener.state_changed(self, None)  # by its id, for who shows it
        self.entry = None
        self.listener.state_changed(self, None)
        self.listener.queue_changed(self)

    async def close(self) -> None:
        """Let go of the session, which goes on."""
        tasks = [task for task in (self._watching, self._starting, *self._tasks) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.client is not None:
            await self.client.close()
        self.client = self._watching = self._starting = None
