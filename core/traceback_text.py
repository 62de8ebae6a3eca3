"""A traceback report as text, plain or with ANSI colours.

Modes: ``Minimal`` (the exception alone), ``Plain`` (as Python prints it), ``Context`` (lines
around the failing one), ``Verbose`` (with the values of the frame's variables).
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .traceback_frames import Frame
    from .tracebacks import TracebackReport

MODES = ("Plain", "Context", "Verbose", "Minimal")

_COLOURS = {"error": "31;1", "path": "32", "line": "36", "function": "34", "mark": "31", "dim": "2"}
_CHANGED = "  [the file has changed since this code was loaded: other lines may have run]"


class _Paint:
    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def __call__(self, kind: str, text: str) -> str:
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self.colour and text else text


def render(report: TracebackReport, mode: str, *, colour: bool = False) -> list[str]:
    """The blocks of a report's text: causes first, frames outermost first, the error last."""
    paint = _Paint(colour)
    if report.plain or mode == "Minimal":
        return [_headline(report, paint)]
    blocks = _causes(report, mode, colour)
    if report.frames:
        blocks.append("Traceback (most recent call last):")
    blocks += [_frame(frame, mode, paint) for frame in report.frames]
    blocks.append(_headline(report, paint))
    blocks += report.notes
    count = len(report.group) + report.members_left_out
    for number, member in enumerate(report.group, 1):
        blocks.append(f"  ---------- {number} of {count} ----------")
        blocks += [_indented(block) for block in render(member, mode, colour=colour)]
    if report.members_left_out:
        blocks.append(paint("dim", f"  [{report.members_left_out} of {count} are left out]"))
    return blocks


def _causes(report: TracebackReport, mode: str, colour: bool) -> list[str]:
    if report.cause is not None:
        blocks = render(report.cause, mode, colour=colour)
    elif report.causes_left_out:
        blocks = [_Paint(colour)("dim", f"[{report.causes_left_out} earlier errors are left out]")]
    else:
        return []
    how = (
        "The above exception was the direct cause of the following exception:"
        if report.cause_is_explicit
        else "During handling of the above exception, another exception occurred:"
    )
    return [*blocks, f"\n{how}\n"]


def _indented(block: str) -> str:
    return "\n".join(f"  | {line}" for line in block.split("\n"))


def _headline(report: TracebackReport, paint: _Paint) -> str:
    name = paint("error", report.name)
    return f"{name}: {report.message}" if report.message else name


def _frame(frame: Frame, mode: str, paint: _Paint) -> str:
    place = f'  File "{paint("path", frame.path)}", line {paint("line", str(frame.line))}'
    if frame.function:
        place += f", in {paint('function', frame.function)}"
    lines = [place]
    if frame.changed:
        lines.append(paint("dim", _CHANGED))
    if mode == "Plain":
        if frame.text:
            line = frame.source[frame.line - frame.first_source_line]
            lines.append(f"    {frame.text}")
            lines += _mark(frame, 4, len(line) - len(line.lstrip()), paint)
    else:
        lines += _source(frame, paint)
    if mode == "Verbose":
        lines += [f"      {paint('line', name)} = {text}" for name, text in frame.values]
    if frame.repeated:
        one = frame.period == 1
        what = "this frame repeats" if one else f"these {frame.period} frames repeat"
        lines.append(paint("dim", f"  [{what} {frame.repeated} more times]"))
    if frame.left_out:
        lines.append(paint("dim", f"  [{frame.left_out} frames are left out]"))
    return "\n".join(lines)


def _source(frame: Frame, paint: _Paint) -> list[str]:
    lines = []
    width = len(str(frame.first_source_line + len(frame.source)))
    for number, text in enumerate(frame.source, frame.first_source_line):
        failing = number == frame.line
        label = f"{number:>{width}}"
        prefix = paint("mark", f"--> {label}") if failing else paint("dim", f"    {label}")
        lines.append(f"{prefix} {text}".rstrip())
        if failing:
            lines += _mark(frame, width + 5, 0, paint)
    return lines


def _mark(frame: Frame, margin: int, stripped: int, paint: _Paint) -> list[str]:
    """The line of carets, unless it would underline the whole statement, or stands off the line."""
    index = frame.line - frame.first_source_line
    if frame.column is None or not 0 <= index < len(frame.source):
        return []
    line = frame.source[index]
    if frame.end_column is not None:
        end = frame.end_column
    elif frame.function and frame.end_line is not None and frame.end_line > frame.line:
        end = len(line.rstrip())  # what it marks goes on below
    else:
        end = frame.column + 1
    if frame.column > len(line):
        return []  # a line that was cut
    if line[frame.column : end].strip() == line.strip() and frame.function:
        return []
    before = "".join(_blank(character) for character in line[stripped : frame.column])
    width = max(1, sum(_width(character) for character in line[frame.column : end]))
    return [" " * margin + before + paint("mark", "^" * width)]


def _blank(character: str) -> str:
    """The white space that takes as many columns as a character does."""
    return "\t" if character == "\t" else " " * _width(character)


def _width(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
