"""Tracebacks as data: frames, positions and values; text is one rendering of many.

Rules:

1. A :class:`TracebackReport` holds text and numbers, no frame and no value of the user's: it
   keeps nothing alive.
2. Building one runs no user code but the exception's own ``__str__``, which may do what it likes
   for a while: an interrupt or the time limit ends it. Building never raises.
3. Long chains of causes, large and deep groups are cut, and how much is missing is told.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from .compiler import real_path
from .errors import UsageError
from .execution import call_user_code
from .safe import attribute, isinstance_exact, safe_repr
from .time_limit import TimeIsUp, time_limit
from .traceback_frames import Frame, FrameReader, is_ours
from .traceback_values import SECRET_WORDS, hides_by

__all__ = [
    "Frame",
    "TracebackReport",
    "described",
    "forget_frames",
    "is_ours",
    "leave_out_own_frames",
    "message_of",
    "related",
    "report_of",
    "traceback_of",
]

_MAXIMUM_TEXT = 10_000  # characters of a message, or of a note
_MAXIMUM_NOTES = 50
_MAXIMUM_CAUSES = 20
_MAXIMUM_MEMBERS = 15
_MAXIMUM_DEPTH = 10  # groups within groups
_MAXIMUM_REPORTS = 100  # in all
_MESSAGE_SECONDS = 2.0


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
    causes_left_out: int = 0
    """How many earlier causes are not told."""
    group: list[TracebackReport] = field(default_factory=list)
    members_left_out: int = 0
    """How many further members of the group are not told."""
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


def report_from(data: dict[str, Any]) -> TracebackReport:
    """The report whose :meth:`TracebackReport.data` came over the wire.

    Raises ``TypeError`` or ``KeyError`` for what is none.
    """
    cause = data.get("cause")
    told = {
        "frames": [
            Frame(**{**each, "values": [(name, value) for name, value in each.get("values", ())]})
            for each in data["frames"]
        ],
        "cause": report_from(cause) if cause else None,
        "group": [report_from(each) for each in data.get("group", ())],
    }
    return TracebackReport(**{**data, **told})


def report_of(
    error: BaseException, *, secret_words: Iterable[str] = SECRET_WORDS
) -> TracebackReport:
    """The report of an exception with its causes and, for a group, its members.

    The values of names that contain one of ``secret_words`` are hidden.
    """
    try:
        return _Builder(secret_words).report(error)
    except Exception as failure:  # noqa: BLE001 - a hostile exception may break anything; rule 2
        told = f"(its traceback cannot be shown: {type(failure).__name__})"
        return TracebackReport(_name_of(error), told)


def _held(error: BaseException, kind: type, name: str) -> Any:
    """What ``kind`` itself keeps under a name: a subclass may put a property there."""
    descriptor: Any = kind.__dict__[name]
    return descriptor.__get__(error)


def _name_of(error: BaseException) -> str:
    return str(type.__dict__["__name__"].__get__(type(error)))


class _Builder:
    """Builds one report: what is left of the budget, and which exceptions were told."""

    def __init__(self, secret_words: Iterable[str]) -> None:
        self._reader = FrameReader(hides_by(secret_words))
        self._seen: set[int] = set()
        self._left = _MAXIMUM_REPORTS

    def report(self, error: BaseException, depth: int = 0, causes: int = 0) -> TracebackReport:
        """The report of an exception, ``depth`` groups and ``causes`` causes down."""
        self._seen.add(id(error))
        self._left -= 1
        traceback = traceback_of(error)
        report = TracebackReport(_name_of(error), message_of(error))
        if isinstance_exact(error, UsageError):
            report.plain = True
            return report
        if traceback_of(error) is not traceback:  # its __str__ has raised the error itself
            _set_traceback(error, traceback)
        report.frames = self._reader.frames(traceback)
        if isinstance_exact(error, SyntaxError):
            frame = self._syntax_frame(error)
            if frame is not None:
                report.frames.append(frame)
        report.notes = _notes(error)
        self._add_cause(report, error, depth, causes)
        self._add_members(report, error, depth)
        return report

    def _add_cause(
        self, report: TracebackReport, error: BaseException, depth: int, causes: int
    ) -> None:
        other, report.cause_is_explicit = _cause_of(error)
        if other is None or id(other) in self._seen:
            return
        if causes < _MAXIMUM_CAUSES and self._left > 0:
            report.cause = self.report(other, depth, causes + 1)
        else:
            report.causes_left_out = _chain_length(other, self._seen)

    def _add_members(self, report: TracebackReport, error: BaseException, depth: int) -> None:
        members = _members_of(error)
        for member in members[:_MAXIMUM_MEMBERS]:
            if depth >= _MAXIMUM_DEPTH or self._left <= 0:
                break
            report.group.append(self.report(member, depth + 1))
        report.members_left_out = len(members) - len(report.group)

    def _syntax_frame(self, error: BaseException) -> Frame | None:
        """Where a text is no Python, if the error says so in sensible words."""
        told = {name: _held(error, SyntaxError, name) for name in _SYNTAX}
        filename, line = told["filename"], told["lineno"]
        if type(filename) is not str or type(line) is not int or not filename or line < 1:
            return None
        end_line, column, end_column = (
            told[name] if type(told[name]) is int and told[name] > 0 else None
            for name in ("end_lineno", "offset", "end_offset")
        )
        frame = Frame(real_path(filename), line, "", end_line)
        if column is not None:
            frame.column = column - 1
            if end_column is not None and end_column > column and end_line == line:
                frame.end_column = end_column - 1
        text = told["text"]
        if type(text) is not str:
            lines = self._reader.lines(filename)
            text = lines[line - 1] if line <= len(lines) else ""
        frame.first_source_line = line
        frame.source = [text.split("\n", maxsplit=1)[0].rstrip("\r")[:1000]]
        return frame


_SYNTAX = ("filename", "lineno", "end_lineno", "offset", "end_offset", "text")


def _cause_of(error: BaseException) -> tuple[BaseException | None, bool]:
    """What an exception was raised from, or while handling; and whether it says so itself."""
    cause = _held(error, BaseException, "__cause__")
    if cause is not None or _held(error, BaseException, "__suppress_context__"):
        return cause, cause is not None
    return _held(error, BaseException, "__context__"), False


def _members_of(error: BaseException) -> tuple[BaseException, ...]:
    if sys.version_info >= (3, 11) and isinstance_exact(error, BaseExceptionGroup):  # noqa: F821
        members: tuple[BaseException, ...] = _held(error, BaseExceptionGroup, "exceptions")  # noqa: F821
        return members
    return ()


def _chain_length(error: BaseException | None, seen: set[int]) -> int:
    """How many causes a chain still has."""
    passed = set(seen)
    count = 0
    while error is not None and id(error) not in passed:
        passed.add(id(error))
        count += 1
        error, _ = _cause_of(error)
    return count


def _notes(error: BaseException) -> list[str]:
    notes = attribute(error, "__notes__")
    if type(notes) is not list:
        return []
    told = [_cut(note if type(note) is str else safe_repr(note)) for note in notes[:_MAXIMUM_NOTES]]
    if len(notes) > _MAXIMUM_NOTES:
        told.append(f"[{len(notes) - _MAXIMUM_NOTES} more notes]")
    return told


def _cut(text: str) -> str:
    return text if len(text) <= _MAXIMUM_TEXT else text[:_MAXIMUM_TEXT] + "…"


def message_of(error: BaseException) -> str:
    """The exception's message, whatever its ``__str__`` does; at most 10,000 characters."""
    try:
        with time_limit(_MESSAGE_SECONDS):
            if isinstance_exact(error, SyntaxError):
                text = call_user_code(str, _held(error, SyntaxError, "msg"))
            else:
                text = call_user_code(str, error)
            return _cut("".join([text]))  # a str of its own class becomes a plain one
    except TimeIsUp:
        return "(its text cannot be made: __str__ does not end)"
    except BaseException as failure:  # noqa: BLE001 - rule 2: the user's __str__ may raise anything
        return f"(its text cannot be made: __str__ raised {_name_of(failure)})"


