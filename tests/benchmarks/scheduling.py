"""The cost of the scheduler's decisions, however many engines and tasks there are.

The pure scheduler is driven as the controller drives it, by events: tasks come in messages of
:data:`MESSAGE`, each engine ends the first of its tasks in its turn, and time passes as if they ran
side by side. A decision is a task's way through: taken in, given out, ended. Run as a program it
prints the microseconds of each: ``scheduling.py ENGINES TASKS [TIMES]``.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterable

from vivo.parallel.controller.farming.scheduler import Scheduler
from vivo.parallel.controller.farming.tasks import Conclude, Dispatch, Instruction, Task

MESSAGE = 500  # tasks, as clients send them
SECONDS = 0.001  # that a task takes: an engine then gets twenty ahead


def simulate(engines: int, tasks: int) -> float:
    """Run so many tasks on so many engines; microseconds that the scheduler took for each."""
    scheduler = Scheduler()
    names = [f"engine-{number}" for number in range(engines)]
    held: dict[str, deque[str]] = {name: deque() for name in names}
    ended = 0

    def do(instructions: Iterable[Instruction]) -> None:
        nonlocal ended
        for each in instructions:
            if type(each) is Dispatch:
                held[each.engine].append(each.task)
            elif type(each) is Conclude:
                assert each.outcome == "ok"
                ended += 1

    for name in names:
        do(scheduler.engine_joined(name, 0.0))
    batches = [
        [Task(f"task-{number}") for number in range(first, min(first + MESSAGE, tasks))]
        for first in range(0, tasks, MESSAGE)
    ]
    now, step, spent, clock = 0.0, SECONDS / engines, 0.0, time.perf_counter
    for batch in batches:
        began = clock()
        told = scheduler.submitted(batch, now)
        spent += clock() - began
        do(told)
    while ended < tasks:
        for name in names:
            now += step
            if held[name]:
                task = held[name].popleft()
                began = clock()
                told = scheduler.finished(name, task, "ok", now, duration=SECONDS)
                spent += clock() - began
                do(told)
            while scheduler.deadline is not None and scheduler.deadline <= now:
                began = clock()
                told = scheduler.time_passed(now)
                spent += clock() - began
                do(told)
    scheduler.validate()
    return spent / tasks * 1e6


def main() -> None:
    engines, tasks, times = (int(word) for word in (*sys.argv[1:], "1")[:3])
    print(json.dumps({"us": [simulate(engines, tasks) for _ in range(times)]}))


if __name__ == "__main__":
    main()
