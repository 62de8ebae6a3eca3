"""The names of the user's variables, kept in order between pages.

Rules:

1. What has not changed costs nothing: while a cell runs, and between cells, it is seen from the
   number of names and from the newest one. Python adds names at the end, so both stay as they are
   only where no name came or went, but for some that a cell takes out and puts in again in between.
2. Names that came are put in their places; the others are not looked at.
3. When a cell has begun or ended all names are compared once, reference by reference in C, 25 ns a
   name: so what rule 1 cannot see lasts no longer than the cell. So it is where names were deleted.
"""

from __future__ import annotations

import itertools
import operator
from bisect import insort
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from .safe import UNKNOWN

_FEW = 64  # names that are put in one by one: beyond, two sorted lists are merged


class NameIndex:
    """The user's names in a namespace: in the order they were defined in, and sorted."""

    def __init__(self, namespace: dict[str, Any], reserved: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._reserved = reserved
        """What the shell itself put there: left out while it is unchanged."""
        self.keys: list[Any] = []
        """All keys, the user's and others."""
        self.names: list[str] = []
        self.by_name: list[str] = []
        self.rebuilt = 0
        """How often the lists were made anew: then what was made of them holds no longer."""
        self._hidden: frozenset[str] = frozenset()
        self._stamp: Hashable = None

    def refresh(self, stamp: Hashable) -> Sequence[Any]:
        """Bring the lists up to date; gives the keys that were added without making them anew.

        ``stamp`` is another one when a cell has begun or ended (rule 3).
        """
        hidden = frozenset(
            name for name, held in self._reserved.items() if self._namespace.get(name) is held
        )
        added: Sequence[Any] | None = None
        if stamp == self._stamp and hidden == self._hidden:
            added = self._newest()
        if added is None:
            keys = tuple(self._namespace)
            added = self._behind(keys) if hidden == self._hidden else None
            if added is None:
                self._rebuild(keys, hidden)
                added = ()
        self._stamp = stamp
        if added:
            self._add(added)
        return added

    def _newest(self) -> Sequence[Any] | None:
        """The keys that came since, told by their number and the newest; None if it is not told."""
        more = len(self._namespace) - len(self.keys)
        if more < 0 or not self.keys:
            return None
        try:
            behind = list(itertools.islice(reversed(self._namespace), more + 1))
        except RuntimeError:
            return None  # the cell has changed it meanwhile
        if len(behind) != more + 1 or behind.pop() is not self.keys[-1]:
            return None
        return behind[::-1]

    def _behind(self, keys: tuple[Any, ...]) -> Sequence[Any] | None:
        """What stands behind the keys that are known; None if those are not the same any more."""
        is_longer = len(keys) >= len(self.keys)
        if not is_longer or not all(map(operator.is_, self.keys, keys)):
            return None
        return keys[len(self.keys) :]

    def _add(self, keys: Sequence[Any]) -> None:
        self.keys += keys
        added = [each for each in keys if self.is_users(each)]
        self.names += added
        if len(added) <= _FEW:
            for name in added:
                insort(self.by_name, name)
        else:
            self.by_name = sorted([*self.by_name, *sorted(added)])

    def _rebuild(self, keys: tuple[Any, ...], hidden: frozenset[str]) -> None:
        self.rebuilt += 1
        self.keys, self._hidden = list(keys), hidden
        self.names = [each for each in keys if self.is_users(each)]
        self.by_name = sorted(self.names)

    def is_users(self, name: Any) -> bool:
        """Whether a key is the name of a variable of the user's."""
        return (
            type(name) is str
            and not name.startswith("_")
            and name not in ("In", "Out")
            and name not in self._hidden
        )

    def first_new(self, count: int, last: Any = UNKNOWN) -> int:
        """Where the keys begin that came after the first ``count``, of which ``last`` was the last.

        If some were deleted since, the last one of then is looked for.
        """
        keys = self.keys
        if not count:
            return 0
        if len(keys) >= count and keys[count - 1] is last:
            return count
        places = range(len(keys) - 1, -1, -1)
        return 1 + next((at for at in places if keys[at] is last), len(keys))
