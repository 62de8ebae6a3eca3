"""The monitor of a cluster: who is told what is newer knows what who is told all knows."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from vivo.parallel.cluster_messages import Failure
from vivo.parallel.controller.engines import Engine
from vivo.parallel.controller.monitor import (
    LONGEST_TRACEBACK,
    MOST_FAILURES,
    MOST_IN_A_SECOND,
    SECONDS,
    Monitor,
)


class Reader:
    """Somebody who shows the cluster, by what is told of it."""

    def __init__(self) -> None:
        self.epoch, self.revision = "", 0
        self.facts: dict[int, Any] = {}
        self.uses: dict[int, tuple[Any, ...]] = {}
        self.times: list[int] = []
        self.failures: list[Failure] = []

    def read(self, monitor: Monitor) -> dict[str, Any]:
        told = monitor.since(self.epoch, self.revision)
        if told["is_whole"]:
            self.facts, self.uses, self.times, self.failures = {}, {}, [], []
        self.epoch, self.revision = told["epoch"], told["revision"]
        for number in told["gone"]:
            self.facts.pop(number, None)
            self.uses.pop(number, None)
        for each in told["engines"]:
            self.facts[each.number] = each
        uses = told["uses"]
        columns = (uses.number, uses.load, uses.memory, uses.tasks, uses.done, uses.failed)
        for row in zip(*columns, strict=True):
            self.uses[row[0]] = row
        self.times += told["samples"].time
        self.failures += told["failures"]
        return told


NUMBERS = st.integers(0, 5)


class AnySequence(RuleBasedStateMachine):
    """Whatever happens, one who reads now and then knows what one knows who reads all."""

    def __init__(self) -> None:
        super().__init__()
        self.monitor = Monitor("epoch")
        self.engines: dict[int, tuple[Engine, int]] = {}
        self.reader = Reader()
        self.now = 1000.0
        self.failed: list[str] = []

    @rule(number=NUMBERS, load=st.sampled_from([None, 0.0, 1.0]), tasks=st.integers(0, 2))
    def engine(self, number: int, load: float | None, tasks: int) -> None:
        self.engines[number] = Engine(f"id{number}", number, {}, load=load), tasks

    @rule(number=NUMBERS)
    def gone(self, number: int) -> None:
        self.engines.pop(number, None)

    @rule(number=NUMBERS)
    def lost(self, number: int) -> None:
        if number in self.engines:
            self.engines[number][0].state = "silent"

    @rule()
    def second(self) -> None:
        self.now += 1
        self.monitor.sample(self.now, (each for each, _ in self.engines.values()), 0, 0)

    @rule(number=NUMBERS)
    def fails(self, number: int) -> None:
        self.failed.append(f"task{len(self.failed)}")
        self.monitor.failed(Failure(self.now, number, self.failed[-1], "E: e", "lines"))

    @rule()
    def look(self) -> None:
        self.monitor.look(self.engines.values())

    @rule()
    def read(self) -> None:
        self.monitor.look(self.engines.values())
        self.reader.read(self.monitor)
        whole = Reader()
        whole.read(self.monitor)
        assert self.reader.facts == whole.facts
        assert self.reader.uses == whole.uses
        assert set(self.reader.facts) == set(self.engines)
        assert self.reader.times == sorted(set(self.reader.times))
        assert self.reader.times[-SECONDS:] == whole.times
        names = [each.task for each in self.reader.failures]
        assert len(names) == len(set(names))
        assert names[-MOST_FAILURES:] == [each.task for each in whole.failures]

    @invariant()
    def valid(self) -> None:
        self.monitor.validate()


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=40, stateful_step_count=30)


def test_who_is_up_to_date_is_told_little() -> None:
    """Of a thousand engines, of which one has changed, that one is told."""
    monitor = Monitor("epoch")
    engines = [(Engine(f"id{n}", n, {}, load=0.5, memory=1 << 20), 0) for n in range(1000)]
    monitor.look(engines)
    reader = Reader()
    assert len(reader.read(monitor)["engines"]) == 1000
    engines[7][0].load = 1.0
    monitor.look(engines)
    told = reader.read(monitor)
    assert told["engines"] == []
    assert told["uses"].number == [7]
    assert told["uses"].load == [1.0]


def test_another_controller_tells_everything_anew() -> None:
    """Revisions of one that was killed mean nothing to the next."""
    first, second = Monitor("first"), Monitor("second")
    first.look([(Engine("id1", 1, {}), 0)])
    second.look([(Engine("id2", 2, {}), 0)])
    reader = Reader()
    reader.read(first)
    assert reader.read(second)["is_whole"]
    assert set(reader.facts) == {2}


def test_a_samples_times_are_those_of_its_second() -> None:
    """Medians, and how slow the slowest were; a second without tasks has none."""
    monitor = Monitor("epoch")
    for latency in range(1, 101):
        monitor.ended(latency / 100, 0.5, is_ok=latency != 100)
    monitor.sample(10.2, [Engine("id", 0, {}, load=0.25, memory=3 << 20)], 4, 5)
    monitor.sample(11.2, [], 0, 0)
    told = monitor.since("", 0)["samples"]
    assert (told.time, told.done, told.failed) == ([10, 11], [99, 0], [1, 0])
    assert (told.waiting, told.running, told.up) == ([4, 0], [5, 0], [1, 0])
    assert (told.latency, told.slowest) == ([0.51, None], [0.96, None])
    assert (told.duration, told.load, told.memory) == ([0.5, None], [0.25, 0.0], [3, 0])


def test_a_storm_of_failures_is_bounded_and_its_first_are_told() -> None:
    """Each engine keeps its last one all the same; of a long traceback the end is kept."""
    monitor = Monitor("epoch")
    monitor.look([(Engine(f"id{n}", n, {}), 0) for n in range(100)])
    for number in range(100):
        text = f"\x1b[31m{'x' * 10_000}\x1b[0m the end"
        monitor.failed(Failure(1.0, number, f"task{number}", "E: e", text))
    monitor.sample(1.0, [], 0, 0)
    told = monitor.since("", 0)["failures"]
    assert [each.task for each in told] == [f"task{n}" for n in range(MOST_IN_A_SECOND)]
    last = monitor.last_failure(99)
    assert last is not None
    assert last.task == "task99"
    assert last.traceback.endswith(" the end")
    assert "\x1b" not in last.traceback
    assert len(last.traceback) <= LONGEST_TRACEBACK + 1
