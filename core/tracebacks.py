"""Tracebacks as data: frames, positions and values; text is one rendering of many.

Rules:

1. A :class:`TracebackReport` holds text and numbers, no frame and no value of the user's: it
   keeps nothing alive.
2. Building one runs no user code but the exception's own ``__str__``, and never raises.
3. Frames of vivo itself are left out; a frame that repeats is told once, with a count.

Positions come from ``co_positions`` (Python 3.11 and up, :pep:`657`).
"""

from __future__ import annotations

import linecache
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

from .compiler import real_path
from .errors import UsageError
from .safe import UNKNOWN, attribute, safe_repr, type_name

_OURS = str(Path(__file__).resolve().parent.parent) + "/"
_CONTEXT = 2  # lines before and after the failing one
_MAXIMUM_FRAMES = 100
_MAXIMUM_LOCALS = 40
_SECRET_WORDS = ("password", "passwd", "secret", "token", "api_key", "apikey", "credential")


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
    """Local names and bounded texts of their values; globals are left out."""
    repeated: int = 0
    """How many further frames at the same place are folded into this one."""

    @property
    def text(self) -> str:
        """The failing line, stripped; empty if it is not known."""
        index = self.line - self.first_source_line
        return self.source[index].strip() if 0 <= index < len(self.source) else ""


@dataclass
class TracebackReport:
    """An exception, as data."""

    name: str
    message: str
    frames: list[Frame] = field(default_factory=list)
    """Outermost first, as Python shows them."""
    notes: list[str] = field(default_factory=list)
    cause: TracebackReport | None = None
    """What it was raised from, or while handling."""
    cause_is_explicit: bool = False
    group: list[TracebackReport] = field(default_factory=list)
    plain: bool = False
    """Whether one sentence says it all: an error of use."""

    def text(self, mode: str = "Context", *, colour: bool = False) -> str:
        """The report as text. Modes: Plain, Context, Verbose, Minimal."""
        return "\n".join(self.lines(mode, colour=colour))

    def lines(self, mode: str = "Context", *, colour: bool = False) -> list[str]:
        """The report as blocks of text, a frame each."""
        from .traceback_text import render

        return render(self, mode, colour=colour)

    def data(self) -> dict[str, Any]:
        """The report as plain data, for the wire."""
        from dataclasses import asdict

        return asdict(self)


def report_of(error: BaseException, *, skip_first: int = 0) -> TracebackReport:
    """The report of an exception with its causes and, for a group, its members."""
    try:
        return _report(error, set(), skip_first)
    except Exception as failure:  # noqa: BLE001 - a hostile exception may break anything; rule 2
        return TracebackReport(
            type(error).__name__, f"(its traceback cannot be shown: {type(failure).__name__})"
        )


def _report(error: BaseException, seen: set[int], skip_first: int = 0) -> TracebackReport:
    seen.add(id(error))
    report = TracebackReport(type(error).__name__, message_of(error))
    if isinstance(error, UsageError):
        report.plain = True
        return report
    report.frames = _fold(frames_of(error.__traceback__)[skip_first:])
    if isinstance(error, SyntaxError):
        frame = _syntax_frame(error)
        if frame is not None:
            report.frames.append(frame)
    notes = attribute(error, "__notes__")
    if type(notes) is list:
        report.notes = [note if type(note) is str else safe_repr(note) for note in notes]
    other = error.__cause__
    report.cause_is_explicit = other is not None
    if other is None and not error.__suppress_context__:
        other = error.__context__
    if other is not None and id(other) not in seen and len(seen) < 50:
        report.cause = _report(other, seen)
    if sys.version_info >= (3, 11) and isinstance(error, BaseExceptionGroup):  # noqa: F821
        report.group = [
            _report(member, seen) for member in error.exceptions[:15] if id(member) not in seen
        ]
    return report


def message_of(error: BaseException) -> str:
    """The exception's message, whatever its ``__str__`` does; at most 10,000 characters."""
    try:
        if isinstance(error, SyntaxError):
            return str(error.msg)
        text = str(error)
    except Exception as failure:  # noqa: BLE001 - the user's __str__ may raise anything
        return f"(its text cannot be made: __str__ raised {type(failure).__name__})"
    return text if len(text) <= 10_000 else text[:10_000] + "…"


def _syntax_frame(error: SyntaxError) -> Frame | None:
    if not error.filename or not error.lineno:
        return None
    frame = Frame(real_path(error.filename), error.lineno, "", error.end_lineno)
    if error.offset:
        frame.column = max(0, error.offset - 1)
        end = error.end_offset
        if end and end > error.offset and error.end_lineno == error.lineno:
            frame.end_column = end - 1
    text = (error.text or linecache.getline(error.filename, error.lineno)).rstrip("\n")
    frame.first_source_line, frame.source = error.lineno, [text]
    return frame


