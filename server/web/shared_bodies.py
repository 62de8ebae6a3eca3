"""Notifications that one browser's server has written, for those of the others. Pure.

Bounded in number and in bytes; the oldest go first. What is not here is written anew.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

MOST = 2_000
MOST_BYTES = 32 * 2**20


class SharedBodies(OrderedDict[tuple[Any, ...], bytes]):
    """By what they depend on, the bytes of messages."""

    def __init__(self) -> None:
        super().__init__()
        self._size = 0

    def __setitem__(self, key: tuple[Any, ...], body: bytes) -> None:
        """Keep a message; the oldest make room."""
        if key in self:
            del self[key]
        super().__setitem__(key, body)
        self._size += len(body)
        while len(self) > MOST or self._size > MOST_BYTES:
            del self[next(iter(self))]

    def __delitem__(self, key: tuple[Any, ...]) -> None:
        """Forget a message."""
        self._size -= len(self[key])
        super().__delitem__(key)

    def validate(self) -> None:
        """Its bounds."""
        assert len(self) <= MOST
        assert self._size == sum(map(len, self.values())) <= MOST_BYTES
