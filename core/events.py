"""Hooks around cells: what users and extensions register to be called.

``shell_initialized`` comes once, when the shell and its profile are ready, with the shell;
``pre_run_cell`` and ``post_run_cell`` are given the :class:`~vivo.core.execution.ExecutionResult`.
A callback that raises is told once and taken out (:mod:`vivo.core.callbacks`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .callbacks import CallbackError, call, name_of
from .errors import UsageError

EVENTS = ("pre_execute", "post_execute", "pre_run_cell", "post_run_cell", "shell_initialized")


class EventRegistry:
    """Callbacks by event name."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        self._callbacks: dict[str, list[Callable[..., Any]]] = {name: [] for name in EVENTS}
        self._complain = complain

    def register(self, event: str, function: Callable[..., Any]) -> None:
        """Call ``function`` once at each ``event``. Raises :class:`UsageError` for a wrong one."""
        if function not in self._of(event):
            self._of(event).append(function)

    def unregister(self, event: str, function: Callable[..., Any]) -> None:
        """Stop calling ``function``. Raises :class:`UsageError` if it was not registered."""
        if function not in self._of(event):
            raise UsageError(f"{name_of(function)} is not registered for the event {event}.")
        self._of(event).remove(function)

    def _of(self, event: str) -> list[Callable[..., Any]]:
        if event not in self._callbacks:
            raise UsageError(f"There is no event {event}; there are {', '.join(EVENTS)}.")
        return self._callbacks[event]

    def has_any(self, *events: str) -> bool:
        """Whether a function is registered for any of some events."""
        return any(self._callbacks[event] for event in events)

    def trigger_once(self, event: str, *arguments: Any) -> None:
        """Call what is registered for an event that comes once for each callback."""
        self.trigger(event, *arguments)
        self._callbacks[event].clear()

    def trigger(self, event: str, *arguments: Any) -> None:
        """Call what is registered for an event, in order."""
        callbacks = self._callbacks[event]
        if not callbacks:
            return
        for function in tuple(callbacks):
            try:
                call(f"The callback {{}} of {event}", function, *arguments)
            except CallbackError as failure:
                if function in callbacks:  # it may have taken itself out before it failed
                    callbacks.remove(function)
                self._complain(str(failure))
