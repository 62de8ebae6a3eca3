"""Starting, finding and ending sessions.

Rules:

1. A session is detached from its starter: it has a session of its own and, by a second fork, init
   as its parent, so that an editor that ends its process tree leaves it running.
2. Whether it is up is told by the keeper, on a pipe: nobody polls, and nobody guesses.
3. A process is ended by its id only after its start time was compared.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import select
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psutil

from ..core.private_files import open_file
from .client import SessionClient
from .connection import ConnectionInfo, make_ipc
from .directories import (
    cache_folder,
    check_folder,
    history_file,
    journal_folder,
    socket_folder,
    write_private,
)
from .errors import ConnectionFileError, SessionError
from .interpreters import check_python
from .keeper.spawn import KEEPER
from .limits import output_limit
from .registry import Registry, SessionEntry, liveness, new_id

_log = logging.getLogger(__name__)
_START_SECONDS = 60.0
_END_SECONDS = 8.0


@dataclass(frozen=True)
class SessionOptions:
    """What a new session is to be."""

    python: str = field(default_factory=lambda: sys.executable)
    """The interpreter of the user's code, 3.10 or newer."""
    cwd: str = field(default_factory=os.getcwd)
    workspace: str | None = None
    """The folder that the session serves, if it serves one."""
    name: str = ""
    profile: str | None = None
    """The profile of its shell; the user's ``default`` if there is one."""
    documents: tuple[str, ...] = ()
    """The documents and folders, as URIs, for which the user has chosen it."""
    output_limit: int = field(default_factory=output_limit)
    """Characters that a cell may show; the rest goes to a file."""


def _spec(
    session: str, options: SessionOptions, connection: ConnectionInfo, connection_file: Path
) -> dict[str, Any]:
    """What a keeper is told."""
    return {
        "id": session,
        "name": options.name or Path(options.workspace or options.cwd).name,
        "python": options.python,
        "cwd": options.cwd,
        "workspace": options.workspace,
        "profile": options.profile,
        "documents": list(options.documents),
        "output_limit": options.output_limit,
        "connection": msgspec.structs.asdict(connection),
        "connection_file": str(connection_file),
        "journal": str(journal_folder(session)),
        "history": str(history_file()),
        "cache": str(cache_folder("bytecode")),
        "foreign": False,
        "ready": None,
        "one_use": True,
    }


async def start_session(options: SessionOptions | None = None) -> SessionEntry:
    """Start a session and wait until its engine is ready.

    Raises :class:`SessionError` with one sentence if it cannot be started.
    """
    options = options or SessionOptions()
    await asyncio.to_thread(check_folder, options.cwd)
    await asyncio.to_thread(check_python, options.python, options.cwd)
    return await start_keeper(new_spec(options), KEEPER)


def new_spec(options: SessionOptions) -> dict[str, Any]:
    """The spec of a session that has a new id, and Unix sockets in a folder of its own."""
    session = new_id()
    folder = socket_folder(session)
    return _spec(session, options, make_ipc(folder), folder / "connection.json")


async def start_keeper(spec: dict[str, Any], command: list[str]) -> SessionEntry:
    """Have a session kept by what ``command`` starts, and wait until it is ready.

    The command is given the path of the spec as its last word. Raises :class:`SessionError`.
    """
    session = spec["id"]
    read_end, write_end = os.pipe()
    spec["ready"] = write_end
    spec_file = Path(spec["connection_file"]).with_name("spec.json")
    write_private(spec_file, json.dumps(spec).encode())
    log = journal_folder(session) / "keeper.log"
    try:
        await asyncio.to_thread(spawn_detached, [*command, str(spec_file)], write_end, log)
    finally:
        os.close(write_end)
    told = await readiness(read_end, log)
    if told["status"] != "ready":
        spec_file.unlink(missing_ok=True)
        raise SessionError(f"The session did not start: {told['message']}")
    entry = Registry().get(session)
    if entry is None:
        raise SessionError(f"The session {session} ended as soon as it had started; see {log}.")
    return entry


def spawn_detached(command: list[str], write_end: int, log: Path) -> None:
    """Start what puts itself into the background, and wait until it has. Its log is appended to."""
    with os.fdopen(open_file(log, os.O_WRONLY | os.O_APPEND), "ab") as stream:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            pass_fds=(write_end,),
            start_new_session=True,
            cwd="/",  # a folder whose files shadow none of our modules
            check=True,
        )


