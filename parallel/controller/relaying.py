"""Messages between clients and engines that cannot reach each other: carried, and not read.

Rules:

1. Only for a client that has sent something authentic before: a stranger's messages go nowhere.
2. Whoever waits for an engine that is not connected is told so.
3. A client that asks for the sign of life of an engine that gives them gets it here: over a link
   that carries much, an answer of the engine itself comes too late.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import WireError
from ..relays import CLOSED, PROBE, Envelope, opened

_MOST_CLIENTS = 10_000

Send = Callable[[Sequence[Any]], bool]
"""Sends frames, the route first; whether whom they are for is connected."""


class Relays:
    """What goes through a controller."""

    def __init__(
        self,
        to_client: Send,
        to_engine: Send,
        routes: dict[str, bytes],
        lives: Callable[[str], bool] = lambda engine: False,
    ) -> None:
        """``routes``: under which name each engine's keeper is connected. ``lives``: whether one
        has given a sign of life right now."""
        self._lives = lives
        self._to_client, self._to_engine, self._routes = to_client, to_engine, routes
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def authenticated(self, client: bytes) -> None:
        """A client has sent something authentic."""
        self._known[client] = None
        self._known.move_to_end(client)
        if len(self._known) > _MOST_CLIENTS:
            self._known.popitem(last=False)

    def from_client(self, client: bytes, frames: Sequence[bytes]) -> None:
        """Carry a client's envelope to an engine. Raises :class:`WireError` for what is none."""
        envelope = opened(frames)
        if client not in self._known:
            raise WireError("a relayed message came from a client that is not known")
        engine = envelope.peer.decode("ascii", "replace")
        if envelope.operation == PROBE and self._lives(engine):
            # The engine is asked all the same: one whose keeper is another by now knows no
            # channel of this client's, and says so.
            self._to_client([client, *envelope.parts()])
        route = self._routes.get(engine)
        carried = envelope._replace(peer=client).parts()
        if route is None or not self._to_engine([route, *carried]):
            reason = b"the controller has no connection to this engine"
            told = envelope._replace(operation=CLOSED, frames=[reason])
            self._to_client([client, *told.parts()])

    def from_engine(self, route: bytes, frames: Sequence[bytes]) -> None:
        """Carry an engine's envelope to a client. Raises :class:`WireError` for what is none."""
        envelope = opened(frames)
        engine = next((name for name, known in self._routes.items() if known == route), None)
        if engine is None:
            raise WireError("a relayed message came from an engine that is not known")
        told = envelope._replace(peer=engine.encode())
        is_there = self._to_client([envelope.peer, *told.parts()])
        if not is_there and envelope.operation != CLOSED:
            gone = Envelope(envelope.peer, envelope.channel, CLOSED, [b"the client is gone"])
            self._to_engine([route, *gone.parts()])
