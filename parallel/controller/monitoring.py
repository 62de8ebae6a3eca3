"""The controller's monitor at work: a sample each second, and answers to who shows the cluster.

Rules:

1. Who waits is answered once a second, and a moment after an engine has come or gone: a storm of
   changes is a few answers.
2. Engines are looked at only for somebody who asks.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Any

import msgspec

from ..cluster_messages import EngineNumbers, EngineRequest, EngineTask, Failure, MonitorRequest
from ..cluster_messages import InterruptEnginesRequest as InterruptRequest
from ..wire import Message
from .engines import told_of
from .monitor import Monitor

if TYPE_CHECKING:
    from .controller import Controller

_MOMENT = 0.25  # seconds
_MOST_TASKS = 50  # of an engine, that are named


class Monitoring:
    """Who shows the cluster, and what they are told."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self.monitor = Monitor(os.urandom(8).hex())
        self._waiting: list[Message] = []
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Take samples until the controller ends."""
        while True:
            await asyncio.sleep(1.0 - time.time() % 1.0)
            controller = self._controller
            counts = controller.farm.scheduler.counts
            waits = counts["waiting"] + counts["ready"]
            self.monitor.sample(time.time(), controller.engines, waits, counts["given"])
            self._tell()

    def changed(self) -> None:
        """An engine has come or gone (rule 1)."""
        if self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_MOMENT, self._tell)

    def _tell(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._look()
            for each in waiting:
                self._answer(each)

    def close(self) -> None:
        """Answer nobody any more."""
        self._waiting.clear()

    def concluded(self, result: dict[str, Any], latency: float) -> None:
        """A task has ended; ``result`` is what its client is told."""
        duration = None
        if "started" in result and "finished" in result:
            duration = result["finished"] - result["started"]
        is_ok = result["status"] == "ok"
        self.monitor.ended(latency, duration, is_ok=is_ok)
        if is_ok or result["status"] == "cancelled":
            return  # who cancels knows
        told = result.get("error") or {}
        error = f"{told.get('ename', result['status'])}: {told.get('evalue', '')}"
        text = "\n".join(map(str, told.get("traceback") or ()))
        self.monitor.failed(Failure(time.time(), result["engine"], result["task"], error, text))

    def lost(self, number: int, reason: str) -> None:
        """An engine has ended, and nobody wanted it to."""
        self.monitor.failed(Failure(time.time(), number, None, reason, ""))

    # --- Requests ------------------------------------------------------------------------------

    def asked(self, message: Message) -> None:
        """A ``vivo_monitor_request``."""
        if msgspec.convert(message.content, MonitorRequest).wait:
            self._waiting.append(message)
        else:
            self._look()
            self._answer(message)

    def _look(self) -> None:
        farm = self._controller.farm
        self.monitor.look((each, farm.tasks_of(each.id)) for each in self._controller.engines)

    def _answer(self, message: Message) -> None:
        controller, entry = self._controller, self._controller.entry
        wanted = msgspec.convert(message.content, MonitorRequest)
        dask = controller.launcher.facts() if hasattr(controller.launcher, "facts") else {}
        content = {
            "status": "ok",
            "cluster": entry.name,
            "launcher": entry.launcher,
            "started": controller.started,
            "now": time.time(),
            "awaited": controller.engines.awaited,
            "launching": controller.launching.status,
            "problems": [*controller.problems, *controller.engines.unstarted.values()],
            "dashboard": str(dask.get("dashboard") or ""),
            **self.monitor.since(wanted.epoch, wanted.after),
        }
        controller.answer(message, content)

    def engine(self, message: Message) -> None:
        """A ``vivo_engine_request``."""
        controller = self._controller
        number = msgspec.convert(message.content, EngineRequest).number
        found = controller.engines.numbered(number)
        if found is None:
            sentence = f"The cluster has no engine {number} any more."
            refusal = {"status": "error", "ename": "UsageError", "evalue": sentence}
            controller.answer(message, refusal)
            return
        content = {
            "status": "ok",
            "engine": {**told_of(found), "tasks": controller.farm.tasks_of(found.id)},
            "tasks": self._tasks_of(found.id),
            "failure": self.monitor.last_failure(number),
        }
        controller.answer(message, content)

    def _tasks_of(self, engine: str) -> list[EngineTask]:
        load = self._controller.farm.scheduler.loads.get(engine)
        if load is None:
            return []
        names = [name for name, _ in zip(load.tasks, range(_MOST_TASKS), strict=False)]
        began = time.time() - (time.monotonic() - load.head_since)
        return [EngineTask(name, not at, None if at else began) for at, name in enumerate(names)]

    def interrupt(self, message: Message) -> None:
        """A ``vivo_interrupt_engines_request``."""
        controller = self._controller
        wanted = msgspec.convert(message.content, InterruptRequest).engines
        numbers = [
            each.number
            for each in controller.engines
            if each.state == "up"
            and (wanted is None or each.number in wanted)
            and controller.tell_engine(each.id, "vivo_interrupt_request", {})
        ]
        told = msgspec.to_builtins(EngineNumbers(numbers))
        controller.answer(message, {"status": "ok", **told})
