"""What a link talks to on the host that it leads to: ``vivo beside``, started by ssh.

It reads instructions from its standard input, a line of JSON each, and answers each with a line
that begins with :data:`MARK`; the end of a session that is watched is a line of its own. Rules:

1. It ends with its input, and if nothing comes for :data:`SILENCE` seconds: a link that was cut
   without a word leaves nothing behind.
2. A session that it starts outlives it, and the user's last login.
3. It trusts who talks to it, which is the user: ssh has seen to that.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from ... import __version__
from ...core.errors import VivoError
from ..connection import read_connection
from ..directories import registry_folder, use_lasting_folder
from ..errors import SessionError
from ..processes import boot_id
from ..registry import Registry, SessionEntry, liveness
from ..watching import until_ended

MARK = "vivo-beside "
PROTOCOL = 1
"""Of these instructions, and of what a link needs of a session's wire."""
SILENCE = 60.0
_log = logging.getLogger(__name__)

ChoosePython = Callable[[Path, str | None], str]
"""The interpreter for a folder, and for what the user has named."""


class Beside:
    """What one link asks."""

    def __init__(self, choose: ChoosePython) -> None:
        self._choose = choose
        self._watching: asyncio.Task[None] | None = None

    async def hello(self, told: dict[str, Any]) -> dict[str, Any]:
        """Who this is, and which registry is its own."""
        folder = registry_folder()
        return {
            "protocol": PROTOCOL,
            "version": __version__,
            "registry": [boot_id(), os.getuid(), str(folder), folder.stat().st_ino],
        }

    async def start(self, told: dict[str, Any]) -> dict[str, Any]:
        """Start a session. Raises :class:`SessionError`."""
        from ..launch import SessionOptions, start_session  # most links need none of it

        use_lasting_folder()  # rule 2
        folder = _folder(told["cwd"], is_chosen=told["is_chosen"])
        options = SessionOptions(
            python=self._choose(folder, told["python"]),
            cwd=str(folder),
            workspace=str(folder),
            name=told["name"],
            profile=told["profile"],
        )
        return _told(await start_session(options))

    async def find(self, told: dict[str, Any]) -> dict[str, Any]:
        """The session of an id, or of its beginning; without one the only one there is.

        Raises :class:`SessionError`.
        """
        return _told(await asyncio.to_thread(_found, told["session"]))

    async def watch(self, told: dict[str, Any]) -> dict[str, Any]:
        """Tell when a session has ended. It may have: then there is no entry."""
        entry = Registry().read(told["session"])
        if entry is None or await asyncio.to_thread(liveness, entry) != "live":
            return {"entry": None}
        self._watching = asyncio.create_task(self._watch(entry))
        return _told(entry)

    async def ping(self, told: dict[str, Any]) -> dict[str, Any]:
        """Nothing but an answer."""
        return {}

    async def _watch(self, entry: SessionEntry) -> None:
        await until_ended(entry)
        _say({"ended": entry.id})

    def close(self) -> None:
        """Watch no more."""
        if self._watching is not None:
            self._watching.cancel()


def _found(session: str) -> SessionEntry:
    live = [each for each in Registry().live() if each.id.startswith(session)]
    if not live:
        if session:
            raise SessionError(f"no session {session} runs there.")
        raise SessionError("no session runs there: `vivo session start --on` starts one.")
    if len(live) > 1:
        listed = ", ".join(f"{each.id} ({each.name}, in {each.cwd})" for each in live)
        raise SessionError(f"several sessions run there: {listed}. Name one, as ssh://HOST/ID.")
    return live[0]


def _told(entry: SessionEntry) -> dict[str, Any]:
    connection = read_connection(entry.connection_file)
    return {
        "entry": msgspec.to_builtins(entry),
        "connection": msgspec.structs.asdict(connection),
    }


def _folder(name: str, *, is_chosen: bool) -> Path:
    """Where a session starts: in the folder of a name, or at home if nobody has chosen it."""
    wanted = Path.home() / Path(name).expanduser()
    return wanted if is_chosen or wanted.is_dir() else Path.home()


def _say(told: dict[str, Any]) -> None:
    sys.stdout.write(f"{MARK}{json.dumps(told)}\n")
    sys.stdout.flush()


async def serve(choose: ChoosePython) -> None:
    """Do what the other end of the link says, until it ends (rule 1)."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(0), "rb", buffering=0)
    )
    beside = Beside(choose)
    try:
        while line := await asyncio.wait_for(reader.readline(), SILENCE):
            told = json.loads(line)
            _say({"id": told["id"], "message": "", **await _done(beside, told)})
    except (asyncio.TimeoutError, BrokenPipeError):
        pass  # the link has ended
    finally:
        beside.close()
        transport.close()


async def _done(beside: Beside, told: dict[str, Any]) -> dict[str, Any]:
    actions = {
        "hello": beside.hello,
        "start": beside.start,
        "find": beside.find,
        "watch": beside.watch,
        "ping": beside.ping,
    }
    try:
        return await actions[told["do"]](told)
    except (VivoError, OSError) as error:
        return {"message": str(error)}
    except Exception as error:  # noqa: BLE001 - without an answer it would be waited for
        _log.exception("An instruction failed.")
        return {"message": f"{told['do']} failed with {type(error).__name__}: {error}."}
