"""Documents and their sessions: which serves which, found again or started.

Rules:

1. One session for each workspace folder; a file outside of every folder has its own folder's.
2. A session that runs already for that folder is used, whoever started it. Identity is the
   session's id; the folder only finds it.
3. Nothing is started before something is run.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlparse

import psutil

from ..parallel.errors import SessionError
from ..parallel.interpreters import find_python
from ..parallel.launch import SessionOptions, end_session, find_session
from ..parallel.registry import Registry, SessionEntry, liveness
from .interpreters import choose_interpreter
from .live import Listener, LiveSession
from .notebooks import Notebooks, is_cell_uri, notebook_path
from .protocol.sessions import SessionInfo

_log = logging.getLogger(__name__)


def path_of(uri: str) -> Path | None:
    """The file of a document, for a cell its notebook; None for one that is in no file."""
    if is_cell_uri(uri):
        return notebook_path(uri)
    parts = urlparse(uri)
    if parts.scheme not in ("file", "vscode-remote"):
        return None
    return Path(unquote(parts.path))


@dataclass
class SessionManager:
    """The sessions that the open documents use."""

    listener: Listener
    python: str | None = None
    """The user's setting."""
    profile: str | None = None
    """The profile of the sessions that are started here."""
    folders: list[Path] = field(default_factory=list)
    """The workspace's folders."""
    seen: dict[str, int] = field(default_factory=dict)
    """By session, the number of the last event that the client was shown by an earlier server."""
    sessions: dict[str, LiveSession] = field(default_factory=dict)
    notebooks: Notebooks = field(default_factory=Notebooks)
    """The open notebooks: the session of a cell is its notebook's."""

    def folder_of(self, uri: str) -> Path:
        """The folder whose session serves a document."""
        path = path_of(self.notebooks.owner(uri))
        if path is None:
            return self.folders[0] if self.folders else Path.home()
        holding = [folder for folder in self.folders if path.is_relative_to(folder)]
        return max(holding, key=lambda folder: len(folder.parts)) if holding else path.parent

    def of(self, uri: str) -> LiveSession:
        """The session that serves a document; it need not have begun."""
        folder = str(self.folder_of(uri))
        session = self.sessions.get(folder)
        if session is None:
            python = choose_interpreter(path_of(self.notebooks.owner(uri)), self.python)
            options = SessionOptions(
                python=python, cwd=folder, workspace=folder, profile=self.profile
            )
            session = LiveSession(options, self.listener, entry=self._running(folder))
            session.seen = self.seen
            self.sessions[folder] = session
        session.uris.add(uri)
        return session

    def known(self, uri: str) -> LiveSession | None:
        """The session of a document if there is one that could be asked."""
        session = self.sessions.get(str(self.folder_of(uri)))
        return session if session is not None and session.client is not None else None

    def _running(self, folder: str) -> SessionEntry | None:
        try:
            return find_session(workspace=folder, python=self._wanted_python())
        except SessionError as error:
            _log.warning("The registry cannot be read: %s", error)
            return None

    def _wanted_python(self) -> str | None:
        return find_python(self.python) if self.python else None

    async def attach(self, uri: str) -> LiveSession | None:
        """Connect to the session that runs for a document already, if one does."""
        session = self.of(uri)
        if session.client is None and session.entry is None:
            return None
        try:
            await session.ready()
        except SessionError as error:
            _log.info("The session of %s cannot be attached: %s", uri, error)
            return None
        return session

    def closed(self, uri: str) -> None:
        """A document was closed; its session goes on."""
        for session in self.sessions.values():
            session.uris.discard(uri)

    async def end(self, session_id: str) -> None:
        """End a session. Raises :class:`SessionError`."""
        await end_session(session_id)
        for session in self.sessions.values():
            if session.id.startswith(session_id):
                await session.gone()

    async def close(self) -> None:
        """Let go of every session; they go on."""
        await asyncio.gather(*(session.close() for session in self.sessions.values()))
        self.sessions.clear()


async def list_sessions() -> list[SessionInfo]:
    """The sessions of this machine."""
    entries = Registry().listing().entries
    return list(await asyncio.gather(*(session_info(entry) for entry in entries)))


async def session_info(entry: SessionEntry) -> SessionInfo:
    """What is known of a session; its keeper is asked, if it runs."""
    from ..parallel.client import SessionClient

    alive = liveness(entry)
    state, version, engine = alive if alive != "live" else "busy", "", None
    if alive == "live":
        try:
            client = await SessionClient.connect(entry.connection_file, name="list", timeout=2)
            try:
                told = await client.session(timeout=2)
            finally:
                await client.close()
            state = {"dead": "ended"}.get(told["state"], told["state"])
            version, engine = told["python_version"], told["engine_pid"]
        except (SessionError, ValueError) as error:
            _log.info("The session %s does not answer: %s", entry.id, error)
    is_here = alive == "live" and not entry.elsewhere
    return SessionInfo(
        session_id=entry.id,
        name=entry.name,
        state=state,
        python=entry.python,
        python_version=version,
        cwd=entry.cwd,
        workspace=entry.workspace,
        created=entry.created,
        memory=_memory(entry.keeper_pid, engine) if is_here else None,
    )


def _memory(*pids: int | None) -> int | None:
    total = 0
    for pid in pids:
        if pid is not None:
            try:
                total += psutil.Process(pid).memory_info().rss
            except psutil.Error:
                return None
    return total
