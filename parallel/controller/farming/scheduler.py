"""The scheduler: which task goes to which engine, and how it ends. An event in, instructions out.

It reads no clock, knows no payload and does no I/O. Rules, asserted by :meth:`Scheduler.validate`:

1. Every task that was taken in ends exactly once, with a ``Conclude``; what comes for it later is
   nothing to it.
2. A task is at one engine at most; it leaves it with its result, with its revocation, or with the
   engine.
3. No engine has more tasks than its credit, but for those that it had before.
4. No task waits while an engine that may run it has room.
5. A task that raises is tried again as often as it says and no more; one whose engine ends is tried
   again until :data:`MOST_DEATHS` engines have ended with it. So no setting can keep one for ever.
6. Tasks that wait behind one that runs long are taken back, and given to engines with room.
7. A task that is cancelled or too late ends as that, at most :data:`LAST_SECONDS` after it was
   interrupted, whatever its engine does. The engine gets nothing more until it lets go.
8. Of ended tasks only how they ended is remembered, of the last :data:`~.tasks.REMEMBERED`; timers
   are few for each engine, however many tasks have passed.

``follow`` names tasks on whose engine a task is to run; where that engine is gone, any may run it.
Engines are named in ``targets`` by any of their names; a task whose targets are all gone waits for
one of them to come back.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from .ended import Ended
from .loads import EngineLoad, Loads
from .policy import Ahead, Policy
from .queues import TaskQueue
from .tasks import (
    Conclude,
    Dispatch,
    Instruction,
    Interrupt,
    Outcome,
    Revoke,
    State,
    Task,
)

MOST_DEATHS = 3
LAST_SECONDS = 5.0
_WEIGHT = 0.3  # of the newest duration in the mean


class Scheduler:
    """The one object that holds the state of the tasks."""

    def __init__(self, policy: Policy | None = None, *, grace: float = 0.4) -> None:
        """``grace``: seconds that engines have, after a restart, to tell what they are doing."""
        self._policy = policy or Ahead()
        self._grace = grace
        self.tasks: dict[str, Task] = {}
        """Those that have not ended."""
        self.loads = Loads(self._policy)
        self._ended = Ended()
        self._ready = TaskQueue()
        self._pinned: dict[str, TaskQueue] = {}  # by engine
        self._reason = ""  # why the last engine has ended
        self._engine_of: dict[str, str] = {}  # by each of its names
        self._targeted: dict[str, dict[str, None]] = {}  # tasks that have targets, by name
        self._dependents: dict[str, list[str]] = {}
        self._blamed: dict[str, str] = {}  # what engines ran as they left, until they join again
        self._order = 0
        self._timers: list[tuple[float, int, str, str]] = []
        self._timer = 0
        self._watched: set[str] = set()  # engines with a timer for what waits behind their first
        self._alarms: dict[
            str, float
        ] = {}  # of engines, when the first task's timeout is looked at
        self._changed: set[str] = set()  # engines that may have room for tasks of their own
        self._out: list[Instruction] = []
        self.counts = {"ok": 0, "failed": 0, "given": 0, "ready": 0, "waiting": 0}

    # --- Events ----------------------------------------------------------------------------

    def submitted(self, tasks: Iterable[Task], now: float) -> list[Instruction]:
        """Tasks are taken in; those that are known are passed by."""
        for task in tasks:
            if task.id in self.tasks or task.id in self._ended:
                continue
            self._take_in(task, "waiting")
            self._await_others(task)
        return self._settled(now)

    def _take_in(self, task: Task, state: State) -> None:
        self._order += 1
        task.order, task.state = self._order, state
        self.tasks[task.id] = task
        self.counts["waiting"] += 1
        for name in task.targets or ():
            self._targeted.setdefault(name, {})[task.id] = None

    def restored(
        self, tasks: Iterable[Task], ended: Iterable[tuple[str, Outcome]], now: float
    ) -> list[Instruction]:
        """Tasks of a controller that is gone: engines may have them, and have time to say so."""
        for name, outcome in ended:
            self._ended.note(name, outcome)
        for task in tasks:
            self._take_in(task, "unsure")
        if self.tasks:
            self._set_timer(now + self._grace, "grace", "")
        return self._taken()

    def engine_joined(
        self,
        engine: str,
        now: float,
        *,
        name: str | None = None,
        given: Iterable[str] = (),
        results: Iterable[str] = (),
        survived: bool = False,
    ) -> list[Instruction]:
        """An engine is there, with tasks that it has and such whose results it will send.

        ``name``: what ``targets`` call it, beside its id. ``survived``: it had left, and is the
        process that it was: no task has ended it.
        """
        has = [*results, *given]
        if engine in self.loads:  # it was not away: what it does not have never reached it
            self._left(engine, ran=None, waiting=[], keeps=set(has))
        blamed = self.tasks.get(self._blamed.pop(engine, ""))
        if survived and blamed is not None:
            blamed.deaths -= 1
        names = tuple({engine, name or engine})
        load = self.loads.add(engine, names)
        load.is_watched = engine in self._watched
        self._engine_of.update(dict.fromkeys(names, engine))
        foreign = []
        for each in has:
            task = self.tasks.get(each)
            if task is None or (task.state == "given" and task.engine != engine):
                foreign.append(each)  # it has ended, or runs elsewhere by now
                continue
            self._count(task, "given")  # what stands in a heap is passed by in its turn
            task.state, task.engine = "given", engine
            load.tasks[each] = task.timeout
        load.head_since = now
        self.loads.changed(load)
        self._watch(load, now)
        self._head_changed(load, now)
        if foreign:
            self._out.append(Revoke(engine, foreign))
        for each in names:
            for waiting in self._targeted.get(each, ()):
                if self.tasks[waiting].state == "ready":
                    self._pin(self.tasks[waiting], engine)
        return self._settled(now)

    def engine_left(
        self,
        engine: str,
        now: float,
        *,
        ran: str | None = None,
        waiting: list[str] | None = None,
        reason: str = "",
    ) -> list[Instruction]:
        """An engine is gone; ``ran`` is the task that it ran, None if that is not known."""
        if engine in self.loads:
            self._reason = reason
            self._left(engine, ran=ran, waiting=waiting, keeps=set())
        return self._settled(now)

    def unreachable(self, engine: str, names: Iterable[str], now: float) -> list[Instruction]:
        """An engine could not be given these. It gets no more until it joins anew; it keeps what it
        has, since it may be there again in a moment: its silence is told by :meth:`engine_left`."""
        if (load := self.loads.get(engine)) is not None:
            load.is_cut_off = True
            self.loads.changed(load)
        return self.revoked(engine, names, now)

    def finished(
        self, engine: str, name: str, status: str, now: float, *, duration: float | None = None
    ) -> list[Instruction]:
        """A result has come: ``ok``, ``error`` or ``aborted``; seconds that the task took."""
        self._let_go(engine, name, now, duration)
        task = self.tasks.get(name)
        if task is not None and task.ends is not None and task.engine == engine:
            self._conclude(task, task.ends)  # it was told so, whatever it has done since
        elif task is not None and status == "ok":
            if task.state == "given" and task.engine not in (None, engine):
                # It was given to another when this engine seemed gone: the first result counts.
                self._out.append(Interrupt(task.engine or "", name))
            self._conclude(task, "ok", engine=engine)
        elif task is not None and task.state == "given" and task.engine == engine:
            if status == "aborted":  # somebody has taken it out at the engine
                self._conclude(task, "cancelled")
            elif task.retries > 0:
                task.retries -= 1
                self._queue(task)
            else:
                self._conclude(task, "error", engine=engine)
        return self._settled(now)

    def revoked(self, engine: str, names: Iterable[str], now: float) -> list[Instruction]:
        """An engine will not begin these."""
        for name in names:
            self._let_go(engine, name, now, None)
            task = self.tasks.get(name)
            if task is not None and task.state == "given" and task.engine == engine:
                task.attempts -= 1
                if task.ends is not None:
                    self._conclude(task, task.ends)
                else:
                    self._queue(task)
        return self._settled(now)

    def cancelled(
        self, names: Iterable[str], now: float
    ) -> tuple[dict[str, str], list[Instruction]]:
        """Tasks are not wanted any more; what becomes of each, and the instructions."""
        outcomes = {}
        for name in names:
            task = self.tasks.get(name)
            if task is None:
                outcomes[name] = "done" if name in self._ended else "unknown"
            elif task.state == "given" and task.engine is not None:
                outcomes[name] = "interrupted"
                self._interrupt(task, task.engine, "cancelled", now)
            else:
                outcomes[name] = "cancelled"
                self._conclude(task, "cancelled")
        return outcomes, self._settled(now)

    def time_passed(self, now: float) -> list[Instruction]:
        """Do what is due."""
        while self._timers and self._timers[0][0] <= now:
            _, _, kind, name = heapq.heappop(self._timers)
            if kind == "grace":
                self._end_grace()
            elif kind == "timeout":
                self._look_at_time(name, now)
            elif kind == "last":
                self._insist(name)
            else:
                self._watched.discard(name)
                if name in self.loads:
                    self._look_at(self.loads[name], now)
        return self._settled(now)

    @property
    def deadline(self) -> float | None:
        """When :meth:`time_passed` is wanted."""
        return self._timers[0][0] if self._timers else None

    # --- Dependencies ----------------------------------------------------------------------

    def _await_others(self, task: Task) -> None:
        for name in (*task.after, *task.follow):
            if name == task.id:
                self._conclude(task, "dependency_failed", "it was to come after itself")
                return
            if name in self.tasks:
                task.waits_for += 1
                self._dependents.setdefault(name, []).append(task.id)
            elif (ended := self._ended.get(name)) is None:
                self._conclude(task, "dependency_failed", f"there is no task {name} (any more)")
                return
            elif name in task.after and ended[0] != "ok":
                self._conclude(task, "dependency_failed", f"the task {name} has failed")
                return
        if not task.waits_for:
            self._queue(task)

    def _tell_dependents(self, name: str, outcome: Outcome) -> None:
        for each in self._dependents.pop(name, ()):
            task = self.tasks.get(each)
            if task is None:
                continue
            if outcome != "ok" and name in task.after:
                self._conclude(task, "dependency_failed", f"the task {name} has failed")
                continue
            task.waits_for -= 1
            if task.waits_for == 0 and task.state == "waiting":
                self._queue(task)

    # --- Queues ----------------------------------------------------------------------------

    def _queue(self, task: Task) -> None:
        """A task may run: put it where the engines that may run it are given their tasks from."""
        self._count(task, "ready")
        task.state, task.engine = "ready", None
        engines = self._engines_for(task)
        if engines is None:
            self._ready.add(task)
        for engine in engines or ():
            self._pin(task, engine)

    def _pin(self, task: Task, engine: str) -> None:
        """Let an engine have a task of those that may not run anywhere."""
        self._pinned.setdefault(engine, TaskQueue()).add(task)
        self._changed.add(engine)

    def _engines_for(self, task: Task) -> list[str] | None:
        """Those of the engines that are there which may run a task; None if all may."""
        there = None
        if task.targets is not None:
            named = [self._engine_of.get(name) for name in task.targets]
            there = [each for each in dict.fromkeys(named) if each is not None]
        for name in task.follow:
            ended = self._ended.get(name)
            engine = ended[1] if ended is not None else None
            if engine is not None and engine in self.loads and (there is None or engine in there):
                return [engine]
        return there

    def _settled(self, now: float) -> list[Instruction]:
        """Give out what can be given (rule 4)."""
        if self._changed:
            self._give_pinned(now)
        while (most := self.loads.most_room()) is not None:
            task = self._ready.take()
            if task is None:
                break
            self._give(task, most, now)
        return self._taken()

    def _give_pinned(self, now: float) -> None:
        """Give engines the tasks that may not run anywhere: always to the one with the fewest."""
        changed, self._changed = self._changed, set()
        open_rows = [(self.loads[e].outstanding, e) for e in changed if self.loads.has_room(e)]
        heapq.heapify(open_rows)
        while open_rows:
            _, engine = heapq.heappop(open_rows)
            queue = self._pinned.get(engine)
            task = queue.take() if queue is not None else None
            if task is None:
                self._pinned.pop(engine, None)
                continue
            self._give(task, self.loads[engine], now)
            if self.loads.has_room(engine):
                heapq.heappush(open_rows, (self.loads[engine].outstanding, engine))

    def _give(self, task: Task, load: EngineLoad, now: float) -> None:
        self._count(task, "given")
        task.state, task.engine = "given", load.engine
        task.attempts += 1
        is_first = not load.tasks
        load.tasks[task.id] = task.timeout
        if is_first:
            load.head_since = now
            self._head_changed(load, now)
        self.loads.changed(load)
        self._watch(load, now)
        self._out.append(Dispatch(load.engine, task.id))

    def _let_go(self, engine: str, name: str, now: float, duration: float | None) -> None:
        """An engine has not got a task any more."""
        load = self.loads.get(engine)
        if load is None or name not in load.tasks:
            return
        was_first = next(iter(load.tasks)) == name
        del load.tasks[name]
        if duration is not None:
            known = load.duration
            load.duration = duration if known is None else known + _WEIGHT * (duration - known)
        if was_first:
            load.head_since, load.is_held_back = now, False
            self._head_changed(load, now)
            self._watch(load, now)
        self.loads.changed(load)
        if engine in self._pinned:
            self._changed.add(engine)

    # --- Time ------------------------------------------------------------------------------

    def _set_timer(self, due: float, kind: str, name: str) -> None:
        self._timer += 1
        heapq.heappush(self._timers, (due, self._timer, kind, name))

    def _watch(self, load: EngineLoad, now: float) -> None:
        """Look at an engine again once its first task has run for long; one timer at a time."""
        if len(load.tasks) > 1 and not load.is_watched:
            load.is_watched = True
            self._watched.add(load.engine)
            due = max(now, load.head_since + self._policy.patience(load))
            self._set_timer(due, "patience", load.engine)

    def _look_at(self, load: EngineLoad, now: float) -> None:
        load.is_watched = False
        if len(load.tasks) < 2:
            return
        if now - load.head_since < self._policy.patience(load) - 1e-6:
            self._watch(load, now)
            return
        self._hold_back(load)

    def _hold_back(self, load: EngineLoad) -> None:
        """Give an engine nothing more until its first task ends, and take back what is behind."""
        load.is_held_back = True
        self.loads.changed(load)
        behind = list(load.tasks)[1:]
        if behind:
            self._out.append(Revoke(load.engine, behind))

    def _head_changed(self, load: EngineLoad, now: float) -> None:
        """An engine has another first task, which runs as far as can be known: see to its timeout.

        One alarm for an engine does: one that comes too early looks, and is set again.
        """
        timeout = next(iter(load.tasks.values()), None)
        if timeout is None:  # most have none, and are not looked at
            return
        task = self._head(load)
        if task is None or task.ends is not None:
            return
        due = load.head_since + timeout
        if due < self._alarms.get(load.engine, float("inf")):
            self._alarms[load.engine] = due
            self._set_timer(due, "timeout", load.engine)

    def _head(self, load: EngineLoad) -> Task | None:
        """The task that an engine runs, as far as can be known."""
        first = next(iter(load.tasks), None)
        task = self.tasks.get(first) if first is not None else None
        return task if task is not None and task.engine == load.engine else None

    def _look_at_time(self, engine: str, now: float) -> None:
        self._alarms.pop(engine, None)
        load = self.loads.get(engine)
        task = self._head(load) if load is not None else None
        if load is None or task is None or task.timeout is None or task.ends is not None:
            return
        if now < load.head_since + task.timeout - 1e-6:
            self._head_changed(load, now)
        else:
            self._interrupt(task, engine, "timeout", now)

    def _interrupt(self, task: Task, engine: str, ends: Outcome, now: float) -> None:
        """Have a task end as something, with its engine's help or without (rule 7)."""
        if task.ends is None:
            task.ends = ends
            self._set_timer(now + LAST_SECONDS, "last", task.id)
        self._out.append(Interrupt(engine, task.id))

    def _insist(self, name: str) -> None:
        """An engine does not let go of a task: it ends without."""
        task = self.tasks.get(name)
        if task is not None and task.ends is not None and task.engine is not None:
            engine = task.engine
            self._conclude(task, task.ends)
            load = self.loads[engine]
            if next(iter(load.tasks), None) == name:
                self._hold_back(load)

    def _end_grace(self) -> None:
        for task in [each for each in self.tasks.values() if each.state == "unsure"]:
            task.state = "waiting"
            self._await_others(task)

    # --- Ends ------------------------------------------------------------------------------

    def _left(
        self,
        engine: str,
        *,
        ran: str | None,
        waiting: list[str] | None,
        keeps: set[str],
    ) -> None:
        load = self.loads.remove(engine)
        for name in load.names if load is not None else ():
            del self._engine_of[name]
        had = list(load.tasks) if load is not None else []
        if waiting is None and ran is None and had:
            ran = had[0]  # as far as can be known
        for name in had:
            task = self.tasks.get(name)
            if task is None or task.engine != engine or name in keeps:
                if task is not None and name in keeps:
                    self._queue(task)
                continue
            if name == ran:
                task.deaths += 1
                self._blamed[engine] = name
            if task.ends is not None:
                self._conclude(task, task.ends)
            elif task.deaths >= MOST_DEATHS:
                told = f"{task.deaths} engines have ended while they ran it"
                if self._reason:
                    told += f", the last so: {self._reason}"
                self._conclude(task, "lost", told)
            else:
                self._queue(task)
        queue = self._pinned.pop(engine, None)
        while queue is not None and (task := queue.take()) is not None:
            self._queue(task)

    def _conclude(
        self, task: Task, outcome: Outcome, reason: str = "", *, engine: str | None = None
    ) -> None:
        self._count(task, None)
        self.counts["ok" if outcome == "ok" else "failed"] += 1
        task.state = "done"
        del self.tasks[task.id]
        for name in task.targets or ():
            self._targeted[name].pop(task.id, None)
            if not self._targeted[name]:
                del self._targeted[name]
        self._ended.note(task.id, outcome, engine)
        self._out.append(Conclude(task.id, outcome, reason, task.attempts))
        self._tell_dependents(task.id, outcome)

    def _count(self, task: Task, state: str | None) -> None:
        """Keep the numbers of tasks by state."""
        was = "waiting" if task.state in ("waiting", "unsure") else task.state
        self.counts[was] -= 1
        if state is not None:
            self.counts[state] += 1

    def _taken(self) -> list[Instruction]:
        taken, self._out = self._out, []
        return taken

    def validate(self) -> None:
        """Assert the rules of the module's head."""
        self.loads.validate()
        at: dict[str, str] = {}
        for engine in self.loads:
            for name in self.loads[engine].tasks:
                task = self.tasks.get(name)
                if task is not None and task.engine == engine and task.state == "given":
                    assert name not in at, f"{name} is at two engines"
                    at[name] = engine
        for name, task in self.tasks.items():
            assert name not in self._ended, f"{name} has ended and has not"
            if task.state == "given":
                assert at.get(name) == task.engine, f"{name} is given, and {task.engine} has it not"
            elif task.state == "waiting":
                assert task.waits_for > 0, f"{name} waits for nothing"
            elif task.state == "ready":
                engines = self._engines_for(task)
                may_run = list(self.loads) if engines is None else engines
                free = [each for each in may_run if self.loads.has_room(each)]
                assert not free, f"{name} waits beside {free}"
            assert task.deaths < MOST_DEATHS
            assert task.retries >= 0
        states = [task.state for task in self.tasks.values()]
        assert self.counts["given"] == states.count("given")
        assert self.counts["ready"] == states.count("ready")
        targeted = {name for names in self._targeted.values() for name in names}
        assert targeted == {name for name, task in self.tasks.items() if task.targets}
        kinds = [kind for _, _, kind, _ in self._timers]
        assert kinds.count("patience") == len(self._watched)
        assert {e for e in self.loads if self.loads[e].is_watched} == self._watched & {*self.loads}
