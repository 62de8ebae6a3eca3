"""Sessions of other hosts: started there, or made known here."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from ..directories import private, runtime_folder, write_private
from ..errors import SessionError
from ..launch import readiness, spawn_detached
from ..registry import Registry, SessionEntry, liveness
from .places import Place, place_of

_SECONDS = 240.0  # a host may take long to be reached, and then to start a session
_COMMAND = [sys.executable, "-E", "-P", "-m", __package__]


async def start_on(
    place: Place,
    *,
    python: str | None = None,
    folder: str = "",
    name: str = "",
    profile: str | None = None,
    vivo: str = "",
    here: Path | None = None,
) -> SessionEntry:
    """Start a session on a host, and wait until it is known here.

    ``python`` and ``folder`` are that host's; by default the nearest environment, and the folder
    ``here`` (this process's own) if there is one of that path, else the home. ``vivo`` is the
    command there. Raises :class:`SessionError`.
    """
    if place.session:
        raise SessionError(f"{place.address} is where it starts: leave out /{place.session}.")
    order = {
        "do": "start",
        "python": python,
        "cwd": folder or (str(here) if here else _here()),
        "is_chosen": bool(folder),
        "name": name,
        "profile": profile,
    }
    return await _linked(place, order, vivo)


async def attach_to(place: Place, *, vivo: str = "") -> SessionEntry:
    """Make a session that runs on a host known here. Raises :class:`SessionError`.

    Without an id it is the only one that runs there.
    """
    if place.session:
        for entry in Registry().live():
            if entry.remote == place.address and entry.id.startswith(place.session):
                return entry
    return await _linked(place, {"do": "find", "session": place.session}, vivo)


async def attach_again(entry: SessionEntry) -> SessionEntry:
    """Make a link anew whose process is gone. Raises :class:`SessionError`."""
    found = Registry().read(entry.id)
    if found is not None and liveness(found) == "live":
        return found
    place = place_of(entry.remote)
    order = {"do": "find", "session": entry.id}
    try:
        return await _linked(place, order, entry.remote_vivo)
    except SessionError as error:
        if f"no session {entry.id} runs there" in str(error):
            Registry().tidy(entry)
            raise SessionError(f"The session {entry.id} on {place.name} has ended.") from None
        raise


def _here() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "~"


async def _linked(place: Place, order: dict[str, Any], vivo: str) -> SessionEntry:
    if not vivo.isprintable():
        raise SessionError(f"{vivo!r} is no command on {place.name}.")
    folder = private(runtime_folder() / "links")
    name = os.urandom(8).hex()
    file, log = folder / f"{name}.json", folder / f"{name}.log"
    read_end, write_end = os.pipe()
    told = {**order, "address": place.address, "vivo": vivo, "ready": write_end}
    told["control"] = str(folder / name)
    write_private(file, json.dumps(told).encode())
    try:
        try:
            await asyncio.to_thread(spawn_detached, [*_COMMAND, str(file)], write_end, log)
        finally:
            os.close(write_end)
        answer = await readiness(read_end, log, _SECONDS)
        if answer["status"] != "ready":
            raise SessionError(answer["message"])
        entry = Registry().read(answer["session"])
        if entry is None:
            raise SessionError(
                f"The session {answer['session']} on {place.name} ended as soon as it was there."
            )
        if entry.remote:
            log.replace(Path(entry.connection_file).with_name("link.log"))
        return entry
    finally:
        file.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
