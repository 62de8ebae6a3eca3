"""What is done with errors: their text copied, their frames opened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...core.errors import VivoError
from ...parallel.messages import RunRecord
from ..live import LiveSession
from ..protocol.outputs import CopiedText, OpenParams, TracebackParams
from ..replays import events_of
from . import virtual_documents
from .output_events import readable

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class NoErrorError(VivoError, LookupError):
    """There is no error, or no frame, where one was asked for."""


async def copy_traceback(server: VivoServer, params: TracebackParams) -> CopiedText:
    """The traceback of an error as text."""
    found = _run_of(server, params)
    if found is None:
        raise NoErrorError("There is no error there: a traceback is that of a cell that failed.")
    session, record = found
    content = session.errors.get(record.id)
    if content is None:
        errors = [each for each in await events_of(session, record) if each.type == "error"]
        content = errors[-1].content if errors else None
    assert record.error is not None
    lines = (content or {}).get("traceback") or [f"{record.error.name}: {record.error.message}"]
    text = _ANSI.sub("", "\n".join(map(str, lines)))
    return CopiedText(readable(server.presenter, record, text))


def _run_of(server: VivoServer, params: TracebackParams) -> tuple[LiveSession, RunRecord] | None:
    presenter = server.presenter
    anchors = presenter.documents.get(params.uri)
    for anchor in anchors.anchors if anchors is not None else ():
        record = anchor.record
        is_there = params.position is None or anchor.start <= params.position.line < anchor.end
        is_meant = params.execution_id == record.id if params.execution_id else is_there
        if record.error is not None and is_meant:
            session = presenter.session_of(record)
            return (session, record) if session is not None else None
    for session in server.every_session():
        run = session.runs.get(params.execution_id or "")
        if run is not None and run.error is not None:
            return session, run
    return None


async def open_frame(server: VivoServer, params: OpenParams) -> None:
    """Open the place of a frame."""
    shown = await virtual_documents.show(server, params.uri, at=params.range, focus=True)
    if not shown:
        raise NoErrorError(f"The editor did not open {params.uri}.")


HANDLERS: dict[str, Handler] = {
    "vivo.server.copyTraceback": copy_traceback,
    "vivo.server.openFrame": open_frame,
}
