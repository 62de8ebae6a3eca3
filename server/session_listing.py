"""The sessions of this machine, each asked what it is and does."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import psutil

from ..parallel.errors import ConnectionFileError, SessionError
from ..parallel.registry import Registry, SessionEntry, liveness
from .protocol.sessions import SessionInfo

_log = logging.getLogger(__name__)


async def list_sessions() -> list[SessionInfo]:
    """The sessions of this machine."""
    entries = Registry().listing().entries
    return list(await asyncio.gather(*(session_info(entry) for entry in entries)))


async def session_info(entry: SessionEntry) -> SessionInfo:
    """What is known of a session; its keeper is asked, if it runs."""
    alive = liveness(entry)
    state, told = alive if alive != "live" else "busy", {}
    if alive == "live":
        try:
            told = await _told(entry)
            state = {"dead": "ended"}.get(told["state"], told["state"])
        except (SessionError, ConnectionFileError) as error:
            _log.info("The session %s does not answer: %s", entry.id, error)
    is_here = alive == "live" and not entry.elsewhere
    documents = dict.fromkeys([*entry.documents, *told.get("documents", [])])
    return SessionInfo(
        session_id=entry.id,
        name=entry.name,
        state=state,
        python=entry.python,
        python_version=told.get("python_version", ""),
        cwd=entry.cwd,
        workspace=entry.workspace,
        created=entry.created,
        memory=_memory(entry.keeper_pid, told.get("engine_pid")) if is_here else None,
        documents=list(documents),
        queued=len(told.get("queue", [])),
        people=[str(each["name"]) for each in told.get("people", [])],
    )


async def _told(entry: SessionEntry) -> dict[str, Any]:
    from ..parallel.client import SessionClient

    client = await SessionClient.connect(entry.connection_file, name="list", timeout=2)
    try:
        return await client.session(timeout=2)
    finally:
        await client.close()


def _memory(*pids: int | None) -> int | None:
    total = 0
    for pid in pids:
        if pid is not None:
            try:
                total += psutil.Process(pid).memory_info().rss
            except psutil.Error:
                return None
    return total
