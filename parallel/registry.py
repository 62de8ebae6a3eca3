"""The registry: which sessions there are, on this machine and as far as it can be known.

One file a session, written by its keeper. Rules:

1. A process id alone proves nothing: it counts with the process's start time and the machine's
   boot id. An entry whose keeper is gone is *stale*, one of another host *foreign*, unless it
   serves this one by TCP and can be reached.
2. A file that cannot be read is passed over and said, never believed.
3. Beside the entries is a folder of the sessions' connection files, each with the session's name as
   its kernel's: Jupyter's servers look through such a folder for kernels that they did not start,
   and show no other name.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from ..core.private_files import open_file, read_small
from .connection import read_connection
from .directories import private, registry_folder, write_private
from .errors import ConnectionFileError, SessionError
from .processes import boot_id, process_started

_log = logging.getLogger(__name__)

_REACH_SECONDS = 1.0

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
    kernel: str | None = None
    """The name of the kernelspec, where another kernel is hosted; None for an engine of ours."""
    elsewhere: str = ""
    """What keeps it on another host, which is reached by TCP: a batch system's job."""
    answer: str = ""
    """A file that is there for as long as that does."""
    documents: list[str] = []
    """The documents and folders, as URIs, for which the user has chosen this session."""


def new_id() -> str:
    """A session id: short enough to type, and to stand in a socket's path."""
    return uuid.uuid4().hex[:12]


class Listing(msgspec.Struct):
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

    @property
    def connections(self) -> Path:
        """The folder with the connection files of all sessions (rule 3)."""
        return self.folder / "connections"

    def add(self, entry: SessionEntry) -> None:
        """Write a session's entry, or its newer state."""
        write_private(self.path(entry.id), msgspec.json.encode(entry))
        with contextlib.suppress(ConnectionFileError):  # an entry alone: nobody can connect
            connection = read_connection(entry.connection_file)
            named = msgspec.structs.replace(connection, kernel_name=f"{entry.name} (vivo)")
            made = self.folder / f"{entry.id}.connection"  # who reads the folder sees it whole
            named.write(made)
            made.replace(private(self.connections) / f"{entry.id}.json")

    def change(self, session: str, change: Callable[[SessionEntry], SessionEntry]) -> SessionEntry:
        """Replace what the registry tells of a session: one at a time, also of several processes.

        Raises :class:`SessionError` if there is none of that id.
        """
        with self._alone():
            entry = self.get(session)
            if entry is None:
                raise SessionError(f"There is no session {session}; `vivo sessions` lists them.")
            changed = change(entry)
            if changed != entry:
                self.add(changed)
            return changed

    def choose(self, place: str, session: str | None) -> None:
        """Note that the user has chosen a session, and no other, for a document or a folder.

        Without a session the choice is forgotten. Raises :class:`SessionError` if it does not run.
        """
        with self._alone():
            entries = self.listing().entries
            chosen = next((each for each in entries if each.id == session), None)
            if session is not None and (chosen is None or liveness(chosen) == "stale"):
                raise SessionError(f"There is no session {session}; `vivo sessions` lists them.")
            for entry in entries:
                documents = [each for each in entry.documents if each != place]
                if entry is chosen:
                    documents.append(place)
                if documents != entry.documents:
                    self.add(msgspec.structs.replace(entry, documents=documents))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from changing entries meanwhile."""
        lock = open_file(self.folder / ".lock", os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def remove(self, session: str) -> None:
        """Take an entry out; nothing if it is gone already."""
        (self.connections / f"{session}.json").unlink(missing_ok=True)
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

    def read(self, session: str) -> SessionEntry | None:
        """The entry of a session by its whole id; None if there is none that can be read."""
        try:
            return _entry(self.path(session))
        except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
            return None

    def listing(self) -> Listing:
        """All entries, oldest first."""
        found = Listing([], [])
        for path in self.folder.glob("*.json"):
            try:
                found.entries.append(_entry(path))
            except FileNotFoundError:
                continue  # it ended while we looked
            except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
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
    entry = msgspec.json.decode(read_small(path), type=SessionEntry)
    if entry.id != path.stem:  # an id is a name of files: it must not lead elsewhere
        raise ValueError(f"it is the entry of {entry.id!r}")
    return entry


def _is_reached(entry: SessionEntry) -> bool:
    """Whether somebody listens where a session of another host is to be."""
    try:
        connection = read_connection(entry.connection_file)
        address = connection.ip, connection.shell_port
        with socket.create_connection(address, timeout=_REACH_SECONDS):
            return True
    except (ConnectionFileError, OSError):
        return False


def liveness(entry: SessionEntry) -> Liveness:
    """Whether a session's keeper runs, as far as this machine can tell."""
    if entry.host != socket.gethostname():
        if entry.elsewhere and _is_reached(entry):
            return "live"
        return "stale" if entry.answer and not Path(entry.answer).exists() else "foreign"
    if entry.boot != boot_id():
        return "stale"
    started = process_started(entry.keeper_pid)
    return "live" if started == entry.keeper_started else "stale"
