"""The envelope in which a client's messages reach an engine through the controller. Pure.

A client that cannot connect to an engine's sockets (they are another host's, and only the engine's
own connection to the controller leads there) has its messages carried: the envelope says which
engine, which channel and what is to be done; what is in it stays as it was signed, and the
controller neither reads nor changes it. Frames: the mark, the peer (the engine's id on its way from
a client, the client's route on its way from an engine), the channel, the operation, then the
message's own. Standard library only: clients of clusters run in any interpreter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .errors import WireError

MARK = b"vivo-relay"
OPEN = b"O"
"""Open a channel, under the identity that is its one frame; answered by the same, or CLOSED."""
MESSAGE = b"M"
"""The frames of a message, or of a subscription."""
TAKEN = b"T"
"""How many bytes of this channel's messages have been taken; one frame, decimal digits."""
PROBE = b"P"
"""Asks for a sign of life, and is one."""
CLOSED = b"X"
"""The channel is closed; one frame says why."""
CHANNELS = (b"shell", b"control", b"stdin", b"iopub")
_OPERATIONS = (OPEN, MESSAGE, TAKEN, PROBE, CLOSED)
_LONGEST = 200  # bytes of a peer's name


class Envelope(NamedTuple):
    """What is carried."""

    peer: bytes
    channel: bytes
    operation: bytes
    frames: Sequence[bytes | bytearray | memoryview] = ()

    @property
    def size(self) -> int:
        """The bytes of its message."""
        return sum(map(len, self.frames))

    def parts(self) -> list[bytes | bytearray | memoryview]:
        """All frames, the mark first."""
        return [MARK, self.peer, self.channel, self.operation, *self.frames]


def is_relayed(frames: Sequence[bytes | bytearray | memoryview]) -> bool:
    """Whether a message is such an envelope."""
    return bool(frames) and len(frames[0]) == len(MARK) and bytes(frames[0]) == MARK


def opened(frames: Sequence[bytes | bytearray | memoryview]) -> Envelope:
    """The envelope of a message that has the mark. Raises :class:`WireError`."""
    if len(frames) < 4 or max(map(len, frames[:4])) > _LONGEST:
        raise WireError("a relayed message has no peer, channel and operation")
    peer, channel, operation = (bytes(each) for each in frames[1:4])
    if channel not in CHANNELS or operation not in _OPERATIONS:
        raise WireError(f"a relayed message is for {channel!r}, to {operation!r}")
    return Envelope(peer, channel, operation, frames[4:])
