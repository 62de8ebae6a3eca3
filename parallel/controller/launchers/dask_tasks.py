"""Tasks on their way through Dask: from the controller to the engine in a worker.

The controller's scheduler has chosen the engine; Dask's is told the worker. Rules:

1. A giving of a task is one task of Dask's, under the task's id; given again, under another key.
2. That it has ended is told by the engine's result, never by Dask. That Dask lost it is told by
   Dask: then the farm gives it again.
3. A task is taken back at its worker: what the engine has been given by then is not.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..engines import Engine
from .dask_plugin import make_run

if TYPE_CHECKING:
    from .dask import DaskLauncher

_MOST_KNOWN = 100_000
_log = logging.getLogger(__name__)


class Carrier:
    """Gives engines their tasks by Dask."""

    def __init__(self, launcher: DaskLauncher) -> None:
        self._launcher = launcher
        self._run = make_run()
        self._serials = itertools.count(2)
        self._known: OrderedDict[str, None] = OrderedDict()  # tasks that were given before
        self._on_way: dict[str, dict[str, tuple[str, Any]]] = {}  # by engine, task: key and future

    def give(
        self, engine: Engine, calls: Sequence[dict[str, Any]], buffers: Sequence[bytes]
    ) -> bool:
        """Give an engine calls; whether that is possible now."""
        client, worker = self._launcher.client, self._launcher.workers.get(engine.number)
        if client is None or worker is None or client.status != "running":
            return False
        at, names, keys, given = 0, [], [], []
        for call in calls:
            name = call["call"]
            key = name if name not in self._known else f"{name}.{next(self._serials)}"
            self._known[name] = None
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
            own = [bytes(each) for each in buffers[at : at + call["buffers"]]]
            at += call["buffers"]
            names.append(name)
            keys.append(key)
            given.append((key, name, call["function"], call["has_function"], own))
        futures = client.map(
            self._run, given, key=keys, workers=[worker], pure=False, batch_size=None
        )
        on_way = self._on_way.setdefault(engine.id, {})
        for name, key, future in zip(names, keys, futures, strict=True):
            on_way[name] = key, future
            self._launcher.host.spawn(self._watch(engine.id, name, key, future))
        return True

    async def _watch(self, engine: str, name: str, key: str, future: Any) -> None:
        """See to a task of Dask's end (rule 2)."""
        why = ""
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled() and future.status != "lost":
                raise
            why = "Dask has given it up"
        except Exception as error:  # noqa: BLE001 - whatever Dask or a worker raises
            why = f"{type(error).__name__}: {error}"
        held = self._on_way.get(engine, {})
        if name in held and held[name][0] == key:
            del held[name]
            if why:
                _log.info("%s: %s", name, why)
                self._launcher.host.farm.not_carried(engine, name, why)

    def take_back(self, engine: Engine, names: Sequence[str]) -> None:
        """Take back those that have not come to their engine: the farm is told which."""
        held = self._on_way.get(engine.id, {})
        wanted = {held[name][0]: name for name in names if name in held}
        worker = self._launcher.workers.get(engine.number)
        if wanted and worker is not None and self._launcher.client is not None:
            self._launcher.host.spawn(self._taken_back(engine.id, worker, wanted))

    async def _taken_back(self, engine: str, worker: str, wanted: dict[str, str]) -> None:
        try:
            told = await self._launcher.ask(worker, "take-back", keys=list(wanted))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return  # the worker or the scheduler is gone, which is told by itself
        held = self._on_way.get(engine, {})
        taken = []
        for key in told["taken"]:
            name = wanted[key]
            if name in held and held[name][0] == key:
                taken.append(name)
        self._drop([held.pop(name) for name in taken])
        if taken:
            self._launcher.host.farm.revoked(engine, taken)

    def let_go(self, engine: str) -> None:
        """An engine is gone, or tells anew what it has: what is on its way to it is not to come."""
        self._drop(list(self._on_way.pop(engine, {}).values()))

    def _drop(self, given: list[tuple[str, Any]]) -> None:
        client = self._launcher.client
        futures = [future for _, future in given if not future.done()]
        if futures and client is not None:
            self._launcher.host.spawn(self._cancel(client, futures))

    @staticmethod
    async def _cancel(client: Any, futures: list[Any]) -> None:
        try:
            await client.cancel(futures, force=True)
        except (OSError, ValueError):
            return  # the scheduler is gone, and they with it

    def lost(self) -> None:
        """Dask's scheduler is gone: all that was on its way is given again."""
        on_way, self._on_way = self._on_way, {}
        for engine, held in on_way.items():
            for name in held:
                self._launcher.host.farm.not_carried(engine, name, "")
