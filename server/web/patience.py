"""HTTP connections whose requests do not come: they are let go of.

uvicorn ends connections that are idle between requests, but waits without end for the rest of a
request's head. Who opens many and sends a byte each would take all that it has.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 10.0
"""Seconds that the head of a request may take; it may be twice that until it is noticed."""


class PatientProtocol(H11Protocol):
    """uvicorn's protocol, with an end to its patience."""

    _timer: asyncio.TimerHandle | None = None
    _before: Any = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection has begun."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(PATIENCE, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Let go of it if no request has come since the last look, and none is being answered."""
        transport: Any = self.transport
        if transport.get_protocol() is not self:
            return  # it has become a WebSocket
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if not is_answering and self.cycle is self._before:
            transport.abort()
            return
        self._before = self.cycle
        self._timer = self.loop.call_later(PATIENCE, self._look)
