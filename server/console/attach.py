"""Which session a console is for: the one named, the folder's, or a new one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...parallel.directories import current_folder
from ...parallel.errors import SessionError
from ...parallel.launch import SessionOptions, find_session, start_session
from ...parallel.registry import Registry, SessionEntry, liveness
from ...parallel.remote.places import names_place, place_of
from ...parallel.transcripts import find_journal
from ..interpreters import choose_interpreter


@dataclass(frozen=True)
class Wanted:
    """What the command line says of the session."""

    session: str | None = None
    """An id, or the beginning of one; ``ssh://host/ID`` for one of another host."""
    new: bool = False
    python: str | None = None
    profile: str | None = None
    kernel: str | None = None
    """Another kernel's name, or the folder of its kernelspec."""


async def attach(wanted: Wanted) -> tuple[SessionEntry, bool]:
    """The session, and whether it was started here.

    Without a name it is the newest of this folder; without one, it is started. Raises
    :class:`SessionError` with the sessions that there are if the named one is not among them.
    """
    if wanted.session is not None and names_place(wanted.session):
        from ...parallel.remote.starting import attach_to

        return await attach_to(place_of(wanted.session)), False
    if wanted.session is not None:
        entry = named(wanted.session, Registry())
        if entry.remote and liveness(entry) != "live":
            from ...parallel.remote.starting import attach_again

            entry = await attach_again(entry)
        return entry, False
    folder = str(current_folder())
    if wanted.kernel is not None:
        return await _hosted(wanted.kernel, folder, new=wanted.new)
    if not wanted.new:
        python = choose_interpreter(None, wanted.python) if wanted.python else None
        found = find_session(workspace=folder, python=python)
        if found is not None:
            return found, False
    python = choose_interpreter(Path(folder, "console"), wanted.python)
    options = SessionOptions(python=python, cwd=folder, workspace=folder, profile=wanted.profile)
    return await start_session(options), True


async def _hosted(kernel: str, folder: str, *, new: bool) -> tuple[SessionEntry, bool]:
    from ...parallel.hosted.kernelspecs import find_kernelspec
    from ...parallel.hosted.start import start_hosted

    name = find_kernelspec(kernel).name
    found = None if new else find_session(workspace=folder, kernel=name)
    if found is not None:
        return found, False
    return await start_hosted(kernel, SessionOptions(cwd=folder, workspace=folder)), True


def named(session: str, registry: Registry) -> SessionEntry:
    """The live session of an id, or of its beginning; one of another host may have lost its link.

    Raises :class:`SessionError`.
    """
    live = registry.live()
    matches = [entry for entry in live if session and entry.id.startswith(session)]
    if len(matches) == 1:
        return matches[0]
    if len(matches) > 1:
        raise SessionError(f"{session} is the beginning of several sessions: {_told(matches)}.")
    dead = registry.get(session)
    if dead is not None and dead.remote:
        return dead
    if dead is not None and liveness(dead) == "foreign":
        raise SessionError(f"The session {dead.id} runs on {dead.host}: attach to it there.")
    if ended := _ended(session, dead):
        raise SessionError(
            f"The session {ended} has ended: `vivo sessions show {ended}` shows what it did, `vivo "
            f"sessions rerun {ended}` runs its inputs again."
        )
    known = (
        f"there are {_told(live)}." if live else "there are none; `vivo session start` starts one."
    )
    raise SessionError(f"There is no session {session}; {known}")


def _ended(session: str, entry: SessionEntry | None) -> str | None:
    """The id of a session that is no more, if there was one of that id or beginning."""
    if entry is not None:
        return entry.id
    try:
        return find_journal(session).name
    except SessionError:
        return None


def _told(entries: list[SessionEntry]) -> str:
    return ", ".join(f"{entry.id} ({entry.name}, in {entry.cwd})" for entry in entries)
