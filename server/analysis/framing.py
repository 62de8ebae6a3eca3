"""How the server and its analysis process talk: JSON with a length before it."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

HEADER = struct.Struct(">I")


def packed(message: Any) -> bytes:
    """A message as bytes."""
    body = json.dumps(message, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return HEADER.pack(len(body)) + body


def unpacked(body: bytes) -> Any:
    """The message of some bytes, without their header."""
    return json.loads(body.decode("utf-8", "surrogatepass"))


def read(stream: BinaryIO) -> Any | None:
    """The next message; None at the end of the stream."""
    header = _exactly(stream, HEADER.size)
    if header is None:
        return None
    (length,) = HEADER.unpack(header)
    body = _exactly(stream, length)
    return unpacked(body) if body is not None else None


def _exactly(stream: BinaryIO, count: int) -> bytes | None:
    data = stream.read(count)
    return data if len(data) == count else None
