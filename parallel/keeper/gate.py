"""What one cell prints, bounded while it prints: head, tail, and the whole for a file. Pure.

Rules, asserted by :meth:`Gate.validate`:

1. Shown, held and left out together are the whole, in order.
2. Memory for a cell is at most the tail's size and the early part's.
3. Sizes are in characters: what they bound are texts. A piece costs a little beside its
   text: a journal of a million pieces of one character is not small.
4. A gate that a new keeper takes over goes on with the spill file that there is.
5. Beyond the limit, what a cell clears before it was shown is left out: the last state counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from .checkpoints import PrintedSoFar

_SMALLEST_LIMIT = 1024
_TAIL_PART = 16  # a sixteenth of the limit is the tail's
_EARLY_PART = 16  # and a sixteenth passes before a file is made
_MOST_EARLY = 2**20  # characters, whatever the limit: they stand in each checkpoint too
_PIECE_COST = 64  # characters that a piece counts for beside its text
_EVENT_COST = 600  # bytes of a journal
_CLEAR_COST = 512  # that a clearing counts for: two events, and nobody misses those in between

Piece = tuple[str, str]
"""The name of a stream, and text."""


class Passed(msgspec.Struct, frozen=True):
    """What becomes of a piece of text."""

    shown: Iterable[Piece]
    spilled: str = ""
    """Text for the spill file."""


class Gate:
    """The output of one cell."""

    def __init__(self, path: str, limit: int) -> None:
        self.path = path
        """Where the whole goes if it must."""
        self.is_spilling = False
        self.is_cut = False
        self.is_incomplete = False
        """Whether the spill file could not take all: a full disk."""
        limit = max(limit, _SMALLEST_LIMIT)
        self._tail_size = limit // _TAIL_PART
        self._early_size = min(limit // _EARLY_PART, _MOST_EARLY)
        self._head_size = limit - self._tail_size
        self._shown = 0
        self._cost = 0
        self._early: list[str] = []
        self._tail: deque[Piece] = deque()
        self._held = 0
        self._left_out = 0
        self._total = 0
        self.cleared: bool | None = None
        """A clearing that is held: whether it waits for the next output, as the cell asked."""
        self._is_redrawn = False  # a clearing came since the cut
        self._is_torn = False  # and more text than is held

    def feed(self, name: str, text: str) -> Passed:
        """Text of the cell: what to show of it now, and what to spill."""
        self._total += len(text)
        spilled = self._spilled(text)
        if self.is_cut:
            self._hold(name, text)
            return Passed((), spilled)
        room = self._head_size - self._shown - self._cost
        if len(text) <= room:
            self._shown += len(text)
            self._cost += _PIECE_COST
            return Passed(((name, text),), spilled)
        spilled = self._cut() or spilled
        room = max(0, room)
        at = text.rfind("\n", 0, room) + 1 or room
        self._shown += at
        self._hold(name, text[at:])
        begin = "" if text[:at].endswith("\n") else "\n"
        told = (
            f"{begin}[vivo: this cell has printed {self._shown:,} characters. More is not shown, "
            f"but for its end when the cell ends; the whole is in {self.path}]\n"
        )
        return Passed(((name, text[:at]), ("stderr", told)), spilled)

    def clear(self, *, wait: bool) -> Passed | None:
        """The cell clears what it has shown: None if that is to be shown, else what is instead."""
        if not self.is_cut:
            self._cost += _CLEAR_COST
            if self._shown + self._cost <= self._head_size:
                return None
            spilled = self._cut()
            where = f"; all that it prints is in {self.path}" if self._total else ""
            told = (
                "\n[vivo: this cell clears its output again and again. From here on its last state "
                f"is shown from time to time, and at its end{where}]\n"
            )
            passed = Passed((("stderr", told),), spilled)
        else:
            passed = Passed(())
        self._left_out += self._held
        self._held = 0
        self._tail.clear()
        self.cleared, self._is_redrawn, self._is_torn = wait, True, False
        return passed

    @property
    def has_news(self) -> bool:
        """Whether what is held is the whole of what the cell has to show since it cleared that."""
        is_whole = self._is_redrawn and not self._is_torn
        return is_whole and (self.cleared is not None or self._held > 0)

    @property
    def size(self) -> int:
        """Bytes that it costs to show what is held."""
        return self._held + _EVENT_COST * (2 if self._held else 1)

    def take_news(self) -> list[Piece]:
        """What is held, to be shown now while the cell goes on."""
        pieces = _joined(self._tail)
        self._shown += self._held
        self._held = 0
        self._tail.clear()
        return pieces

    def _cut(self) -> str:
        """Show no more as it comes; gives text to spill."""
        self.is_cut = True
        return "" if self.is_spilling else self._begin_spill()

    def note(self, text: str) -> str:
        """Text that was shown past this gate: what to spill of it."""
        self._total += len(text)
        self._shown += len(text)
        return self._spilled(text)

    def told(self) -> PrintedSoFar:
        """What a new keeper needs to know (rule 4)."""
        early = None if self.is_spilling else "".join(self._early)
        return PrintedSoFar(self.path, self._shown, self.is_cut, early)

    def resume(self, told: PrintedSoFar, spilled: int | None) -> None:
        """Go on where another keeper's gate was; ``spilled``: the size of its file, if it has."""
        self.is_cut, self._shown = told.is_cut, told.shown
        self.is_spilling = spilled is not None or told.early is None
        if not self.is_spilling and told.early:
            self._early.append(told.early)
        self._left_out = max(0, (spilled or 0) - told.shown) if told.is_cut else 0
        self._total = self._shown + self._left_out

    def _spilled(self, text: str) -> str:
        if self.is_spilling:
            return text
        if self._total <= self._early_size:
            self._early.append(text)
            return ""
        self._early.append(text)
        return self._begin_spill()

    def _begin_spill(self) -> str:
        self.is_spilling = True
        whole = "".join(self._early)
        self._early.clear()
        return whole

    def _hold(self, name: str, text: str) -> None:
        if self._held + len(text) > self._tail_size:
            self._is_torn = True
        if len(text) > self._tail_size:
            self._left_out += len(text) - self._tail_size
            text = text[-self._tail_size :]
        self._tail.append((name, text))
        self._held += len(text)
        while self._held > self._tail_size:
            first, old = self._tail.popleft()
            over = self._held - self._tail_size
            if len(old) > over:
                self._tail.appendleft((first, old[over:]))
                dropped = over
            else:
                dropped = len(old)
            self._held -= dropped
            self._left_out += dropped
        if len(self._tail) > 4096:  # many tiny pieces: of one stream they are one
            self._tail = deque(_joined(self._tail))

    def take_tail(self) -> list[Piece]:
        """What is held, to be shown now: the cell has ended, or its pipe has."""
        pieces = _joined(self._tail)
        if self._left_out:
            where = "they could not all be written to" if self.is_incomplete else "see"
            what = "characters that were cleared" if self._is_redrawn else "characters"
            told = f"[vivo: {self._left_out:,} {what} are left out here; {where} {self.path}]\n"
            pieces.insert(0, ("stderr", told))
        self._shown += self._held
        self._total -= self._left_out
        self._tail.clear()
        self._held = self._left_out = 0
        return pieces

    def validate(self) -> None:
        """Assert the rules of the module's head."""
        assert self._held == sum(len(text) for _, text in self._tail)
        assert self._shown + self._held + self._left_out == self._total, vars(self)
        assert self._held <= self._tail_size
        assert sum(map(len, self._early)) <= self._early_size


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Pieces of one stream that follow each other, as one."""
    joined: list[tuple[str, list[str]]] = []
    for name, text in pieces:
        if joined and joined[-1][0] == name:
            joined[-1][1].append(text)
        else:
            joined.append((name, [text]))
    return [(name, "".join(texts)) for name, texts in joined]