def described(error: BaseException) -> str:
    """The exception's class and message, in one line of a sentence."""
    message = " ".join(message_of(error).split())
    return f"{_name_of(error)}: {message[:500]}" if message else _name_of(error)


def traceback_of(error: BaseException) -> TracebackType | None:
    """The traceback that Python keeps for an exception."""
    found: TracebackType | None = _held(error, BaseException, "__traceback__")
    return found


def _set_traceback(error: BaseException, traceback: TracebackType | None) -> None:
    held: Any = BaseException.__dict__["__traceback__"]
    held.__set__(error, traceback)


def leave_out_own_frames(error: BaseException) -> None:
    """Begin an exception's traceback at the user's first frame, as if there were no shell."""
    traceback = first = traceback_of(error)
    while traceback is not None and is_ours(traceback.tb_frame.f_code.co_filename):
        traceback = traceback.tb_next
    if traceback is not None and traceback is not first:
        _set_traceback(error, traceback)


def forget_frames(error: BaseException) -> None:
    """Let go of the frames of an exception, of its causes and members, and so of their values."""
    for each in related(error):
        _set_traceback(each, None)


def related(error: BaseException) -> Iterator[BaseException]:
    """An exception, its causes and contexts, and the members of its groups, each once."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        waiting += [_held(each, BaseException, name) for name in ("__cause__", "__context__")]
        waiting += _members_of(each)
        yield each
