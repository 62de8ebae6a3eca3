"""The link of a controller to a host by ssh: a tunnel for its engines, and what starts them.

One process of the user's ssh carries both: ``ssh -R SOCKET:CONTROLLER HOST PROGRAM``. The engines'
keepers connect to a Unix socket on the host, which sshd carries to the controller's own; what
starts engines (:mod:`.ssh_there`) talks over the standard streams. Rules:

1. Nothing listens on a port, here or there. A socket has a name that none can guess, another for
   each tunnel, and is its user's alone.
2. The cluster's key goes over the standard input: it is on no command line, in no environment and
   in no file of ours there but the session's own.
3. A link that has ended is made anew, with growing pauses, for as long as the cluster is there.
   What was asked over it is asked again, which changes nothing if it was done.
4. ssh asks nobody anything: what it needs a human for is said in a sentence.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from typing import Any

from .... import __version__
from ...errors import SessionError
from ...processes import process_started
from ...remote.failures import MISSING, why_not
from ...remote.running import EndedError, Run
from .ssh_hosts import Host
from .ssh_there import MARK

_log = logging.getLogger(__name__)
_OPEN_SECONDS, _LAST_SECONDS = 60.0, 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_STEADY = 10.0  # seconds after which a link counts as a good one
# For any login shell: no quotes within, no backslash, one line. The first line that comes names the
# tunnel's socket, which goes with this, however it ends; among the next is vivo's interpreter, and
# of each that is not it is said why.
_FIND = (
    "exec /bin/sh -c '"
    'cd /; read -r t; while read -r p && test -n "$p"; do '
    'case "$p" in "~/"*) p="$HOME/${p#??}";; esac; '
    'if command -v "$p" >/dev/null 2>&1; then '
    '"$p" -E -c "import sys; sys.version_info < (3, 11) and sys.exit(9); import vivo.parallel"'
    " </dev/null >/dev/null 2>&1; r=$?; if test $r = 0; then "
    'while read -r x && test -n "$x"; do :; done; '
    f'"$p" -E -P -m {__package__}.ssh_there; r=$?; rm -f "$t"; exit $r; fi; '
    f'if test $r = 9; then echo "{MISSING}old $p"; else echo "{MISSING}lacks $p"; fi; '
    f'else echo "{MISSING}absent $p"; fi; done; rm -f "$t"\''
)


class Link:
    """The link to one host."""

    def __init__(
        self,
        host: Host,
        command: list[str],
        address: str,
        *,
        folder: str,
        interpreters: list[str],
        changed: Callable[[], None],
    ) -> None:
        """``command`` is ssh's, ``address`` the controller's, ``folder`` the name of the cluster's
        there, ``interpreters`` those that may have vivo; ``changed`` is called when there is
        another process.
        """
        self.host = host
        self.status = ""
        """What is wrong with it, of one that was there before."""
        self._command, self._target, self._folder = command, _forwarded(address), folder
        self._interpreters, self._changed = interpreters, changed
        self._run: Run | None = None  # the last one
        self._carrying: Run | None = None  # the one that is connected, until it was ended
        self._keeping: asyncio.Task[None] | None = None
        self._is_up = asyncio.Event()
        self._opening, self._asking = asyncio.Lock(), asyncio.Lock()

    @property
    def process(self) -> tuple[int, float]:
        """The process of ssh, and its start."""
        pid = self._run.process.pid if self._run is not None else 0
        return pid, process_started(pid) or 0.0

    @property
    def is_kept(self) -> bool:
        """Whether there ever was a connection: it is made anew each time that it is lost."""
        return self._keeping is not None

    async def open(self) -> None:
        """Connect, if that was not done. Raises :class:`SessionError` if it cannot be."""
        async with self._opening:
            if self._keeping is None:
                await self._connect()
                self._keeping = asyncio.create_task(self._keep())
                self._changed()

    def reopen(self) -> None:
        """Connect to where the engines are already, however long that takes."""
        self._keeping = asyncio.create_task(self._keep())

    async def ask(self, told: dict[str, Any]) -> None:
        """Have something done there, also over links to come (rule 3).

        Raises :class:`SessionError` with why it cannot be done.
        """
        async with self._asking:
            while True:
                await self._is_up.wait()
                run = self._carrying
                assert run is not None
                try:
                    await run.ask(told)
                    return
                except EndedError:
                    if self._carrying is run:
                        self._is_up.clear()

    async def close(self) -> None:
        """End what is left there, and the link. Raises :class:`SessionError` if that failed."""
        if self._keeping is None:
            return
        was_up = self._is_up.is_set()
        self._keeping.cancel()
        await asyncio.wait([self._keeping])
        try:
            if not was_up:
                await asyncio.wait_for(self._connect(), _LAST_SECONDS)
            await asyncio.wait_for(self.ask({"do": "leave"}), 2 * _LAST_SECONDS)
        except asyncio.TimeoutError:
            raise SessionError(f"{self.host.host} does not answer.") from None
        finally:
            if self._run is not None:
                await self._run.end()

    async def _keep(self) -> None:
        """Make the link anew each time that it has ended (rule 3)."""
        pause = _FIRST_PAUSE
        while True:
            if (run := self._carrying) is not None:
                await run.wait()
                self._is_up.clear()
                await run.end()
                self._carrying = None
                reason = run.said[-1] if run.said else "ssh has ended"
                self.status = f"The link to {self.host.host} is lost ({reason}): it is made anew."
                _log.warning("%s", self.status)
                if time.monotonic() - run.began > _STEADY:
                    pause = _FIRST_PAUSE
                    continue
            else:
                try:
                    await self._connect()
                except SessionError as error:
                    again = f"The link to {self.host.host} is lost, and is tried again: {error}"
                    self.status = again
                    _log.warning("%s", again)
                else:
                    self.status = ""
                    _log.info("The link to %s is there again.", self.host.host)
                    continue
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE)

    async def _connect(self) -> None:
        """Have a link. Raises :class:`SessionError`."""
        tunnel = f"/tmp/vivo-ssh-{os.urandom(16).hex()}"
        words = ["-T", "-R", f"{tunnel}:{self._target}", self.host.host, _FIND]
        try:
            run = self._run = await Run.start(self._command, words, MARK)
        except SessionError as error:
            raise SessionError(f"{str(error).rstrip('.')}: name another with ssh=.") from None
        self._changed()
        try:
            run.begin(tunnel, *self._interpreters, "")
            told = {
                "do": "attach",
                "version": __version__,
                "folder": self._folder,
                "tunnel": tunnel,
            }
            await asyncio.wait_for(run.ask(told), _OPEN_SECONDS)
        except SessionError as error:
            await run.end()
            raise SessionError(f"On {self.host.host}: {error}") from None
        except asyncio.TimeoutError:
            await run.end()
            raise SessionError(
                f"{self.host.host} has not answered for {_OPEN_SECONDS:.0f} s: does `ssh "
                f"{self.host.host} true` end?"
            ) from None
        except EndedError:
            await run.end()
            raise SessionError(why_not(self.host.host, list(run.said), run.missing)) from None
        except BaseException:
            await run.end()
            raise
        self._carrying = run
        self._is_up.set()


def _forwarded(address: str) -> str:
    """A controller's address as ssh is told it."""
    return address.removeprefix("ipc://").removeprefix("tcp://")
