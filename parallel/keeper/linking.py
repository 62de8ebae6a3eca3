"""The socket of an engine's keeper to its cluster's controller: made, watched, made anew.

Rules:

1. Nothing here ever waits: what cannot go out now is dropped, since the hello that follows each new
   connection tells all of it again.
2. Under which name the socket is known is random: whoever has not got the key cannot take it.
3. A connection that TCP or the peer gives up is made again by ZeroMQ; one that carries nothing and
   says nothing of it is given up here, when the session's state says so.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import zmq

from ..errors import WireError
from ..refusals import Refusals
from ..relays import is_relayed, opened
from . import books
from .controlled import CHANGES, CHANNEL
from .sockets import connections_of, event_of, send_frames

if TYPE_CHECKING:
    from .instructions import Beat, Instruction
    from .loop import Keeper
    from .outward import Outward
    from .relaying import Relays

_HANDSHAKE = 5000  # milliseconds
_UNACKNOWLEDGED = 10_000  # milliseconds that the peer's system may leave what was sent unanswered
_LINKED = int(zmq.EVENT_HANDSHAKE_SUCCEEDED)
_EVENTS = _LINKED | int(zmq.EVENT_DISCONNECTED)


class ControllerLink:
    """The link of a keeper to the controller at an address."""

    def __init__(self, keeper: Keeper, context: zmq.Context[zmq.Socket[bytes]], address: str):
        self._keeper, self._context, self._address = keeper, context, address
        self._is_linked = False
        self._refusals = Refusals()
        self._relays: Relays | None = None
        self._is_outward = address.startswith("tls://")
        self._outward: Outward | None = None
        self._looked: tuple[int | None, float, float] | None = None
        """At which process, when, and for how long it had kept processors busy then."""
        self._open()

    def _open(self) -> None:
        made: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        made.linger = 200
        made.setsockopt(zmq.ROUTING_ID, os.urandom(16).hex().encode())  # rule 2
        made.setsockopt(zmq.SNDHWM, 0)  # rule 1: what waits is bounded by the controller's credit
        # Over TLS the connection itself is made after ZeroMQ has begun to count.
        made.setsockopt(zmq.HANDSHAKE_IVL, (2 if self._is_outward else 1) * _HANDSHAKE)
        made.setsockopt(zmq.TCP_MAXRT, _UNACKNOWLEDGED)
        made.setsockopt(zmq.RECONNECT_IVL, 50)  # milliseconds: a controller may be started again
        made.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        if self._address.startswith("tcp://["):
            made.setsockopt(zmq.IPV6, 1)
        self._socket, self._changes = made, connections_of(self._context, made, _EVENTS)
        self._keeper.watch(CHANNEL, made, self._received)
        self._keeper.watch(CHANGES, self._changes, self._changed)
        made.connect(self._inside())

    def _inside(self) -> str:
        """What the socket connects to: a controller of another host is reached by TLS."""
        if not self._is_outward:
            return self._address
        path = Path(self._keeper.spec["connection_file"]).with_name(books.OUTWARD)
        if self._outward is None:
            from .outward import Outward  # few sessions have a controller elsewhere

            self._outward = Outward(self._address, path)
        return f"ipc://{path}"

    def renew(self) -> None:
        """Give up the connection that there is, and make another."""
        if not self._is_linked:
            return  # ZeroMQ tries already
        self._is_linked = False
        for each in (self._changes, self._socket):
            self._keeper.unwatch(each)
        self._socket.disable_monitor()
        self._changes.close(linger=0)
        self._socket.close(linger=0)
        self._open()

    def beat(self, beat: Beat) -> None:
        """Give a sign of life."""
        content = {**books.state_of(beat.pid), "asks": beat.asks}
        if (busy := content.pop("busy", None)) is not None:
            looked = beat.pid, time.monotonic(), busy
            before, self._looked = self._looked, looked
            if before is not None and before[0] == beat.pid:
                load = (busy - before[2]) / max(looked[1] - before[1], 0.01)
                content["load"] = round(load, 2)
        self.send(self._keeper.codec.encode("vivo_heartbeat", content))

    def send(self, frames: Sequence[bytes | bytearray | memoryview]) -> None:
        """Send a message, if there is a connection (rule 1)."""
        controlled = self._keeper.state.controlled
        if self._is_linked and controlled is not None:
            send_frames(self._socket, frames)
            controlled.sent(sum(map(len, frames)))

    def _received(self, frames: list[bytes]) -> list[Instruction]:
        if not is_relayed(frames):
            return self._keeper._client_message(CHANNEL, frames)
        try:
            envelope = opened(frames)
        except WireError as error:
            self._refusals.note(CHANNEL, error)
            return []
        if self._relays is None:
            from .relaying import Relays  # few clients need it

            self._relays = Relays(self._keeper, self._context, self.send)
        self._relays.received(envelope)
        return []

    def _changed(self, frames: list[bytes]) -> list[Instruction]:
        state = self._keeper.state
        self._is_linked = event_of(frames) == _LINKED
        if self._is_linked and self._relays is not None:
            self._relays.linked()
        if self._is_linked and state.controlled is not None:
            state.controlled.linked(time.time())
        return state._taken()
