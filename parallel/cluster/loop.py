"""The event loop on which a process talks to its clusters: one daemon thread, for as long as any.

Rules: what is called here from other threads never waits for a peer; nothing of the user's runs on
the loop; a forked child has none of it.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from .. import sharing
from .errors import ClusterError
from .transport import last_words

T = TypeVar("T")


class Loop:
    """A loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._run, name="vivo-cluster", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def call(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Have a function called on the loop, soon. Raises :class:`ClusterError` if it ended."""
        self._check()
        self._loop.call_soon_threadsafe(function, *arguments)

    def _check(self) -> None:
        if self._loop.is_closed():
            raise ClusterError(
                "The cluster of this view is closed here: Cluster.connect(name) finds it if it "
                "still runs, and gives new views."
            )

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the loop. Raises as :meth:`call`."""
        if self._loop.is_closed():
            coroutine.close()
        self._check()
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop, and wait for it; an interrupt cancels it."""
        future = self.spawn(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def end(self) -> None:
        """End the loop and its thread."""
        self.run(last_words())
        self.run(_cancelled_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancelled_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)


_lock = threading.Lock()
_current: Loop | None = None
_users = 0


def acquire() -> Loop:
    """The process's loop; whoever has it gives it back with :func:`release`."""
    global _current, _users  # noqa: PLW0603 - one loop a process is the point
    with _lock:
        if _current is None:
            _current = Loop()
        _users += 1
        return _current


def release() -> None:
    """Nobody here needs the loop that :func:`acquire` gave; the last one ends it."""
    global _current, _users  # noqa: PLW0603 - as above
    with _lock:
        _users -= 1
        if _users == 0 and _current is not None:
            ended, _current = _current, None
            ended.end()
            sharing.forget_spares()


def _forget() -> None:
    global _current, _users, _lock
    _current, _users, _lock = None, 0, threading.Lock()


os.register_at_fork(after_in_child=_forget)
