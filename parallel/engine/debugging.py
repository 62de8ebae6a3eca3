"""Whether the engine is debugged: all that a cell's start looks at.

The debugger itself, :mod:`.debugger`, is loaded at a client's first ``debug_request``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .channel import Channel, KeeperGone

if TYPE_CHECKING:
    from ...core.shell import Shell
    from .debugger import Debugger

active: Debugger | None = None
"""The debugger of this process, once a client has asked for one."""


def submit(channel: Channel, shell: Shell, number: int, request: dict[str, Any]) -> None:
    """Give the debugger a request; it answers on the channel, under the request's number."""
    global active  # noqa: PLW0603 - tracing is the process's, whichever shell asks
    if active is None:
        from .debugger import Debugger

        debugger = Debugger(
            shell,
            reply=lambda n, content: _send(channel, {"type": "reply", "id": n, "content": content}),
            tell=lambda event: _send(channel, {"type": "debug_event", "content": event}),
        )
        debugger.start()
        active = debugger
    active.submit(number, request)


def _send(channel: Channel, header: dict[str, Any]) -> None:
    try:
        channel.send(header)
    except KeeperGone:
        pass  # the lane sees it too, and ends the engine or finds a new keeper


def run_traced(run: Callable[..., Any], source: str, filename: str | None, **options: Any) -> Any:
    """Run a cell, under the debugger where one is attached."""
    if active is None:
        return run(source, filename=filename, **options)
    filename = active.begin_cell(source, filename)
    try:
        return run(source, filename=filename, **options)
    finally:
        active.end_cell()


def close() -> None:
    """Leave no files behind: the engine ends, and a stopped cell has no end."""
    if active is not None:
        active.files.remove()
