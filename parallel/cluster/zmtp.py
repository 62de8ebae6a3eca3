"""The ZeroMQ Message Transport Protocol 3.0, a client's side of it. Sans-IO.

Theory of operation: whoever has the connection sends :attr:`Connection.greeting`, receives into
:meth:`Connection.buffer` and says with :meth:`Connection.received` how many bytes came, which gives
the messages that are whole; what is in :attr:`Connection.outgoing` then goes out. Rules:

1. The security mechanism is NULL: messages are signed, each, whatever carries them.
2. A large frame is received into memory of its own, once, and given out as it is; a frame goes
   out without being joined to anything.
3. What is not the protocol raises :class:`ZmtpError` with one sentence, and the connection is of no
   use afterwards.

Source: https://rfc.zeromq.org/spec/23/ (ZMTP 3.0); PING and PONG are those of
https://rfc.zeromq.org/spec/37/ (ZMTP 3.1), which libzmq understands from peers of either version.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal

from .errors import ZmtpError

Frame = bytes | bytearray | memoryview
SocketType = Literal["DEALER", "SUB"]

_PEERS = {"DEALER": (b"ROUTER", b"DEALER", b"REP"), "SUB": (b"PUB", b"XPUB")}
_GREETING_SIZE = 64
_MORE, _LONG, _COMMAND = 1, 2, 4
_SCRATCH = 2**16
_OWN = 2**14
"""Bytes from which on a frame gets memory of its own."""
_LARGEST_COMMAND = 2**13
_LARGEST_FRAME = 2**36
_PING = b"\x04PING\x00\x00"

LARGE = 2**15
"""Bytes from which on a frame is sent apart from its neighbours."""


class Connection:
    """One connection to a peer."""

    def __init__(self, socket_type: SocketType, identity: bytes = b"") -> None:
        self._type = socket_type
        self.greeting = _greeting() + _ready(socket_type.encode(), identity)
        """What is sent first: NULL lets both sides say READY without waiting."""
        self.is_ready = False
        """Whether the peer has greeted and said what it is."""
        self.outgoing: list[bytes] = []
        """Answers that are to be sent; whoever sends them takes them out."""
        self._is_greeted = False
        self._scratch = bytearray(_SCRATCH)
        self._view = memoryview(self._scratch)
        self._start = self._end = 0
        self._own: bytearray | None = None  # a large frame that is on its way, and how far it is
        self._filled = 0
        self._flags = 0
        self._frames: list[Frame] = []

    def buffer(self) -> memoryview:
        """Where the next bytes are to be received."""
        if self._own is not None:
            return memoryview(self._own)[self._filled :]
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start > _SCRATCH // 2 or self._end == _SCRATCH:
            left = bytes(self._view[self._start : self._end])
            self._view[: len(left)] = left
            self._start, self._end = 0, len(left)
        return self._view[self._end :]

    def received(self, count: int) -> list[list[Frame]]:
        """So many bytes came: the messages that are whole now. Raises :class:`ZmtpError`."""
        messages: list[list[Frame]] = []
        if self._own is not None:
            self._filled += count
            if self._filled == len(self._own):
                whole, self._own = self._own, None
                self._frame(self._flags, whole, messages)
            return messages
        self._end += count
        if not self._is_greeted and not self._take_greeting():
            return messages
        while self._take_frame(messages):
            pass
        return messages

    def _take_greeting(self) -> bool:
        came = bytes(self._view[self._start : self._end])
        if came[:1] not in (b"", b"\xff") or came[9:10] not in (b"", b"\x7f"):
            raise ZmtpError("What answers there is no ZeroMQ socket.")
        if came[10:11] not in (b"", b"\x03"):
            raise ZmtpError(f"The peer speaks version {came[10]} of ZMTP; 3 is needed.")
        if len(came) < _GREETING_SIZE:
            return False
        if came[12:32].rstrip(b"\0") != b"NULL":
            name = came[12:32].rstrip(b"\0").decode("ascii", "replace")
            raise ZmtpError(f"The peer asks for the security mechanism {name}; vivo's use NULL.")
        self._start += _GREETING_SIZE
        self._is_greeted = True
        return True

    def _take_frame(self, messages: list[list[Frame]]) -> bool:
        """Take the next frame out of what came; whether there was a whole one."""
        at, view = self._start, self._view
        left = self._end - at
        if left < 2:
            return False
        flags = view[at]
        if flags > _MORE | _LONG | _COMMAND or (flags & _COMMAND and flags & _MORE):
            raise ZmtpError("The peer sent what is no frame of ZMTP.")
        if flags & _LONG:
            if left < 9:
                return False
            size, head = int.from_bytes(view[at + 1 : at + 9], "big"), 9
        else:
            size, head = view[at + 1], 2
        self._check(flags, size)
        if left < head + size and size < _OWN:
            return False
        at += head
        if size < _OWN:
            self._start = at + size
            self._frame(flags, bytes(view[at : at + size]), messages)
            return True
        try:
            own = bytearray(size)
        except MemoryError:
            raise ZmtpError(f"There is no memory for a frame of {size >> 20} MiB.") from None
        here = min(size, left - head)
        own[:here] = view[at : at + here]
        self._start = at + here
        if here == size:
            self._frame(flags, own, messages)
            return True
        self._own, self._filled, self._flags = own, here, flags
        return False

    def _check(self, flags: int, size: int) -> None:
        if (flags & _COMMAND and size > _LARGEST_COMMAND) or size > _LARGEST_FRAME:
            raise ZmtpError(f"The peer announces a frame of {size} bytes, which nobody sends.")
        if not self.is_ready and not flags & _COMMAND:
            raise ZmtpError("The peer sent a message before it said what it is.")

    def _frame(self, flags: int, body: Frame, messages: list[list[Frame]]) -> None:
        if flags & _COMMAND:
            self._command(bytes(body))
            return
        self._frames.append(body)
        if not flags & _MORE:
            messages.append(self._frames)
            self._frames = []

    def _command(self, body: bytes) -> None:
        name, data = body[1 : 1 + body[0]] if body else b"", body[1 + body[0] :] if body else b""
        if name == b"READY" and not self.is_ready:
            peer = _properties(data).get(b"socket-type", b"")
            if peer not in _PEERS[self._type]:
                shown = peer.decode("ascii", "replace")
                raise ZmtpError(
                    f"A {self._type} socket cannot talk to a {shown or 'nameless'} one."
                )
            self.is_ready = True
        elif name == b"ERROR":
            reason = data[1 : 1 + data[0]].decode("ascii", "replace") if data else ""
            raise ZmtpError(f"The peer refuses the connection: {reason or 'it says no reason'}.")
        elif not self.is_ready:
            raise ZmtpError("The peer's first command is not READY.")
        elif name == b"PING":
            self.outgoing.append(_command(b"\x04PONG" + data[2:18]))  # two bytes are a time to live


def ping() -> bytes:
    """A command that the peer answers, whatever its program is doing."""
    return _command(_PING)


def subscription(topic: bytes = b"") -> list[bytes]:
    """The frames of a message that subscribes to a topic; without one, to all."""
    return [b"\x01" + topic]


def encoded(frames: Sequence[Frame]) -> list[Frame]:
    """The bytes of a message, in pieces to be sent one after the other: see rule 2."""
    pieces: list[Frame] = []
    joined: list[Frame] = []
    last = len(frames) - 1
    for index, frame in enumerate(frames):
        size = frame.nbytes if isinstance(frame, memoryview) else len(frame)
        more = _MORE if index < last else 0
        joined.append(bytes((more, size)) if size < 256 else struct.pack(">BQ", more | _LONG, size))
        if size < LARGE:
            joined.append(frame)
        else:
            pieces += [b"".join(joined), frame]
            joined = []
    if joined:
        pieces.append(b"".join(joined))
    return pieces


def _greeting() -> bytes:
    return b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)


def _ready(socket_type: bytes, identity: bytes) -> bytes:
    told = [(b"Socket-Type", socket_type), (b"Identity", identity)]
    body = b"".join(
        bytes((len(name),)) + name + len(value).to_bytes(4, "big") + value for name, value in told
    )
    return _command(b"\x05READY" + body)


def _command(body: bytes) -> bytes:
    if len(body) < 256:
        return bytes((_COMMAND, len(body))) + body
    return struct.pack(">BQ", _COMMAND | _LONG, len(body)) + body


def _properties(data: bytes) -> dict[bytes, bytes]:
    """What a READY tells, by names in lower case. Raises :class:`ZmtpError`."""
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        name, size = data[at + 1 : end], int.from_bytes(data[end : end + 4], "big")
        at = end + 4 + size
        if at > len(data) or end + 4 > len(data):
            raise ZmtpError("What the peer tells of itself is cut off.")
        found[name.lower()] = data[end + 4 : at]
    return found
