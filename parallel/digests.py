"""Digests of messages by HMAC-SHA256, for few bytes and for many.

A keeper loads Python's own SHA-256 and not OpenSSL (:mod:`.keeper.loading`). That takes five times
as long for a byte, but only a microsecond or two more for a message as most are: what is long is
left to OpenSSL, which is loaded then.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

_BLOCK = 64  # bytes
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
LONG = 2**14
"""Bytes from which OpenSSL's is worth its loading."""


class Signer:
    """Makes digests under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._at_hand: Any = hmac.new(key, digestmod=hashlib.sha256)
        # None where hmac was loaded without OpenSSL, or Python was built without it.
        self._fast: Any = self._at_hand if getattr(hmac, "_hashopenssl", None) else None
        block = key if len(key) <= _BLOCK else hashlib.sha256(key).digest()
        block = block.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def digest(self, data: bytes) -> str:
        """The digest of a message that is there whole, in hexadecimal digits.

        By the two steps of RFC 2104, as hmac itself takes them, without its objects: each of a
        cell's messages takes this.
        """
        if len(data) >= LONG:
            taken = self.begin(len(data))
            taken.update(data)
            return str(taken.hexdigest())
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.hexdigest()

    def begin(self, size: int) -> Any:
        """What takes in so many bytes by ``update``, and gives their ``hexdigest``."""
        if size < LONG or self._fast is self._at_hand:
            return self._at_hand.copy()
        if self._fast is None:
            self._fast = _by_openssl(self._key) or self._at_hand
        return self._fast.copy()


def _by_openssl(key: bytes) -> Any:
    """What hmac itself takes where it is loaded with OpenSSL; None where there is none."""
    try:
        from _hashlib import hmac_new
    except ImportError:
        return None
    return hmac_new(key, digestmod="sha256")
