"""The frames of a traceback as data: where each stands, its lines, the values in it.

Rules:

1. vivo's own frames are left out; a run of frames that repeats is told once, with how often; of
   what is still too long both ends are kept, with how many frames lie between.
2. The lines shown are those of the file as it is. Where that is no longer what ran, it is said.
3. No frame and no value is kept, and nothing here raises.

Positions come from ``co_positions`` (Python 3.11 and up, :pep:`657`).
"""

from __future__ import annotations

import linecache
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any

from .compiler import is_cell, real_path
from .traceback_values import Hides, values_of

_PACKAGES = ("core", "parallel", "server")
_HERE = Path(__file__).parent.parent
# As it was imported, which may be through a link, and as it is.
_OURS = tuple(f"{root}/{name}/" for root in {_HERE, _HERE.resolve()} for name in _PACKAGES)
_CONTEXT = 2  # lines before and after the failing one
_LONGEST_STATEMENT = 10  # lines of the failing statement that are shown
_LONGEST_LINE = 1000  # characters
_MAXIMUM_FRAMES = 100
_MAXIMUM_WITH_VALUES = 10  # the innermost frames are the ones looked at
_MAXIMUM_READ = 20_000  # frames; more are cut in the middle before anything is made of them
_LONGEST_PERIOD = 32  # functions that call one another in a ring
_LARGEST_FILE = 200_000  # characters that are compiled to see whether they are what ran
_started = time.time()


@dataclass
class Frame:
    """One frame of a traceback."""

    path: str
    line: int
    """1-based; 0 where Python does not know."""
    function: str
    end_line: int | None = None
    column: int | None = None
    """0-based, in characters."""
    end_column: int | None = None
    first_source_line: int = 0
    source: list[str] = field(default_factory=list)
    """Lines around the failing one, from ``first_source_line``."""
    values: list[tuple[str, str]] = field(default_factory=list)
    """Names and bounded texts of their values: the frame's own, and globals on its line."""
    repeated: int = 0
    """How many further times this frame, and those before it in its ring, come after it."""
    period: int = 1
    """How many frames, this one last, are the ring that repeats."""
    left_out: int = 0
    """How many frames after this one are left out."""
    changed: bool = False
    """Whether the file no longer holds the code that ran."""

    @property
    def text(self) -> str:
        """The failing line, stripped; empty if it is not known."""
        index = self.line - self.first_source_line
        return self.source[index].strip() if 0 <= index < len(self.source) else ""


def is_ours(filename: str) -> bool:
    """Whether a file belongs to vivo's own packages."""
    return filename.startswith(_OURS)


class FrameReader:
    """Reads the frames of the tracebacks of one report: files and tables are read once."""

    def __init__(self, hides: Hides) -> None:
        self._hides = hides
        self._with_values = _MAXIMUM_WITH_VALUES
        self._positions: dict[CodeType, list[Any]] = {}
        self._checked: set[str] = set()
        self._codes: dict[str, set[CodeType]] = {}

    def frames(self, traceback: TracebackType | None) -> list[Frame]:
        """The frames of a traceback, outermost first, vivo's own left out."""
        entries = []
        while traceback is not None:
            if not is_ours(traceback.tb_frame.f_code.co_filename):
                entries.append(traceback)
            traceback = traceback.tb_next
        steps = shortened([(entry.tb_frame.f_code, entry.tb_lineno) for entry in entries])
        self._with_values = _MAXIMUM_WITH_VALUES
        found = []
        for step in reversed(steps):
            frame = self._frame(entries[step.index])
            frame.repeated, frame.period, frame.left_out = step.repeated, step.period, step.left_out
            found.append(frame)
        return found[::-1]

    def lines(self, filename: str, names: dict[str, Any] | None = None) -> list[str]:
        """The lines of a file as it is now; none where there is none."""
        try:
            if filename not in self._checked:
                self._checked.add(filename)
                linecache.checkcache(filename)
            return linecache.getlines(filename, names)
        except Exception:  # noqa: BLE001 - a module's own loader may fail in any way
            return []

    def _frame(self, entry: TracebackType) -> Frame:
        frame, code = entry.tb_frame, entry.tb_frame.f_code
        function = code.co_qualname if sys.version_info >= (3, 11) else code.co_name
        made = Frame(real_path(code.co_filename), entry.tb_lineno or 0, function)
        lines = self.lines(code.co_filename, frame.f_globals)
        position = self._position(code, entry.tb_lasti)
        if position is not None and 0 < made.line <= len(lines):
            made.end_line = position[1]
            made.column = _characters(lines[made.line - 1], position[2])
            if position[0] == position[1]:
                made.end_column = _characters(lines[made.line - 1], position[3])
        statement = _add_source(made, lines)
        made.changed = self._is_changed(code, lines)
        if self._with_values > 0:
            self._with_values -= 1
            made.values = values_of(frame, statement, self._hides)
        return made

    def _position(self, code: CodeType, instruction: int) -> Any:
        """First line, last line, first column, last column; None where Python does not know."""
        if sys.version_info < (3, 11) or instruction < 0:
            return None
        table = self._positions.get(code)
        if table is None:  # reading it is linear in the code's length
            table = self._positions[code] = list(code.co_positions())
        index = instruction // 2
        return table[index] if index < len(table) else None

    def _is_changed(self, code: CodeType, lines: list[str]) -> bool:
        """Whether a file that was edited since we started no longer holds the code that ran."""
        name = code.co_filename
        held: Any = linecache.cache.get(name)
        if not lines or is_cell(name) or held is None or len(held) != 4:
            return False
        size, modified = held[0], held[1]
        if modified is None or modified < _started or size > _LARGEST_FILE:
            return False
        if name not in self._codes:
            self._codes[name] = _codes_of("".join(lines), name)
        return code not in self._codes[name]


