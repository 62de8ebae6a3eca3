"""Large data by reference: a bundle's pictures are told by hash and fetched once.

Rules:

1. A reference is the SHA-256 of the bytes, and nothing else: it names no file, and what a client
   sends as one is looked up, never opened.
2. What is kept is bounded. What was dropped is asked of the session's journal again, and is given
   only if its hash is the one that was asked for.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import attrs

from ..core.errors import VivoError
from .renderings import binary_of, is_text

MAXIMUM_BYTES = 64_000_000
_MAXIMUM_PLACES = 10_000
LARGE_TEXT = 100_000
"""Characters of a text from which on it travels by reference too."""
_ID = re.compile(r"[0-9a-f]{64}")


class BlobError(VivoError, LookupError):
    """Data that is not, or no longer, there."""


@attrs.frozen
class Place:
    """Where a blob is in a session's journal."""

    session: str
    sequence: int
    mime: str


class BlobStore:
    """What was told by reference."""

    def __init__(self, maximum: int = MAXIMUM_BYTES) -> None:
        self._maximum = maximum
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._places: OrderedDict[str, Place] = OrderedDict()
        self._size = 0

    def put(self, raw: bytes, place: Place | None) -> str:
        """Keep some bytes, as long as there is room; their reference."""
        name = hashlib.sha256(raw).hexdigest()
        if place is not None:
            self._places[name] = place
            self._places.move_to_end(name)
            while len(self._places) > _MAXIMUM_PLACES:
                self._places.popitem(last=False)
        if name not in self._held:
            self._held[name] = raw
            self._size += len(raw)
        self._held.move_to_end(name)
        while self._size > self._maximum and self._held:
            _, dropped = self._held.popitem(last=False)
            self._size -= len(dropped)
        return name

    def get(self, name: str) -> bytes | None:
        """The bytes of a reference; None if they are not held (any more)."""
        raw = self._held.get(name)
        if raw is not None:
            self._held.move_to_end(name)
        return raw

    def place_of(self, name: str) -> Place | None:
        """Where the journal has what a reference means."""
        return self._places.get(name)

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return self._size


def is_reference(text: str) -> bool:
    """Whether a text is a reference: 64 hexadecimal digits."""
    return _ID.fullmatch(text) is not None


def large_entries(data: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The entries of a bundle that travel by reference, with their bytes."""
    for mime, content in data.items():
        if not isinstance(content, str):
            continue
        if not is_text(mime) or mime.startswith("image/") or len(content) > LARGE_TEXT:
            yield mime, binary_of(mime, content)


def by_reference(
    data: dict[str, Any], store: BlobStore, session: str, sequence: int | None
) -> dict[str, Any]:
    """A bundle with references in place of what is large.

    ``sequence`` is the event that has it; None where that was told already.
    """
    told = dict(data)
    for mime, raw in large_entries(data):
        place = Place(session, sequence, mime) if sequence is not None else None
        name = store.put(raw, place)
        told[mime] = {"blob": name, "size": len(raw)}
    return told


def matching(data: dict[str, Any], name: str) -> bytes | None:
    """The entry of a bundle that a reference means, if there is one (rule 2)."""
    for _, raw in large_entries(data):
        if hashlib.sha256(raw).hexdigest() == name:
            return raw
    return None
