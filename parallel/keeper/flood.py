"""What a cell prints, bounded while it prints: head and tail are shown, the whole is spilled. Pure.

Theory of operation: a gate for each cell lets text through up to the head's size. Once text is
past a small part of that, all of it, from the first letter, is also given to a spill file, so that
a cell that then floods has the whole there and nothing has to be read back. At the end of the head
one sentence names the file; from there on text goes to the file alone, and the last of it is held.
When the cell ends what is held is shown. A file that turned out not to be needed is removed.

Rules, asserted by :meth:`Gate.validate`:

1. Shown, held and left out together are the whole, in order.
2. Memory for a cell is at most the tail's size and the early part's.
3. Sizes are in characters: what they bound are texts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .instructions import EndSpill, Spill

if TYPE_CHECKING:
    from .state import SessionState

DEFAULT_LIMIT = 16 * 2**20
"""Characters that a cell may show: head and tail together."""
_SMALLEST_LIMIT = 1024
_TAIL_PART = 16  # a sixteenth of the limit is the tail's
_EARLY_PART = 16  # and a sixteenth passes before a file is made

Piece = tuple[str, str]
"""The name of a stream, and text."""


@dataclass(frozen=True)
class Passed:
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
        limit = max(limit, _SMALLEST_LIMIT)
        self._tail_size = limit // _TAIL_PART
        self._early_size = limit // _EARLY_PART
        self._head_size = limit - self._tail_size
        self._shown = 0
        self._early: list[str] = []
        self._tail: deque[Piece] = deque()
        self._held = 0
        self._left_out = 0
        self._total = 0

    def feed(self, name: str, text: str) -> Passed:
        """Text of the cell: what to show of it now, and what to spill."""
        self._total += len(text)
        spilled = self._spilled(text)
        if self.is_cut:
            self._hold(name, text)
            return Passed((), spilled)
        room = self._head_size - self._shown
        if len(text) <= room:
            self._shown += len(text)
            return Passed(((name, text),), spilled)
        self.is_cut = True
        at = text.rfind("\n", 0, room) + 1 or room
        self._shown += at
        self._hold(name, text[at:])
        begin = "" if text[:at].endswith("\n") else "\n"
        told = (
            f"{begin}[vivo: this cell has printed {self._shown:,} characters. More is not shown, "
            f"but for its end when the cell ends; the whole is in {self.path}]\n"
        )
        return Passed(((name, text[:at]), ("stderr", told)), spilled)

    def _spilled(self, text: str) -> str:
        if self.is_spilling:
            return text
        if self._total <= self._early_size:
            self._early.append(text)
            return ""
        self.is_spilling = True
        whole = "".join([*self._early, text])
        self._early.clear()
        return whole

    def _hold(self, name: str, text: str) -> None:
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
        if pieces and self._left_out:
            told = f"[vivo: {self._left_out:,} characters are left out here; see {self.path}]\n"
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


class Floods:
    """The gates of a session's cells, beside the session's state."""

    def __init__(self, state: SessionState) -> None:
        self.limit = DEFAULT_LIMIT
        self.folder = ""
        """Where spill files go: the journal's folder."""
        self._state = state
        self._gates: dict[str | None, Gate] = {}

    def stream(self, run: str | None, name: str, text: str) -> None:
        """Publish text of a run, as far as its gate lets it through."""
        state = self._state
        gate = self._gates.get(run)
        if gate is None:
            # The number of a cell's first text is nobody else's.
            path = f"{self.folder}/output-{state.seq + 1:016d}.txt"
            gate = self._gates[run] = Gate(path, self.limit)
        passed = gate.feed(name, text)
        if passed.spilled:
            state.tell(Spill(gate.path, passed.spilled))
        for each, shown in passed.shown:
            self._publish(run, each, shown)

    def settle(self, run: str | None) -> None:
        """A cell has ended, or one of its pipes: show what is held, forget it if it can print no
        more."""
        gate = self._gates.get(run)
        if gate is None:
            return
        for name, text in gate.take_tail():
            self._publish(run, name, text)
        if (run, "stdout") not in self._state.pipes and (run, "stderr") not in self._state.pipes:
            del self._gates[run]
            if gate.is_spilling:
                self._state.tell(EndSpill(gate.path, is_kept=gate.is_cut))

    def warn(self, text: str) -> None:
        """Tell everyone of a fault that is nobody's cell's, where they look."""
        running = self._state.running
        run = running.record.id if running is not None else None
        self._publish(run, "stderr", f"vivo: {text}\n")

    def settle_all(self) -> None:
        """The engine goes, and every pipe with it."""
        for run in tuple(self._gates):
            self.settle(run)

    def _publish(self, run: str | None, name: str, text: str) -> None:
        parent = self._state.parent_of(run)
        self._state.publish("stream", parent, {"name": name, "text": text}, run)

    def validate(self) -> None:
        """Assert the rules of every gate."""
        for gate in self._gates.values():
            gate.validate()
