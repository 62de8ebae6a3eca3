"""A shell beside a shell: it runs cells of the same namespace, in a thread of its own.

It shares what its parent holds: names, results, magics, formatters, settings, history. Its own are
its context variables, its event loop and its last error. The debugger is the parent's alone.
"""

from __future__ import annotations

import contextvars
import copy
from typing import TypeVar

from .debugging import Debugging
from .shell import Shell, set_context

S = TypeVar("S", bound=Shell)


class NoDebugging(Debugging):
    """Leaves ``breakpoint()`` and tracing to the parent."""

    def begin_cell(self) -> None:
        """Nothing."""

    def end_cell(self) -> None:
        """Nothing."""


def subshell_of(shell: S) -> S:
    """A shell beside ``shell``, of the same class. Its cells are run in one thread, any but its."""
    _ = shell.history  # made now if it was not yet: both write into one
    made = copy.copy(shell)
    made.parent = shell
    made.debugging = NoDebugging(made)
    made.last_error = made.last_report = None
    made.is_running = made.interrupt_pending = made.interrupt_next = made.cancel_pending = False
    made.awaiting = made.event_loop = made._loop = None
    made._depth = 0
    # A child's raw output would land in the cell that the parent runs.
    made.inherit_streams = False
    made._context = contextvars.Context()
    set_context(made)
    return made
