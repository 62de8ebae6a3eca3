"""What ``vivo run`` shows: the source with its values inline, and the same as JSON. Pure.

Values stand behind the statements that made them; printed text and errors below their cell, as
comments, so that what is shown is still the program.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .values import one_line

_COLOURS = {"value": "32", "output": "2", "error": "31", "figure": "36"}
_WIDTH = 100


@dataclass
class CellRun:
    """One cell's run."""

    first_line: int
    """0-based line of the file."""
    end: int
    source: str
    status: str = "waiting"
    execution_count: int | None = None
    values: list[dict[str, Any]] = field(default_factory=list)
    """{line (0-based), text, data}"""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    """In order: {kind: stream, name, text} or {kind: figure, path} or {kind: display, text}."""
    error: dict[str, Any] | None = None
    duration: float = 0.0

    def data(self) -> dict[str, Any]:
        """For programs; lines are 1-based."""
        return {
            "lines": [self.first_line + 1, self.end],
            "source": self.source,
            "status": self.status,
            "execution_count": self.execution_count,
            "values": [
                {"line": value["line"] + 1, "text": value["text"], "data": value["data"]}
                for value in self.values
            ],
            "outputs": self.outputs,
            "error": self.error,
            "seconds": round(self.duration, 6),
        }


class Report:
    """Writes the source of a file with what its cells gave."""

    def __init__(self, lines: list[str], *, colour: bool) -> None:
        self.lines = lines
        self.colour = colour

    def paint(self, kind: str, text: str) -> str:
        """A text in its colour, on a terminal."""
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self.colour else text

    def between(self, start: int, end: int) -> list[str]:
        """Lines of the file as they stand."""
        return self.lines[start:end]

    def cell(self, run: CellRun) -> list[str]:
        """A cell's lines with its values, then its output."""
        labels: dict[int, list[str]] = {}
        blocks: dict[int, list[str]] = {}
        for value in run.values:
            text = value["text"]
            if "\n" in text:
                blocks.setdefault(value["line"], []).append(text)
            else:
                labels.setdefault(value["line"], []).append(text)
        written: list[str] = []
        for number in range(run.first_line, run.end):
            line = self.lines[number]
            if number in labels:
                shown = "  ".join(f"⟶ {text}" for text in labels[number])
                gap = "  "
                line += gap + self.paint("value", one_line(shown, max(40, _WIDTH - len(line))))
            written.append(line)
            for block in blocks.get(number, ()):
                written += [self.paint("value", f"#⟶ {part}") for part in block.split("\n")]
        return written + self._outputs(run)

    def _outputs(self, run: CellRun) -> list[str]:
        written: list[str] = []
        for output in run.outputs:
            if output["kind"] == "figure":
                written.append(self.paint("figure", f"#▸ {output['path']}"))
            else:
                for line in output["text"].rstrip("\n").split("\n"):
                    written.append(self.paint("output", f"#  {line}".rstrip()))
        if run.error is not None:
            for block in run.error["traceback"] or [run.error["message"]]:
                for line in block.split("\n"):
                    written.append(self.paint("error", "#! ") + self._plain(line))
        return written

    def _plain(self, line: str) -> str:
        if self.colour:
            return line
        import re

        return re.sub(r"\x1b\[[0-9;]*m", "", line)
