"""What a session's state is made of: runs, pipes, requests that wait. Data alone."""

from __future__ import annotations

import codecs
from typing import Any

import msgspec

from ..frames import Ordering
from ..messages import RunRecord
from ..wire import Message


class Run(msgspec.Struct):
    """A run that waits or runs: its record and its request."""

    record: RunRecord
    request: Message
    channel: str
    done: dict[str, Any] | None = None
    """Of a hosted kernel: its reply, which its idle status follows."""

    @property
    def silent(self) -> bool:
        """Whether it shows nothing and counts nothing."""
        return bool(self.request.content.get("silent"))

    def takes_along(self, other: Run) -> bool:
        """Whether its failure takes another one out of the queue.

        As in Jupyter what the same client has sent; of that only what stands in the same document,
        or in the same notebook: the URIs of its cells differ in their fragments.
        """
        of, to = self.request.session, other.request.session
        return of == to and _document(self.record) == _document(other.record)

    @property
    def counted(self) -> bool:
        """Whether it takes a number of its own."""
        return not self.silent and bool(self.request.content.get("store_history", True))

    @property
    def last_number(self) -> int:
        """What its reply says: the last number that a cell took, its own if it took one.

        Front ends show the one after it in the next prompt, also after what took none.
        """
        number = self.record.execution_count or 0
        return number if self.counted else max(number - 1, 0)


def _document(record: RunRecord) -> str | None:
    return None if record.uri is None else record.uri.partition("#")[0]


_Decoder = codecs.getincrementaldecoder("utf-8")


class Pipe(msgspec.Struct):
    """One of a cell's two pipes: what puts its bytes in order."""

    ordering: Ordering
    _decoder: codecs.IncrementalDecoder | None = None

    def text_of(self, data: bytes) -> str:
        """The text of its next bytes; half a character waits for its other half."""
        if self._decoder is None:  # most cells print nothing
            self._decoder = _Decoder("replace")
        return self._decoder.decode(data)


class Waiting(msgspec.Struct):
    """A request that the lane is asked."""

    channel: str
    request: Message
