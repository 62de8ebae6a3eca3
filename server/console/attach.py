"""Which session a console is for: the one named, the folder's, or a new one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...parallel.errors import SessionError
from ...parallel.launch import SessionOptions, find_session, start_session
from ...parallel.registry import Registry, SessionEntry, liveness
from ..interpreters import choose_interpreter


@dataclass(frozen=True)
class Wanted:
    """What the command line says of the session."""

    session: str | None = None
    """An id, or the beginning of one."""
    new: bool = False
    python: str | None = None
    profile: str | None = None


async def attach(wanted: Wanted) -> tuple[SessionEntry, bool]:
    """The session, and whether it was started here.

    Without a name it is the newest of this folder; without one, it is started. Raises
    :class:`SessionError` with the sessions that there are if the named one is not among them.
    """
    if wanted.session is not None:
        return named(wanted.session, Registry()), False
    folder = str(Path.cwd())
    if not wanted.new:
        python = choose_interpreter(None, wanted.python) if wanted.python else None
        found = find_session(workspace=folder, python=python)
        if found is not None:
            return found, False
    python = choose_interpreter(Path(folder, "console"), wanted.python)
    options = SessionOptions(python=python, cwd=folder, workspace=folder, profile=wanted.profile)
    return await start_session(options), True


def named(session: str, registry: Registry) -> SessionEntry:
    """The live session of an id, or of its beginning. Raises :class:`SessionError`."""
    live = registry.live()
    matches = [entry for entry in live if session and entry.id.startswith(session)]
    if len(matches) == 1:
        return matches[0]
    if len(matches) > 1:
        raise SessionError(f"{session} is the beginning of several sessions: {_told(matches)}.")
    dead = registry.get(session)
    if dead is not None and liveness(dead) == "foreign":
        raise SessionError(f"The session {dead.id} runs on {dead.host}: attach to it there.")
    known = f"there are {_told(live)}." if live else "there are none; --new starts one."
    raise SessionError(f"There is no session {session}; {known}")


def _told(entries: list[SessionEntry]) -> str:
    return ", ".join(f"{entry.id} ({entry.name}, in {entry.cwd})" for entry in entries)
