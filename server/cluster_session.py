"""The cells that documents send to a cluster: their way to its engines, and what comes of them.

To what shows runs it is a session: its runs are those that were sent to engines, each with one
record for all of them. Rules:

1. Cells reach each engine in the order they were asked for.
2. What runs on engines that are lost ends with an error that says so; the server goes on.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec

from ..core.errors import VivoError
from ..parallel.cluster.attached import Cell, EngineLink
from ..parallel.cluster.calls import Outcome
from ..parallel.cluster.errors import ClusterError
from ..parallel.errors import SessionError
from ..parallel.messages import RunOrigin, RunRecord
from ..parallel.runs import RunTable
from ..parallel.wire import Message
from .cluster_engines import EngineSession
from .cluster_life import ClusterLife
from .cluster_runs import ENDED, ClusterRun, client_of, engines_of
from .cluster_values import bundle_of, folded, numbers_text
from .live import LiveSession
from .values import MAXIMUM_LABEL

_log = logging.getLogger(__name__)
Target = Literal["all", "balanced"] | list[int]
_MOMENT = 0.05  # in which what changes is shown once
_ON_ITS_WAY = 60.0  # seconds in which a cell of another server may still arrive
_TRIES = 40  # to interrupt what may be on its way
_SILENCE = 1.0  # between an engine's reply and its last event, before that is looked for


class Watcher(Protocol):
    """What is told of a cluster beside its runs."""

    def can_ask(self) -> bool:
        """Whether the user can be asked for a line of input."""

    def starting(self, cluster: ClusterSession, text: str) -> None:
        """It is on its way; how far it is."""

    def status_changed(self, cluster: ClusterSession) -> None:
        """Its state or its engines have changed."""

    def run_changed(self, cluster: ClusterSession, run: ClusterRun, record: RunRecord) -> None:
        """A run has begun, or ended on some engines."""


class ClusterSession(ClusterLife):
    """A cluster, as a session that runs cells on several engines."""

    def __init__(self, watcher: Watcher, *arguments: Any) -> None:
        """The others are those of :class:`ClusterLife`."""
        super().__init__(*arguments)
        self._watcher = watcher
        self.sent: dict[str, ClusterRun] = {}
        """The runs that were sent to engines, oldest first."""
        self.unsent: list[str] = []
        """Those that wait for the cluster to be there."""
        self.runs = RunTable(on_drop=lambda run: self.sent.pop(run, None))
        self.width: Callable[[], int] = lambda: MAXIMUM_LABEL
        self._turns: dict[int, int] = {}
        self._questions: dict[str, set[asyncio.Task[Any]]] = {}
        self._soon: dict[str, asyncio.TimerHandle] = {}

    async def close(self) -> None:
        """Let go of the cluster, which goes on."""
        for timer in self._soon.values():
            timer.cancel()
        await super().close()

    def _tell_start(self, text: str) -> None:
        self._watcher.starting(self, text)

    def _tell_status(self) -> None:
        self._watcher.status_changed(self)

    def _engine_of(self, link: EngineLink, told: dict[str, Any]) -> EngineSession:
        assert self.cluster is not None
        engine = EngineSession(self.cluster, link, told, self)
        engine.on_answered = self._answered
        return engine

    # --- Runs that engines know ----------------------------------------------------------------

    def _found(self, engine: EngineSession, records: list[RunRecord], after: int) -> None:
        for record in records:
            self._find(engine, record, after)

    def _settle_all(self, up: dict[int, EngineLink]) -> None:
        for run in [run for run in self.sent.values() if not run.has_ended and run.engines]:
            self._settle(run, up)

    def _find(self, engine: EngineSession, record: RunRecord, after: int) -> None:
        """A run that an engine knows, of whichever client."""
        number = engine.link.number
        if number not in engines_of(record):
            return
        run = self._run_of(record)
        run.take(number, record)
        if record.status not in ENDED:
            run.unheard.add(number)
            self._adopt(engine, run)
        elif (record.seq or 0) > after and not run.has_ended:
            run.unheard.add(number)  # it is told again, from its beginning

    def _run_of(self, record: RunRecord) -> ClusterRun:
        run = self.sent.get(record.id)
        if run is None:
            run = self.sent[record.id] = ClusterRun.of(record)
        return run

    def _settle(self, run: ClusterRun, up: dict[int, EngineLink]) -> None:
        """A run that was found: where its engine is gone it has ended."""
        for number in run.engines:
            if number in run.parts or number in run.unheard:
                continue
            if number not in up:
                run.lose(number, f"Engine {number} is not up any more.", time.time())
            elif time.time() - run.queued > _ON_ITS_WAY:
                run.lose(number, f"Engine {number} is another one by now.", time.time())
        if run.is_done() and not run.unheard:
            run.has_begun = run.has_ended = True
        self.runs.put(run.record(self.width()))

    def _adopt(self, engine: EngineSession, run: ClusterRun) -> None:
        """A cell that another server has sent runs still: its questions and its end come here."""
        assert self.cluster is not None
        cell = self._cell(engine, run)
        self.cluster.call(engine.link.executions.adopt, cell)

    def _end_all(self, reason: str) -> None:
        for run in [run for run in self.sent.values() if not run.has_ended]:
            for number in run.engines:
                run.lose(number, reason, time.time())
            run.unheard.clear()
            if run.engines:
                self._changed(run)

    # --- Sending -------------------------------------------------------------------------------

    def send_to(self, code: str, origin: RunOrigin, target: Target) -> str:
        """Send a cell to engines when its turn comes; its execution id at once."""
        run = ClusterRun(uuid.uuid4().hex, code, origin, queued=time.time())
        self.sent[run.id] = run
        self.runs.put(run.record())
        self.unsent.append(run.id)
        self.in_background(self._send_to(run, target))
        return run.id

    async def _send_to(self, run: ClusterRun, target: Target) -> None:
        try:
            async with self._order:
                if run.id not in self.unsent:
                    return  # it was taken out meanwhile
                cluster = await self.up()
                await self.sync(await cluster.status())
                engines = await self._chosen(target)
                if run.id not in self.unsent:
                    return
                self.unsent.remove(run.id)
                run.sent([each.link.number for each in engines])
                origin = msgspec.structs.replace(
                    run.origin, client=client_of(run.origin.client, run.engines)
                )
                run.origin = origin
                cells = [(each.link, self._cell(each, run)) for each in engines]
                cluster.send(cells)
                self._watcher.run_changed(self, run, run.record(self.width()))
        except (VivoError, OSError) as error:
            self._not_sent(run, str(error))

    def _not_sent(self, run: ClusterRun, reason: str) -> None:
        if run.id in self.unsent:
            self.unsent.remove(run.id)
        run.has_ended = True
        self.sent.pop(run.id, None)
        self.listener.start_failed(self, run.id, run.origin.uri, reason)

    async def _chosen(self, target: Target) -> list[EngineSession]:
        """The engines of a target. Raises :class:`ClusterError`."""
        if target == "all":
            return list(self.engines.values())
        if target == "balanced":
            return [await self._least_loaded()]
        missing = [number for number in target if number not in self.engines]
        if missing or not target:
            there = numbers_text(self.engines) or "none"
            raise ClusterError(
                f"Engine {numbers_text(missing)} is not up; those that are: {there}."
                if missing
                else f"No engine was named; those that are up: {there}."
            )
        return [self.engines[number] for number in dict.fromkeys(target)]

    async def _least_loaded(self) -> EngineSession:
        """The engine with the least to do: cells that run or wait there, and tasks."""
        tasks = {each["number"]: each.get("tasks", 0) for each in self.told["engines"]}

        async def load(number: int, engine: EngineSession) -> tuple[int, int, int]:
            assert engine.client is not None
            try:
                told = await engine.client.session(timeout=1.0)
            except SessionError:
                return 1_000_000, 0, number
            cells = len(told["queue"]) + (told["running"] is not None)
            return cells + tasks.get(number, 0), self._turns.get(number, 0), number

        loads = await asyncio.gather(*(load(n, each) for n, each in self.engines.items()))
        _, _, number = min(loads)
        # Where several have as little to do, they get their cells by turns.
        self._turns[number] = max(self._turns.values(), default=0) + 1
        return self.engines[number]

    def _cell(self, engine: EngineSession, run: ClusterRun) -> Cell:
        own, number, cluster = asyncio.get_running_loop(), engine.link.number, self.cluster

        def asked(prompt: str, password: bool, answer: Callable[[str | None], None]) -> None:
            own.call_soon_threadsafe(self._ask, engine, run, prompt, password, answer)

        can_ask = self._watcher.can_ask()
        cell = Cell(run.source, run.id, on_question=asked if can_ask else None)
        cell.origin = msgspec.to_builtins(run.origin)

        def ended(future: Any) -> None:
            if not own.is_closed() and cluster is self.cluster:  # or it was let go of here
                own.call_soon_threadsafe(self._replied, run, number, engine, future.result())

        cell.done.add_done_callback(ended)
        return cell

    def _ask(
        self,
        engine: EngineSession,
        run: ClusterRun,
        prompt: str,
        password: bool,
        answer: Callable[[str | None], None],
    ) -> None:
        async def ask() -> None:
            text = f"[engine {engine.link.number}] {prompt}"
            line = await self.listener.input_wanted(self, run.id, text, password)
            if self.cluster is not None:
                self.cluster.call(answer, line)

        asking = self.in_background(ask())
        self._questions.setdefault(f"{run.id}/{engine.link.number}", set()).add(asking)

    def _answered(self, run: str, number: int) -> None:
        """What a run has asked on an engine needs no answer any more."""
        for asking in self._questions.pop(f"{run}/{number}", ()):
            asking.cancel()

    def _replied(
        self, run: ClusterRun, number: int, engine: EngineSession, outcome: Outcome
    ) -> None:
        """An engine has replied, or is lost. The run's end there comes by its events."""
        self._answered(run.id, number)
        if number not in run.unheard:
            return
        if outcome.status == "lost":
            told = outcome.content.get("error") or {}
            run.lose(number, str(told.get("evalue") or "The engine is lost."), time.time())
            self._heard(run, number)
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(_SILENCE, self._missed, run, number, engine, outcome)

    def _missed(
        self, run: ClusterRun, number: int, engine: EngineSession, outcome: Outcome
    ) -> None:
        """The events of a run's end have not come: they are asked for, or done without."""
        if number not in run.unheard or self.cluster is None:
            return
        record = outcome.content.get("record")
        if record:
            run.take(number, msgspec.convert(record, RunRecord))
        elif outcome.status == "aborted":
            run.abort(number, time.time())
        else:
            run.lose(number, f"What became of it on engine {number} is not known.", time.time())
        self.cluster.call(engine.link.executions.renew)
        self._heard(run, number)

    async def interrupt(self, run: str | None, *, force: bool = False) -> str:
        """Interrupt a run on all its engines; the outcome by name."""
        found = self.sent.get(run or "")
        if found is None or found.has_ended:
            return "mismatch"
        if found.id in self.unsent:
            self.unsent.remove(found.id)
            found.has_ended = True
            self._finish_unsent(found)
            return "removed_from_queue"
        left = [n for n in found.engines if n not in found.ended_on() and n in self.engines]
        outcomes = set(
            await asyncio.gather(*(self._interrupted(n, found, force=force) for n in left))
        )
        for outcome in ("engine_ended", "interrupted", "removed_from_queue", "mismatch"):
            if outcome in outcomes:
                return outcome
        return "idle"

    async def _interrupted(self, number: int, run: ClusterRun, *, force: bool) -> str:
        client = self.engines[number].client
        assert client is not None
        try:
            outcome = "idle"
            for _ in range(_TRIES):
                outcome = await client.interrupt(run.id, force=force)
                if outcome not in ("idle", "mismatch") or number in run.ended_on():
                    break
                await asyncio.sleep(_MOMENT)  # it goes another way, and has not arrived
            return outcome
        except SessionError as error:
            _log.info("Engine %d cannot be interrupted: %s", number, error)
            return "idle"

    def _finish_unsent(self, run: ClusterRun) -> None:
        record = msgspec.structs.replace(
            run.record(), status="aborted", started=None, finished=time.time()
        )
        self.runs.put(record)
        self.listener.run_finished(self, record)

    # --- What the engines tell: a Listener of their sessions -------------------------------------

    def state_changed(self, session: LiveSession, message: str | None) -> None:
        """Nothing: the cluster's state is another thing."""

    def queue_changed(self, session: LiveSession) -> None:
        """An engine's queue has changed: nothing is told of it."""

    def presence_changed(self, session: LiveSession) -> None:
        """Who is in an engine: nothing is told of it."""

    def run_waits(self, session: LiveSession, record: RunRecord) -> None:
        """A run waits on an engine."""

    def debug_event(self, session: LiveSession, message: dict[str, Any]) -> None:
        """Nobody debugs an engine here."""

    def run_started(self, session: LiveSession, record: RunRecord) -> None:
        """A cell began on an engine."""
        number = session.engine
        if number is None or number not in engines_of(record):
            return
        run = self._run_of(record)
        known = run.parts.get(number)
        if known is None or known.status not in ENDED:
            run.take(number, record)
        if self.runs.get(record.id) is None:
            self.runs.put(run.record(self.width()))
        run.unheard.add(number)
        if not run.has_begun:
            run.has_begun = True
            self.listener.run_started(self, run.record(self.width()))
        self._changed_soon(run)

    def run_output(self, session: LiveSession, event: Message) -> None:
        """A cell showed something on an engine."""
        if event.metadata["vivo"].get("run") in self.sent:
            self.listener.run_output(session, event)

    def run_finished(self, session: LiveSession, record: RunRecord) -> None:
        """A cell ended on an engine."""
        number = session.engine
        if number is None or number not in engines_of(record):
            return
        run = self._run_of(record)
        run.take(number, record)
        self._heard(run, number)

    def start_failed(self, session: LiveSession, run: str, uri: str | None, message: str) -> None:
        """Engines are started by their cluster."""

    async def input_wanted(
        self, session: LiveSession, run: str | None, prompt: str, password: bool
    ) -> str | None:
        """What engines ask comes by their cells."""
        return None

    # --- What is shown -------------------------------------------------------------------------

    def _heard(self, run: ClusterRun, number: int) -> None:
        run.unheard.discard(number)
        self._changed_soon(run)

    def _changed_soon(self, run: ClusterRun) -> None:
        """Show what has changed of a run: at once if it has ended, else once in a moment."""
        if run.is_done() and not run.unheard:
            self._changed(run)
        elif run.id not in self._soon:
            loop = asyncio.get_running_loop()
            self._soon[run.id] = loop.call_later(_MOMENT, self._changed, run)

    def _changed(self, run: ClusterRun) -> None:
        timer = self._soon.pop(run.id, None)
        if timer is not None:
            timer.cancel()
        if run.has_ended:
            return
        record = run.record(self.width())
        self.runs.put(record)
        if run.is_done() and not run.unheard:
            run.has_ended = True
            self._gather(run)
            if not run.has_begun:
                run.has_begun = True
                self.listener.run_started(self, record)
            self.listener.run_finished(self, record)
        self._watcher.run_changed(self, run, record)

    def _gather(self, run: ClusterRun) -> None:
        """What is told of a run's end beside its record: its value, its errors in full."""
        bundles = {}
        tracebacks: dict[int, str] = {}
        for number in run.engines:
            engine = self.engines.get(number)
            if engine is None:
                continue
            if (bundle := engine.outputs.pop(run.id, None)) is not None:
                bundles[number] = bundle
            if (report := engine.reports.get(run.id)) is not None:
                self.reports.setdefault(run.id, report)
            if (told := engine.errors.get(run.id)) is not None:
                tracebacks[number] = "\n".join(told.get("traceback") or ())
        if bundles:
            self.outputs[run.id] = bundle_of(bundles, run.engines, self.width())
        record = self.runs.get(run.id)
        if record is not None and record.error is not None:
            self.errors[run.id] = {
                "ename": record.error.name,
                "evalue": record.error.message.strip(),
                "traceback": [
                    f"On {'engine' if len(n) == 1 else 'engines'} {numbers_text(n)}:\n{text}"
                    for n, text in folded(tracebacks)
                ],
            }
