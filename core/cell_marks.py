"""What is noted as a cell begins, so that it can be told later what the cell has changed."""

from __future__ import annotations

from typing import Any, NamedTuple


class CellMark(NamedTuple):
    """The namespace as it was when a cell began: made without looking at it."""

    number: int = 0
    """How many cells have begun, this one included."""
    source: str = ""
    names: int = 0
    """How many names there were."""
    last_name: Any = None
    """The newest of them: those that follow it are the cell's."""

    def next(self, source: str, namespace: dict[str, Any]) -> CellMark:
        """The mark of the next cell."""
        last = next(reversed(namespace), None)
        return CellMark(self.number + 1, source, len(namespace), last)
