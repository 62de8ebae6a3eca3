"""Documents and their sessions: which serves which, found again or started.

Rules:

1. One session for each workspace folder, or for each file, as the user has set; a file outside of
   every folder has its own folder's.
2. What the user has chosen by hand comes first: a session for a document, then one for its folder.
   The choice stands in the registry, beside the session: another server makes the same of it, and
   it ends with the session.
3. A session that runs already for that place is used, whoever started it. Identity is the
   session's id; the place only finds it.
4. Nothing is started before something is run, and then with the interpreter of that moment.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlparse

from ..core.profile_folder import profiles_folder
from ..parallel.errors import SessionError
from ..parallel.interpreters import find_python
from ..parallel.launch import SessionOptions, end_session, find_session
from ..parallel.messages import PresenceRequest
from ..parallel.registry import Registry, SessionEntry, liveness
from ..parallel.remote.places import place_of
from .consoles import Console, console_of
from .interpreters import choose
from .live import Listener, LiveSession
from .notebooks import Notebooks, is_cell_uri, notebook_path
from .session_listing import list_sessions, session_info

__all__ = ["SessionManager", "list_sessions", "path_of", "session_info", "source_name"]

_log = logging.getLogger(__name__)
_CHOSEN = "session:"


def path_of(uri: str) -> Path | None:
    """The file of a document, for a cell its notebook; None for one that is in no file."""
    if is_cell_uri(uri):
        return notebook_path(uri)
    parts = urlparse(uri)
    if parts.scheme not in ("file", "vscode-remote"):
        return None
    return Path(unquote(parts.path))


def source_name(uri: str) -> str | None:
    """What a document's cells compile under: its file, or the name of an unsaved buffer.

    So every frame of a traceback names the document that it stands in. None for what has no name.
    """
    path = path_of(uri)
    if path is not None:
        return str(path)
    return unquote(uri) if urlparse(uri).scheme == "untitled" else None


@dataclass
class SessionManager:
    """The sessions that the open documents use."""

    listener: Listener
    python: str | None = None
    """The user's setting."""
    profile: str | None = None
    """The profile of the sessions that are started here."""
    session_per: Literal["folder", "file"] = "folder"
    trusted: bool = True
    """Whether programs of the workspace may be chosen without a word of the user's."""
    folders: list[Path] = field(default_factory=list)
    """The workspace's folders."""
    seen: dict[str, int] = field(default_factory=dict)
    """By session, the number of the last event that the client was shown by an earlier server."""
    who: PresenceRequest = field(default_factory=PresenceRequest)
    """Who the client is to others in its sessions."""
    sessions: dict[str, LiveSession] = field(default_factory=dict)
    """By place: a folder, a file, or ``session:`` and an id where the user chose one."""
    tell: Callable[[str], None] = lambda sentence: None
    """How the user is told a sentence."""
    notebooks: Notebooks = field(default_factory=Notebooks)
    """The open notebooks: the session of a cell is its notebook's."""
    confined_to: str | None = None
    """The id of the one session that the client may reach, whatever it names; None for the user's
    own client. Nothing is started then."""
    _keys: dict[str, str] = field(default_factory=dict)

    # --- Which session serves a document -----------------------------------------------------

    def folder_of(self, uri: str) -> Path:
        """The folder whose session serves a document."""
        path = path_of(self.notebooks.owner(uri))
        if path is None:
            return self.folders[0] if self.folders else Path.home()
        holding = [folder for folder in self.folders if path.is_relative_to(folder)]
        return max(holding, key=lambda folder: len(folder.parts)) if holding else path.parent

    def file_of(self, uri: str) -> Path:
        """Where a document is; one that has no file yet, as a page's console, where it would be."""
        return path_of(self.notebooks.owner(uri)) or self.folder_of(uri) / "untitled"

    def of(self, uri: str) -> LiveSession:
        """The session that serves a document; it need not have begun."""
        if self.confined_to is not None:
            return self.of_id(self.confined_to)
        document, uri = uri, self.notebooks.owner(uri)
        if (console := console_of(uri)) is not None:
            return self._of_console(uri, console)
        key = self._keys.get(uri, "")
        session = self.sessions.get(key)
        if session is not None and key.startswith(_CHOSEN) and not session.is_begun:
            self.sessions.pop(key)
            session = None
        if session is None:
            key, session = self._found(uri)
            self._keys[uri], self.sessions[key] = key, session
        session.uris.add(document)
        return session

    def _of_console(self, uri: str, console: Console) -> LiveSession:
        """The session that a console names while it runs, else that of its document."""
        session = self.by_id(console.session)
        if session is None:
            entry = next((each for each in self._live() if each.id == console.session), None)
            session = self._kept(entry) if entry is not None else self.of(console.document)
        session.uris.add(uri)
        return session

    def _kept(self, entry: SessionEntry) -> LiveSession:
        """A session that runs, used here from now on."""
        key, session = self._chosen(entry)
        return self.sessions.setdefault(key, session)

    def of_id(self, session_id: str) -> LiveSession:
        """The session of an id, used here from now on. Raises :class:`SessionError`."""
        if self.confined_to not in (None, session_id):
            raise SessionError(f"The session {session_id} was not shared with you.")
        session = self.by_id(session_id)
        if session is not None:
            return session
        entry = next((each for each in self._live() if each.id == session_id), None)
        if entry is None:
            raise SessionError(f"There is no session {session_id}; `vivo sessions` lists them.")
        return self._kept(entry)

    def known(self, uri: str) -> LiveSession | None:
        """The session of a document if there is one that could be asked."""
        session = self.of(uri)
        return session if session.client is not None else None

    def _found(self, uri: str) -> tuple[str, LiveSession]:
        folder = self.folder_of(uri)
        live = self._live()
        if (entry := _chosen_for(live, uri)) is not None:
            return self._chosen(entry)
        if self.session_per == "file":
            path = path_of(uri)
            place, name = (str(path), path.name) if path is not None else (uri, uri)
        else:
            if (entry := _chosen_for(live, folder.as_uri())) is not None:
                return self._chosen(entry)
            place, name = str(folder), folder.name
        if place in self.sessions:
            return place, self.sessions[place]
        options = SessionOptions(cwd=str(folder), workspace=place, name=name)
        session = LiveSession(options, self.listener, prepare=self._preparer(uri))
        session.seen, session.who = self.seen, self.who
        entry = self._running(place)
        if entry is not None:
            same = self.by_id(entry.id)
            if same is not None:
                return place, same
            session.entry = entry
        return place, session

    def _chosen(self, entry: SessionEntry) -> tuple[str, LiveSession]:
        """The session that the user has chosen; its options are those of the next one."""
        key = f"{_CHOSEN}{entry.id}"
        session = self.by_id(entry.id)
        if session is None:
            options = SessionOptions(
                python=entry.python,
                cwd=entry.cwd,
                workspace=entry.workspace,
                name=entry.name,
                profile=self.profile,
                documents=tuple(entry.documents),
            )
            session = LiveSession(options, self.listener, entry=entry)
            if entry.remote:
                session.prepare = _refuser(entry)
            session.seen, session.who = self.seen, self.who
        return key, session

    def by_id(self, session_id: str) -> LiveSession | None:
        """The session of an id, if documents use it here."""
        return next((each for each in self.all() if session_id and each.id == session_id), None)

    def all(self) -> list[LiveSession]:
        """The sessions that are used here, each once."""
        return list({id(each): each for each in self.sessions.values()}.values())

    # --- What a session is started with ------------------------------------------------------

    def _preparer(self, uri: str) -> Callable[[LiveSession], None]:
        def prepare(session: LiveSession) -> None:
            """Find what somebody has started meanwhile, else choose the interpreter of now."""
            entry = self._running(session.options.workspace or "")
            if entry is not None:
                session.entry = entry
                return
            session.options = self._options(session.options, uri)

        return prepare

    def _options(self, options: SessionOptions, uri: str) -> SessionOptions:
        chosen = choose(self.file_of(uri), self.python, folders=self.folders, trusted=self.trusted)
        if chosen.passed_over is not None:
            self.tell(
                f"The workspace is not trusted: its interpreter {chosen.passed_over} is not used, "
                f"but {chosen.python}. Trust the workspace, or choose an interpreter, to use it."
            )
        return replace(options, python=chosen.python, profile=self._profile(options.cwd))

    def _profile(self, cwd: str) -> str | None:
        """The profile of a new session: none that lies in a workspace that is not trusted."""
        if self.profile is None or self.trusted:
            return self.profile
        is_path = self.profile.endswith(".toml")
        name = Path(self.profile) if is_path else profiles_folder() / f"{self.profile}.toml"
        path = Path(os.path.realpath(Path(cwd, name.expanduser())))
        if path.is_relative_to(os.path.realpath(profiles_folder())):
            return self.profile  # the user's own, also where the workspace is the home folder
        if not any(
            path.is_relative_to(os.path.realpath(each)) for each in [*self.folders, Path(cwd)]
        ):
            return self.profile
        self.tell(
            f"The workspace is not trusted: the profile {path} is not loaded. Trust the workspace "
            "to load it."
        )
        return None

    def _live(self) -> list[SessionEntry]:
        try:
            entries = Registry().listing().entries
        except SessionError as error:
            _log.warning("The registry cannot be read: %s", error)
            return []
        # One of another host goes on there, also when the link to it was killed here.
        live = [each for each in entries if each.remote or liveness(each) == "live"]
        if self.confined_to is not None:
            return [entry for entry in live if entry.id == self.confined_to]
        return live

    def _running(self, place: str) -> SessionEntry | None:
        try:
            return find_session(workspace=place, python=self._wanted_python())
        except SessionError as error:
            _log.warning("The registry cannot be read: %s", error)
            return None

    def _wanted_python(self) -> str | None:
        return find_python(self.python) if self.python else None

    # --- Attaching and letting go ------------------------------------------------------------

    async def attach(self, uri: str) -> LiveSession | None:
        """Connect to the session that runs for a document already, if one does."""
        session = self.of(uri)
        if (console := console_of(uri)) is not None:
            uri = console.document
        if session.client is None and session.entry is None:
            # Somebody may have started one since.
            self._keys.pop(uri, None)
            key, found = self._found(uri)
            if found is session and session.entry is None:
                session.entry = self._running(session.options.workspace or "")
            if found is not session:
                session.uris.discard(uri)
            self._keys[uri], self.sessions[key] = key, found
            found.uris.add(uri)
            session = found
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
        self._keys.pop(uri, None)
        for session in self.all():
            session.uris.discard(uri)

    def forget_places(self) -> None:
        """Look anew which session serves which document, as the settings have changed."""
        self._keys.clear()
        for session in self.all():
            session.uris.clear()

    async def end(self, session_id: str) -> None:
        """End a session. Raises :class:`SessionError`."""
        await end_session(session_id)
        for session in self.all():
            if session.id.startswith(session_id):
                await session.gone()

    async def close(self) -> None:
        """Let go of every session; they go on."""
        for session in self.all():
            await session.close()
        self.sessions.clear()
        self._keys.clear()

    # --- The user's choice -------------------------------------------------------------------

    def use(self, uri: str, session_id: str, *, folder: bool) -> LiveSession:
        """Have a document, or all of its folder, served by a session that runs.

        Raises :class:`SessionError` if there is none of that id.
        """
        place = self.folder_of(uri).as_uri() if folder else uri
        self._choose(place, session_id)
        return self._moved(uri, folder=folder)

    def use_no_choice(self, uri: str, *, folder: bool) -> LiveSession:
        """Forget what was chosen for a document or its folder."""
        self._choose(self.folder_of(uri).as_uri() if folder else uri, None)
        return self._moved(uri, folder=folder)

    async def use_linked(self, uri: str, address: str, *, folder: bool) -> LiveSession:
        """Have a document or its folder served by a session of another host.

        Raises :class:`SessionError`.
        """
        from ..parallel.remote.starting import attach_to

        self._check_free("attach to")
        entry = await attach_to(place_of(address))
        return self.use(uri, entry.id, folder=folder)

    async def use_new(
        self, uri: str, *, folder: bool, name: str | None, python: str | None, on: str | None = None
    ) -> LiveSession:
        """Start another session, for a document or its folder. Raises :class:`SessionError`.

        ``on`` is the host, as ``ssh://host``; by default it is this one.
        """
        place = self.folder_of(uri).as_uri() if folder else uri
        if on is not None:
            from ..parallel.remote.starting import start_on

            self._check_free("start")
            # A home or a project that both hosts share is at the same place on both.
            here = self.folder_of(uri)
            entry = await start_on(place_of(on), python=python, name=name or "", here=here)
            return self.use(uri, entry.id, folder=folder)
        session = await self.start_another(uri, name=name, python=python, documents=(place,))
        session.uris.add(uri)
        self._choose(place, session.id)
        return self._moved(uri, folder=folder)

    async def start_another(
        self,
        uri: str,
        *,
        name: str | None = None,
        python: str | None = None,
        documents: tuple[str, ...] = (),
    ) -> LiveSession:
        """Start another session where a document's would be. Raises :class:`SessionError`."""
        self._check_free("start")
        where = self.folder_of(uri)
        options = SessionOptions(
            cwd=str(where),
            name=name or self._new_name(where.name),
            profile=self._profile(str(where)),
            documents=documents,
        )
        if python is not None:
            options = replace(options, python=find_python(python, where))
        else:
            options = self._options(options, uri)
        session = LiveSession(options, self.listener)
        session.seen, session.who = self.seen, self.who
        await session.ready()
        self.sessions[f"{_CHOSEN}{session.id}"] = session
        return session

    def _check_free(self, what: str) -> None:
        """Raise :class:`SessionError` where one session was shared, and no other may be had."""
        if self.confined_to is not None:
            raise SessionError(f"One session was shared with you: you cannot {what} another.")

    def _choose(self, place: str, session_id: str | None) -> None:
        registry = Registry()
        registry.choose(place, session_id)
        for session in self.all():
            entry = registry.read(session.id) if session.id else None
            if entry is not None:
                session.entry = entry
                session.options = replace(session.options, documents=tuple(entry.documents))

    def _new_name(self, name: str) -> str:
        taken = {entry.name for entry in self._live()}
        numbered = (f"{name} {number}" for number in range(2, len(taken) + 3))
        return next(each for each in numbered if each not in taken)

    def _moved(self, uri: str, *, folder: bool) -> LiveSession:
        moved = [each for each in self._keys if folder or each == uri]
        for each in moved:
            self._keys.pop(each)
            for session in self.all():
                session.uris.discard(each)
        for each in moved:
            self.of(each)
        return self.of(uri)


def _refuser(entry: SessionEntry) -> Callable[[LiveSession], None]:
    """What keeps a session from being started here in the place of one on another host."""

    def refuse(session: LiveSession) -> None:
        raise SessionError(
            f"The session {entry.name} on {entry.on} has ended, or was detached: the next cell "
            "runs in a session of this machine, or in one that you choose."
        )

    return refuse


def _chosen_for(entries: list[SessionEntry], place: str) -> SessionEntry | None:
    return next((entry for entry in reversed(entries) if place in entry.documents), None)
