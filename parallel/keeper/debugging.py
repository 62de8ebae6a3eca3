"""The keeper's part in debugging: what ``kernel_info`` says, and the debugger's events.

The requests go through the lane to the engine's debugger, which answers while a cell is stopped.
An event is announced and not kept in the journal: who comes later asks ``debugInfo``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .instructions import Announce

if TYPE_CHECKING:
    from .state import SessionState


def features(state: SessionState) -> list[str]:
    """What ``kernel_info`` says of debugging."""
    return ["debugger"] if state.has_debugger else []


def event(state: SessionState, content: dict[str, Any]) -> None:
    """Announce an event of the debugger, as one of the run that runs."""
    parent = state.running.request.raw_header if state.running is not None else b"{}"
    state.tell(Announce("debug_event", parent, content))
