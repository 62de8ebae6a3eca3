"""A traceback report as text, plain or with ANSI colours.

Modes: ``Minimal`` (the exception alone), ``Plain`` (as Python prints it), ``Context`` (lines
around the failing one), ``Verbose`` (with the values of the frame's variables).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tracebacks import Frame, TracebackReport

MODES = ("Plain", "Context", "Verbose", "Minimal")

_COLOURS = {"error": "31;1", "path": "32", "line": "36", "function": "34", "mark": "31", "dim": "2"}


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
    blocks: list[str] = []
    if report.cause is not None:
        blocks += render(report.cause, mode, colour=colour)
        how = (
            "The above exception was the direct cause of the following exception:"
            if report.cause_is_explicit
            else "During handling of the above exception, another exception occurred:"
        )
        blocks.append(f"\n{how}\n")
    if report.frames:
        blocks.append("Traceback (most recent call last):")
    blocks += [_frame(frame, mode, paint) for frame in report.frames]
    blocks.append(_headline(report, paint))
    blocks += report.notes
    for number, member in enumerate(report.group, 1):
        blocks.append(f"  ---------- {number} of {len(report.group)} ----------")
        blocks += [_indented(block) for block in render(member, mode, colour=colour)]
    return blocks


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
    if mode == "Plain":
        if frame.text:
            lines.append(f"    {frame.text}")
            lines += _mark(frame, 4, len(_stripped_of(frame)), paint)
    else:
        lines += _source(frame, paint)
    if mode == "Verbose":
        lines += [f"      {paint('line', name)} = {text}" for name, text in frame.values]
    if frame.repeated:
        lines.append(paint("dim", f"  [the same, {frame.repeated} more times]"))
    return "\n".join(lines)


def _stripped_of(frame: Frame) -> str:
    line = frame.source[frame.line - frame.first_source_line]
    return line[: len(line) - len(line.lstrip())]


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
    """The line of carets, unless it would underline the whole statement."""
    if frame.column is None:
        return []
    index = frame.line - frame.first_source_line
    if not 0 <= index < len(frame.source):
        return []
    line = frame.source[index]
    end = frame.end_column if frame.end_column is not None else frame.column + 1
    if line[frame.column : end].strip() == line.strip() and frame.function:
        return []
    carets = "^" * max(1, min(end, len(line) + 1) - frame.column)
    return [" " * (margin + frame.column - stripped) + paint("mark", carets)]
