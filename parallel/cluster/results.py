"""What was asked of engines and comes later: to wait for, to await, to iterate, to cancel.

Rules:

1. Values are unpickled in the thread that asks for them, once, and never on the event loop.
2. Whoever waits can be interrupted; the remote work is interrupted then.
3. Errors are raised when all engines have ended, together; ``return_exceptions`` gives them in
   their places instead.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitTimeoutError  # its own before Python 3.11
from typing import TYPE_CHECKING, Any

from . import post_mortem
from .calls import Outcome
from .errors import (
    CallAbortedError,
    EngineLostError,
    RemoteError,
    RemoteTraceback,
    TaskError,
    engine_errors,
    plain,
)
from .executions import Cell
from .pickling import loads
from .progress import Progress

if TYPE_CHECKING:
    from .views import DirectView

_LAST_SECONDS = 5.0  # that interrupted work gets to end

_log = logging.getLogger(__name__)
Finish = Callable[[list[Any]], Any]
MISSING = object()


class AsyncResult:
    """The results of some engines, or of one."""

    _unit = "engine"
    view: DirectView | None = None
    """The view of the engines, where they were addressed directly."""
    is_wrapped = False
    """Whether each value comes as a list of one, which stands for itself among errors."""

    def __init__(
        self,
        futures: Sequence[Future[Outcome]],
        engines: Sequence[int],
        cancel: Callable[[], None],
        *,
        is_single: bool = False,
        finish: Finish | None = None,
        what: str = "",
    ) -> None:
        """``finish`` makes the result of the engines' values; ``what`` names it for people."""
        self.futures = list(futures)
        self.engines = list(engines)
        """The numbers of the engines, in the order of the values; -1 until one is known."""
        self.what = what
        self._cancel = cancel
        self._is_single = is_single
        self._finish = finish
        self._values: list[Any] = [MISSING] * len(self.futures)
        self._errors: dict[int, tuple[Exception, RemoteTraceback]] = {}

    @property
    def is_single(self) -> bool:
        """Whether it is of one engine, and has a single value."""
        return self._is_single

    # --- Waiting ---------------------------------------------------------------------------

    def done(self) -> bool:
        """Whether all engines have ended."""
        return all(each.done() for each in self.futures)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all have ended, or ``timeout`` seconds; whether they have."""
        until = None if timeout is None else time.monotonic() + timeout
        with Progress(self.futures, self.what) as progress:
            try:
                for each in self.futures:
                    if not progress.wait(each, until):
                        return False
            except KeyboardInterrupt:
                self.interrupted()
                raise
        return True

    def interrupted(self) -> None:
        """End the remote work (rule 2), and give it a moment for it."""
        self.cancel()
        until = time.monotonic() + _LAST_SECONDS
        for each in self.futures:
            try:
                each.result(max(0.0, until - time.monotonic()))
            except WaitTimeoutError:
                break

    def get(self, timeout: float | None = None, *, return_exceptions: bool = False) -> Any:
        """The value of one engine, or the list of all values.

        Raises the engine's error, or :class:`EngineErrors`; ``TimeoutError`` after ``timeout``
        seconds, which leaves the work running.
        """
        if not self.wait(timeout):
            left = sum(not each.done() for each in self.futures)
            raise TimeoutError(
                f"{left} of {len(self.futures)} results have not come within {timeout:g} s: the "
                "work goes on; get() waits again, cancel() ends it."
            )
        return self._got(return_exceptions=return_exceptions)

    def _got(self, *, return_exceptions: bool = False) -> Any:
        values = [self._value(index) for index in range(len(self.futures))]
        self._were_read(range(len(self.futures)))
        if self._errors and not return_exceptions:
            is_engines = self._unit == "engine"
            failed = {
                self.engines[i] if is_engines else i: told for i, told in self._errors.items()
            }
            raise self._raised(engine_errors(failed, len(self.futures), self._unit))
        if self._finish is not None and not self._errors:
            return self._finish(values)
        if self._errors:
            values = [
                each[0] if self.is_wrapped and isinstance(each, list) else each for each in values
            ]
        return values[0] if self._is_single else values

    def _value(self, index: int) -> Any:
        """An engine's value, or its error (rule 1)."""
        if self._values[index] is MISSING:
            outcome = self.futures[index].result()
            if self.engines[index] < 0:
                self.engines[index] = outcome.engine
            if outcome.status == "ok":
                try:
                    self._values[index] = self._loaded(outcome)
                except Exception as error:  # noqa: BLE001 - whatever unpickling it raises is told
                    self._errors[index] = error, RemoteTraceback()
                    self._values[index] = error
            else:
                self._errors[index] = remote_error(outcome)
                self._values[index] = self._errors[index][0]
            outcome.buffers = []
        return self._values[index]

    def _loaded(self, outcome: Outcome) -> Any:
        return loads(outcome.buffers) if outcome.buffers else None

    def _were_read(self, indices: Sequence[int]) -> None:
        """The user has these values by now, or their errors."""

    def __await__(self) -> Generator[Any, None, Any]:
        return self._awaited().__await__()

    async def _awaited(self) -> Any:
        try:
            for each in self.futures:
                await asyncio.shield(asyncio.wrap_future(each))
        except asyncio.CancelledError:
            self.cancel()
            raise
        return self._got()

    def __iter__(self) -> Iterator[Any]:
        """The values in the engines' order, each as soon as it is there."""
        for index, future in enumerate(self.futures):
            with Progress([future], self.what) as progress:
                try:
                    progress.wait(future, None)
                except KeyboardInterrupt:
                    self.interrupted()
                    raise
            yield self._one(index)

    async def __aiter__(self) -> AsyncIterator[Any]:
        for index, future in enumerate(self.futures):
            try:
                await asyncio.shield(asyncio.wrap_future(future))
            except asyncio.CancelledError:
                self.cancel()
                raise
            yield self._one(index)

    def _one(self, index: int) -> Any:
        value = self._value(index)
        self._were_read([index])
        if index in self._errors:
            raise self._raised(engine_errors({self.engines[index]: self._errors[index]}, 1))
        return value

    def _raised(self, error: Exception) -> Exception:
        """An error that is about to be raised, which ``%debug ENGINE`` finds."""
        if self.view is not None:
            post_mortem.remember(error, self.view)
        return error

    # --- Beside the values -----------------------------------------------------------------

    def cancel(self) -> None:
        """End the work: what runs is interrupted, what waits never begins."""
        if not self.done():
            self._cancel()

    @property
    def stdout(self) -> Any:
        """What was printed so far: a text of one engine, a list of texts of several."""
        return self._each(lambda outcome: outcome.stdout, "")

    @property
    def stderr(self) -> Any:
        """What went to the standard error stream: as :attr:`stdout`."""
        return self._each(lambda outcome: outcome.stderr, "")

    @property
    def outputs(self) -> Any:
        """What was shown, ``{"kind", "content"}`` of each: a list, or a list of lists."""
        return self._each(lambda outcome: outcome.outputs, [])

    @property
    def status(self) -> Any:
        """``pending``, ``ok``, ``error``, ``aborted`` or ``lost``, of each engine."""
        return self._each(lambda outcome: outcome.status, "pending")

    @property
    def times(self) -> Any:
        """When each began and ended, in seconds since the epoch; None before."""
        return self._each(lambda o: (o.content.get("started"), o.content.get("finished")), None)

    def _each(self, get: Callable[[Outcome], Any], missing: Any) -> Any:
        told = [get(each.result()) if each.done() else missing for each in self.futures]
        return told[0] if self._is_single else told

    def __repr__(self) -> str:
        left = sum(not each.done() for each in self.futures)
        state = f"{left} of {len(self.futures)} pending" if left else "done"
        return f"<{type(self).__name__} {self.what}: {state}>"


