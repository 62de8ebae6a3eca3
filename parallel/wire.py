"""The codec of Jupyter messages: bytes in, messages out, and back. Sans-IO.

The format is that of the Jupyter messaging protocol 5.4, "The Wire Protocol": identities, the
delimiter ``<IDS|MSG>``, an HMAC-SHA256 signature over header, parent header, metadata and content,
these four as JSON, then any number of raw buffers.

Rules:

1. A message that is not what the protocol says raises :class:`WireError` with one sentence; it
   is never a crash, and nothing in it is believed before its signature is.
2. With a key, a message that was seen before is refused (:mod:`.replays`), and so is one of this
   side's own: both sides have the same key, and some types of messages go either way.
3. What a message may nest is bounded: whoever handles it may recurse without fear.
4. Encoding never fails for what it is given: what JSON cannot say is sent as its ``repr``, what
   UTF-8 cannot say as question marks, and what nests too deep is cut.
5. Jupyter signs no buffers. A message of vivo's has their digest in its header, which is signed,
   also where there are none: they can be neither altered nor taken out nor put in.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

import msgspec

from .digests import Signer
from .errors import WireError
from .replays import Replays

DELIMITER = b"<IDS|MSG>"
PROTOCOL_VERSION = "5.4"
MAXIMUM_JSON = 256 * 2**20
MAXIMUM_DEPTH = 200
_TOO_DEEP = f"a part nests deeper than {MAXIMUM_DEPTH} levels"

_encoder = msgspec.json.Encoder(enc_hook=repr)
_decoder = msgspec.json.Decoder()


class Message(msgspec.Struct):
    """A message, decoded."""

    header: dict[str, Any]
    parent_header: dict[str, Any] = msgspec.field(default_factory=dict)
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    content: dict[str, Any] = msgspec.field(default_factory=dict)
    buffers: list[bytes] = msgspec.field(default_factory=list)
    identities: list[bytes] = msgspec.field(default_factory=list)
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
    def session(self) -> str:
        """The name of the client that it comes from; empty where it gives none."""
        return str(self.header.get("session") or "")

    @property
    def parent_id(self) -> str | None:
        """The id of the message that this one answers or follows."""
        parent = self.parent_header.get("msg_id")
        return parent if isinstance(parent, str) else None

    @property
    def is_ours(self) -> bool:
        """Whether a client of vivo's sent it: its header says what its buffers are (rule 5)."""
        return "buffers" in self.header

    @property
    def vivo(self) -> dict[str, Any]:
        """What vivo adds to its metadata; empty in a message of another maker."""
        added = self.metadata.get("vivo")
        return added if isinstance(added, dict) else {}


def to_json(value: Any) -> bytes:
    """Data as JSON, whatever it holds (rule 4)."""
    try:
        return _encoder.encode(value)
    except (ValueError, TypeError, OverflowError, RecursionError):
        # UnicodeEncodeError, a ValueError: lone surrogates, as undecodable output has them.
        return _encoder.encode(_plain(value, MAXIMUM_DEPTH))


def _plain(value: Any, depth: int) -> Any:
    """The data again, with nothing in it that has no JSON."""
    if isinstance(value, str):
        return _speakable(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (dict, list, tuple)) and depth == 0:
        return "…"
    if isinstance(value, dict):
        return {_plain_key(key): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth - 1) for item in value]
    return _speakable(repr(value))


def _plain_key(key: Any) -> str:
    return _speakable(key if isinstance(key, str) else repr(key))


def _speakable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


class Numbering:
    """Ids that no other maker of them gives, and that count: what has come of them a keeper knows
    by a number, not by each message's signature (:mod:`.replays`)."""

    def __init__(self) -> None:
        self._prefix = os.urandom(8).hex()
        self._count = 0

    def next(self) -> str:
        """The next id: ``PREFIX-N``."""
        self._count += 1
        return f"{self._prefix}-{self._count}"


