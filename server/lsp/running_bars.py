"""The progress bars of running cells as values that move, at most ten times a second."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from ...parallel.messages import RunRecord
from ...parallel.wire import Message
from ..bars import Bars, line_of_bar
from ..live import LiveSession

if TYPE_CHECKING:
    from .presenter import Presenter

INTERVAL = 0.1
"""Seconds between two refreshes of a document."""


class RunningBars:
    """The bars of the runs that go on."""

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self._bars: dict[str, dict[str, Bars]] = {}
        """By run and by stream."""
        self._lines: dict[str, int] = {}
        self._last: dict[str, float] = {}
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def begin(self, record: RunRecord) -> None:
        """A run has begun."""
        if record.uri is not None:
            self._bars[record.id] = {}

    def end(self, record: RunRecord) -> None:
        """A run has ended: its bars go."""
        self._bars.pop(record.id, None)
        self._lines.pop(record.id, None)
        waiting = self._waiting.pop(record.uri or "", None)
        if waiting is not None and not any(self._bars.values()):
            waiting.cancel()

    def note(self, session: LiveSession, event: Message) -> None:
        """Take in what a cell that runs has written."""
        run = event.metadata["vivo"]["run"]
        bars = self._bars.get(run)
        if bars is None:
            return
        if event.type == "stream":
            name = event.content["name"]
            changed = bars.setdefault(name, Bars()).write(event.content["text"])
        elif event.type == "update_display_data":
            text = str((event.content.get("data") or {}).get("text/plain", ""))
            changed = bars.setdefault("display", Bars()).display(text.rsplit("\n", maxsplit=1)[-1])
        else:
            return
        record = session.runs.get(run)
        if changed and record is not None and record.uri in self._presenter.documents:
            self._refresh(str(record.uri))

    def label_of(self, run: str) -> str:
        """The bars of a run as they stand; empty if it has none."""
        labels = (bars.label for bars in self._bars.get(run, {}).values())
        return " · ".join(label for label in labels if label)

    def line_of(self, record: RunRecord) -> int:
        """The line of a cell, from 0, beside which its bars stand."""
        if record.id not in self._lines:
            self._lines[record.id] = line_of_bar(record.source)
        return self._lines[record.id]

    def _refresh(self, uri: str) -> None:
        if uri in self._waiting:
            return
        due = self._last.get(uri, 0.0) + INTERVAL - time.monotonic()
        if due <= 0:
            self._now(uri)
        else:
            loop = asyncio.get_running_loop()
            self._waiting[uri] = loop.call_later(due, self._now, uri)

    def _now(self, uri: str) -> None:
        self._waiting.pop(uri, None)
        self._last[uri] = time.monotonic()
        if uri in self._presenter.documents:
            self._presenter.refresh_values(uri)
