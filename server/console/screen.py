"""What stands above the prompt, and the line that has not ended yet. Pure.

Rule: whole lines are given to the terminal once; an unended line stands in the prompt, where a
carriage return may begin it anew, as progress bars do.
"""

from __future__ import annotations

_BROKEN = 100_000  # characters after which a line is broken: a terminal wraps it anyway
_LONGEST = 2000  # characters of an unended line that the prompt shows


class Screen:
    """Collects text; :meth:`take` gives the lines that are whole."""

    def __init__(self) -> None:
        self._whole: list[str] = []
        self.partial = ""
        """The unended line, as it would stand on a terminal."""

    def write(self, text: str) -> None:
        """Add a text."""
        head, newline, tail = (self.partial + text).rpartition("\n")
        if newline:
            self._whole.append(
                "".join(_settled(line.rstrip("\r")) + "\n" for line in head.split("\n"))
            )
        self.partial = _settled(tail)
        if len(self.partial) > _BROKEN:
            self.write("\n")

    def take(self) -> str:
        """The whole lines since the last time."""
        text = "".join(self._whole)
        self._whole.clear()
        return text

    def finish(self) -> None:
        """End the unended line, if there is one."""
        if self.partial:
            self.write("\n")

    @property
    def shown(self) -> str:
        """The part of the unended line that fits a prompt."""
        return self.partial.rstrip("\r")[-_LONGEST:]


def _settled(line: str) -> str:
    """A line after its carriage returns: the last text that was written over the others.

    One at the end waits: what comes next decides.
    """
    if "\r" not in line:
        return line
    ended = line.rstrip("\r")
    return ended.rpartition("\r")[2] + "\r" * (len(ended) < len(line))
