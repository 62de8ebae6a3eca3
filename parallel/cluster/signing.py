"""Signed messages: the format of :mod:`vivo.parallel.wire`, with the standard library alone.

Rules:

1. Nothing in a message is believed, and nothing of it is unpickled, before its signature and the
   digest of its buffers are found right.
2. A message that came before is refused, and so is one of this side's own.
3. Encoding may be done by any thread; decoding by one.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..replays import Replays
from .errors import WireError
from .zmtp import Frame

DELIMITER = b"<IDS|MSG>"
_VERSION = "5.4"
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr).encode
_read = json.JSONDecoder().raw_decode


@dataclass
class Message:
    """A message that is authentic."""

    header: dict[str, Any]
    parent: dict[str, Any]
    metadata: dict[str, Any]
    content: dict[str, Any]
    buffers: list[Frame] = field(default_factory=list)
    raw_header: bytes = b"{}"
    """The header as it came: what an answer carries as its parent."""

    @property
    def type(self) -> str:
        """The message's type."""
        return str(self.header.get("msg_type"))

    @property
    def parent_id(self) -> str | None:
        """The id of the message that this one answers or follows."""
        parent = self.parent.get("msg_id")
        return parent if isinstance(parent, str) else None

    @property
    def vivo(self) -> dict[str, Any]:
        """What vivo adds to its metadata."""
        added = self.metadata.get("vivo")
        return added if isinstance(added, dict) else {}


class Signer:
    """Encodes and decodes the messages of one link."""

    def __init__(self, key: bytes, *, session: str | None = None) -> None:
        if not key:
            raise WireError("a link without a key could not tell whose messages come")
        self.session = session or os.urandom(16).hex()
        self._signer = hmac.new(key, digestmod=hashlib.sha256)
        self._replays = Replays(by_number=False)
        self._prefix = os.urandom(8).hex()
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        """A message id that no other has."""
        return f"{self._prefix}-{next(self._numbers)}"

    def encode(
        self,
        kind: str,
        content: dict[str, Any],
        *,
        buffers: Sequence[Frame] = (),
        metadata: dict[str, Any] | None = None,
        parent: bytes = b"{}",
        message_id: str | None = None,
    ) -> list[Frame]:
        """The frames of a new message. ``parent`` is the parent's raw header."""
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        header = {
            "msg_id": message_id or self.new_id(),
            "msg_type": kind,
            "session": self.session,
            "username": "vivo",
            "date": f"{stamp}.{int(now % 1 * 1e6):06d}Z",
            "version": _VERSION,
            "buffers": self._digest(buffers),
        }
        parts = [
            to_json(header),
            parent,
            to_json(metadata) if metadata else b"{}",
            to_json(content),
        ]
        return [DELIMITER, self._sign(parts), *parts, *buffers]

    def decode(self, frames: Sequence[Frame]) -> Message:
        """The message of some frames. Raises :class:`WireError`."""
        start = 0
        # Identities, or the topic of what was published, come first.
        while start < len(frames) and frames[start] != DELIMITER:
            start += 1
        parts = [bytes(each) for each in frames[start + 2 : start + 6]]
        if len(parts) != 4:
            raise WireError("it is no Jupyter message")
        signature = bytes(frames[start + 1])
        if not hmac.compare_digest(self._sign(parts), signature):
            raise WireError("its signature is wrong: the sender has another key, or it was altered")
        header, parent, metadata, content = (_object(each) for each in parts)
        if header.get("session") == self.session:
            raise WireError("it is a message of this side's own, sent back to it")
        buffers = list(frames[start + 6 :])
        told = header.get("buffers")
        if not isinstance(told, str) or not hmac.compare_digest(
            told.encode("utf-8", "replace"), self._digest(buffers).encode()
        ):
            raise WireError("its buffers are not those that were sent")
        if not self._replays.is_new(None, signature):
            raise WireError("it was seen before: it is a replay")
        return Message(header, parent, metadata, content, buffers, parts[0])

    def _sign(self, parts: list[bytes]) -> bytes:
        signer = self._signer.copy()
        signer.update(b"".join(parts))
        return signer.hexdigest().encode()

    def _digest(self, buffers: Sequence[Frame]) -> str:
        if not buffers:
            return ""
        digest = self._signer.copy()
        for buffer in buffers:
            size = buffer.nbytes if isinstance(buffer, memoryview) else len(buffer)
            digest.update(size.to_bytes(8, "big"))
            digest.update(buffer)
        return digest.hexdigest()


def to_json(value: Any) -> bytes:
    """Data as JSON; what has none is sent as its ``repr``."""
    try:
        return _dumps(value).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, as undecodable output has it
        return _dumps(value).encode("utf-8", "replace")


def _object(data: bytes) -> dict[str, Any]:
    try:
        text = data.decode()
        value, end = _read(text)  # in a third of the time of json.loads
        if end != len(text):
            value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"a part is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise WireError("header, parent, metadata and content must be JSON objects")
    return value
