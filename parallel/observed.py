"""What a kernel that makes no run records shows of a run, put into the record. Pure."""

from __future__ import annotations

from typing import Any

from .messages import RunError, RunRecord
from .runs import values_of


def observe(record: RunRecord, kind: str, content: dict[str, Any], now: float) -> None:
    """Take in a message on iopub whose parent is the run: its beginning, a value, an error."""
    if kind == "execute_input":
        record.status, record.started = "running", now
        count = content.get("execution_count")
        record.execution_count = count if isinstance(count, int) else None
    elif kind == "execute_result":
        last = record.first_line + max(0, record.source.rstrip().count("\n"))
        told = {"first_line": last, "last_line": last, "data": content.get("data") or {}}
        record.values = [*record.values, *values_of([told])]
    elif kind == "error":
        record.error = error_told(content)


def conclude(record: RunRecord, now: float, status: str | None = None) -> None:
    """End a run: as its reply says, else as what was seen of it."""
    if status == "aborted" or record.started is None:
        record.status = "aborted"  # it ended and never began
    elif status == "error" or record.error is not None:
        record.status = "error"
    else:
        record.status = "ok"
    record.finished = now


def error_told(content: dict[str, Any]) -> RunError:
    """The error of an ``error`` message, or of a reply."""
    return RunError(str(content.get("ename", "")), str(content.get("evalue", "")))