def _codes_of(text: str, name: str) -> set[CodeType]:
    """Every code object of a text; none if it does not compile."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            waiting = [compile(text, name, "exec", dont_inherit=True)]
    except (SyntaxError, ValueError, RecursionError, MemoryError, SystemError):
        return set()
    found: set[CodeType] = set()
    while waiting:
        code = waiting.pop()
        found.add(code)
        waiting.extend(entry for entry in code.co_consts if type(entry) is CodeType)
    return found


def _characters(line: str, offset: int | None) -> int | None:
    """A UTF-8 byte offset as an offset in characters."""
    if offset is None:
        return None
    return len(line.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace"))


def _add_source(made: Frame, lines: list[str]) -> str:
    """Add the lines around the failing one; give those of the failing statement."""
    if not 0 < made.line <= len(lines):
        return ""
    end = min(made.end_line or made.line, made.line + _LONGEST_STATEMENT)
    first = max(1, made.line - _CONTEXT)
    last = min(len(lines), max(made.line + _CONTEXT, end))
    made.first_source_line = first
    made.source = [line.rstrip("\r\n")[:_LONGEST_LINE] for line in lines[first - 1 : last]]
    return "".join(lines[made.line - 1 : max(made.line, end)])


@dataclass
class Step:
    """One kept entry of a list that was shortened: what is folded or left out behind it."""

    index: int
    repeated: int = 0
    period: int = 1
    left_out: int = 0


def shortened(places: list[Any]) -> list[Step]:
    """Which entries of a list of places are kept, and what the others were.

    A ring of entries that comes four times or more is kept twice, first and last: the last one
    has the values that led to the error.
    """
    count = len(places)
    steps: list[Step] = []
    head = _MAXIMUM_READ // 2 if count > _MAXIMUM_READ else count
    _fold(places, 0, head, steps)
    if head < count:
        tail = count - head
        between = tail - head
        last_head = len(steps) - 1
        _fold(places, tail, count, steps)
        steps[last_head].left_out += between
    if len(steps) > 2 * _MAXIMUM_FRAMES:
        gone = steps[_MAXIMUM_FRAMES:-_MAXIMUM_FRAMES]
        frames = sum(1 + step.repeated * step.period + step.left_out for step in gone)
        steps = steps[:_MAXIMUM_FRAMES] + steps[-_MAXIMUM_FRAMES:]
        steps[_MAXIMUM_FRAMES - 1].left_out += frames
    return steps


def _fold(places: list[Any], start: int, end: int, steps: list[Step]) -> None:
    """Add the steps of a stretch, rings folded."""
    position = start
    while position < end:
        period, times = _ring(places, position, end)
        if times < 4:
            steps.append(Step(position))
            position += 1
            continue
        steps.extend(Step(index) for index in range(position, position + period))
        steps[-1].repeated, steps[-1].period = times - 2, period
        last = position + (times - 1) * period
        steps.extend(Step(index) for index in range(last, last + period))
        position = last + period


def _ring(places: list[Any], start: int, end: int) -> tuple[int, int]:
    """The shortest ring that begins at ``start``, and how often it comes; once if there is none."""
    place = places[start]
    for period in range(1, min(_LONGEST_PERIOD, (end - start) // 4) + 1):
        if places[start + period] != place:
            continue
        stop = start
        while stop + period < end and places[stop] == places[stop + period]:
            stop += 1
        times = (stop - start) // period + 1
        if times >= 4:
            return period, times
    return 1, 1