def frames_of(traceback: TracebackType | None) -> list[Frame]:
    """The frames of a traceback, vivo's own left out."""
    found: list[Frame] = []
    entries = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    entries = [entry for entry in entries if not is_ours(entry.tb_frame.f_code.co_filename)]
    if len(entries) > _MAXIMUM_FRAMES * 2:
        # Very deep recursion: its two ends say all that its middle does.
        entries = entries[:_MAXIMUM_FRAMES] + entries[-_MAXIMUM_FRAMES:]
    shown_values: set[int] = set()
    positions = _Positions()
    for entry in reversed(entries):
        with_values = len(shown_values) < 10  # the innermost frames are the ones looked at
        shown_values.add(id(entry.tb_frame))
        found.append(_frame(entry, with_values, positions))
    return found[::-1]


def is_ours(filename: str) -> bool:
    """Whether a file belongs to vivo's own packages."""
    return filename.startswith(_OURS) and filename[len(_OURS) :].split("/", maxsplit=1)[0] in (
        "core",
        "parallel",
        "server",
    )


class _Positions:
    """The positions of code objects, each table read once: that is linear in the code's length."""

    def __init__(self) -> None:
        self._tables: dict[CodeType, list[Any]] = {}

    def at(self, code: CodeType, instruction: int) -> Any:
        """First line, last line, first column, last column; None where Python does not know."""
        if sys.version_info < (3, 11) or instruction < 0:
            return None
        table = self._tables.get(code)
        if table is None:
            table = self._tables[code] = list(code.co_positions())
        index = instruction // 2
        return table[index] if index < len(table) else None


def _frame(entry: TracebackType, with_values: bool, positions: _Positions) -> Frame:
    frame, code = entry.tb_frame, entry.tb_frame.f_code
    function = code.co_qualname if sys.version_info >= (3, 11) else code.co_name
    made = Frame(real_path(code.co_filename), entry.tb_lineno or 0, function)
    position = positions.at(code, entry.tb_lasti)
    if position is not None:
        made.end_line = position[1]
        line = linecache.getline(code.co_filename, made.line, frame.f_globals)
        made.column = _characters(line, position[2])
        if position[0] == position[1]:
            made.end_column = _characters(line, position[3])
    _add_source(made, code.co_filename, frame)
    if with_values and function != "<module>":
        made.values = _values(frame)
    elif with_values:
        made.values = _values_on_line(frame, made.text)
    return made


def _characters(line: str, offset: int | None) -> int | None:
    """A UTF-8 byte offset as an offset in characters."""
    if offset is None:
        return None
    return len(line.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace"))


def _add_source(made: Frame, filename: str, frame: FrameType) -> None:
    lines = linecache.getlines(filename, frame.f_globals)
    if not lines or not 0 < made.line <= len(lines):
        return
    first = max(1, made.line - _CONTEXT)
    last = min(len(lines), max(made.line + _CONTEXT, 0))
    made.first_source_line = first
    made.source = [line.rstrip("\n")[:1000] for line in lines[first - 1 : last]]


def _values(frame: FrameType) -> list[tuple[str, str]]:
    names = frame.f_code.co_varnames + frame.f_code.co_cellvars
    held = frame.f_locals
    chosen = [name for name in dict.fromkeys(names) if name in held][:_MAXIMUM_LOCALS]
    return [(name, _value_text(name, held[name])) for name in chosen]


def _values_on_line(frame: FrameType, text: str) -> list[tuple[str, str]]:
    """The globals that the failing line of a cell names; a namespace would be too much."""
    import re

    found = []
    for name in dict.fromkeys(re.findall(r"[^\W\d]\w*", text)):
        value = frame.f_globals.get(name, UNKNOWN)
        if value is not UNKNOWN and not callable_like(value):
            found.append((name, _value_text(name, value)))
    return found[:_MAXIMUM_LOCALS]


def callable_like(value: object) -> bool:
    """Whether a value is a function, class or module, whose text tells nothing here."""
    return type_name(value) in ("function", "builtin_function_or_method", "type", "module")


def _value_text(name: str, value: object) -> str:
    lowered = name.lower()
    if any(word in lowered for word in _SECRET_WORDS):
        return "<hidden: its name looks like a secret>"
    return safe_repr(value)


def _fold(frames: list[Frame]) -> list[Frame]:
    """Fold runs of frames that repeat, of any period up to three (mutual recursion)."""
    folded: list[Frame] = []
    position = 0
    while position < len(frames):
        for period in (1, 2, 3):
            count = _repeats(frames, position, period)
            if count > 2:
                kept = frames[position : position + period]
                kept[-1].repeated = (count - 1) * period
                folded.extend(kept)
                position += count * period
                break
        else:
            folded.append(frames[position])
            position += 1
    return folded


def _repeats(frames: list[Frame], start: int, period: int) -> int:
    def place(index: int) -> tuple[str, int, str]:
        frame = frames[index]
        return (frame.path, frame.line, frame.function)

    count = 1
    while start + (count + 1) * period <= len(frames) and all(
        place(start + index) == place(start + count * period + index) for index in range(period)
    ):
        count += 1
    return count
