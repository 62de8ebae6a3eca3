"""The task farm: tasks from clients to engines, and their results back, none lost and none twice.

The scheduler decides, the log keeps; this is what lies between them and the sockets. Rules:

1. A submission is answered, and a result sent, after it is on the disk; an engine may begin with a
   task before, since running twice is allowed and two results are not.
2. An engine holds a result until it is told that it is stored; so does the log until the client
   that wanted it says that it has arrived.
3. A result that comes again, or for a task that has ended, is only confirmed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..cluster_messages import CancelTasks, SubmitRequest, TaskNames
from ..wire import Message
from .committing import Committer
from .engines import Engine
from .farming.log import Entry, TaskLog
from .farming.policy import Policy
from .farming.scheduler import Scheduler
from .farming.tasks import Conclude, Dispatch, Instruction, Interrupt, Revoke, Task
from .rates import Rate

if TYPE_CHECKING:
    from .controller import Controller

_logger = logging.getLogger(__name__)
_CLIENTS = "clients"
_MOST_REFUSALS = 3
_SENTENCES = {
    "cancelled": "The task was cancelled.",
    "timeout": "The task ran for longer than its timeout, and was interrupted.",
    "lost": "The task was given up: {reason}.",
    "dependency_failed": "The task did not run: {reason}.",
}
_NAMES = {
    "cancelled": "TaskCancelled",
    "timeout": "TaskTimeout",
    "lost": "PoisonTask",
    "dependency_failed": "DependencyFailed",
}


class Farm:
    """The tasks of a cluster."""

    def __init__(self, controller: Controller, folder: str, policy: Policy) -> None:
        self._controller = controller
        self._folder = Path(folder)
        self.scheduler = Scheduler(policy)
        self._log: TaskLog
        self._committer: Committer
        self._calls: dict[str, list[str]] = defaultdict(list)  # to be given, by engine
        self._arrived: dict[str, tuple[dict[str, Any], list[bytes], int | None]] = {}
        self._clients: dict[str, bytes] = {}  # where each is now
        self._numbers: dict[str, int] = {}  # of engines, by id
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._rate = Rate()
        self._is_settling = False
        self._refused: dict[str, int] = {}  # tasks that did not arrive at engines, how often
        # What the next commit takes along: results, and who waits for them.
        self._results: list[Entry] = []
        self._outgoing: dict[str, list[str]] = defaultdict(list)
        self._stored: dict[str, list[str]] = {}

    # --- Its life --------------------------------------------------------------------------

    def open(self) -> None:
        """Read what a controller before this one has left. Raises ``JournalError``."""
        self._log = TaskLog(self._folder)
        self._committer = Committer(self._log, self._controller.problems.append)

    def start(self) -> None:
        """Go on with it."""
        self._controller.spawn(self._committer.run(), is_vital=True)
        tasks = [self._task(stored.spec) for stored in self._log.tasks.values()]
        self._do(self.scheduler.restored(tasks, self._log.ended.items(), time.monotonic()))

    def close(self) -> None:
        """Leave the log in order."""
        if self._timer is not None:
            self._timer.cancel()
        self._committer.close()
        if self._controller.is_stopped and not self._log.results and not self._log.tasks:
            self._log.remove()
        else:
            self._log.close()

    def status(self) -> dict[str, Any]:
        """What is told of the tasks."""
        counts = self.scheduler.counts
        queue = {
            "waiting": counts["waiting"] + counts["ready"],
            "running": counts["given"],
            "done": counts["ok"],
            "failed": counts["failed"],
            "uncollected": len(self._log.results),
        }
        return {"queue": queue, "rates": {"tasks": self._rate.value(time.time())}}

    def tasks_of(self, engine: str) -> int:
        """How many tasks an engine has."""
        loads = self.scheduler.loads
        return loads[engine].outstanding if engine in loads else 0

    # --- Clients ---------------------------------------------------------------------------

    def submit(self, message: Message) -> None:
        """A ``vivo_submit_request``."""
        self._seen(message)
        request = msgspec.convert(message.content, SubmitRequest)
        entries = self._functions(request, message.buffers)
        functions = {*self._log.functions, *request.functions}
        at = len(request.functions)
        if at + sum(task.buffers for task in request.tasks) != len(message.buffers):
            raise msgspec.ValidationError("its tasks and its buffers do not fit together")
        if (sentence := self._unfit(request)) is not None:
            unfit = {"status": "error", "ename": "UsageError", "evalue": sentence}
            self._controller.answer(message, unfit)
            return
        accepted, unknown, new = [], set(), []
        for task in request.tasks:
            buffers = message.buffers[at : at + task.buffers]
            at += task.buffers
            if self._is_known(task.id):
                accepted.append(task.id)
                continue
            if task.function not in functions:
                unknown.add(task.function)
                continue
            spec = msgspec.to_builtins(task)
            try:
                stored = self._log.payloads.store(buffers)
            except OSError as error:
                for entry in entries:
                    self._log.payloads.remove(entry.buffers)
                reason = f"There is no room for their data ({error.strerror}): free some space."
                self._refuse(message, [], [], reason)
                return
            entries.append(Entry("task", {"spec": spec, "client": message.session}, stored))
            accepted.append(task.id)
            new.append(self._task(spec))
        for entry in entries:
            self._log.apply(entry)
        told = {"status": "ok", "accepted": accepted, "unknown_functions": sorted(unknown)}
        self._committer.add(
            entries,
            partial(self._controller.answer, message, told),
            partial(
                self._refuse,
                message,
                [each.id for each in new],
                [each.content["digest"] for each in entries if each.kind == "function"],
            ),
        )
        self._do(self.scheduler.submitted(new, time.monotonic()))

    def _unfit(self, request: SubmitRequest) -> str | None:
        """What is wrong with a submission, in a sentence."""
        if not self._controller.knows_engines:
            return None
        there = {each.number for each in self._controller.engines}
        there |= self._controller.engines.awaited_numbers
        wanted = {number for task in request.tasks for number in task.targets or ()}
        missing = sorted(wanted - there)
        if not missing:
            return None
        named = ", ".join(map(str, missing))
        known = ", ".join(map(str, sorted(there))) or "none"
        return f"The cluster has no engine {named}, which targets names; it has {known}."

    def _functions(self, request: SubmitRequest, buffers: list[bytes]) -> list[Entry]:
        """The records of functions that are new."""
        if sorted(request.functions.values()) != list(range(len(request.functions))):
            raise msgspec.ValidationError("its functions are not its first buffers")
        return [
            Entry("function", {"digest": digest}, [buffers[at]])
            for digest, at in request.functions.items()
            if digest not in self._log.functions
        ]

    def _is_known(self, task: str) -> bool:
        return task in self._log.tasks or task in self._log.ended

    def _task(self, spec: dict[str, Any]) -> Task:
        """A task for the scheduler, where engines are named by number too."""
        numbers = spec.get("targets")
        targets = None if numbers is None else tuple(map(str, dict.fromkeys(numbers)))
        return Task(
            spec["id"],
            spec.get("retries", 0),
            spec.get("timeout"),
            spec.get("priority", 0),
            tuple(dict.fromkeys(spec.get("after", ()))),
            tuple(dict.fromkeys(spec.get("follow", ()))),
            targets,
        )

    def _refuse(
        self, message: Message, taken: list[str], functions: list[str], reason: str
    ) -> None:
        """Take a submission back, with what of it was taken in, and say why."""
        self._log.take_back(taken, functions)
        self._do(self.scheduler.cancelled(taken, time.monotonic())[1])
        sentence = f"The controller cannot take these tasks. {reason} Then send them again."
        told = {"status": "error", "ename": "QueueFull", "evalue": sentence}
        self._controller.answer(message, told)

    def collect(self, message: Message) -> None:
        """A ``vivo_collect_request``: the results are for this client now."""
        self._seen(message)
        names = msgspec.convert(message.content, TaskNames).tasks
        there, pending, unknown = [], [], []
        for name in names:
            if (result := self._log.results.get(name)) is not None:
                result.client = message.session
                there.append(name)
            elif (task := self._log.tasks.get(name)) is not None:
                task.client = message.session
                pending.append(name)
            else:
                unknown.append(name)
        told = {"status": "ok", "pending": pending, "unknown": unknown}
        self._controller.answer(message, told)
        # After what is being committed: a result that is not on the disk does not leave.
        self._committer.add([], partial(self._send, message.session, there))

    def collected(self, message: Message) -> None:
        """Results have arrived."""
        self._seen(message)
        names = msgspec.convert(message.content, TaskNames).tasks
        entry = Entry("collected", {"tasks": names}, [])
        self._log.apply(entry)
        self._committer.add([entry], partial(self._controller.answer, message, {"status": "ok"}))

    def cancel(self, message: Message) -> None:
        """A ``vivo_cancel_request``."""
        self._seen(message)
        wanted = msgspec.convert(message.content, CancelTasks)
        names = tuple(self.scheduler.tasks) if wanted.all else wanted.tasks
        outcomes, told = self.scheduler.cancelled(names, time.monotonic())
        outcomes = {name: outcomes[name] for name in wanted.tasks if name in outcomes}
        self._controller.answer(message, {"status": "ok", "outcomes": outcomes})
        self._do(told)

    def _seen(self, message: Message) -> None:
        """Note where a client is; one that came back elsewhere gets what it may have missed."""
        identity = message.identities[0]
        if self._clients.get(message.session, identity) != identity:
            missed = [k for k, kept in self._log.results.items() if kept.client == message.session]
            self._committer.add([], partial(self._send, message.session, missed))
        self._clients[message.session] = identity

    def _send(self, client: str, names: list[str]) -> None:
        """Send a client results that are on the disk; those that do not arrive stay."""
        identity = self._clients.get(client)
        found = [(name, self._log.results.get(name)) for name in names]
        kept = [(name, result) for name, result in found if result is not None]
        if identity is None or not kept:
            return
        told, buffers = [], []
        for _, result in kept:
            own = self._log.payloads.load(result.buffers)
            told.append({**result.content, "buffers": len(own)})
            buffers += own
        self._controller.send(_CLIENTS, identity, "vivo_results", {"results": told}, buffers)

    # --- Engines ---------------------------------------------------------------------------

    def engine_up(self, engine: Engine, calls: dict[str, Any], *, survived: bool) -> None:
        """An engine is there, with what it has of ours; see ``Scheduler.engine_joined``."""
        self._numbers[engine.id] = engine.number
        if self._controller.carrier is not None:
            self._controller.carrier.let_go(engine.id)
        told = self.scheduler.engine_joined(
            engine.id,
            time.monotonic(),
            name=str(engine.number),
            given=calls["given"],
            results=calls["results"],
            survived=survived,
        )
        self._do(told)

    def engine_lost(
        self, engine: str, reason: str, ran: str | None, waiting: list[str] | None
    ) -> None:
        """An engine is not up any more."""
        self._calls.pop(engine, None)
        if self._controller.carrier is not None:
            self._controller.carrier.let_go(engine)
        now = time.monotonic()
        self._do(self.scheduler.engine_left(engine, now, ran=ran, waiting=waiting, reason=reason))

    def results(self, engine: str, results: list[dict[str, Any]], buffers: list[bytes]) -> None:
        """Calls of an engine have ended."""
        at, now = 0, time.monotonic()
        for told in results:
            count = told.get("buffers", 0)
            own = buffers[at : at + count]
            at += count
            self._result(engine, told, own, now)

    def _result(self, engine: str, told: dict[str, Any], buffers: list[bytes], now: float) -> None:
        name, status = told["call"], told["status"]
        known = self._controller.engines.get(engine)
        if name not in self.scheduler.tasks:
            self._confirm(engine, [name])
            self._do(self.scheduler.finished(engine, name, status, now))
            return
        if status == "unknown_function" and known is not None:
            known.functions.discard(self._log.tasks[name].spec["function"])
            self._confirm(engine, [name])
            self._calls[engine].append(name)
            return
        if status == "lost":
            self._confirm(engine, [name])
            return  # the engine's end is told by itself
        duration = None
        if "started" in told:
            duration = told["finished"] - told["started"]
        number = self._numbers.get(engine)
        self._arrived[name] = told, buffers, number
        instructions = self.scheduler.finished(engine, name, status, now, duration=duration)
        if known is not None:
            known.done += status == "ok"
            known.failed += status == "error"
        self._do(instructions, confirmed=(engine, name))
        self._arrived.pop(name, None)

    def revoked(self, engine: str, calls: list[str]) -> None:
        """An engine will not begin these."""
        self._do(self.scheduler.revoked(engine, calls, time.monotonic()))

    def _confirm(self, engine: str, names: list[str]) -> None:
        self._controller.tell_engine(engine, "vivo_results_stored", {"calls": names})

    # --- Instructions ----------------------------------------------------------------------

    def _do(
        self, instructions: list[Instruction], *, confirmed: tuple[str, str] | None = None
    ) -> None:
        """Do what the scheduler says; ``confirmed``: the result that it is about."""
        is_stored = False
        for each in instructions:
            if isinstance(each, Dispatch):
                self._calls[each.engine].append(each.task)
            elif isinstance(each, Conclude):
                is_stored |= confirmed is not None and each.task == confirmed[1]
                self._conclude(each, confirmed)
            elif isinstance(each, Revoke):
                self._take_back(each)
            elif isinstance(each, Interrupt):
                self._interrupt(each)
        if confirmed is not None and not is_stored:
            self._confirm(confirmed[0], [confirmed[1]])
        if self.scheduler.deadline is not None:
            self._set_timer(self.scheduler.deadline)
        if not self._is_settling:
            self._is_settling = True
            asyncio.get_running_loop().call_soon(self.settle)

    def _take_back(self, told: Revoke) -> None:
        """Take back calls: those that were not sent are back at once."""
        unsent = [name for name in self._calls.get(told.engine, ()) if name in told.tasks]
        if unsent:
            self._calls[told.engine] = [n for n in self._calls[told.engine] if n not in unsent]
            self._do(self.scheduler.revoked(told.engine, unsent, time.monotonic()))
        sent = [name for name in told.tasks if name not in unsent]
        if sent:
            self._take_back_carried(told.engine, sent)
            self._controller.tell_engine(told.engine, "vivo_revoke", {"calls": sent})

    def _interrupt(self, told: Interrupt) -> None:
        waiting = self._calls.get(told.engine, [])
        if told.task in waiting:
            waiting.remove(told.task)
            self._do(self.scheduler.revoked(told.engine, [told.task], time.monotonic()))
        else:
            calls = {"calls": [told.task]}
            self._take_back_carried(told.engine, [told.task])
            self._controller.tell_engine(told.engine, "vivo_interrupt_calls", calls)

    def _take_back_carried(self, engine: str, names: list[str]) -> None:
        """Take back what is still on its way, where something else than this process carries it."""
        carrier, known = self._controller.carrier, self._controller.engines.get(engine)
        if carrier is not None and known is not None:
            carrier.take_back(known, names)

    def not_carried(self, engine: str, name: str, reason: str) -> None:
        """A task did not arrive at its engine; ``reason`` is empty if that says nothing of it."""
        now, known = time.monotonic(), self._controller.engines.get(engine)
        task = self.scheduler.tasks.get(name)
        if task is None or task.engine != engine:
            return
        self._refused[name] = self._refused.get(name, 0) + bool(reason)
        if self._refused[name] >= _MOST_REFUSALS:
            sentence = f"The task could not be given to an engine: {reason}."
            told = {"error": {"ename": "NotGiven", "evalue": sentence, "traceback": []}}
            self._arrived[name] = told, [], None
            task.retries = 0
            self._do(self.scheduler.finished(engine, name, "error", now))
            self._arrived.pop(name, None)
            return
        if known is not None:
            known.functions.clear()  # as far as can be known
        self._do(self.scheduler.unreachable(engine, [name], now))
        self._controller.tell_engine(engine, "vivo_hello_request", {})  # it joins anew, if it can

    def _conclude(self, told: Conclude, confirmed: tuple[str, str] | None) -> None:
        """A task has ended: its result goes to the log, then to its client."""
        stored = self._log.tasks.get(told.task)
        self._refused.pop(told.task, None)
        if stored is None:
            return
        self._rate.count(time.time())
        content, buffers, number = self._arrived.get(told.task, ({}, [], None))
        result: dict[str, Any] = {
            "task": told.task,
            "status": told.outcome,
            "engine": number,
            "attempts": told.attempts,
            **{
                name: content[name]
                for name in ("started", "finished", "stdout", "stderr", "outputs")
                if name in content
            },
        }
        if told.outcome in ("ok", "error"):
            if "error" in content:
                result["error"] = content["error"]
        else:
            buffers = []
            sentence = _SENTENCES[told.outcome].format(reason=told.reason)
            name = _NAMES[told.outcome]
            result["error"] = {"ename": name, "evalue": sentence, "traceback": []}
        self._controller.monitoring.concluded(result, time.time() - stored.taken)
        self._store(result, buffers, stored.client, confirmed)

    def _store(
        self,
        result: dict[str, Any],
        buffers: list[bytes],
        client: str,
        confirmed: tuple[str, str] | None,
    ) -> None:
        try:
            kept = self._log.payloads.store(buffers)
        except OSError:
            kept = list(buffers)  # it is in memory and in the engine's, until there is room
        entry = Entry("result", {**result, "client": client}, kept)
        self._log.apply(entry)
        self._outgoing[client].append(result["task"])
        self._stored.setdefault(confirmed[0] if confirmed else "", []).append(result["task"])
        self._results.append(entry)

    def settle(self) -> None:
        """Send what has gathered: once for each engine, and for each commit."""
        self._is_settling = False
        calls, self._calls = self._calls, defaultdict(list)
        for engine, names in calls.items():
            self._give(engine, names)
        if self._results:
            entries, self._results = self._results, []
            outgoing, self._outgoing = self._outgoing, defaultdict(list)
            stored, self._stored = self._stored, {}
            self._committer.add(entries, partial(self._committed, outgoing, stored))

    def _committed(self, outgoing: dict[str, list[str]], stored: dict[str, list[str]]) -> None:
        """Results are on the disk: they leave (rule 1), and their engines let go of them."""
        for client, names in outgoing.items():
            self._send(client, names)
        for engine, names in stored.items():
            if engine:
                self._confirm(engine, names)

    def _give(self, engine: str, names: list[str]) -> None:
        known = self._controller.engines.get(engine)
        if known is None:
            return
        calls, buffers = [], []
        for name in names:
            stored = self._log.tasks.get(name)
            if stored is None:
                continue
            digest = stored.spec["function"]
            try:
                own = self._log.payloads.load(stored.buffers)
            except OSError as error:
                self._unreadable(engine, name, error)
                continue
            has_function = digest not in known.functions
            if has_function:
                known.functions.add(digest)
                own.insert(0, self._log.functions[digest])
            calls.append(
                {
                    "call": name,
                    "function": digest,
                    "has_function": has_function,
                    "buffers": len(own),
                }
            )
            buffers += own
        if not calls:
            return
        if not self._send_calls(known, calls, buffers):
            known.functions.clear()  # as far as can be known
            names = [call["call"] for call in calls]
            self._do(self.scheduler.unreachable(engine, names, time.monotonic()))

    def _send_calls(
        self, engine: Engine, calls: list[dict[str, Any]], buffers: list[bytes]
    ) -> bool:
        carrier = self._controller.carrier
        if carrier is not None:
            return carrier.give(engine, calls, buffers)
        return self._controller.tell_engine(engine.id, "vivo_calls", {"calls": calls}, buffers)

    def _unreadable(self, engine: str, name: str, error: OSError) -> None:
        """End a task whose data is not there any more."""
        sentence = f"The data of the task cannot be read ({error.strerror}): it must be sent again."
        _logger.error("%s: %s", name, sentence)
        told = {"error": {"ename": "DataLost", "evalue": sentence, "traceback": []}}
        self._arrived[name] = told, [], None
        self.scheduler.tasks[name].retries = 0
        self._do(self.scheduler.finished(engine, name, "error", time.monotonic()))
        self._arrived.pop(name, None)

    # --- Time ------------------------------------------------------------------------------

    def _set_timer(self, due: float) -> None:
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        delay = max(0.0, due - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._time_passed)

    def _time_passed(self) -> None:
        self._timer = None
        self._do(self.scheduler.time_passed(time.monotonic()))
