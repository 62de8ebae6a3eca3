"""What cells of an open notebook did, for an editor that writes their outputs into it."""

from __future__ import annotations

from typing import Literal

import attrs

from .declaring import Message
from .outputs import Output


@attrs.define
class NotebookParams:
    """A notebook, and what of it is written down already."""

    uri: str
    seen: dict[str, int] = attrs.field(factory=dict)
    """By session, the number of the last event whose outputs the notebook has for sure, as when it
    was saved: runs that told nothing since are left out."""


@attrs.define
class NotebookRun:
    """The last execution of a cell, or one that waits."""

    execution_id: str
    session_id: str
    uri: str
    """The cell in which its text stands now."""
    status: Literal["queued", "running", "ok", "error", "aborted"]
    execution_count: int | None
    started: float | None
    """Seconds since the epoch."""
    finished: float | None
    outputs: list[Output]
    """All of them, in order, also what other cells have changed of its displays since."""


@attrs.define
class NotebookRuns:
    """The executions of a notebook's cells, those that began first before the others."""

    runs: list[NotebookRun]
    session_id: str = ""
    """The session that serves the notebook; empty if none has begun."""
    python: str = ""
    python_version: str = ""


MESSAGES: tuple[Message, ...] = (
    Message(
        "vivo/notebook",
        "query",
        NotebookParams,
        NotebookRuns,
        "What the cells of an open notebook showed last, and which run or wait: whoever sent them, "
        "also while this editor was away. A client that writes outputs into notebooks announces "
        "experimental.vivo.notebooks, and asks this when it opens one; what its cells do "
        "from then on it is told as of any document, under the URI of the cell that has the text "
        "now.",
    ),
)
