"""The way of a keeper's link to a controller on another host: a Unix socket inside, TLS outside.

ZeroMQ connects to the socket in the session's own folder; each connection is carried to the
controller by a thread of this module. Rules:

1. It decides nothing and keeps nothing: when either side ends, so does the other, and ZeroMQ
   connects again.
2. Why there is no connection is logged once, and again when it is another reason.
3. What the keeper says last goes out before its process ends.
4. ZeroMQ sees each attempt succeed, since this end is always there, and so comes back at once: the
   pauses between attempts are made here.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
import time
from pathlib import Path

from .. import tls
from ..logs import Log

_log = Log(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_LAST_SECONDS, _LOOK = 2.0, 0.01
_LASTING = 5.0  # seconds after which a connection counts as one that was had


def next_pause(pause: float, lasted: float) -> float:
    """Seconds to wait before the next attempt, after one that waited so long and then had a
    connection for so long."""
    if lasted >= _LASTING:
        return 0.0
    return min(2 * pause, _LONGEST_PAUSE) if pause else _FIRST_PAUSE


class Outward:
    """Carries a session's connections to one address."""

    def __init__(self, address: str, inside: Path) -> None:
        self._address, self._inside = address, inside
        self._reason, self._pause = "", 0.0
        self._is_serving = threading.Event()
        self._carried = 0  # connections
        inside.unlink(missing_ok=True)  # of a keeper that has died
        threading.Thread(target=self._run, name="vivo-outward", daemon=True).start()
        self._is_serving.wait(10)
        atexit.register(self.end)  # once ZeroMQ has given all that it had

    def end(self) -> None:
        """Wait a moment, in any other thread, until what is on its way has gone out."""
        until = time.monotonic() + _LAST_SECONDS
        while self._carried and time.monotonic() < until:
            time.sleep(_LOOK)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_unix_server(self._came, str(self._inside), limit=2**18)
        self._is_serving.set()
        await server.serve_forever()

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lasted, loop = 0.0, asyncio.get_running_loop()
        self._carried += 1
        try:
            await asyncio.sleep(self._pause)
            outside = await tls.connect(self._address)
            began = loop.time()
            self._note(await tls.carry((reader, writer), outside))
            lasted = loop.time() - began
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            self._note(tls.reason_of(error))
        finally:
            self._pause = next_pause(self._pause, lasted)
            writer.transport.abort()
            self._carried -= 1

    def _note(self, reason: str) -> None:
        if reason and reason != self._reason:
            place = self._address.partition("#")[0]
            _log.warning("The controller at %s cannot be reached: %s.", place, reason)
        self._reason = reason
