"""Sessions inside an allocation of a batch system, for editors and consoles on another host.

Rules:

1. The session is entered into this host's registry with how to reach it, so that whatever finds
   sessions finds it.
2. Whoever gives up before it is there takes its job back.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from ...connection import ConnectionInfo
from ...directories import check_folder, journals_folder, private, socket_folder, write_private
from ...errors import SessionError
from ...launch import SessionOptions
from ...processes import boot_id, this_host
from ...registry import Registry, SessionEntry
from ..naming import launcher_named
from .batch import BatchLauncher, Work

_LOOK = 0.2  # seconds between looks for the session's answer: a shared file system tells nothing


async def start_in_allocation(
    system: str,
    options: SessionOptions,
    told: dict[str, Any],
    *,
    listen: str = "",
    show: Callable[[str], None] = lambda line: None,
) -> SessionEntry:
    """Start a session as a job of a batch system, and wait until it is there.

    ``told`` are the batch script's options, ``listen`` an address of this host that the system's
    hosts reach, ``show`` gets what is waited for. Raises :class:`SessionError`.
    """
    launcher = launcher_named(system)
    if not isinstance(launcher, BatchLauncher):
        raise SessionError(
            f"{system} is no batch system: sessions are started in jobs of slurm, pbs, sge or lsf."
        )
    host = listen or await asyncio.to_thread(launcher.reachable_address)
    await asyncio.to_thread(check_folder, options.cwd)
    state = private(journals_folder().parent / "jobs" / os.urandom(6).hex())
    answer = state / "answer.json"
    order = {
        "session": {
            "python": options.python,
            "cwd": options.cwd,
            "workspace": options.workspace,
            "name": options.name,
            "profile": options.profile,
        },
        "host": host,
        "boot": boot_id(),
        "answer": str(answer),
    }
    write_private(state / "order.json", json.dumps(order).encode())
    program = [sys.executable, "-E", "-P", "-m", f"{__package__}.settle", str(state / "order.json")]
    ends: list[str] = []
    is_there = False
    try:
        await launcher.submit(
            Work("vivo-session", [0], program, told, state, options.cwd), ends.append
        )
        while not answer.exists():
            if ends:
                raise SessionError(f"The session did not start: {ends[0]}")
            show(launcher.status)
            await asyncio.sleep(_LOOK)
        found = json.loads(answer.read_text("utf-8"))
        is_there = True
    finally:
        if is_there:
            launcher.let_go()
        else:
            await launcher.cancel()
    return _entered(found, f"job {launcher.last_job} of {system}", str(answer))


def _entered(told: dict[str, Any], where: str, answer: str) -> SessionEntry:
    """The session's entry in this host's registry."""
    entry = msgspec.convert(told["entry"], SessionEntry)
    if entry.host == this_host()[0]:
        return entry  # its keeper has entered it
    file = socket_folder(entry.id) / "connection.json"
    msgspec.convert(told["connection"], ConnectionInfo).write(file)
    here = msgspec.structs.replace(entry, connection_file=str(file), elsewhere=where, answer=answer)
    Registry().add(here)
    return here