class AsyncMapResult(AsyncResult):
    """The results of a map, one after the other as if it had been made here.

    The parts are lists of values, of consecutive items each.
    """

    def __iter__(self) -> Iterator[Any]:
        for values in super().__iter__():
            yield from values

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for values in super().__aiter__():
            for each in values:
                yield each

    def unordered(self) -> Iterator[Any]:
        """The values as they come, in no order."""
        from concurrent.futures import as_completed

        places = {id(future): index for index, future in enumerate(self.futures)}
        try:
            for future in as_completed(self.futures):
                yield from self._one(places[id(future)])
        except KeyboardInterrupt:
            self.interrupted()
            raise

    async def aunordered(self) -> AsyncIterator[Any]:
        """The values as they come: ``async for``."""
        wrapped = {asyncio.wrap_future(each): index for index, each in enumerate(self.futures)}
        waiting = set(wrapped)
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    for value in self._one(wrapped[each]):
                        yield value
        except asyncio.CancelledError:
            self.cancel()
            raise


class CellResult(AsyncResult):
    """What cells on some engines did: their outputs; the value is None."""

    cells: Sequence[Cell]
    """The cells, whose ``outputs`` grow while they run."""

    def _loaded(self, outcome: Outcome) -> Any:
        return None


def remote_error(outcome: Outcome) -> tuple[Exception, RemoteTraceback]:
    """The error of an engine, and its remote traceback."""
    told = outcome.content.get("error") or {}
    name, message = str(told.get("ename", "")), str(told.get("evalue", ""))
    traceback, error = RemoteTraceback(), Exception()
    if outcome.status == "aborted":
        error = CallAbortedError("It was taken back before it began.")
    elif outcome.status == "lost":
        error = EngineLostError(message or "The engine is lost.")
    elif outcome.status == "error":
        error = _unpickled(outcome) or RemoteError(name, message)
        traceback = _traceback_of(told)
    else:
        error = TaskError(message or f"The task ended as {outcome.status}.")
        traceback = _traceback_of(told)
    error.engine = outcome.engine  # type: ignore[attr-defined]
    error.remote = told  # type: ignore[attr-defined]
    return error, traceback


def _traceback_of(told: dict[str, Any]) -> RemoteTraceback:
    """A remote traceback with its values: whoever reads it here cannot look."""
    text = plain(told.get("traceback") or [])
    if report := told.get("report"):
        try:
            from ...core.tracebacks import report_from

            whole = report_from(report)
            return RemoteTraceback(whole.text("Verbose"), whole.text("Context"))
        except Exception as error:  # noqa: BLE001 - of another version: its plain text is there
            _log.info("A remote traceback cannot be shown with its values: %r", error)
    return RemoteTraceback(text, text)


def _unpickled(outcome: Outcome) -> Exception | None:
    """The exception itself, where it can be had here."""
    if not outcome.buffers:
        return None
    try:
        error = loads(outcome.buffers)
    except Exception as failure:  # noqa: BLE001 - its class may be missing, or refuse
        _log.info("A remote error is told by its report alone: unpickling it raised %r.", failure)
        return None
    # An interrupt there is none here.
    return error if isinstance(error, Exception) else None
