"""What an interrupt does to a shell, decided in the signal handler.

Rules:

1. ``KeyboardInterrupt`` is raised only in the user's frames: where a trampoline stands above the
   interrupted frame. Raised in our own code it could lose a result or break the loop.
2. Where the loop waits for a top-level ``await``, its task is cancelled instead.
3. An interrupt that comes while a cell runs but our own code is at work (transforming,
   formatting) waits for the next part of the cell. One that comes between cells does nothing.
"""

from __future__ import annotations

from types import FrameType
from typing import TYPE_CHECKING

from .running import ALL_TRAMPOLINES

if TYPE_CHECKING:
    from .shell import Shell


def handle(shell: Shell, frame: FrameType | None) -> str:
    """Interrupt the running cell. Called on the main thread, in a signal handler.

    Returns what was done, ``cancelled``, ``deferred`` or ``idle``, or raises ``KeyboardInterrupt``.
    """
    if not shell.is_running:
        return "idle"
    while frame is not None:
        if frame.f_code in ALL_TRAMPOLINES:
            raise KeyboardInterrupt
        frame = frame.f_back
    task = shell.awaiting
    shell.interrupt_pending = True
    if task is not None and not task.done():
        task.get_loop().call_soon_threadsafe(task.cancel)
        return "cancelled"
    return "deferred"
