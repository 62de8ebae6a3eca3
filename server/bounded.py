"""What holds no more than it may: the oldest entries go first. Pure.

What a server remembers of runs is for showing; the session's journal has all of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")

MAXIMUM_ENTRIES = 2_000
MAXIMUM_BYTES = 64 * 2**20
_EACH = 64
"""Bytes that any value is counted as, beside its text."""


class Bounded(OrderedDict[str, dict[str, Any]]):
    """By key, JSON-like values; bounded in number and in bytes, of which the newest may be over."""

    def __init__(self, entries: int = MAXIMUM_ENTRIES, size: int = MAXIMUM_BYTES) -> None:
        super().__init__()
        self._entries, self._size = entries, size
        self._sizes: dict[str, int] = {}
        self._total = 0

    def __setitem__(self, key: str, value: dict[str, Any]) -> None:
        """Keep a value; the oldest ones make room."""
        if key in self:
            del self[key]
        self._sizes[key] = size_of(value)
        self._total += self._sizes[key]
        super().__setitem__(key, value)
        while len(self) > 1 and (len(self) > self._entries or self._total > self._size):
            del self[next(iter(self))]

    def __delitem__(self, key: str) -> None:
        """Forget a value."""
        super().__delitem__(key)
        self._total -= self._sizes.pop(key)


def remembered(entries: int, characters: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """A decorator: what a function made of the latest texts, bounded by their length together.

    As ``functools.lru_cache``, which counts a document of megabytes as it counts a line.
    """

    def decorate(function: Callable[[str], T]) -> Callable[[str], T]:
        kept: OrderedDict[str, T] = OrderedDict()
        total = 0

        @wraps(function)
        def asked(text: str) -> T:
            nonlocal total
            if text in kept:
                kept.move_to_end(text)
                return kept[text]
            made = function(text)
            if len(text) <= characters and text not in kept:  # another thread may have been faster
                kept[text] = made
                total += len(text)
            while kept and (total > characters or len(kept) > entries):
                oldest, _ = kept.popitem(last=False)
                total -= len(oldest)
            return made

        return asked

    return decorate


def size_of(value: Any) -> int:
    """About how many bytes a JSON-like value holds."""
    if isinstance(value, str | bytes):
        return len(value) + _EACH
    if isinstance(value, dict):
        return _EACH + sum(size_of(key) + size_of(each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return _EACH + sum(size_of(each) for each in value)
    return _EACH
