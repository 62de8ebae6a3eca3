"""A client's own presence in its session, and who else is there as the session told it last.

Rules:

1. It is said when it begins, every :data:`RENEWAL` seconds, and at once to a new keeper.
2. Nothing waits for it, but the good-bye, and that not for long.
3. A session that knows nothing of it is asked all the same, and nobody is there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from .errors import SessionError
from .messages import Person, PresenceReply, PresenceRequest

if TYPE_CHECKING:
    from .client import SessionClient

RENEWAL = 20.0
"""Seconds."""
_GOOD_BYE = 0.3  # seconds that a session gets to take it in
_log = logging.getLogger(__name__)


class Presence:
    """See the module. ``changed`` is called whenever somebody comes or goes."""

    def __init__(
        self, client: SessionClient, said: PresenceRequest, changed: Callable[[], None]
    ) -> None:
        self._client, self._said, self._changed = client, said, changed
        self._hurry = asyncio.Event()
        self.people: list[Person] = []
        """Who is here, this client too."""

    async def keep(self) -> None:
        """Say it until this is cancelled (rule 1)."""
        while True:
            try:
                told = await ask(self._client, self._said)
            except SessionError as error:
                _log.info("The session does not say who is there: %s", error)
            else:
                self.take(msgspec.to_builtins(told))
            try:
                await asyncio.wait_for(self._hurry.wait(), RENEWAL)
            except asyncio.TimeoutError:
                pass  # it is time to say it again
            self._hurry.clear()

    def hurry(self) -> None:
        """Say it at once: there is a new keeper."""
        self._hurry.set()

    def take(self, content: dict[str, Any]) -> None:
        """Take in who is there."""
        try:
            people = msgspec.convert(content, PresenceReply).people
        except msgspec.ValidationError as error:
            _log.warning("Who is in the session cannot be read: %s", error)
            return
        if people != self.people:
            self.people = people
            self._changed()

    async def leave(self) -> None:
        """Say good-bye."""
        said = msgspec.structs.replace(self._said, leaving=True)
        try:
            await ask(self._client, said, timeout=_GOOD_BYE)
        except SessionError:
            pass  # it has ended, or learns it by the silence


async def ask(
    client: SessionClient, said: PresenceRequest | None = None, *, timeout: float = 10.0
) -> PresenceReply:
    """Who is in a session. Raises :class:`SessionError`."""
    content = msgspec.to_builtins(said or PresenceRequest())
    reply = await client.request("control", "vivo_presence_request", content, timeout=timeout)
    if reply.content.get("status") != "ok":
        raise SessionError(str(reply.content.get("evalue") or "The session does not say it."))
    return msgspec.convert(reply.content, PresenceReply)
