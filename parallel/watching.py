"""Waiting for the end of a session of this host, whichever keeper it has by then."""

from __future__ import annotations

import asyncio
import os

from .processes import process_started
from .registry import Registry, SessionEntry, liveness

_SUCCESSION = 5.0  # seconds that another keeper may take to enter itself
_LOOK = 1.0  # seconds between looks at what nothing tells the end of


async def until_ended(entry: SessionEntry, registry: Registry | None = None) -> None:
    """Wait until a session has ended: a keeper that dies may have a successor."""
    registry = registry or Registry()
    while True:
        if entry.elsewhere:
            while await asyncio.to_thread(liveness, entry) == "live":  # noqa: ASYNC110 - untold
                await asyncio.sleep(_LOOK)
            return
        await _has_ended(entry)
        if (found := await _successor(entry, registry)) is None:
            return
        entry = found


async def _has_ended(entry: SessionEntry) -> None:
    if not hasattr(os, "pidfd_open"):
        while process_started(entry.keeper_pid) == entry.keeper_started:  # noqa: ASYNC110 - untold
            await asyncio.sleep(_LOOK)
        return
    try:
        descriptor = os.pidfd_open(entry.keeper_pid)
    except ProcessLookupError:
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        if process_started(entry.keeper_pid) == entry.keeper_started:
            await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def _successor(entry: SessionEntry, registry: Registry) -> SessionEntry | None:
    """The session's entry by another keeper; None if none has come."""
    until = asyncio.get_running_loop().time() + _SUCCESSION
    while asyncio.get_running_loop().time() < until:
        found = registry.read(entry.id)
        if found is None:
            return None  # it was ended in order
        if found.keeper_pid != entry.keeper_pid and liveness(found) == "live":
            return found
        await asyncio.sleep(0.05)
    return None
