"""The bytes of a client, cut into the bodies of its messages. Pure.

Rules:

1. A header that is unfit costs what belongs to it: the next ``Content-Length`` is looked for,
   and what stands before it is passed over and told of.
2. A message over the limit is passed over as it comes, and never held.
3. A body that turns out to hold the next header, since its length was wrong, is given back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAXIMUM_BYTES = 256 * 2**20
"""The largest message that is taken."""
_HEADER_LIMIT = 2**16
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,18})(?!\d)", re.IGNORECASE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")


class Unfit:
    """Something that is no message, and why."""

    def __init__(self, why: str) -> None:
        self.why = why


class MessageStream:
    """Takes bytes, gives bodies."""

    def __init__(self, maximum: int = MAXIMUM_BYTES) -> None:
        self._maximum = maximum
        self._buffer = bytearray()
        self._wanted: int | None = None
        self._passed_over = 0
        """Bytes still to come of a message that is too large."""

    def feed(self, data: bytes) -> Iterator[bytes | Unfit]:
        """The bodies that are whole by now, and what was unfit between them."""
        if self._passed_over:
            cut = min(self._passed_over, len(data))
            self._passed_over -= cut
            data = data[cut:]
        self._buffer += data
        while True:
            if self._wanted is None:
                unfit = self._header()
                if unfit is not None:
                    yield unfit
                    continue
            if self._wanted is None or len(self._buffer) < self._wanted:
                return
            body = bytes(memoryview(self._buffer)[: self._wanted])
            del self._buffer[: self._wanted]
            self._wanted = None
            yield body

    def give_back(self, body: bytes) -> bytes | None:
        """Of a body that cannot be read: what stands before a header in it, if one is there.

        The header and what follows are read again.
        """
        match = _LENGTH.search(body)
        if match is None:
            return None
        self._buffer[:0] = body[match.start() :]
        return body[: match.start()]

    def _header(self) -> Unfit | None:
        """Read a header if it is whole; what was unfit about it."""
        end = _HEADER_END.search(self._buffer)
        if end is None:
            if len(self._buffer) <= _HEADER_LIMIT:
                return None
            del self._buffer[: -_HEADER_LIMIT // 2]
            return Unfit("There is no end of a header in sight.")
        header = bytes(self._buffer[: end.start()])
        del self._buffer[: end.end()]
        lengths = _LENGTH.findall(header)
        if not lengths:
            return Unfit("A message's header has no Content-Length.")
        length = int(lengths[-1])
        if length > self._maximum:
            held = min(length, len(self._buffer))
            del self._buffer[:held]
            self._passed_over = length - held
            return Unfit(
                f"A message of {length} bytes was passed over: at most {self._maximum} are taken."
            )
        self._wanted = length
        return None
