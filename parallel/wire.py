"""The codec of Jupyter messages: bytes in, messages out, and back. Sans-IO.

The format is that of the Jupyter messaging protocol 5.4, "The Wire Protocol": identities, the
delimiter ``<IDS|MSG>``, an HMAC-SHA256 signature over header, parent header, metadata and content,
these four as JSON, then any number of raw buffers.

Rules:

1. A message that is not what the protocol says raises :class:`WireError` with one sentence; it
   is never a crash, and nothing in it is believed before its signature is.
2. With a key, a message whose signature was seen before is refused: it is a replay.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import msgspec

from .errors import WireError

DELIMITER = b"<IDS|MSG>"
PROTOCOL_VERSION = "5.4"
MAXIMUM_JSON = 256 * 2**20
_REMEMBERED_SIGNATURES = 2**16

_encoder = msgspec.json.Encoder(enc_hook=repr)
_decoder = msgspec.json.Decoder()


@dataclass(slots=True)
class Message:
    """A message, decoded."""

    header: dict[str, Any]
    parent_header: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    content: dict[str, Any] = field(default_factory=dict)
    buffers: list[bytes] = field(default_factory=list)
    identities: list[bytes] = field(default_factory=list)
    raw_header: bytes = b"{}"
    """The header as it came: what an answer carries as its parent."""

    @property
    def id(self) -> str:
        """The message's id."""
        return str(self.header["msg_id"])

    @property
    def type(self) -> str:
        """The message's type."""
        return str(self.header["msg_type"])

    @property
    def parent_id(self) -> str | None:
        """The id of the message that this one answers or follows."""
        return self.parent_header.get("msg_id")


def to_json(value: Any) -> bytes:
    """Plain data as JSON; what is no plain data as its ``repr``."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:  # lone surrogates, as undecodable output has them
        return _encoder.encode(_without_surrogates(value))


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_surrogates(item) for item in value]
    return value


class Codec:
    """Encodes and decodes the messages of one connection."""

    def __init__(self, key: bytes, *, session: str | None = None, username: str = "vivo") -> None:
        self.session = session or uuid.uuid4().hex
        self.username = username
        self._key = key
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._prefix = uuid.uuid4().hex[:16]
        self._count = 0

    def new_id(self) -> str:
        """A message id that no other has."""
        self._count += 1
        return f"{self._prefix}-{self._count}"

    def header(self, kind: str, message_id: str | None = None) -> dict[str, Any]:
        """A header for a new message."""
        return {
            "msg_id": message_id or self.new_id(),
            "msg_type": kind,
            "session": self.session,
            "username": self.username,
            "date": datetime.now(timezone.utc).isoformat(),
            "version": PROTOCOL_VERSION,
        }

    def sign(self, parts: list[bytes]) -> bytes:
        """The signature of the four JSON parts; empty without a key."""
        if not self._key:
            return b""
        return hmac.digest(self._key, b"".join(parts), hashlib.sha256).hex().encode()

    def encode(
        self,
        kind: str,
        content: Any,
        *,
        parent: bytes = b"{}",
        metadata: Any = None,
        buffers: list[bytes] | tuple[bytes, ...] = (),
        identities: list[bytes] | tuple[bytes, ...] = (),
        message_id: str | None = None,
    ) -> list[bytes]:
        """The frames of a new message. ``parent`` is the parent's raw header."""
        parts = [
            _encoder.encode(self.header(kind, message_id)),
            parent,
            b"{}" if not metadata else to_json(metadata),
            to_json(content),
        ]
        return [*identities, DELIMITER, self.sign(parts), *parts, *buffers]

    def decode(self, frames: list[bytes]) -> Message:
        """The message of some frames. Raises :class:`WireError`."""
        try:
            at = frames.index(DELIMITER)
        except ValueError:
            raise WireError("no <IDS|MSG> delimiter: this is no Jupyter message") from None
        parts = frames[at + 2 : at + 6]
        if len(parts) != 4:
            raise WireError(f"{len(parts)} of the 4 parts header, parent, metadata, content")
        if sum(map(len, parts)) > MAXIMUM_JSON:
            raise WireError(f"its JSON is over {MAXIMUM_JSON >> 20} MiB; send data as buffers")
        self._authenticate(frames[at + 1], parts)
        return self._decoded(parts, frames[at + 6 :], frames[:at])

    def _authenticate(self, signature: bytes, parts: list[bytes]) -> None:
        if not self._key:
            return
        if not hmac.compare_digest(self.sign(parts), signature):
            raise WireError("its signature is wrong: the sender has another key, or it was altered")
        if signature in self._seen:
            raise WireError("its signature was seen before: it is a replay")
        self._seen[signature] = None
        if len(self._seen) > _REMEMBERED_SIGNATURES:
            self._seen.popitem(last=False)

    @staticmethod
    def _decoded(parts: list[bytes], buffers: list[bytes], identities: list[bytes]) -> Message:
        try:
            header, parent, metadata, content = map(_decoder.decode, parts)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise WireError(f"a part is no JSON: {error}") from None
        if not all(isinstance(part, dict) for part in (header, parent, metadata, content)):
            raise WireError("header, parent, metadata and content must be JSON objects")
        for name in ("msg_id", "msg_type"):
            if not isinstance(header.get(name), str):
                raise WireError(f"its header has no {name}")
        return Message(header, parent, metadata, content, buffers, identities, parts[0])


def decode_event(parts: list[bytes]) -> Message:
    """An event of our own journal: header, parent, metadata, content, then buffers.

    Raises :class:`WireError`.
    """
    if len(parts) < 4:
        raise WireError("an event of the journal has fewer than four parts")
    return Codec._decoded(parts[:4], parts[4:], [])