class Codec:
    """Encodes and decodes the messages of one connection."""

    def __init__(
        self,
        key: bytes,
        *,
        session: str | None = None,
        username: str = "vivo",
        is_asked: bool = False,
    ) -> None:
        """``is_asked``: this side takes requests, and counts those of vivo's clients."""
        self.session = session or os.urandom(16).hex()
        self.username = username
        self._key = key
        self._signer = Signer(key)
        self._replays = Replays(by_number=is_asked)
        self._numbering = Numbering()

    def new_id(self) -> str:
        """A message id that no other has."""
        return self._numbering.next()

    def header(self, kind: str, message_id: str | None = None, buffers: str = "") -> dict[str, Any]:
        """A header for a new message; ``buffers`` is their digest (rule 5)."""
        return {
            "msg_id": message_id or self.new_id(),
            "msg_type": kind,
            "session": self.session,
            "username": self.username,
            "date": datetime.now(timezone.utc),
            "version": PROTOCOL_VERSION,
            "buffers": buffers,
        }

    def resume(self, headers: Iterable[bytes]) -> None:
        """Know the raw headers of cells that this side took in, in another process, as taken in."""
        self._replays.resume(_from_json(header) for header in headers if header)

    def sign(self, parts: list[bytes]) -> bytes:
        """The signature of the four JSON parts; empty without a key."""
        if not self._key:
            return b""
        return self._signer.digest(b"".join(parts)).encode()

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
        parts = self.parts(
            kind,
            content,
            parent=parent,
            metadata=metadata,
            buffers=buffers,
            message_id=message_id,
        )
        return [*identities, DELIMITER, self.sign(parts), *parts, *buffers]

    def parts(
        self,
        kind: str,
        content: Any,
        *,
        parent: bytes = b"{}",
        metadata: Any = None,
        buffers: list[bytes] | tuple[bytes, ...] = (),
        message_id: str | None = None,
    ) -> list[bytes]:
        """The four JSON parts of a new message; see :meth:`encode`."""
        return [
            _encoder.encode(self.header(kind, message_id, self._digest(buffers))),
            parent,
            b"{}" if not metadata else to_json(metadata),
            to_json(content),
        ]

    def decode(self, frames: list[bytes]) -> Message:
        """The message of some frames. Raises :class:`WireError`."""
        try:
            at = frames.index(DELIMITER)
        except ValueError:
            raise WireError("no <IDS|MSG> delimiter: this is no Jupyter message") from None
        parts = [bytes(each) for each in frames[at + 2 : at + 6]]
        if len(parts) != 4:
            raise WireError(f"{len(parts)} of the 4 parts header, parent, metadata, content")
        if sum(map(len, parts)) > MAXIMUM_JSON:
            raise WireError(f"its JSON is over {MAXIMUM_JSON >> 20} MiB: send data as buffers")
        signature = frames[at + 1]
        if self._key and not hmac.compare_digest(self.sign(parts), signature):
            raise WireError("its signature is wrong: the sender has another key, or it was altered")
        message = self._decoded(parts, frames[at + 6 :], frames[:at])
        if message.header.get("session") == self.session:
            raise WireError("it is a message of this side's own, sent back to it")
        if self._key:
            self._check_buffers(message)
            told = (message.id, signature) if message.is_ours else (None, signature, message.header)
            if not self._replays.is_new(*told):
                raise WireError("it was seen before: it is a replay")
        return message

    def _digest(self, buffers: Sequence[bytes]) -> str:
        """What a header says of the message's buffers; nothing where there are none."""
        if not buffers or not self._key:
            return ""
        digest = self._signer.begin(sum(map(len, buffers)))
        for buffer in buffers:
            digest.update(len(buffer).to_bytes(8, "big"))
            digest.update(buffer)
        return str(digest.hexdigest())

    def _check_buffers(self, message: Message) -> None:
        told = message.header.get("buffers")
        if told is None:
            return  # a client of another maker: Jupyter signs no buffers
        if not isinstance(told, str) or not hmac.compare_digest(
            told.encode("utf-8", "replace"), self._digest(message.buffers).encode()
        ):
            raise WireError("its buffers are not those that were sent")

    @staticmethod
    def _decoded(parts: list[bytes], buffers: list[bytes], identities: list[bytes]) -> Message:
        header = _from_json(parts[0], strict=True)  # it goes out again as others' parent
        parent, metadata, content = map(_from_json, parts[1:])
        # on the path of every message; a generator costs more than the four
        if not (
            isinstance(header, dict)
            and isinstance(parent, dict)
            and isinstance(metadata, dict)
            and isinstance(content, dict)
        ):
            raise WireError("header, parent, metadata and content must be JSON objects")
        for name in ("msg_id", "msg_type"):
            if not isinstance(header.get(name), str):
                raise WireError(f"its header has no {name}")
        return Message(header, parent, metadata, content, buffers, identities, parts[0])


def _from_json(data: bytes, *, strict: bool = False) -> Any:
    """The value of a JSON text. Raises :class:`WireError`."""
    if data == b"{}":  # most parents, and most metadata
        return {}
    try:
        try:
            value = _decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            if strict:
                raise
            # Python's own writers say more than JSON may: NaN, numbers out of range, and half of
            # a surrogate pair; Jupyter's clients send them. Never on the hot path.
            value = _plain(json.loads(data.decode("utf-8", "replace")), MAXIMUM_DEPTH)
    except ValueError as error:
        raise WireError(f"a part is no JSON: {error}") from None
    except RecursionError:
        raise WireError(_TOO_DEEP) from None
    if len(data) <= 2 * MAXIMUM_DEPTH:  # each level takes two bytes at least
        return value
    if data.count(b"[") + data.count(b"{") > MAXIMUM_DEPTH and _is_deep(value):
        raise WireError(_TOO_DEEP)
    return value


def _is_deep(value: Any) -> bool:
    """Whether something nests deeper than is allowed, found level by level."""
    level = [value]
    for _ in range(MAXIMUM_DEPTH):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += [item for item in each.values() if isinstance(item, (dict, list))]
            elif isinstance(each, list):
                inner += [item for item in each if isinstance(item, (dict, list))]
        if not inner:
            return False
        level = inner
    return True


def decode_event(parts: list[bytes]) -> Message:
    """An event of our own journal: header, parent, metadata, content, then buffers.

    Raises :class:`WireError`.
    """
    if len(parts) < 4:
        raise WireError("an event of the journal has fewer than four parts")
    return Codec._decoded(parts[:4], parts[4:], [])
