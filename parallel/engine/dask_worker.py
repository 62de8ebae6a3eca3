"""The engine in a Dask worker: begun, ended, given tasks; parts of collections in and out.

It runs in the worker's process, in the worker's Python, which needs nothing of vivo's installed:
the plugin (:mod:`vivo.parallel.controller.launchers.dask_plugin`) finds it. Rules:

1. The worker's event loop never waits here: what takes time is in threads.
2. A worker has one engine at a time. Whoever begins a second one is told whose it has.
3. A task comes to the engine by its keeper, as any task does, and its result goes so: Dask learns
   that it has ended, and no more. So results outlive Dask's scheduler.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from . import launched
from .channel import KeeperGone
from .guest import Guest, GuestEngine

_START_SECONDS = 60.0
_MOST_KEYS = 10_000


class Place:
    """The place of an engine in this worker."""

    def __init__(self) -> None:
        self.guest: Guest | None = None
        self.number = -1
        self.cluster = ""
        self._is_ready = threading.Event()
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Callable[[], None]]] = {}
        self._sender: ThreadPoolExecutor | None = None  # one thread: tasks stay in order
        self._begun: dict[str, None] = {}  # givings of tasks that Dask runs
        self._taken_back: OrderedDict[str, None] = OrderedDict()  # such that must not begin
        self.parts: dict[str, Any] = {}
        """Parts of collections, on their way into the namespace or out of it, by token."""

    # --- The engine ------------------------------------------------------------------------

    def begin(
        self, cluster: str, number: int, command: Sequence[str], ended: Callable[[str], None]
    ) -> None:
        """Begin an engine, and wait until it is there; in a thread. Raises ``RuntimeError``.

        ``command`` says, in JSON, what session it is to be. ``ended`` is called once.
        """
        if self.guest is not None:
            raise RuntimeError(
                "this worker has an engine of another cluster already: stop that one, or use other "
                "workers"
            )
        self.cluster, self.number = cluster, number
        told = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if told.returncode:
            raise RuntimeError(told.stderr.strip() or f"{command[0]} ended with {told.returncode}")
        order = json.loads(told.stdout)
        main, lane, *ends = launched.start_keeper(order, order["session"])
        self._is_ready.clear()
        sender = self._sender = ThreadPoolExecutor(1, thread_name_prefix="vivo-carrier")

        def has_ended(why: str) -> None:
            self.guest = None
            sender.shutdown(wait=False)
            self._is_ready.set()
            self._let_go()
            ended(why)

        guest = self.guest = Guest(main, lane, (ends[0], ends[1]), has_ended, self._ready)
        if not self._is_ready.wait(_START_SECONDS) or self.guest is not guest:
            raise RuntimeError("the engine ended as it began: the worker's log may tell why")

    def _ready(self, engine: GuestEngine) -> None:
        engine.calls.on_end = self._ended
        engine.on_new_keeper = self._lost
        engine._lane.orders["not_begun"] = self._not_begun
        self._is_ready.set()

    @property
    def engine(self) -> GuestEngine:
        """The engine. Raises ``RuntimeError`` where there is none."""
        guest = self.guest
        if guest is None or guest.engine is None:
            raise RuntimeError("this worker has no engine (any more)")
        return guest.engine

    def end(self) -> None:
        """End the engine, if there is one."""
        if self.guest is not None:
            self.guest.end()

    # --- Tasks -----------------------------------------------------------------------------

    def take_back(self, keys: Sequence[str]) -> list[str]:
        """Those of these givings of tasks that have not come; they will not be taken in."""
        taken = [key for key in keys if key not in self._begun]
        for key in taken:
            self._taken_back[key] = None
            if len(self._taken_back) > _MOST_KEYS:
                self._taken_back.popitem(last=False)
        return taken

    async def run(
        self, key: str, call: str, function: str, has_function: bool, buffers: list[bytes]
    ) -> None:
        """Have the engine run a task, and wait for its end. Raises ``RuntimeError``."""
        if key in self._taken_back:
            return
        self._begun[key] = None
        try:
            await self._carry(call, function, has_function, buffers)
        finally:
            del self._begun[key]

    async def _carry(
        self, call: str, function: str, has_function: bool, buffers: list[bytes]
    ) -> None:
        engine, loop = self.engine, asyncio.get_running_loop()
        ended = loop.create_future()

        def end() -> None:
            if not ended.done():
                ended.set_result(None)

        def tell() -> None:
            try:
                loop.call_soon_threadsafe(end)
            except RuntimeError:
                return  # the worker has ended meanwhile

        with self._lock:
            self._waiting.setdefault(call, []).append(tell)
        header = {
            "type": "carried",
            "call": call,
            "function": function,
            "has_function": has_function,
        }
        try:
            assert self._sender is not None
            send = partial(engine.channel.send, header, tuple(buffers))
            await loop.run_in_executor(self._sender, send)  # rule 1: its keeper may be away
        except (KeeperGone, AssertionError, RuntimeError):
            self._ended(call)
            raise RuntimeError("the engine of this worker has ended") from None
        await ended

    def _ended(self, call: str) -> None:
        with self._lock:
            waiting = self._waiting.pop(call, ())
        for each in waiting:
            each()

    def _lost(self, calls: set[str]) -> None:
        """A keeper has died: wait no more for what it may have had, but for what the engine has.

        The controller compares what it has given with what the new keeper tells, and gives the rest
        again: this worker's places have to be free for that.
        """
        with self._lock:
            lost = [each for each in self._waiting if each not in calls]
        for each in lost:
            self._ended(each)

    def _not_begun(self, told: dict[str, Any]) -> None:
        for call in told["calls"]:
            self._ended(call)

    def _let_go(self) -> None:
        for call in tuple(self._waiting):
            self._ended(call)

    # --- Collections -----------------------------------------------------------------------

    def offer(self, token: str, name: str) -> Any:
        """Take a value of the namespace for Dask to fetch; what it is, for who puts parts together.

        Called in the engine, between its cells.
        """
        namespace = self.engine.shell.namespace
        if name not in namespace:
            raise NameError(f"name {name!r} is not defined")
        value = self.parts[token] = namespace[name]
        if hasattr(value, "iloc"):
            return value.iloc[:0]
        return getattr(value, "shape", None), getattr(value, "dtype", None)

    def take(self, token: str) -> Any:
        """A part that was put here, once."""
        return self.parts.pop(token)

    def receive(self, token: str, name: str) -> None:
        """Set a name of the namespace to the parts that Dask has brought, joined."""
        given = self.take(token)
        if len(given) == 1:
            joined = given[0]
        elif hasattr(given[0], "iloc"):
            joined = sys.modules["pandas"].concat(given)
        elif hasattr(given[0], "__array__"):
            joined = sys.modules["numpy"].concatenate(given)
        else:
            joined = [each for part in given for each in part]
        self.engine.shell.namespace[name] = joined


place = Place()
"""That of this process."""
