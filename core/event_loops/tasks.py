"""asyncio's event loop: tasks that cells have started go on between cells.

They do so in every session; beside a toolkit's loop they advance at each of its ticks.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from .base import EventLoop, Undo

if TYPE_CHECKING:
    from ..shell import Shell

# A timer that is due wakes a future in one round of the loop, which wakes its task in the next.
_ROUNDS = 3


class TaskLoop(EventLoop):
    """Runs the shell's own loop of asyncio."""

    name = "asyncio"
    serves_cells = False  # a cell may run inside this very loop

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell

    def _hearing_signals(self) -> AbstractContextManager[None]:
        return nullcontext()  # asyncio waits in Python's select, which hears them

    def _watch(self, descriptor: int, call: Callable[[], None]) -> Undo:
        loop = self._shell.loop
        loop.add_reader(descriptor, call)

        def forget() -> None:
            loop.remove_reader(descriptor)

        return forget

    def _every(self, seconds: float, call: Callable[[], None]) -> Undo:
        loop = self._shell.loop
        timer: Any = None

        def again() -> None:
            nonlocal timer
            timer = loop.call_later(seconds, again)
            call()

        def end() -> None:
            timer.cancel()

        timer = loop.call_later(seconds, again)
        return end

    def _enter(self) -> None:
        self._shell.loop.run_forever()

    def _leave(self) -> None:
        self._shell.loop.stop()


def advance(shell: Shell) -> bool:
    """Let tasks that are ready go on, without waiting; False, as a tick that ends nothing."""
    for _ in range(_ROUNDS):
        if not shell.has_background_tasks or shell.loop.is_running():
            break
        shell.loop.call_soon(shell.loop.stop)
        shell.loop.run_forever()
    return False
