"""The history of one session, in memory alone: where Python was built without ``sqlite3``.

It answers as :class:`.history.History` does, of this session; there are no others. That it is not
kept is said once, in one sentence, where it should have been.
"""

from __future__ import annotations

import fnmatch
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .history import History, HistoryEntry

_SESSION = 1


class _Input:
    """An input and when its cell began, in seconds since the epoch."""

    def __init__(self, entry: HistoryEntry) -> None:
        self.entry, self.started = entry, time.time()


class HistoryInMemory(History):
    """The inputs of this session, in the order of their numbers."""

    def __init__(
        self, path: str | Path | None = None, *, report: Callable[[str], None] | None = None
    ) -> None:
        super().__init__(path, report=report)
        self._inputs: dict[int, _Input] = {}
        self._is_told = path is None

    @property
    def session(self) -> int:
        """1: there is no other."""
        return _SESSION

    def add(self, line: int, source: str, transformed: str | None = None) -> None:
        """Keep input ``line``; ``transformed`` only where it differs from the source."""
        self._tell_once()
        entry = HistoryEntry(_SESSION, line, source, None if transformed == source else transformed)
        with self._lock:
            self._inputs[line] = _Input(entry)

    def add_all(self, inputs: Sequence[tuple[int, str, str | None]]) -> None:
        """Keep several inputs."""
        for each in inputs:
            self.add(*each)

    def add_output(self, line: int, output: str) -> None:
        """Keep the text of a value."""
        with self._lock:
            kept = self._inputs.get(line)
            if kept is not None:
                kept.entry = kept.entry._replace(output=output)

    def add_once(self, line: int, source: str, since: float) -> None:
        """Keep an input of a session that is gone, unless it is there."""
        with self._lock:
            if not any(
                each.entry.source == source and each.started >= since
                for each in self._inputs.values()
            ):
                self.add(line, source)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

    def tail(
        self, count: int, *, include_latest: bool = True, output: bool = False
    ) -> list[HistoryEntry]:
        """The last ``count`` inputs, oldest first."""
        entries = self._entries(output)
        if not include_latest:
            entries = entries[:-1]
        return entries[-count:] if count > 0 else []

    def search(
        self,
        pattern: str = "*",
        *,
        count: int | None = None,
        unique: bool = False,
        output: bool = False,
    ) -> list[HistoryEntry]:
        """The inputs that match a glob pattern, oldest first; ``unique``: the latest of equals."""
        matches = re.compile(fnmatch.translate(pattern)).match
        found = [each for each in reversed(self._entries(output)) if matches(each.source)]
        if unique:
            latest: dict[str, HistoryEntry] = {}
            for each in found:
                latest.setdefault(each.source, each)
            found = list(latest.values())
        return found[:count][::-1]

    def _lines_of(
        self, number: int, first: int = 1, last: int | None = None, *, output: bool
    ) -> list[HistoryEntry]:
        if number != _SESSION:
            return []
        return [
            each
            for each in self._entries(output)
            if first <= each.line and (last is None or each.line < last)
        ]

    def _sessions_back(self, count: int) -> int:
        return -1 if count else _SESSION

    def _entries(self, output: bool) -> list[HistoryEntry]:
        with self._lock:
            inputs = [self._inputs[line].entry for line in sorted(self._inputs)]
        return inputs if output else [each._replace(output=None) for each in inputs]

    def _tell_once(self) -> None:
        if not self._is_told:
            self._is_told = True
            self.report(
                "This Python was built without sqlite3, so the history of this session is kept in "
                "memory alone."
            )
