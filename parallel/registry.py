"""The registry: which sessions there are, on this machine and as far as it can be known.

One file a session, written by its keeper. Rules:

1. A process id alone proves nothing: it counts with the process's start time and the machine's
   boot id. An entry whose keeper is gone is *stale*, one of another host *foreign*.
2. A file that cannot be read is passed over and said, never believed.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import psutil

from .directories import registry_folder, write_private

_log = logging.getLogger(__name__)

Liveness = Literal["live", "stale", "foreign"]


class SessionEntry(msgspec.Struct, kw_only=True):
    """What the registry tells of a session."""

    id: str
    name: str
    owner: int
    """The user's numeric id."""
    host: str
    boot: str
    """The machine's boot, so that a process id of before a reboot is known as that."""
    keeper_pid: int
    keeper_started: float
    """The keeper's start, as :func:`process_started` gives it."""
    python: str
    cwd: str
    workspace: str | None
    created: float
    connection_file: str
    journal: str
    idle_policy: str = "kept until it is ended"


def new_id() -> str:
    """A session id: short enough to type, and to stand in a socket's path."""
    return uuid.uuid4().hex[:12]


@cache
def boot_id() -> str:
    """Which boot of which machine this is."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"{socket.gethostname()}-{int(psutil.boot_time())}"


def process_started(pid: int) -> float | None:
    """When a process began, to be compared within one boot; None if there is none that lives.

    On Linux in clock ticks since the boot, which a clock that is set does not move; elsewhere in
    seconds since the epoch.
    """
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes()
        # Fields 3 and 22 of proc_pid_stat(5); field 2, in parentheses, may hold anything.
        fields = told.rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else float(fields[19])
    except FileNotFoundError:
        pass  # no such process, or no Linux
    except ProcessLookupError:
        return None  # it ended while we looked
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


@dataclass
class Listing:
    """The sessions of a registry, and what could not be read."""

    entries: list[SessionEntry]
    unreadable: list[Path]


class Registry:
    """The registry in a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or registry_folder()

    def path(self, session: str) -> Path:
        """The file of a session's entry."""
        return self.folder / f"{session}.json"

    def add(self, entry: SessionEntry) -> None:
        """Write a session's entry, or its newer state."""
        write_private(self.path(entry.id), msgspec.json.encode(entry))

    def remove(self, session: str) -> None:
        """Take an entry out; nothing if it is gone already."""
        self.path(session).unlink(missing_ok=True)

    def tidy(self, entry: SessionEntry) -> None:
        """Take out a session that has ended, with its sockets; its journal stays."""
        folder = Path(entry.connection_file).parent
        if folder == self.folder.parent / entry.id:
            shutil.rmtree(folder, ignore_errors=True)
        self.remove(entry.id)

    def get(self, session: str) -> SessionEntry | None:
        """A session's entry, by its id or the beginning of it if that is unique."""
        matches = [entry for entry in self.listing().entries if entry.id.startswith(session)]
        exact = [entry for entry in matches if entry.id == session]
        if exact:
            return exact[0]
        return matches[0] if len(matches) == 1 and session else None

    def listing(self) -> Listing:
        """All entries, oldest first."""
        found = Listing([], [])
        for path in self.folder.glob("*.json"):
            try:
                found.entries.append(_entry(path))
            except FileNotFoundError:
                continue  # it ended while we looked
            except (OSError, msgspec.MsgspecError, ValueError) as error:
                _log.warning("The registry entry %s is passed over: %s", path, error)
                found.unreadable.append(path)
        found.entries.sort(key=lambda entry: entry.created)
        return found

    def live(self) -> list[SessionEntry]:
        """The entries whose keepers run, oldest first."""
        return [entry for entry in self.listing().entries if liveness(entry) == "live"]

    def prune(self) -> list[SessionEntry]:
        """Take out the stale entries; their journals stay. Gives what was taken out."""
        stale = [entry for entry in self.listing().entries if liveness(entry) == "stale"]
        for entry in stale:
            self.tidy(entry)
        return stale


def _entry(path: Path) -> SessionEntry:
    """What a file says. Raises ``ValueError``, also where it speaks of another session."""
    entry = msgspec.json.decode(path.read_bytes(), type=SessionEntry)
    if entry.id != path.stem:  # an id is a name of files: it must not lead elsewhere
        raise ValueError(f"it is the entry of {entry.id!r}")
    return entry


def liveness(entry: SessionEntry) -> Liveness:
    """Whether a session's keeper runs, as far as this machine can tell."""
    if entry.host != socket.gethostname():
        return "foreign"
    if entry.boot != boot_id():
        return "stale"
    started = process_started(entry.keeper_pid)
    return "live" if started == entry.keeper_started else "stale"


def this_host() -> tuple[str, str, int]:
    """Host, boot and user of this process: what a new entry says of itself."""
    return socket.gethostname(), boot_id(), os.getuid()
