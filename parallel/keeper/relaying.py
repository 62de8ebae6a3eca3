"""Clients that reach a session through its controller: each has sockets here like any other's.

Theory of operation: for each channel that such a client opens there is a socket of ours that is
connected to the session's own, under the client's identity. What the client sends goes in by it,
what comes out goes back; the session knows no difference. Rules:

1. Nothing that a client sends can make the keeper wait.
2. A client that was not heard for :data:`PATIENCE` seconds is let go of; there are at most
   :data:`MOST` channels.
3. No more is on its way to a client than :data:`WINDOW` bytes and one message: what it does not
   take waits where it does for a client that is connected here, and is bounded as there. One whose
   connection is cut for that is told, and opens the channel anew, as any client does.
4. Nothing here is read: messages are authenticated where any client's are.
5. What was on its way when the link to the controller was cut is lost, in both directions: with the
   next link each client is told that its channels are closed, and opens them anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import zmq

from ..relays import CLOSED, MESSAGE, OPEN, PROBE, TAKEN, Envelope
from .sockets import connections_of

if TYPE_CHECKING:
    from .instructions import Instruction
    from .loop import Keeper

MOST = 1000
PATIENCE = 60.0
WINDOW = 2**25
_IDENTITY = 255  # bytes that ZeroMQ takes


class _Relay:
    """One channel of one client."""

    def __init__(self, name: str, opening: Envelope, source: zmq.Socket[bytes]) -> None:
        self.name, self.peer, self.channel, self.source = name, *opening[:2], source
        self.ends: zmq.Socket[bytes] | None = None
        """Tells when its connection was cut."""
        self.heard = time.monotonic()
        self.sent = self.taken = 0  # bytes
        self.is_held = False
        """Whether nothing is read of it until the client has taken more (rule 3)."""


class Relays:
    """The channels of such clients."""

    def __init__(
        self, keeper: Keeper, context: zmq.Context[zmq.Socket[bytes]], send: Callable[[Any], None]
    ) -> None:
        """``send`` gives the controller frames."""
        self._keeper, self._context, self._send = keeper, context, send
        self._relays: dict[str, _Relay] = {}

    def received(self, envelope: Envelope) -> None:
        """Do what a client wants."""
        name = f"relay {envelope.channel.decode()} {envelope.peer.hex()}"
        relay = self._relays.get(name)
        if envelope.operation == OPEN:
            self._drop(relay)
            self._drop_silent()
            self._open(name, envelope)
        elif envelope.operation == CLOSED:
            self._drop(relay)
        elif relay is None:
            # It was opened at a keeper that has died, or was silent for too long.
            self._tell(envelope, CLOSED, b"the session does not know this client")
        else:
            relay.heard = time.monotonic()
            self._carry_in(relay, envelope)

    def linked(self) -> None:
        """There is a new link to the controller (rule 5)."""
        for each in tuple(self._relays.values()):
            about = Envelope(each.peer, each.channel, CLOSED)
            self._tell(about, CLOSED, b"the link to the controller was cut")
            self._drop(each)

    def _carry_in(self, relay: _Relay, envelope: Envelope) -> None:
        if envelope.operation == PROBE:
            self._tell(envelope, PROBE)
        elif envelope.operation == TAKEN:
            said = bytes(envelope.frames[0]) if envelope.frames else b""
            if said.isdigit() and len(said) < 20:
                relay.taken = min(int(said), relay.sent)
                self._hold(relay)
        elif envelope.frames:
            try:
                relay.source.send_multipart(list(envelope.frames), zmq.NOBLOCK)
            except zmq.Again:  # the session has its own bounds: a client there would wait
                self._tell(envelope, CLOSED, b"the session takes no more at present")
                self._drop(relay)

    def _open(self, name: str, envelope: Envelope) -> None:
        identity = bytes(envelope.frames[0]) if envelope.frames else b""
        if not 0 < len(identity) <= _IDENTITY or identity[0] == 0:
            self._tell(envelope, CLOSED, b"a client has no identity")
            return
        if len(self._relays) >= MOST:
            self._tell(envelope, CLOSED, b"too many clients come through the controller")
            return
        channel = envelope.channel.decode()
        made: zmq.Socket[bytes] = self._context.socket(
            zmq.XSUB if channel == "iopub" else zmq.DEALER
        )
        made.linger = 0
        made.sndhwm = 0  # rule 1
        if channel != "iopub":
            made.setsockopt(zmq.ROUTING_ID, identity)
        relay = _Relay(name, envelope, made)
        if channel == "iopub":
            relay.ends = connections_of(self._context, made, int(zmq.EVENT_DISCONNECTED))
            self._keeper.watch(f"end of {name}", relay.ends, partial(self._cut, relay))
        made.connect(self._keeper.connection.address(channel))
        self._relays[name] = relay
        self._keeper.watch(name, made, partial(self._carry_out, relay))
        self._tell(envelope, OPEN)

    def _carry_out(self, relay: _Relay, frames: list[bytes]) -> list[Instruction]:
        envelope = Envelope(relay.peer, relay.channel, MESSAGE, frames)
        relay.sent += envelope.size
        self._send(envelope.parts())
        self._hold(relay)
        return []

    def _hold(self, relay: _Relay) -> None:
        """Read a channel, or not, as its client takes what comes (rule 3)."""
        is_held = relay.sent - relay.taken > WINDOW
        if is_held == relay.is_held:
            return
        relay.is_held = is_held
        if is_held:
            self._keeper.unwatch(relay.source)
        else:
            self._keeper.watch(relay.name, relay.source, partial(self._carry_out, relay))

    def _tell(self, about: Envelope, operation: bytes, *frames: bytes) -> None:
        self._send(Envelope(about.peer, about.channel, operation, frames).parts())

    def _cut(self, relay: _Relay, frames: list[bytes]) -> list[Instruction]:
        about = Envelope(relay.peer, relay.channel, CLOSED)
        self._tell(about, CLOSED, b"it was too far behind")
        self._drop(relay)
        return []

    def _drop(self, relay: _Relay | None) -> None:
        if relay is not None:
            del self._relays[relay.name]
            if relay.ends is not None:
                relay.source.disable_monitor()
                self._keeper.unwatch(relay.ends)
                relay.ends.close()
            if not relay.is_held:
                self._keeper.unwatch(relay.source)
            relay.source.close()

    def _drop_silent(self) -> None:
        oldest = time.monotonic() - PATIENCE
        for each in [each for each in self._relays.values() if each.heard < oldest]:
            self._drop(each)
