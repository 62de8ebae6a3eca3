"""What cells print, bounded while they print: head and tail are shown, the whole is spilled. Pure.

Theory of operation: a gate for each cell lets text through up to the head's size. Once text is
past a small part of that, all of it, from the first letter, is also given to a spill file, so that
a cell that then floods has the whole there and nothing has to be read back. At the end of the head
one sentence names the file; from there on text goes to the file alone, and the last of it is held.
When the cell ends what is held is shown. A file that turned out not to be needed is removed.

A cell that clears its output again and again counts these too. Beyond the limit its last state is
held, and shown at a pace that keeps all of them bounded (:mod:`vivo.parallel.pacing`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..limits import DEFAULT_LIMIT
from .checkpoints import PrintedSoFar
from .gate import Gate, Passed
from .instructions import EndSpill, Spill

if TYPE_CHECKING:
    from ..pacing import Pace
    from .state import SessionState


class Floods:
    """The gates of a session's cells, beside the session's state."""

    def __init__(self, state: SessionState) -> None:
        self.limit = DEFAULT_LIMIT
        self.folder = ""
        """Where spill files go: the journal's folder."""
        self._state = state
        self._gates: dict[str | None, Gate] = {}
        self._paces: dict[str | None, Pace] = {}
        self._news: dict[str | None, float] = {}
        """When the held state of a cell may be shown; 0 where nobody has looked yet."""
        self.cleared: set[str | None] = set()
        """The cells whose clearing is held."""

    def path_of(self, seq: int) -> str:
        """The spill file of the cell whose first text has that number, which is nobody else's."""
        return f"{self.folder}/output-{seq:016d}.txt"

    def stream(self, run: str | None, name: str, text: str) -> None:
        """Publish text of a run, as far as its gate lets it through."""
        gate = self._gates.get(run) or self._new_gate(run)
        self._pass_on(run, gate, gate.feed(name, text))
        if gate.is_cut and gate.has_news:
            self._news.setdefault(run, 0.0)

    def _new_gate(self, run: str | None) -> Gate:
        gate = self._gates[run] = Gate(self.path_of(self._state.seq + 1), self.limit)
        return gate

    def _pass_on(self, run: str | None, gate: Gate, passed: Passed) -> None:
        if passed.spilled:
            self._state.tell(Spill(gate.path, passed.spilled))
        for each, shown in passed.shown:
            if shown:
                self._publish(run, each, shown, is_cut=gate.is_cut)

    def clear(self, run: str | None, *, wait: bool) -> None:
        """A cell clears what it has shown: publish that, or hold it."""
        gate = self._gates.get(run) or self._new_gate(run)
        passed = gate.clear(wait=wait)
        if passed is None:
            self._publish_clearing(run, wait=wait)
            return
        self._pass_on(run, gate, passed)
        self.cleared.add(run)
        self._news.setdefault(run, 0.0)

    def release_clearing(self, run: str | None) -> None:
        """Something of a cell is to be shown: a clearing that is held goes before it."""
        gate = self._gates.get(run)
        if run in self.cleared and gate is not None and gate.cleared is not None:
            self._publish_clearing(run, wait=gate.cleared)
            gate.cleared = None
        self.cleared.discard(run)

    def _publish_clearing(self, run: str | None, *, wait: bool) -> None:
        self._state.publish("clear_output", self._state.parent_of(run), {"wait": wait}, run)

    @property
    def deadline(self) -> float | None:
        """When the state of a cell that was held may be shown; None where none is."""
        return min(self._news.values()) if self._news else None

    def time_passed(self, now: float) -> None:
        """Show what was held of cells that go on, at their pace."""
        if not self._news:
            return
        from ..pacing import Pace  # few cells need it

        for run, due in tuple(self._news.items()):
            if due > now:
                continue
            gate = self._gates[run]
            pace = self._paces.setdefault(run, Pace(self.limit))
            if gate.has_news and (wait := pace.wait(gate.size, now)):
                self._news[run] = now + wait
                continue
            del self._news[run]
            if gate.has_news:
                pace.shown(now)
                self.release_clearing(run)
                for name, text in gate.take_news():
                    self._publish(run, name, text, is_cut=True)

    def settle(self, run: str | None) -> None:
        """A cell has ended, or one of its pipes: show what is held, forget it if it can print no
        more."""
        gate = self._gates.get(run)
        if gate is None:
            return
        self._news.pop(run, None)
        tail = gate.take_tail()
        if self.cleared:
            self.release_clearing(run)
        for name, text in tail:
            self._publish(run, name, text)
        if (run, "stdout") not in self._state.pipes and (run, "stderr") not in self._state.pipes:
            del self._gates[run]
            self._paces.pop(run, None)
            if gate.is_spilling:
                self._state.tell(EndSpill(gate.path, is_kept=gate.is_cut))

    def printed(self) -> dict[str | None, PrintedSoFar]:
        """What the cells have printed that may print more."""
        return {run: gate.told() for run, gate in self._gates.items()}

    def resume(self, run: str, told: PrintedSoFar, spilled: int | None) -> None:
        """Go on where another keeper was with a cell; ``spilled``: the size of its file."""
        gate = self._gates[run] = Gate(told.path, self.limit)
        gate.resume(told, spilled)

    def spill_failed(self, path: str) -> None:
        """A spill file could not take all that it was given."""
        for gate in self._gates.values():
            gate.is_incomplete = gate.is_incomplete or gate.path == path

    def note(self, run: str | None, text: str) -> None:
        """Text that is published beside the gates stands in the spill file too."""
        gate = self._gates.get(run)
        if gate is not None and (spilled := gate.note(text)):
            self._state.tell(Spill(gate.path, spilled))

    def warn(self, text: str) -> None:
        """Tell everyone of a fault that is nobody's cell's, where they look."""
        running = self._state.running
        run = running.record.id if running is not None else None
        self._publish(run, "stderr", f"vivo: {text}\n")

    def settle_all(self) -> None:
        """The engine goes, and every pipe with it."""
        for run in tuple(self._gates):
            self.settle(run)

    def _publish(self, run: str | None, name: str, text: str, *, is_cut: bool = False) -> None:
        parent = self._state.parent_of(run)
        extra = {"cut": True} if is_cut else None
        self._state.publish("stream", parent, {"name": name, "text": text}, run, extra=extra)

    def validate(self) -> None:
        """Assert the rules of every gate."""
        for gate in self._gates.values():
            gate.validate()
        held = {run for run, gate in self._gates.items() if gate.cleared is not None}
        assert held == self.cleared, "a clearing is held that nobody knows of"
        assert self._news.keys() <= self._gates.keys()
