"""The link to a session of another host: a process, which the registry names as its keeper.

One process of the user's ssh carries it: the session's Unix sockets there are forwarded to Unix
sockets here, and :mod:`.beside` tells when the session has ended. Rules:

1. Nothing listens on a port. The session's key comes over ssh's standard streams, into a connection
   file that only the user can read.
2. A link that has ended is made anew, with growing pauses, for as long as the session is there. Its
   sockets have the same names then: clients connect again by themselves, and ask for what they
   missed.
3. A link that carries nothing is ended: ssh notices (``ServerAliveInterval``), and what is asked
   here in between, also as soon as this machine has slept.
4. When the session has ended, or its entry was taken out, nothing of the link is left.
5. A host is believed about its session and about nothing here: what it tells names no file.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from ... import __version__
from ..client import SessionClient
from ..connection import CHANNELS, ConnectionInfo, make_ipc
from ..directories import registry_folder, socket_folder
from ..errors import SessionError
from ..processes import boot_id, process_started, this_host
from ..registry import Registry, SessionEntry
from .beside import MARK, PROTOCOL
from .failures import MISSING, why_not
from .places import place_of
from .running import EndedError, Run

_log = logging.getLogger(__name__)
_OPEN_SECONDS, _START_SECONDS = 60.0, 120.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_STEADY = 10.0  # seconds after which a link counts as a good one
_LOOK = 2.0  # seconds between looks at the entry
_PING, _PONG = 15.0, 15.0
_SLEPT, _PONG_AFTER_SLEEP = 5.0, 5.0
# For any login shell: no quotes within, no backslash, one line. The first line that comes names
# vivo; user installations put it where a shell without a login does not look.
_FIND = (
    "exec /bin/sh -c '"
    'read -r v; case "$v" in "~/"*) v="$HOME/${v#??}";; esac; '
    'test -d "$v" && v="$v/bin/vivo"; PATH="$PATH:$HOME/.local/bin"; '
    'if command -v "$v" >/dev/null 2>&1; then exec "$v" beside; fi; '
    f'echo "{MISSING}absent $v"\''
)
_NAME_IT = "name it with --vivo, as --vivo ~/project/.venv/bin/vivo"
_ALIAS = "give it an alias of its own, without one, in ~/.ssh/config"

_SSH = ["ssh"]

Tell = Callable[[dict[str, str]], None]


class _GoneError(Exception):
    """The session has ended."""


class Link:
    """One link, from its order to its end."""

    def __init__(self, order: dict[str, Any], tell: Tell) -> None:
        """``tell`` gives whoever has ordered it the session's id, or why there is none."""
        self._order, self._tell = order, tell
        self._place = place_of(order["address"])
        self._control = order["control"]
        self._entry: SessionEntry | None = None
        self._forwards: list[str] = []
        self._run: Run | None = None  # the last one
        self._is_there = False

    async def keep(self) -> None:
        """Make the link, and keep it until the session has ended or this task is cancelled."""
        try:
            try:
                session = await self._begin()
            except _GoneError:
                raise SessionError(
                    f"The session on {self._place.name} ended as soon as it had started."
                ) from None
            except (SessionError, OSError) as error:
                raise SessionError(str(error)) from None
            self._tell({"status": "ready", "session": session})
            if self._is_there and self._run is not None:
                await self._keep(self._run)
        except SessionError as error:
            self._tell({"status": "failed", "message": str(error)})
        finally:
            if self._run is not None:
                await self._run.end()
            self._remove_control()
            if self._entry is not None:
                Registry().tidy(self._entry)

    # --- Its beginning -----------------------------------------------------------------------

    async def _begin(self) -> str:
        """Have the session known here; its id. Raises :class:`SessionError`."""
        run, hello = await self._connect()
        told = await self._ask(run, self._order, _START_SECONDS)
        there = _checked(msgspec.convert(told["entry"], SessionEntry))
        folder = registry_folder()
        if hello["registry"] == [boot_id(), os.getuid(), str(folder), folder.stat().st_ino]:
            return there.id  # that host is this machine, and the session is known here
        if not self._enter(there, msgspec.convert(told["connection"], ConnectionInfo)):
            return there.id  # another link leads to it
        try:
            await self._follow(run)
            await self._try(run)
        except SessionError as error:
            if self._order["do"] != "start":
                raise
            raise SessionError(
                f"{error} The session {there.id} was started there, and goes on: `vivo session end "
                f"{there.id}` ends it there."
            ) from None
        self._note("")
        self._is_there = True
        return there.id

    def _enter(self, there: SessionEntry, connection: ConnectionInfo) -> bool:
        """Enter it here; False if somebody else has."""
        folder = socket_folder(there.id)
        here = msgspec.structs.replace(make_ipc(folder), key=connection.key)
        host, boot, owner = this_host()
        before = Registry().read(there.id)
        entry = msgspec.structs.replace(
            there,
            name=before.name if before else there.name,
            owner=owner,
            host=host,
            boot=boot,
            keeper_pid=os.getpid(),
            keeper_started=process_started(os.getpid()) or time.time(),
            connection_file=str(folder / "connection.json"),
            journal="",
            elsewhere="",
            answer="",
            documents=before.documents if before else [],
            remote=self._place.address,
            remote_vivo=self._order["vivo"],
            away="it is being made",
        )
        here.write(Path(entry.connection_file))  # whoever sees the entry finds the file
        if not Registry().claim(entry):
            return False
        self._entry = entry
        for channel in CHANNELS:
            path = here.address(channel).removeprefix("ipc://")
            target = connection.address(channel).partition("://")[2]
            self._forwards += ["-L", f"{path}:{target}"]
        return True

    async def _try(self, run: Run) -> None:
        """See that the session answers through the link. Raises :class:`SessionError`."""
        assert self._entry is not None
        try:
            client = await SessionClient.connect(self._entry.connection_file, name="link")
        except SessionError:
            if any("open failed" in line for line in run.said):
                raise SessionError(self._why_not(run)) from None
            raise SessionError(
                f"The session {self._entry.id} on {self._place.name} does not answer through ssh: "
                "see `vivo sessions` there."
            ) from None
        await client.close()

    # --- Its life ------------------------------------------------------------------------------

    async def _keep(self, run: Run) -> None:
        """Make the link anew each time that it is lost (rule 2)."""
        pause = _FIRST_PAUSE
        while (why := await self._until_lost(run)) is not None:
            self._note(why)
            if time.monotonic() - run.began > _STEADY:
                pause = _FIRST_PAUSE
            while True:
                await asyncio.sleep(pause)
                pause = min(1.5 * pause, _LONGEST_PAUSE)
                try:
                    run = await self._again()
                    break
                except _GoneError:
                    _log.info("The session has ended meanwhile.")
                    return
                except SessionError as error:
                    if not self._note(str(error)):
                        return
            self._note("")

    async def _until_lost(self, run: Run) -> str | None:
        """Wait until the link is lost; why, or None once the session has ended (rules 3 and 4)."""
        assert self._entry is not None
        ended = asyncio.ensure_future(run.news.get())
        gone = asyncio.ensure_future(run.wait())
        began, pinged = _clocks(), time.monotonic()
        try:
            while True:
                await asyncio.wait(
                    {ended, gone}, timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED
                )
                if ended.done():
                    return None
                if gone.done():
                    return run.said[-1] if run.said else "ssh has ended"
                if await asyncio.to_thread(Registry().read, self._entry.id) is None:
                    return None
                now = _clocks()
                has_slept = (now[0] - began[0]) - (now[1] - began[1]) > _SLEPT
                if has_slept or now[1] - pinged > _PING:
                    began, pinged = now, now[1]
                    if not await self._is_answered(run, _PONG_AFTER_SLEEP if has_slept else _PONG):
                        return "nothing comes over it"
        finally:
            ended.cancel()
            gone.cancel()

    async def _is_answered(self, run: Run, seconds: float) -> bool:
        try:
            await asyncio.wait_for(run.ask({"do": "ping"}), seconds)
        except (asyncio.TimeoutError, EndedError):
            return False
        return True

    async def _again(self) -> Run:
        """Connect again. Raises :class:`_GoneError` if there is no session any more."""
        run, _ = await self._connect()
        await self._follow(run)
        return run

    async def _follow(self, run: Run) -> None:
        """Have its end told, and its sockets forwarded. Raises as :meth:`_again` does."""
        assert self._entry is not None
        told = await self._ask(run, {"do": "watch", "session": self._entry.id}, _OPEN_SECONDS)
        if told["entry"] is None:
            raise _GoneError
        wrong = await Run.forward(_SSH, self._control, [*self._forwards, *self._place.words])
        if wrong:
            raise SessionError(
                f"ssh does not forward the sockets of the session on {self._place.name} ({wrong}): "
                "is it OpenSSH 6.7 or newer?"
            )

    async def _connect(self) -> tuple[Run, dict[str, Any]]:
        """Reach vivo there; what it says of itself. Raises :class:`SessionError`."""
        if self._run is not None:
            await self._run.end()
        self._remove_control()  # of one that was killed
        words = ["-o", "StreamLocalBindUnlink=yes", "-T", *self._place.words, _FIND]
        run = self._run = await Run.start(_SSH, words, MARK, control=self._control)
        run.begin(self._order["vivo"] or "vivo")
        told = await self._ask(run, {"do": "hello"}, _OPEN_SECONDS)
        if told["protocol"] != PROTOCOL:
            raise SessionError(
                f"vivo is {told['version']} on {self._place.name} and {__version__} here, and they "
                "do not understand each other: install the same."
            )
        return run, told

    async def _ask(self, run: Run, told: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Ask vivo there. Raises :class:`SessionError`."""
        host = self._place.name
        try:
            return await asyncio.wait_for(run.ask(told), seconds)
        except SessionError as error:
            raise SessionError(f"On {host}: {error}") from None
        except asyncio.TimeoutError:
            raise SessionError(
                f"{host} has not answered for {seconds:.0f} s: does `ssh {host} true` end?"
            ) from None
        except EndedError:
            await run.end()  # all that it says has come then
            raise SessionError(self._why_not(run)) from None

    def _remove_control(self) -> None:
        Path(self._control).unlink(missing_ok=True)

    def _why_not(self, run: Run) -> str:
        return why_not(
            self._place.name, list(run.said), run.missing, name_it=_NAME_IT, alias=_ALIAS
        )

    def _note(self, away: str) -> bool:
        """Have others know why the link is lost; whether the session still has an entry."""
        assert self._entry is not None
        if away:
            _log.warning("The link to %s is lost: %s", self._place.name, away)
        away = away.rstrip(".")
        try:
            Registry().change(
                self._entry.id, lambda entry: msgspec.structs.replace(entry, away=away)
            )
        except SessionError:
            return False
        except OSError as error:  # a full disk
            _log.error("The entry of %s cannot be written: %s", self._entry.id, error.strerror)
        return True


def _checked(entry: SessionEntry) -> SessionEntry:
    """What a host tells of a session: an id is a name of files here, and others are shown.

    Raises :class:`SessionError`.
    """
    if not re.fullmatch(r"[0-9A-Za-z]{4,64}", entry.id):
        raise SessionError(f"{entry.id!r} is no id of a session.")
    shown = {
        name: "".join(each if each.isprintable() else "?" for each in getattr(entry, name))
        for name in ("name", "cwd", "python")
    }
    return msgspec.structs.replace(entry, **shown)


def _clocks() -> tuple[float, float]:
    """A clock that goes on while the machine sleeps, and one that does not."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME), time.monotonic()
    return time.time(), time.monotonic()


async def keep_link(order: dict[str, Any], tell: Tell) -> None:
    """Keep the link that an order describes; SIGTERM ends it."""
    link = asyncio.ensure_future(Link(order, tell).keep())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, link.cancel)
    await asyncio.wait({link})
    if not link.cancelled() and (error := link.exception()) is not None:
        tell({"status": "failed", "message": f"The link failed with {error!r}."})
        raise error


def told_on(descriptor: int) -> Tell:
    """What tells on a pipe, a line of JSON, once."""

    def tell(told: dict[str, str]) -> None:
        nonlocal descriptor
        if descriptor >= 0:
            try:
                os.write(descriptor, json.dumps(told).encode() + b"\n")
            except BrokenPipeError:
                pass  # whoever has ordered it waits no more
            os.close(descriptor)
            descriptor = -1

    return tell
