"""The sockets of a controller: bound, and what is said of connections that come to nothing.

Rules:

1. A peer that does not greet as ZeroMQ has it is let go of, after a moment at the latest. (Who
   begins as ZeroMQ did before it had greetings stays; nothing that they say is authentic.)
2. What a peer sends waits in its own connection once there is much of it: whoever has no key must
   not fill this process's memory faster than it can refuse.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import zmq

from ..errors import SessionError, WireError
from ..keeper.sockets import connections_of, event_of

_LARGEST_FRAME = 2**34
_HANDSHAKE = 5000  # milliseconds
_HELD = 1000  # messages of one connection that wait here
_FAILED = {
    int(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL): "it ended before it had greeted, or did not greet",
    int(zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL): "what it sent is not ZeroMQ's protocol",
    int(zmq.EVENT_HANDSHAKE_FAILED_AUTH): "it wanted another security mechanism",
}


def bind(
    context: zmq.Context[Any], address: str
) -> tuple[zmq.Socket[bytes], zmq.Socket[bytes], str]:
    """A socket at an address, one that tells of refused connections, and the address with its port.

    Raises :class:`SessionError` if the address cannot be had.
    """
    made: zmq.Socket[bytes] = context.socket(zmq.ROUTER)
    made.setsockopt(zmq.ROUTER_HANDOVER, 1)
    made.setsockopt(zmq.ROUTER_MANDATORY, 1)
    made.setsockopt(zmq.MAXMSGSIZE, _LARGEST_FRAME)
    made.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE)
    made.setsockopt(zmq.SNDHWM, 0)  # what is on its way is bounded by credit
    made.setsockopt(zmq.RCVHWM, _HELD)
    if address.startswith("tcp://["):
        made.setsockopt(zmq.IPV6, 1)
    refused = connections_of(context, made, sum(_FAILED))
    kept = os.umask(0o177)
    try:
        made.bind(address)
    except zmq.ZMQError as error:
        made.close(linger=0)
        refused.close(linger=0)
        raise SessionError(f"The address {address} cannot be had: {error.strerror}.") from None
    finally:
        os.umask(kept)
    return made, refused, made.get_string(zmq.LAST_ENDPOINT).rstrip("\0")


def refusal(frames: Sequence[bytes]) -> WireError:
    """Why a connection has come to nothing, as the second socket tells it."""
    return WireError(_FAILED[event_of(frames)])
