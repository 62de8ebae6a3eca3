"""Sessions that come and go without this server: another editor's, a console's, an ended one.

While a document is open whose session has not begun, the registry's folder is looked at: a change
there may be that session, whose results are shown as if it had been there from the start. A session
that was ended elsewhere is let go of, and the next cell starts another.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from ...parallel.directories import registry_folder
from ...parallel.errors import SessionError
from .documents import attach

if TYPE_CHECKING:
    from .server import VivoServer

_log = logging.getLogger(__name__)
_EVERY = 1.0  # seconds: one stat of one folder


class Finding:
    """Looks for the sessions of the open documents."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self._task: asyncio.Task[None] | None = None
        self._seen = 0

    def begin(self) -> None:
        """Look from now on; nothing if that is done already."""
        if self._task is None:
            self._seen = _changed_at()
            self._task = asyncio.get_running_loop().create_task(self._look())

    def look_anew(self) -> None:
        """Settings say otherwise which session serves which document: look at all of them again."""
        self._server.sessions.forget_places()
        for uri in list(self._server.presenter.documents):
            self._server.in_background(attach(self._server, uri))

    async def _look(self) -> None:
        is_fresh = False
        while True:
            await asyncio.sleep(_EVERY)
            changed = _changed_at()
            if changed == self._seen and not is_fresh:
                continue
            # Once more a little later: a session's process ends after its entry is gone.
            is_fresh, self._seen = changed != self._seen, changed
            try:
                await self._compare()
            except SessionError as error:
                _log.info("The registry cannot be compared: %s", error)

    async def _compare(self) -> None:
        sessions = self._server.sessions
        for session in sessions.all():
            await session.check()
        for uri in list(self._server.presenter.documents):
            if sessions.known(uri) is None:
                await attach(self._server, uri)

    async def close(self) -> None:
        """Look no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _changed_at() -> int:
    """When an entry was last written, added or removed."""
    try:
        return registry_folder().stat().st_mtime_ns
    except (OSError, SessionError):
        return 0
