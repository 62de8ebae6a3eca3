"""The load-balanced view: tasks that the controller gives to whichever engine is free.

Tasks are journaled by the controller before it says that it has them: they survive it, and the
engines that run them. Every method waits for its result; with ``a`` before its name it gives an
:class:`AsyncResult` at once.
"""

from __future__ import annotations

import itertools
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from ...core.errors import UsageError
from . import parts
from .calls import Outcome
from .controller_link import Batch, ControllerLink
from .errors import ClusterError
from .executing import Console
from .loop import Loop
from .pickling import dumps, dumps_function, name_of, size_of
from .results import MISSING, AsyncMapResult, AsyncResult
from .zmtp import Frame

_MOST_TASKS = 500  # in one message
_MOST_BYTES = 8 * 2**20

_prefix = uuid.uuid4().hex
_numbers = itertools.count(1)


@dataclass(frozen=True)
class TaskOptions:
    """How tasks are run; see :meth:`LoadBalancedView.options`."""

    retries: int = 0
    timeout: float | None = None
    priority: int = 0
    after: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    targets: tuple[int, ...] | None = None

    def fields(self) -> dict[str, Any]:
        """What a task says of itself beyond its defaults."""
        told: dict[str, Any] = {}
        for name in ("retries", "timeout", "priority"):
            if (value := getattr(self, name)) != getattr(TaskOptions, name):
                told[name] = value
        for name in ("after", "follow", "targets"):
            if value := getattr(self, name):
                told[name] = list(value)
        return told


class _Kept(AsyncResult):
    """Results that the controller keeps until they were read here, or nobody can ask for them."""

    _ids: list[str]
    _link: ControllerLink | None = None
    _loop: Loop
    _is_known = False

    @property
    def ids(self) -> list[str]:
        """The tasks' ids: ``cluster.collect(ids)`` has their results, from any process, until they
        were read in one."""
        self._is_known = True
        return self._ids

    def _were_read(self, indices: Sequence[int]) -> None:
        if self._link is not None:
            self._tell(self._link.were_read, [self._ids[index] for index in indices])

    def __del__(self) -> None:
        if self._link is not None and not self._is_known and not sys.is_finalizing():
            unread = [k for k, v in zip(self._ids, self._values) if v is MISSING]  # noqa: B905
            if unread:
                self._tell(self._link.were_dropped, unread)

    def _tell(self, told: Callable[[Sequence[str]], None], ids: list[str]) -> None:
        try:
            self._loop.call(told, ids)
        except (ClusterError, RuntimeError):
            pass  # this side is closed: they stay with the controller


class TaskResult(_Kept):
    """The result of a task."""


class TaskMapResult(_Kept, AsyncMapResult):
    """The results of the tasks of a map, in the order of its items."""

    is_wrapped = True
    _unit = "item"

    def _loaded(self, outcome: Outcome) -> Any:
        return [super()._loaded(outcome)]


