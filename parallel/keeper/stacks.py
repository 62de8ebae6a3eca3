"""What the engine's threads are doing: asked of the lane, else of the process itself. Pure.

The lane cannot answer beside code in C that holds the interpreter's lock. Then a signal is sent
that a handler in C serves (:mod:`vivo.parallel.engine.stacks`): it writes all stacks into a pipe.

Rules:

1. Whoever asks is told once, with an empty text where there is no telling: never silence.
2. The signal goes only to an engine that has said that it serves it: others would end by it.
3. A dump is whole when nothing more has come for :data:`REST`; it has no end of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .instructions import DumpStacks, ToLane

if TYPE_CHECKING:
    from .state import SessionState

LANE_SECONDS = 0.3
"""That the lane gets, which needs some milliseconds."""
SIGNAL_SECONDS = 0.5
"""That the handler in C gets to begin."""
REST = 0.03
_MAXIMUM_BYTES = 2**20  # a thousand threads write no more, and a user's code may write too
# Where it is, and by what way it is found: a link may lead there.
_OWN = tuple(
    {str(each.parents[2]) for each in (Path(__file__).resolve(), Path(__file__).absolute())}
)
_THREAD = re.compile(r"^(?:Current thread|Thread) (?P<name>.*) \(most recent call first\):$")
_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$')

Then = Callable[[str, float], None]
"""Is called with the text and the time."""
Sources = dict[str, tuple[int, list[str]]]
"""By file name the number of the first line, and the lines."""


class Stacks:
    """Who waits for the engine's stacks, and how far asking has come."""

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self._waiting: list[Then] = []
        self._number: int | None = None
        self._read = b""
        self._sources: Sources = {}
        self.signal: int | None = None
        """The number of the signal that this engine serves."""
        self.deadline: float | None = None
        """When what is waited for now is given up."""

    def ask(self, then: Then, now: float, *, urgent: bool = False) -> None:
        """Ask for the stacks; ``urgent``: not of the lane first."""
        self._waiting.append(then)
        if self.deadline is not None and not (urgent and self._number is not None):
            return  # what is on its way answers this too
        if urgent:
            self._dump(now)
            return
        self._number = self._state.asking.next_number()
        self.deadline = now + LANE_SECONDS
        self._state.tell(ToLane({"type": "stack", "id": self._number, "content": {}}))

    def answered(self, header: dict[str, Any], now: float) -> bool:
        """An answer of the lane's; whether it was to this."""
        if header["id"] != self._number or header["type"] != "reply":
            return False
        self._tell(str(header["content"].get("text", "")), now)
        return True

    def _dump(self, now: float) -> None:
        self._number = None
        if self.signal is None:
            self._tell("", now)
            return
        self._read, self.deadline = b"", now + SIGNAL_SECONDS
        self._sources = self._running_sources()  # the cell may end by the signal
        self._state.tell(DumpStacks(self.signal))

    def dumped(self, data: bytes, now: float) -> None:
        """Bytes that the signal's handler has written."""
        if self.deadline is None or self._number is not None:
            return  # nobody waits for them any more
        if len(self._read) < _MAXIMUM_BYTES:
            self._read += data
        self.deadline = now + REST

    def time_passed(self, now: float) -> None:
        """Go on to the next way, or tell what there is."""
        if self.deadline is None or self.deadline > now:
            return
        if self._number is not None:
            self._dump(now)
        else:
            self._tell(readable(self._read.decode("utf-8", "replace"), self._sources), now)

    def _running_sources(self) -> Sources:
        """The text of the running cell by the file that it was compiled under."""
        running = self._state.running
        if running is None:
            return {}
        record = running.record
        name = record.path or f"<cell {record.execution_count}>"
        return {name: (record.first_line, record.source.split("\n"))}

    def _tell(self, text: str, now: float) -> None:
        waiting, self._waiting = self._waiting, []
        self._number = self.deadline = None
        self._read = b""
        for then in waiting:
            then(text, now)

    def reset(self, now: float) -> None:
        """The engine is gone (rule 1)."""
        self.signal = None
        self._tell("", now)


def readable(dump: str, sources: Sources | None = None) -> str:
    """The stacks that ``faulthandler`` has written as Python's tracebacks are: last call last.

    Our own frames are left out, and our own threads.
    """
    parts: list[str] = []
    threads = re.split(r"\n(?=Current thread |Thread )", dump.strip("\n"))
    for thread in threads:
        head, *lines = thread.split("\n")
        name = _THREAD.match(head)
        frames = [found for line in lines if (found := _FRAME.match(line))]
        users = [found for found in frames if not found["file"].startswith(_OWN)]
        is_ours = len(users) < len(frames) and all(_is_bootstrap(found) for found in users)
        if name is None or not users or is_ours:
            continue
        is_main = len(threads) == 1 or thread is threads[-1]
        shown = "Main thread" if is_main else f"Thread {name['name']}"
        told = [f"{shown} (most recent call last):"]
        if lines and lines[-1].strip() == "...":
            told.append("  ...")
        for found in reversed(users):
            told.append(f'  File "{found["file"]}", line {found["line"]}, in {found["function"]}')
            first, source = (sources or {}).get(found["file"], (1, []))
            at = int(found["line"]) - first
            if 0 <= at < len(source) and source[at].strip():
                told.append(f"    {source[at].strip()}")
        parts.append("\n".join(told) + "\n")
    return "\n".join(parts)


def _is_bootstrap(frame: re.Match[str]) -> bool:
    """Whether a frame is what every thread begins with."""
    return Path(frame["file"]).name == "threading.py"
