"""The load-balanced view, against a controller that is told what to do."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vivo.core.errors import UsageError
from vivo.parallel.cluster.balanced import LoadBalancedView, results_of
from vivo.parallel.cluster.errors import EngineErrors, TaskError

from .scripted_controller import ScriptedController, controlled

Pair = tuple[ScriptedController, LoadBalancedView]


@pytest.fixture
def pair(home: Path) -> Iterator[Pair]:
    with controlled(home) as made:
        yield made


def until(condition: Any) -> None:
    while not condition():
        time.sleep(0.005)


def test_tasks_give_values_in_order_or_as_they_come(pair: Pair) -> None:
    """One, many, none; of several sequences."""
    _, view = pair
    assert view.apply(divmod, 7, 2) == (3, 1)
    assert view.map(lambda a, b: a * b, range(1200), range(1200)) == [n * n for n in range(1200)]
    assert view.map(abs, []) == []
    assert list(view.imap(abs, [-1, 2])) == [1, 2]
    assert sorted(view.imap_unordered(abs, [-1, 2])) == [1, 2]
    with pytest.raises(UsageError, match="one length"):
        view.map(max, [1], [2, 3])


async def test_values_can_be_awaited(pair: Pair) -> None:
    """On a loop of the user's own."""
    _, view = pair
    assert await view.aapply(abs, -3) == 3
    assert [each async for each in view.amap(abs, [-1, -2])] == [1, 2]
    assert {each async for each in view.aimap_unordered(abs, [-1, -2])} == {1, 2}


def test_options_go_with_each_task(pair: Pair) -> None:
    """Those of a view; dependencies by results."""
    controller, view = pair
    first = view.aapply(abs, -1)
    first.get()
    careful = view.options(retries=2, timeout=3, priority=-1, after=first, follow=[first])
    careful.options(targets=[0]).apply(abs, -2)
    task = controller.tasks[controller.submitted[-1]]
    assert (task.retries, task.timeout, task.priority) == (2, 3.0, -1)
    assert (task.after, task.follow, task.targets) == (first.ids, first.ids, [0])
    plain = controller.tasks[first.ids[0]]
    assert (plain.retries, plain.after, plain.targets) == (0, [], None)
    for wrong in ({"retries": -1}, {"timeout": 0}, {"after": 3}):
        with pytest.raises(UsageError):
            view.options(**wrong)  # type: ignore[arg-type]


def test_a_task_that_raises_raises_here(pair: Pair) -> None:
    """As itself, with the remote traceback; the others' values are to be had."""
    _, view = pair
    with pytest.raises(ZeroDivisionError) as caught:
        view.apply(divmod, 1, 0)
    assert "remote lines" in caught.value.__notes__[0]
    result = view.amap(lambda n: 1 // n, [1, 0, 1])
    found = result.get(return_exceptions=True)
    assert [type(each) for each in found] == [int, ZeroDivisionError, int]
    result = view.amap(lambda n: 1 // n, [1, 0, 0, 1])
    with pytest.raises(
        EngineErrors, match=r"2 of 4 items raised\. items 1 and 2: ZeroDiv"
    ) as group:
        result.get()
    assert list(group.value.by_item) == [1, 2]


def test_a_function_is_sent_once(pair: Pair) -> None:
    """And again when the controller does not have it."""
    controller, view = pair
    assert view.map(abs, [-1]) == [1]
    controller.functions.clear()
    assert view.map(abs, [-2, -3]) == [2, 3]
    assert len(controller.submitted) == 3


def test_tasks_survive_their_controller(pair: Pair) -> None:
    """One that took them in and was killed before it said so: they are sent again, and run once."""
    controller, view = pair
    assert view.apply(abs, -1) == 1
    controller.is_mute = True
    result = view.amap(abs, [-1, -2])
    until(lambda: len(controller.tasks) == 3)
    controller.stop()
    controller.is_mute = False
    controller.start()
    assert result.get(30) == [1, 2]
    assert len(controller.tasks) == 3
    until(lambda: controller.collected >= set(result.ids))


def test_results_that_were_on_their_way_are_asked_for(pair: Pair) -> None:
    """The controller had said that it has the tasks."""
    controller, view = pair
    controller.holds = True
    result = view.amap(abs, [-1])
    until(lambda: controller.submitted)
    view.options().amap(abs, []).get()
    controller.stop()
    task = controller.tasks[result.ids[0]]
    controller.holds = False
    controller.results[task.id] = controller._run(task, [pickle.dumps(((-1,), {}))])
    controller.start()
    assert result.get(30) == [1]


def test_cancelled_tasks_say_so(pair: Pair) -> None:
    """Also in a map, where the others go on."""
    controller, view = pair
    controller.holds = True
    result = view.aapply(time.sleep, 60)
    until(lambda: controller.submitted)
    result.cancel()
    with pytest.raises(TaskError, match="cancelled"):
        result.get(30)


def test_results_are_collected_by_their_ids(pair: Pair, home: Path) -> None:
    """By another client; what nobody knows is said."""
    _, view = pair
    result = view.amap(abs, [-1, -2])
    assert result.get() == [1, 2]
    other = results_of(view._loop, view._link, result.ids)
    assert other.get(30) == [1, 2]
    assert results_of(view._loop, view._link, result.ids[0]).get(30) == 1
    with pytest.raises(TaskError, match="no such task"):
        results_of(view._loop, view._link, "never").get(30)
