"""The way of a keeper's link to a controller on another host: a Unix socket inside, TLS outside.

ZeroMQ connects to the socket in the session's own folder; each connection is carried to the
controller by a thread of this module. Rules:

1. It decides nothing and keeps nothing: when either side ends, so does the other, and ZeroMQ
   connects again.
2. Why there is no connection is logged once, and again when it is another reason.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from .. import tls
from ..logs import Log

_log = Log(__name__)


class Outward:
    """Carries a session's connections to one address."""

    def __init__(self, address: str, inside: Path) -> None:
        self._address, self._inside = address, inside
        self._reason = ""
        self._is_serving = threading.Event()
        inside.unlink(missing_ok=True)  # of a keeper that has died
        threading.Thread(target=self._run, name="vivo-outward", daemon=True).start()
        self._is_serving.wait(10)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_unix_server(self._came, str(self._inside), limit=2**18)
        self._is_serving.set()
        await server.serve_forever()

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            outside = await tls.connect(self._address)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            self._note(tls.reason_of(error))
            writer.transport.abort()
            return
        self._note(await tls.carry((reader, writer), outside))

    def _note(self, reason: str) -> None:
        if reason and reason != self._reason:
            place = self._address.partition("#")[0]
            _log.warning("The controller at %s cannot be reached: %s.", place, reason)
        self._reason = reason
