"""What a keeper writes about its session for others: its entry, a line to its starter."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ..connection import ConnectionInfo
from ..logs import Log

_log = Log(__name__)
OUTWARD, CERTIFICATE = "t", "cluster.pem"
"""In the session's folder: the socket that leads to a controller elsewhere, and what it needs."""


def enter(spec: dict[str, Any], connection: ConnectionInfo) -> None:
    """Write the registry's entry, the connection file and the journal's description."""
    from ..processes import process_started, this_host
    from ..registry import Registry, SessionEntry
    from ..transcripts import describe

    host, boot, owner = this_host()
    registry = Registry()
    before = registry.read(spec["id"])  # of the keeper that died: it may have been renamed since
    entry = SessionEntry(
        id=spec["id"],
        name=before.name if before else spec["name"],
        owner=owner,
        host=host,
        boot=boot,
        keeper_pid=os.getpid(),
        keeper_started=process_started(os.getpid()) or time.time(),
        python=spec["python"],
        cwd=spec["cwd"],
        workspace=spec["workspace"],
        created=before.created if before else time.time(),
        connection_file=spec["connection_file"],
        journal=spec["journal"],
        kernel=spec.get("kernel_name"),
        documents=before.documents if before else spec.get("documents", []),
    )
    connection.write(Path(entry.connection_file))
    registry.add(entry)
    describe(entry)


def state_of(pid: int | None) -> dict[str, Any]:
    """What the system tells of an engine's process: its memory in bytes, whether it is stopped, the
    seconds for which it has kept processors busy."""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        pages = int(told[21])
    except (OSError, IndexError, ValueError):
        return {}  # it has ended, or there is no Linux
    ticks = int(told[11]) + int(told[12])
    return {
        "memory": pages * os.sysconf("SC_PAGE_SIZE"),
        "is_stopped": told[0] in (b"T", b"t"),
        "busy": ticks / os.sysconf("SC_CLK_TCK"),
    }


def leave(spec: dict[str, Any], connection: ConnectionInfo) -> None:
    """Take the entry out, and remove the files that only a living session needs."""
    from ..registry import Registry

    Registry().remove(spec["id"])
    connection_file = Path(spec["connection_file"])
    # The way to a controller elsewhere: see .outward.
    outward = [connection_file.with_name(each) for each in (OUTWARD, CERTIFICATE)]
    for path in (*connection.socket_files(), connection_file, *outward):
        path.unlink(missing_ok=True)
    try:
        connection_file.parent.rmdir()
    except OSError as error:
        _log.warning("The session's folder stays: %s", error)


def tell_starter(spec: dict[str, Any], status: str, message: str = "") -> None:
    """One line to whoever started the session, once."""
    descriptor = spec.get("ready")
    if descriptor is None:
        return
    spec["ready"] = None
    line = json.dumps({"status": status, "message": message})
    try:
        os.write(descriptor, line.encode() + b"\n")
    except BrokenPipeError:
        _log.info("The starter did not wait for the session.")
    os.close(descriptor)
