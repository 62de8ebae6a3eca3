"""Engines that only their controller reaches: a transport through it.

What a client signs is carried to the engine as it is, and so is what comes back: see
:mod:`vivo.parallel.relays`. When the link to the controller is cut every such transport is closed,
and the links that had them open new ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ..relays import CLOSED, MESSAGE, OPEN, PROBE, TAKEN, Envelope, opened
from .errors import ClusterError
from .transport import Closed, Receiver, Transport
from .zmtp import Frame, SocketType

_OPEN_SECONDS = 5.0
_TOLD = 2**22  # bytes after which the engine's keeper is told that they have been taken
_KEEPING = 15.0  # seconds between two signs of life: the engine lets go of who is silent for long


class Relays:
    """The transports through one controller."""

    def __init__(
        self, send: Callable[[Sequence[Frame]], None], greet: Callable[[], Awaitable[Any]]
    ) -> None:
        """``send`` gives the controller frames; ``greet`` is answered once it knows this client."""
        self.send = send
        self._greet = greet
        self._greeting: asyncio.Future[Any] | None = None
        self._open: dict[tuple[bytes, bytes], RelayTransport] = {}

    def to(self, engine: str, address: str, kind: SocketType, identity: bytes) -> Transport:
        """A transport to a channel of an engine; ``address`` is the channel's name."""
        return RelayTransport(self, engine.encode(), address.encode(), identity)

    @property
    def is_used(self) -> bool:
        """Whether any of them is open."""
        return bool(self._open)

    async def greet(self) -> None:
        """Have the controller know this client. Raises :class:`ClusterError`."""
        if self._greeting is None or (self._greeting.done() and self._greeting.exception()):
            self._greeting = asyncio.ensure_future(self._greet())
        await asyncio.shield(self._greeting)

    def received(self, frames: Sequence[Frame]) -> None:
        """An envelope came. Raises :class:`WireError` for what is none."""
        envelope = opened(frames)
        transport = self._open.get((envelope.peer, envelope.channel))
        if transport is not None:
            transport.received(envelope)

    def cut(self) -> None:
        """The link to the controller was cut."""
        self._greeting = None
        for each in tuple(self._open.values()):
            each.end("the link to the controller was cut")

    def enter(self, transport: RelayTransport) -> None:
        """A transport is to have what comes for its engine and channel."""
        self._open[transport.key] = transport

    def leave(self, transport: RelayTransport) -> None:
        """It has nothing any more."""
        if self._open.get(transport.key) is transport:
            del self._open[transport.key]


class RelayTransport:
    """One channel of one engine; see :class:`Transport`."""

    def __init__(self, relays: Relays, engine: bytes, channel: bytes, identity: bytes) -> None:
        self.key = engine, channel
        self._relays, self._identity = relays, identity
        self._receive: Receiver
        self._closed: Closed
        self._ready: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._taken = self._told = 0  # bytes
        self.heard = 0.0

    async def open(self, receive: Receiver, closed: Closed) -> None:
        """Have the engine open the channel. Raises :class:`ClusterError`."""
        self._receive, self._closed = receive, closed
        loop = asyncio.get_running_loop()
        await self._relays.greet()
        self._relays.enter(self)
        ready = self._ready = loop.create_future()
        try:
            self._tell(OPEN, [self._identity])
            await asyncio.wait_for(ready, _OPEN_SECONDS)
        except asyncio.TimeoutError:
            self.close()
            raise ClusterError(f"It has not greeted in {_OPEN_SECONDS:g} s.") from None
        except BaseException:
            self.close()
            raise
        self._timer = loop.call_later(_KEEPING, self._keep)

    def _keep(self) -> None:
        self.probe()
        self._timer = asyncio.get_running_loop().call_later(_KEEPING, self._keep)

    def _tell(self, operation: bytes, frames: Sequence[Frame] = ()) -> None:
        engine, channel = self.key
        self._relays.send(Envelope(engine, channel, operation, frames).parts())

    def send(self, frames: Sequence[Frame]) -> None:
        """Send a message."""
        if self._ready is not None:
            self._tell(MESSAGE, frames)

    def probe(self) -> None:
        """Ask the engine's keeper for a sign of life."""
        if self._ready is not None:
            self._tell(PROBE)

    def close(self) -> None:
        """Let go of the channel."""
        if self._ready is not None:
            self._tell(CLOSED)
        self._let_go()

    def _let_go(self) -> None:
        self._ready = None
        self._relays.leave(self)
        if self._timer is not None:
            self._timer.cancel()

    def end(self, reason: str) -> None:
        """Nothing can come any more."""
        ready = self._ready
        if ready is None:
            return
        self._let_go()
        if ready.done():
            self._closed(reason)
        else:
            ready.set_exception(ClusterError(reason))

    def received(self, envelope: Envelope) -> None:
        """Something came from the engine, or about it."""
        self.heard = asyncio.get_running_loop().time()
        if envelope.operation == CLOSED:
            self.end(b" ".join(map(bytes, envelope.frames)).decode("utf-8", "replace"))
        elif envelope.operation == OPEN:
            if self._ready is not None and not self._ready.done():
                self._ready.set_result(None)
        elif envelope.operation == MESSAGE:
            self._taken += envelope.size
            if self._taken - self._told >= _TOLD:
                self._told = self._taken
                self._tell(TAKEN, [str(self._taken).encode()])
            self._receive(list(envelope.frames))
