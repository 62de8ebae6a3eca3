"""Clients that reach a session through its controller: each has sockets here like any other's.

Theory of operation: for each channel that such a client opens there is a socket of ours that is
connected to the session's own, under the client's identity. What the client sends goes in by it,
what comes out goes back; the session knows no difference. Rules:

1. Nothing that a client sends can make the keeper wait.
2. A client that was not heard for :data:`PATIENCE` seconds is let go of; there are at most
   :data:`MOST` channels.
3. Nothing here is read: messages are authenticated where any client's are.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import zmq

from ..relays import CLOSED, MESSAGE, OPEN, PROBE, Envelope
from .sockets import receive_frames

if TYPE_CHECKING:
    from .linking import ControllerLink
    from .loop import Keeper

MOST = 1000
PATIENCE = 60.0
PREFIX = "relay "
"""What the names of these sockets begin with among the keeper's."""
_AT_ONCE = 100
_IDENTITY = 255  # bytes that ZeroMQ takes


class _Relay:
    """One channel of one client."""

    def __init__(self, peer: bytes, channel: bytes, source: zmq.Socket[bytes]) -> None:
        self.peer, self.channel, self.source = peer, channel, source
        self.heard = time.monotonic()


class Relays:
    """The channels of such clients."""

    def __init__(self, keeper: Keeper, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._keeper, self._context = keeper, context
        self._relays: dict[str, _Relay] = {}

    def received(self, link: ControllerLink, envelope: Envelope) -> None:
        """Do what a client wants."""
        name = f"{PREFIX}{envelope.channel.decode()} {envelope.peer.hex()}"
        relay = self._relays.get(name)
        if envelope.operation == OPEN:
            self._drop(name)
            self._drop_silent()
            self._open(link, name, envelope)
        elif envelope.operation == CLOSED:
            self._drop(name)
        elif relay is None:
            # It was opened at a keeper that has died, or was silent for too long.
            self._tell(link, envelope, CLOSED, b"the session does not know this client")
        else:
            relay.heard = time.monotonic()
            if envelope.operation == PROBE:
                self._tell(link, envelope, PROBE)
            elif envelope.frames:
                relay.source.send_multipart(list(envelope.frames), zmq.NOBLOCK)

    def _open(self, link: ControllerLink, name: str, envelope: Envelope) -> None:
        identity = bytes(envelope.frames[0]) if envelope.frames else b""
        if not 0 < len(identity) <= _IDENTITY or identity[0] == 0:
            self._tell(link, envelope, CLOSED, b"a client has no identity")
            return
        if len(self._relays) >= MOST:
            self._tell(link, envelope, CLOSED, b"too many clients come through the controller")
            return
        channel = envelope.channel.decode()
        made: zmq.Socket[bytes] = self._context.socket(
            zmq.XSUB if channel == "iopub" else zmq.DEALER
        )
        made.linger = 0
        made.sndhwm = 0  # rule 1
        if channel != "iopub":
            made.setsockopt(zmq.ROUTING_ID, identity)
        made.connect(self._keeper.connection.address(channel))
        self._relays[name] = _Relay(envelope.peer, envelope.channel, made)
        self._keeper.watch(name, made)
        self._tell(link, envelope, OPEN)

    def readable(self, link: ControllerLink, name: str) -> None:
        """Carry what the session has for a client."""
        relay = self._relays.get(name)
        for _ in range(_AT_ONCE):
            frames = receive_frames(relay.source) if relay is not None else None
            if relay is None or frames is None:
                return
            link.send(Envelope(relay.peer, relay.channel, MESSAGE, frames).parts())

    def _tell(
        self, link: ControllerLink, about: Envelope, operation: bytes, *frames: bytes
    ) -> None:
        link.send(Envelope(about.peer, about.channel, operation, frames).parts())

    def _drop(self, name: str) -> None:
        relay = self._relays.pop(name, None)
        if relay is not None:
            self._keeper.unwatch(relay.source)
            relay.source.close()

    def _drop_silent(self) -> None:
        oldest = time.monotonic() - PATIENCE
        for name in [name for name, each in self._relays.items() if each.heard < oldest]:
            self._drop(name)
