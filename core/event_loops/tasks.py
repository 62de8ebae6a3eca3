"""asyncio's event loop: tasks that cells have started go on between cells.

They do so in every session; beside a toolkit's loop they advance at each of its ticks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import TICK, EventLoop, Tick

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

    def _run(self, descriptor: int, tick: Tick | None) -> None:
        loop = self._shell.loop

        def on_tick() -> None:
            if tick is None or tick():
                loop.stop()
            else:
                loop.call_later(TICK, on_tick)

        loop.add_reader(descriptor, loop.stop)
        if tick is not None:
            loop.call_later(TICK, on_tick)
        try:
            loop.run_forever()
        finally:
            loop.remove_reader(descriptor)

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
