"""The scheduler alone: whatever happens in whatever order, every task ends exactly once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from vivo.parallel.controller.farming.policy import Ahead, Load
from vivo.parallel.controller.farming.scheduler import LAST_SECONDS, MOST_DEATHS, Scheduler
from vivo.parallel.controller.farming.tasks import (
    Conclude,
    Dispatch,
    Instruction,
    Interrupt,
    Revoke,
    Task,
)


class One:
    """A policy of an own: one task at an engine, none ahead."""

    def credit(self, load: Load) -> int:
        """One."""
        return 1

    def patience(self, load: Load) -> float:
        """Any: nothing waits behind a task."""
        return 1.0


def dispatched(told: list[Instruction]) -> list[tuple[str, str]]:
    return [(each.engine, each.task) for each in told if isinstance(each, Dispatch)]


def concluded(told: list[Instruction]) -> dict[str, str]:
    return {each.task: each.outcome for each in told if isinstance(each, Conclude)}


def started(*engines: str, policy: Any = None) -> Scheduler:
    made = Scheduler(policy or One())
    for each in engines:
        made.engine_joined(each, 0.0)
    return made


def test_tasks_go_to_engines_with_room_and_the_next_when_one_is_done() -> None:
    """In the order that they came."""
    scheduler = started("a", "b")
    assert dispatched(scheduler.submitted([Task("1"), Task("2"), Task("3")], 1.0)) == [
        ("a", "1"), ("b", "2"),
    ]  # fmt: skip
    told = scheduler.finished("b", "2", "ok", 2.0)
    assert concluded(told) == {"2": "ok"}
    assert dispatched(told) == [("b", "3")]


def test_a_higher_priority_goes_first() -> None:
    """Whenever it came."""
    scheduler = started()
    scheduler.submitted([Task("late"), Task("early", priority=5)], 0.0)
    assert dispatched(scheduler.engine_joined("a", 0.0)) == [("a", "early")]


def test_a_task_that_is_sent_again_is_one_task() -> None:
    """While it waits, and after it has ended."""
    scheduler = started("a")
    scheduler.submitted([Task("1")], 0.0)
    assert scheduler.submitted([Task("1")], 0.0) == []
    scheduler.finished("a", "1", "ok", 1.0)
    assert scheduler.submitted([Task("1")], 2.0) == []


def test_what_raises_is_tried_again_as_often_as_it_says() -> None:
    """Also where there are fewer engines than retries."""
    scheduler = started("a")
    scheduler.submitted([Task("1", retries=2), Task("2")], 0.0)
    for _ in range(2):
        assert concluded(scheduler.finished("a", "1", "error", 1.0)) == {}
    assert concluded(scheduler.finished("a", "1", "error", 1.0)) == {"1": "error"}
    assert concluded(scheduler.finished("a", "2", "error", 1.0)) == {"2": "error"}


def test_a_task_whose_engine_ends_runs_elsewhere_and_one_that_ends_engines_is_given_up() -> None:
    """Those that only waited there are not blamed."""
    scheduler = started("a", policy=Ahead())
    scheduler.submitted([Task("poison"), Task("innocent")], 0.0)
    for death in range(1, MOST_DEATHS + 1):
        told = scheduler.engine_left("a", 1.0, ran="poison", waiting=["innocent"])
        assert concluded(told) == ({"poison": "lost"} if death == MOST_DEATHS else {})
        told = scheduler.engine_joined("a", 1.0)
    assert ("a", "innocent") in dispatched(told)


def test_a_task_is_not_blamed_for_an_engine_that_comes_back() -> None:
    """However often the link to it is lost; what never reached it is given to it again."""
    scheduler = started("a")
    scheduler.submitted([Task("1")], 0.0)
    for _ in range(MOST_DEATHS + 1):
        assert concluded(scheduler.engine_left("a", 1.0)) == {}
        assert concluded(scheduler.engine_joined("a", 1.0, survived=True)) == {}
        assert dispatched(scheduler.unreachable("a", ["1"], 1.0)) == []
        assert dispatched(scheduler.engine_joined("a", 1.0)) == [("a", "1")]
        assert dispatched(scheduler.engine_joined("a", 1.0)) == [("a", "1")]


def test_an_engine_that_cannot_be_reached_keeps_what_it_has_and_others_get_the_rest() -> None:
    """Until it is there again, or silent."""
    scheduler = started("a", policy=Ahead())
    scheduler.submitted([Task("1"), Task("2")], 0.0)
    scheduler.engine_joined("b", 0.0)
    assert dispatched(scheduler.unreachable("a", ["2"], 1.0)) == [("b", "2")]
    scheduler.finished("b", "2", "ok", 1.0)
    assert dispatched(scheduler.submitted([Task("3")], 1.0)) == [("b", "3")]
    assert concluded(scheduler.engine_joined("a", 2.0, results=["1"])) == {}
    assert concluded(scheduler.finished("a", "1", "ok", 2.0)) == {"1": "ok"}


def test_short_tasks_do_not_wait_behind_a_long_one() -> None:
    """They are taken back and given to whoever has room."""
    scheduler = started("a", policy=Ahead(patience=0.05))
    scheduler.submitted([Task("long"), Task("short")], 0.0)
    assert scheduler.deadline == 0.05
    assert scheduler.time_passed(0.06) == [Revoke("a", ["short"])]
    assert dispatched(scheduler.revoked("a", ["short"], 0.07)) == []
    assert dispatched(scheduler.engine_joined("b", 0.08)) == [("b", "short")]


def test_many_short_tasks_are_given_ahead_and_long_ones_are_not() -> None:
    """By how long they have taken."""
    policy = Ahead(moment=0.02, most=100)
    assert policy.credit(Load(duration=0.00001)) == 100
    assert policy.credit(Load(duration=1.0)) == 1


def test_a_task_waits_for_those_it_comes_after() -> None:
    """And ends with the first of them that fails, which is named."""
    scheduler = started("a", "b")
    told = scheduler.submitted([Task("1"), Task("2", after=("1",)), Task("3", after=("2",))], 0.0)
    assert dispatched(told) == [("a", "1")]
    assert [name for _, name in dispatched(scheduler.finished("a", "1", "ok", 1.0))] == ["2"]
    told = scheduler.finished("b", "2", "error", 2.0) + scheduler.finished("a", "2", "error", 2.0)
    assert concluded(told) == {"2": "error", "3": "dependency_failed"}
    assert any(isinstance(each, Conclude) and "2" in each.reason for each in told)


def test_a_task_follows_another_to_its_engine() -> None:
    """Also if others have room."""
    scheduler = started("a", "b")
    scheduler.submitted([Task("0"), Task("1")], 0.0)
    scheduler.finished("b", "1", "ok", 1.0)
    assert dispatched(scheduler.submitted([Task("2", follow=("1",))], 2.0)) == [("b", "2")]


def test_targets_are_kept_and_waited_for() -> None:
    """A task whose engines are gone waits for one to come back."""
    scheduler = started("a", "b")
    told = scheduler.submitted([Task("1", targets=("b",)), Task("2", targets=("c",))], 0.0)
    assert dispatched(told) == [("b", "1")]
    assert dispatched(scheduler.engine_joined("c", 1.0)) == [("c", "2")]


def test_a_task_that_runs_too_long_is_interrupted_and_ends_as_that() -> None:
    """From when it began, not from when it was given."""
    scheduler = started("a", policy=Ahead(patience=9.0))
    scheduler.submitted([Task("first"), Task("slow", timeout=1.0)], 0.0)
    scheduler.finished("a", "first", "ok", 5.0)
    assert scheduler.time_passed(5.9) == []
    assert scheduler.time_passed(6.1) == [Interrupt("a", "slow")]
    assert concluded(scheduler.finished("a", "slow", "error", 6.2)) == {"slow": "timeout"}


def test_cancelling_ends_what_waits_and_interrupts_what_runs() -> None:
    """And says which was which."""
    scheduler = started("a")
    scheduler.submitted([Task("runs"), Task("waits")], 0.0)
    outcomes, told = scheduler.cancelled(["runs", "waits", "none"], 1.0)
    assert outcomes == {"runs": "interrupted", "waits": "cancelled", "none": "unknown"}
    assert Interrupt("a", "runs") in told
    assert concluded(told) == {"waits": "cancelled"}
    assert concluded(scheduler.finished("a", "runs", "error", 2.0)) == {"runs": "cancelled"}


def test_after_a_restart_engines_have_time_to_say_what_they_have() -> None:
    """What nobody says anything of is given out again."""
    scheduler = Scheduler(One(), grace=0.4)
    scheduler.restored([Task("runs"), Task("lost")], [], 0.0)
    assert dispatched(scheduler.engine_joined("a", 0.1, given=["runs"])) == []
    assert dispatched(scheduler.engine_joined("b", 0.1)) == []
    assert dispatched(scheduler.time_passed(0.5)) == [("b", "lost")]
    assert concluded(scheduler.finished("a", "runs", "ok", 0.6)) == {"runs": "ok"}


def test_the_first_result_counts_also_of_an_engine_that_seemed_gone() -> None:
    """The other run is interrupted, and its result is nothing."""
    scheduler = started("a", "b")
    scheduler.submitted([Task("1"), Task("2")], 0.0)
    scheduler.finished("b", "2", "ok", 0.5)
    assert dispatched(scheduler.engine_left("a", 1.0)) == [("b", "1")]
    told = scheduler.finished("a", "1", "ok", 2.0)
    assert told == [Interrupt("b", "1"), Conclude("1", "ok", "", 2)]
    assert scheduler.finished("b", "1", "error", 3.0) == []


def test_a_task_that_outlives_its_interrupt_ends_all_the_same_and_holds_up_nobody() -> None:
    """Code in C that never looks; its engine gets nothing more, and its late result is nothing."""
    scheduler = started("a", policy=Ahead(patience=9.0))
    scheduler.submitted([Task("deaf", timeout=1.0), Task("next")], 0.0)
    assert scheduler.time_passed(1.1) == [Interrupt("a", "deaf")]
    told = scheduler.time_passed(1.1 + LAST_SECONDS)
    assert concluded(told) == {"deaf": "timeout"}
    assert Revoke("a", ["next"]) in told
    assert dispatched(scheduler.revoked("a", ["next"], 7.0)) == []
    assert dispatched(scheduler.engine_joined("b", 8.0)) == [("b", "next")]
    assert concluded(scheduler.finished("a", "deaf", "ok", 9.0)) == {}
    assert dispatched(scheduler.submitted([Task("later")], 9.0)) == [("a", "later")]


def test_a_task_that_ends_well_after_it_was_cancelled_is_cancelled() -> None:
    """Whoever cancelled it was told so."""
    scheduler = started("a")
    scheduler.submitted([Task("1")], 0.0)
    scheduler.cancelled(["1"], 1.0)
    assert concluded(scheduler.finished("a", "1", "ok", 1.1)) == {"1": "cancelled"}


def test_targets_are_several_engines_as_long_as_a_task_waits() -> None:
    """It is bound to none before one has room."""
    scheduler = started("a", "b", "c")
    scheduler.submitted([Task(str(number), targets=("a", "b")) for number in range(3)], 0.0)
    assert dispatched(scheduler.finished("b", "1", "ok", 1.0)) == [("b", "2")]


def test_few_tasks_with_targets_are_spread() -> None:
    """The engine with the fewest gets the next."""
    scheduler = started("a", "b", policy=Ahead())
    told = scheduler.submitted([Task(str(number), targets=("a", "b")) for number in range(2)], 0.0)
    assert {engine for engine, _ in dispatched(told)} == {"a", "b"}


def test_an_engine_that_comes_later_gets_tasks_by_its_name() -> None:
    """Also those of before a restart, when nobody knew its id."""
    scheduler = Scheduler(One(), grace=0.1)
    scheduler.restored([Task("1", targets=("7",))], [], 0.0)
    scheduler.time_passed(0.2)
    assert dispatched(scheduler.engine_joined("id", 0.3, name="7")) == [("id", "1")]


def test_what_was_taken_out_at_the_engine_is_cancelled() -> None:
    """It is not given out again and again."""
    scheduler = started("a")
    scheduler.submitted([Task("1")], 0.0)
    assert concluded(scheduler.finished("a", "1", "aborted", 1.0)) == {"1": "cancelled"}


def test_a_task_that_comes_after_itself_fails() -> None:
    """It would wait for ever."""
    told = started("a").submitted([Task("1", after=("1",))], 0.0)
    assert concluded(told) == {"1": "dependency_failed"}


def test_tasks_that_are_done_leave_no_timers() -> None:
    """Ten thousand with a timeout each, and no more than a few."""
    scheduler = started("a")
    for number in range(10_000):
        scheduler.submitted([Task(str(number), timeout=3600.0)], number / 10)
        scheduler.finished("a", str(number), "ok", number / 10 + 0.05)
    assert len(scheduler._timers) < 5


class AnyFarm(RuleBasedStateMachine):
    """Engines and tasks come and go in any order; engines do as engines do."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.count = 0
        self.scheduler = Scheduler(Ahead(moment=0.01, most=3, patience=1.0), grace=1.0)
        self.held: dict[str, list[str]] = {}
        self.cut_off: set[str] = set()
        self.away: dict[str, list[str]] = {}
        self.submitted: list[str] = []
        self.ends: Counter[str] = Counter()

    @initialize(engines=st.integers(0, 3))
    def begin(self, engines: int) -> None:
        for number in range(engines):
            self.join(f"e{number}")

    def did(self, told: list[Instruction]) -> None:
        for each in told:
            if isinstance(each, Dispatch):
                assert each.engine in self.held
                assert each.engine not in self.cut_off
                self.held[each.engine].append(each.task)
            elif isinstance(each, Conclude):
                self.ends[each.task] += 1

    def join(self, engine: str) -> None:
        survived = engine in self.away
        has = self.held.setdefault(engine, self.away.pop(engine, []))
        self.cut_off.discard(engine)
        told = self.scheduler.engine_joined(engine, self.now, given=tuple(has), survived=survived)
        self.did(told)

    @rule(engine=st.sampled_from(["e0", "e1", "e2", "e3"]))
    def comes(self, engine: str) -> None:
        self.join(engine)

    @rule(data=st.data(), is_known=st.booleans())
    @precondition(lambda self: self.held)
    def dies(self, data: st.DataObject, is_known: bool) -> None:
        engine = data.draw(st.sampled_from(sorted(self.held)))
        had = self.held.pop(engine)
        self.cut_off.discard(engine)
        ran = had[0] if had and is_known else None
        self.did(self.scheduler.engine_left(engine, self.now, ran=ran))

    @rule(data=st.data())
    @precondition(lambda self: self.held)
    def is_cut_off(self, data: st.DataObject) -> None:
        """The last that it was given does not reach it."""
        engine = data.draw(st.sampled_from(sorted(self.held)))
        lost = [self.held[engine].pop()] if self.held[engine] else []
        self.cut_off.add(engine)
        self.did(self.scheduler.unreachable(engine, lost, self.now))

    @rule(data=st.data())
    @precondition(lambda self: self.held)
    def falls_silent(self, data: st.DataObject) -> None:
        """And goes on with what it has."""
        engine = data.draw(st.sampled_from(sorted(self.held)))
        self.away[engine] = self.held.pop(engine)
        self.cut_off.discard(engine)
        self.did(self.scheduler.engine_left(engine, self.now))

    @rule(
        data=st.data(),
        retries=st.integers(0, 2),
        priority=st.integers(0, 2),
        timeout=st.sampled_from([None, 0.5]),
        where=st.sampled_from([None, ("e0",), ("e1", "e9"), ("e9",)]),
    )
    def submit(self, data: st.DataObject, where: Any, **more: Any) -> None:
        self.count += 1
        name = f"t{self.count}"
        others = st.lists(st.sampled_from(self.submitted), max_size=2) if self.submitted else None
        after = tuple(data.draw(others)) if others is not None else ()
        follow = tuple(data.draw(others)) if others is not None else ()
        self.submitted.append(name)
        task = Task(
            name,
            after=tuple(dict.fromkeys(after)),
            follow=tuple(set(follow)),
            targets=where,
            **more,
        )
        self.did(self.scheduler.submitted([task], self.now))

    @rule(data=st.data(), status=st.sampled_from(["ok", "error", "aborted"]))
    @precondition(lambda self: any(self.held.values()))
    def ends_one(self, data: st.DataObject, status: str) -> None:
        engine = data.draw(st.sampled_from(sorted(key for key, has in self.held.items() if has)))
        task = self.held[engine].pop(0)
        duration = data.draw(st.sampled_from([None, 0.00001, 3.0]))
        self.did(self.scheduler.finished(engine, task, status, self.now, duration=duration))

    @rule(data=st.data(), status=st.sampled_from(["ok", "error"]))
    @precondition(lambda self: self.submitted)
    def comes_late(self, data: st.DataObject, status: str) -> None:
        task = data.draw(st.sampled_from(self.submitted))
        self.did(self.scheduler.finished("gone", task, status, self.now))

    @rule(data=st.data())
    @precondition(lambda self: any(len(has) > 1 for has in self.held.values()))
    def gives_back(self, data: st.DataObject) -> None:
        engine = data.draw(
            st.sampled_from(sorted(k for k, has in self.held.items() if len(has) > 1))
        )
        back = [self.held[engine].pop()]
        self.did(self.scheduler.revoked(engine, back, self.now))

    @rule(data=st.data())
    @precondition(lambda self: self.submitted)
    def cancel(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(self.submitted))
        self.did(self.scheduler.cancelled([task], self.now)[1])

    @rule(seconds=st.sampled_from([0.1, 0.6, 2.0]))
    def waits(self, seconds: float) -> None:
        self.now += seconds
        self.did(self.scheduler.time_passed(self.now))

    @invariant()
    def all_is_right(self) -> None:
        self.scheduler.validate()
        assert all(count == 1 for count in self.ends.values())
        left = set(self.submitted) - set(self.ends)
        assert left == set(self.scheduler.tasks)

    def teardown(self) -> None:
        """Once engines work in peace, all that may run has ended."""
        for engine in ("e0", "e1", "e9"):
            self.join(engine)
        for _ in range(20 * (len(self.submitted) + 1)):
            self.now += 2.0
            self.did(self.scheduler.time_passed(self.now))
            for engine in self.held:
                if self.held[engine]:
                    task = self.held[engine].pop(0)
                    self.did(self.scheduler.finished(engine, task, "ok", self.now))
        assert not self.scheduler.tasks


TestAnyFarm = AnyFarm.TestCase
TestAnyFarm.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