class LoadBalancedView:
    """The engines of a cluster as one pool."""

    def __init__(
        self, loop: Loop, link: ControllerLink, options: TaskOptions | None = None
    ) -> None:
        self._loop, self._link = loop, link
        self._options = options or TaskOptions()
        self.block = True
        """Whether :meth:`apply` and :meth:`map` wait; their ``a`` forms never do."""

    def __repr__(self) -> str:
        return f"<LoadBalancedView {self._options.fields() or ''}>"

    def options(
        self,
        *,
        retries: int | None = None,
        timeout: float | None = None,
        priority: int | None = None,
        after: Any = None,
        follow: Any = None,
        targets: Sequence[int] | None = None,
    ) -> LoadBalancedView:
        """This view with other options: ``view.options(retries=2, after=first).apply(f, x)``.

        ``retries``: how often a task that raises is tried again. ``timeout``: seconds that it may
        run. ``priority``: higher ones go first. ``after``: results that must have come without an
        error before. ``follow``: it runs where those ran. ``targets``: the engines that may run it.
        """
        changed: dict[str, Any] = {}
        if retries is not None:
            changed["retries"] = _counted("retries", retries)
        if timeout is not None:
            if not isinstance(timeout, (int, float)) or not timeout > 0:
                raise UsageError(f"timeout is {timeout!r}: give seconds, more than 0.")
            changed["timeout"] = float(timeout)
        if priority is not None:
            if not isinstance(priority, int):
                raise UsageError(f"priority is {priority!r}: give a whole number.")
            changed["priority"] = priority
        if after is not None:
            changed["after"] = _ids_of(after)
        if follow is not None:
            changed["follow"] = _ids_of(follow)
        if targets is not None:
            changed["targets"] = _engines(targets)
        made = LoadBalancedView(self._loop, self._link, replace(self._options, **changed))
        made.block = self.block
        return made

    # --- Calls -----------------------------------------------------------------------------

    def aapply(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> TaskResult:
        """Call a function on some engine."""
        futures = self._submit(function, [(arguments, keywords)])
        result: TaskResult = self._result(TaskResult, futures, function, is_single=True)
        return result

    def apply(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        """Call a function on some engine; its value. What it prints is printed here."""
        result = self.aapply(function, *arguments, **keywords)
        if not self.block:
            return result
        try:
            return result.get()
        finally:
            Console(True).show_all(result)

    def amap(self, function: Callable[..., Any], *sequences: Iterable[Any]) -> TaskMapResult:
        """Call a function with each item, or with one of each sequence: a task each."""
        if not sequences:
            raise UsageError("map needs a sequence beside the function.")
        given: Iterable[Any] = ((each, {}) for each in zip(*sequences, strict=True))
        try:
            futures = self._submit(function, given)
        except ValueError as error:
            if "zip()" not in str(error):
                raise
            raise UsageError("map needs sequences of one length.") from None
        result: TaskMapResult = self._result(TaskMapResult, futures, function, finish=parts.joined)
        return result

    def map(self, function: Callable[..., Any], *sequences: Iterable[Any]) -> Any:
        """The values of a function for each item, in order: see :meth:`amap`."""
        result = self.amap(function, *sequences)
        return result.get() if self.block else result

    def imap(self, function: Callable[..., Any], *sequences: Iterable[Any]) -> Iterator[Any]:
        """The values in order, each as soon as it is there."""
        return iter(self.amap(function, *sequences))

    def imap_unordered(
        self, function: Callable[..., Any], *sequences: Iterable[Any]
    ) -> Iterator[Any]:
        """The values as they come."""
        return self.amap(function, *sequences).unordered()

    def aimap_unordered(
        self, function: Callable[..., Any], *sequences: Iterable[Any]
    ) -> AsyncIterator[Any]:
        """The values as they come: ``async for``."""
        return self.amap(function, *sequences).aunordered()

    # --- Beneath ---------------------------------------------------------------------------

    def _submit(
        self, function: Callable[..., Any], given: Iterable[tuple[Any, Any]]
    ) -> dict[str, Future[Outcome]]:
        """Send a task for each (arguments, keywords), in messages of bounded size."""
        digest, pickled = dumps_function(function)
        options = self._options.fields()
        every: dict[str, Future[Outcome]] = {}
        batch, size = Batch([], {digest: pickled}, [], {}), 0
        for each in given:
            what = f"an argument of {name_of(function)}"
            buffers: list[Frame] = [bytes(frame) for frame in dumps(each, what)]
            name = f"{_prefix}-{next(_numbers)}"
            told = {"id": name, "function": digest, "buffers": len(buffers), **options}
            batch.tasks.append(told)
            batch.buffers += buffers
            every[name] = batch.futures[name] = Future()
            size += size_of(buffers)
            if len(batch.tasks) >= _MOST_TASKS or size >= _MOST_BYTES:
                self._loop.call(self._link.submit, batch)
                batch, size = Batch([], {digest: pickled}, [], {}), 0
        if batch.tasks:
            self._loop.call(self._link.submit, batch)
        return every

    def _result(
        self,
        kind: Any,
        futures: dict[str, Future[Outcome]],
        function: Callable[..., Any],
        **more: Any,
    ) -> Any:
        return result_of(
            kind, self._loop, self._link, futures, getattr(function, "__name__", "tasks"), **more
        )


def result_of(
    kind: Any,
    loop: Loop,
    link: ControllerLink,
    futures: dict[str, Future[Outcome]],
    what: str,
    **more: Any,
) -> Any:
    """The result of some tasks."""
    ids = list(futures)
    made = kind(
        list(futures.values()),
        [-1] * len(ids),
        lambda: loop.call(link.cancel, ids),
        what=what,
        **more,
    )
    made._ids, made._link, made._loop = ids, link, loop
    return made


def results_of(loop: Loop, link: ControllerLink, ids: str | Sequence[str]) -> Any:
    """The results of tasks by their ids; of one id, the value alone."""
    wanted = [ids] if isinstance(ids, str) else list(ids)
    futures: dict[str, Future[Outcome]] = {each: Future() for each in wanted}
    loop.call(link.collect, futures)
    if isinstance(ids, str):
        return result_of(TaskResult, loop, link, futures, "task", is_single=True)
    return result_of(TaskMapResult, loop, link, futures, "tasks", finish=parts.joined)


def _counted(name: str, value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise UsageError(f"{name} is {value!r}: give a number, 0 or more.")
    return value


def _engines(targets: Any) -> tuple[int, ...]:
    """The numbers of some engines. Raises :class:`UsageError` for what is none."""
    wanted = (targets,) if isinstance(targets, int) else targets
    if not isinstance(wanted, Sequence) or not all(isinstance(each, int) for each in wanted):
        raise UsageError(f"targets is {targets!r}: give the numbers of engines.")
    if not wanted:
        raise UsageError("targets names no engine: leave it out for all.")
    return tuple(wanted)


def _ids_of(results: Any) -> tuple[str, ...]:
    """The tasks of results, or of one. Raises :class:`UsageError` for what is none."""
    if isinstance(results, _Kept):
        return tuple(results._ids)
    if isinstance(results, str):
        return (results,)
    if isinstance(results, AsyncResult) or not isinstance(results, Iterable):
        raise UsageError("after and follow take results of a load-balanced view, or their ids.")
    return tuple(each for result in results for each in _ids_of(result))