async def readiness(read_end: int, log: Path, seconds: float = _START_SECONDS) -> dict[str, str]:
    """What a keeper says of itself; its log's last line if it says nothing."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
    )
    try:
        line = await asyncio.wait_for(reader.readline(), seconds)
    except asyncio.TimeoutError:
        return {"status": "failed", "message": f"it is not ready after {seconds:.0f} s"}
    finally:
        transport.close()
    if line:
        told: dict[str, str] = json.loads(line)
        return told
    last = await asyncio.to_thread(_last_line, log)
    return {"status": "failed", "message": f"{last} (the whole is in {log})"}


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "its keeper ended without a word"


def find_session(
    *, workspace: str | None = None, python: str | None = None, kernel: str | None = None
) -> SessionEntry | None:
    """The newest live session of a workspace, and of an interpreter if one is named.

    ``kernel`` is that of a hosted one; without it only sessions with engines of ours are found.
    Another host's folder of the same path is another folder.
    """
    for entry in reversed(Registry().live()):
        if entry.kernel != kernel or entry.remote:
            continue
        if entry.workspace == workspace and python in (None, entry.python):
            return entry
    return None


async def end_session(session: str) -> None:
    """End a session and its processes. Raises :class:`SessionError` if there is none of that id."""
    registry = Registry()
    entry = registry.get(session)
    if entry is None:
        raise SessionError(f"There is no session {session}; `vivo sessions` lists them.")
    state = liveness(entry)
    if state == "foreign":
        raise SessionError(f"The session {entry.id} runs on {entry.host}: end it there.")
    if state == "stale" and not entry.remote:
        registry.remove(entry.id)
        return
    if entry.remote:
        await _end_remote(entry)
        return
    if entry.elsewhere:
        await _end_elsewhere(entry)
        return
    try:
        keeper = psutil.Process(entry.keeper_pid)
    except psutil.NoSuchProcess:
        return
    try:
        client = await SessionClient.connect(entry.connection_file, name="end", timeout=3)
    except (SessionError, ConnectionFileError) as error:
        _log.info("The session %s does not answer: %s", entry.id, error)
    else:
        try:
            await client.shutdown()
        finally:
            await client.close()
    await asyncio.to_thread(_make_sure, keeper, entry)
    registry.remove(entry.id)


async def _end_elsewhere(entry: SessionEntry) -> None:
    client = await SessionClient.connect(entry.connection_file, name="end", timeout=10)
    try:
        await client.shutdown()
    finally:
        await client.close()
    Registry().tidy(entry)


async def _end_remote(entry: SessionEntry) -> None:
    """End a session of another host, and wait until the link to it has seen that."""
    host = entry.remote
    forget = f"`vivo session detach {entry.id}` forgets it here, and lets it go on there"
    if liveness(entry) != "live" or entry.away:
        why = entry.away or "the link to it has ended"
        raise SessionError(
            f"{host} cannot be reached now ({why.rstrip('?.')}), and the session {entry.id} cannot "
            f"be ended from here: {forget}."
        )
    try:
        link = psutil.Process(entry.keeper_pid)
        client = await SessionClient.connect(entry.connection_file, name="end", timeout=5)
        try:
            await client.shutdown()
        finally:
            await client.close()
    except psutil.NoSuchProcess:
        return
    except SessionError:
        raise SessionError(
            f"The session {entry.id} does not answer from {host}: end it there, or {forget}."
        ) from None
    if not await asyncio.to_thread(has_ended, link, 2 * _END_SECONDS):
        raise SessionError(f"The session {entry.id} does not end: end it on {host}, or {forget}.")


async def detach_session(session: str) -> SessionEntry:
    """Forget a session of another host, which goes on there. Raises :class:`SessionError`."""
    registry = Registry()
    entry = registry.get(session)
    if entry is None:
        raise SessionError(f"There is no session {session}; `vivo sessions` lists them.")
    if not entry.remote:
        raise SessionError(
            f"The session {entry.id} runs on this machine: it needs no link, and `vivo session end "
            f"{entry.id}` ends it."
        )
    if liveness(entry) == "live":
        try:
            link = psutil.Process(entry.keeper_pid)
            link.terminate()
            if not await asyncio.to_thread(has_ended, link, _END_SECONDS):
                link.kill()
        except psutil.NoSuchProcess:
            pass  # it has ended by itself
    registry.tidy(entry)
    return entry


def has_ended(process: psutil.Process, seconds: float) -> bool:
    """Whether a process that is not our child ends within some seconds.

    A pidfd tells at once; the process id itself stays until init has reaped it, which on some
    systems takes a second.
    """
    if hasattr(os, "pidfd_open"):
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([descriptor], [], [], seconds)[0])
        finally:
            os.close(descriptor)
    try:
        process.wait(seconds)
    except psutil.TimeoutExpired:
        return False
    return True


def _make_sure(keeper: psutil.Process, entry: SessionEntry) -> None:
    """Wait for the keeper's end; end it and its engine if it does not come."""
    try:
        children = keeper.children(recursive=False)
    except psutil.NoSuchProcess:
        return
    if has_ended(keeper, _END_SECONDS):
        return
    if liveness(entry) == "live":
        for process in (*children, keeper):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs([*children, keeper], timeout=_END_SECONDS)


__all__ = [
    "SessionOptions",
    "detach_session",
    "end_session",
    "find_session",
    "new_spec",
    "readiness",
    "spawn_detached",
    "start_keeper",
    "start_session",
]
