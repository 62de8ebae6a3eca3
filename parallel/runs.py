"""Run records, folded from the events of a session. Pure.

The keeper keeps one table; a client or a reader of a dead journal folds the same table from
the same events.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import msgspec

from .messages import RunError, RunOrigin, RunRecord, RunValue, RunWarning
from .wire import Message

MAXIMUM_RUNS = 10_000
PLAIN_CLIENT = "Jupyter"
"""Who sent a cell that says nothing of vivo: Jupyter's messages do not name the front end."""
_LOOK = 100
_LOOKED_THROUGH = 1000
_MOST_DOCUMENTS = 20
_TEXT_LIMIT = 20_000


class RunTable:
    """The runs of a session, oldest first; finished ones over the limit are dropped.

    ``on_drop`` is told the id of each.
    """

    def __init__(
        self, maximum: int = MAXIMUM_RUNS, *, on_drop: Callable[[str], object] = lambda run: None
    ) -> None:
        self._on_drop = on_drop
        self._runs: OrderedDict[str, RunRecord] = OrderedDict()
        self._maximum = maximum
        self.unsure: set[str] = set()
        """Runs that had not ended where the journal has a hole: they may have ended in it."""

    def __len__(self) -> int:
        return len(self._runs)

    def __reversed__(self) -> Iterator[RunRecord]:
        """The runs, newest first."""
        return reversed(self._runs.values())

    def get(self, run: str) -> RunRecord | None:
        """A run by its id."""
        return self._runs.get(run)

    def all(self, uri: str | None = None, ids: list[str] | None = None) -> list[RunRecord]:
        """The runs: of one document, of some ids, or all."""
        if ids is not None:
            found = [self._runs[run] for run in ids if run in self._runs]
            return [run for run in found if uri is None or run.uri == uri]
        return [run for run in self._runs.values() if uri is None or run.uri == uri]

    def has(self, uri: str) -> bool:
        """Whether a run of a document is known; the newest are looked at first."""
        return any(run.uri == uri for run in reversed(self._runs.values()))

    def put(self, record: RunRecord) -> None:
        """Keep a run, or its newer state."""
        self._runs[record.id] = record
        while len(self._runs) > self._maximum:
            # A few may go on and on at the front, in subshells.
            first = islice(self._runs.values(), _LOOK)
            ended = (each.id for each in first if each.status not in ("queued", "running"))
            if (oldest := next(ended, None)) is None:
                break
            del self._runs[oldest]
            self._on_drop(oldest)

    def fold(self, metadata: dict[str, Any]) -> RunRecord | None:
        """Take in the metadata of an event; the run that it tells of, if it tells of one."""
        record = (metadata.get("vivo") or {}).get("record")
        if record is None:
            return None
        run = msgspec.convert(record, RunRecord)
        self.put(run)
        return run


def new_record(run: str, source: str, metadata: dict[str, Any], now: float) -> RunRecord:
    """The record of a cell that was just sent; an unfit origin is left out."""
    told = metadata.get("vivo")
    try:
        origin = (
            RunOrigin(client=PLAIN_CLIENT) if told is None else msgspec.convert(told, RunOrigin)
        )
    except msgspec.ValidationError:
        origin = RunOrigin()
    return RunRecord(
        id=run,
        source=source,
        client=origin.client,
        uri=origin.uri,
        version=origin.version,
        path=origin.path,
        first_line=max(1, origin.first_line),
        queued=now,
    )


def follows_a_failure(runs: RunTable, request: Message) -> bool:
    """Whether an ``execute_request`` was sent behind another one that has not ended well.

    Those that waited when it failed were aborted then; this one was still on its way.
    """
    named = request.vivo.get("after")
    before = runs.get(named) if isinstance(named, str) else None
    failed = before is not None and before.status in ("error", "aborted")
    return failed and bool(request.content.get("stop_on_error", True))


def documents_of(runs: RunTable) -> list[str]:
    """The documents whose cells ran last, the latest first."""
    found: dict[str, None] = {}
    for record in islice(reversed(runs), _LOOKED_THROUGH):
        if record.uri is not None:
            found.setdefault(record.uri)
        if len(found) == _MOST_DOCUMENTS:
            break
    return list(found)


def values_wanted(metadata: dict[str, Any]) -> str:
    """Which values a cell's sender wants in its record; nothing of an unfit origin."""
    vivo = metadata.get("vivo")
    wanted = vivo.get("values") if isinstance(vivo, dict) else None
    return wanted if wanted in ("last", "all", "assignments") else ""


def tell_end(record: RunRecord, done: dict[str, Any], now: float) -> None:
    """Put what the engine reports of a run's end into its record: status, values, warnings."""
    record.status, record.finished = done["status"], now
    record.values = values_of(done["values"])
    record.warnings = [msgspec.convert(each, RunWarning) for each in done.get("warnings", ())]


def values_of(raw: list[dict[str, Any]]) -> list[RunValue]:
    """The values of a run for its record: texts only, bounded."""
    values = []
    for entry in raw:
        data = {
            mime: text if len(text) <= _TEXT_LIMIT else text[:_TEXT_LIMIT] + "…"
            for mime, text in entry["data"].items()
            if isinstance(text, str) and not mime.startswith(("image/", "application/"))
        }
        values.append(RunValue(entry["first_line"], entry["last_line"], data))
    return values


def error_of(report: dict[str, Any], path: str | None) -> RunError:
    """The error of a run for its record; the innermost frame in the cell's file names the line."""
    line = None
    for frame in report.get("frames") or ():
        if frame["path"] == path or (path is None and frame["path"].startswith("<cell")):
            line = frame["line"]
    return RunError(report["name"], report["message"][:_TEXT_LIMIT], line)
