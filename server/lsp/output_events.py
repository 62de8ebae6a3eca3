"""What cells show, as notifications to the client; and the blobs that these refer to.

Rules:

1. A client that announced ``experimental.vivo.blobs`` is told pictures and other large data by
   reference, and fetches each once; any other gets them inline.
2. What a cell pages (``obj?``) opens beside the code, if the client can: only for what this client
   ran, and never for what is replayed.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from ...parallel.messages import RunRecord
from ...parallel.wire import Message
from ..blobs import BlobError, Place, by_reference, is_reference, large_entries, matching
from ..live import LiveSession
from ..protocol import outputs
from ..replays import event_at
from .failures import text_of_frame

if TYPE_CHECKING:
    from .handling import Handler
    from .presenter import Presenter
    from .server import VivoServer

SHOWN = {
    "stream": "stream",
    "display_data": "display",
    "update_display_data": "update",
    "clear_output": "clear",
    "execute_result": "result",
    "error": "error",
}


def tell_output(presenter: Presenter, session: LiveSession, event: Message) -> None:
    """Send ``vivo/output``; of a run's end, for each of its pages."""
    vivo = event.metadata["vivo"]
    if vivo.get("run") is None:
        return
    if event.type == "status":
        pages = [each for each in vivo["payload"] if each["source"] == "page"]
        for entry in pages:
            _tell(presenter, session, event, "page", entry)
        if pages:
            presenter.pages.paged(session, vivo["run"], pages)
    elif event.type in SHOWN:
        presenter.figures.note(session, event)
        presenter.bars.note(session, event)
        _tell(presenter, session, event, SHOWN[event.type], event.content)


def _tell(
    presenter: Presenter, session: LiveSession, event: Message, kind: str, content: dict[str, Any]
) -> None:
    server, shared = presenter.server, presenter.server.shared_bodies
    if shared is None or presenter.documents or kind == "page":
        server.tell("vivo/output", output_of(presenter, session, event, kind, content))
        return
    # Without documents what is told depends on the event alone, which may be several in one.
    sequence, text = event.metadata["vivo"]["seq"], len(content.get("text") or "")
    key = (session.id, sequence, text, session.engine, presenter.can.blobs)
    body = shared.get(key)
    if body is None:
        output = output_of(presenter, session, event, kind, content)
        body = shared[key] = server.body_of("vivo/output", output)
    server.dispatching.put_body(body)


def output_of(
    presenter: Presenter, session: LiveSession, event: Message, kind: str, content: dict[str, Any]
) -> outputs.Output:
    """What a client is told of an event."""
    vivo = event.metadata["vivo"]
    run = vivo["run"]
    record = session.runs.get(run)
    transient = content.get("transient") or {}
    error = None
    if event.type == "error":
        error = error_of(presenter, record, content, vivo.get("report"))
    return outputs.Output(
        execution_id=run,
        session_id=session.id,
        uri=presenter.place_of(record) if record is not None else None,
        sequence=vivo["seq"],
        kind=kind,  # type: ignore[arg-type]
        name=content.get("name"),
        text=content.get("text"),
        data=told_bundle(presenter, session, content.get("data"), vivo["seq"]),
        metadata=content.get("metadata"),
        display_id=transient.get("display_id"),
        execution_count=content.get("execution_count"),
        wait=content.get("wait"),
        error=error,
        engine=session.engine,
    )


def told_bundle(
    presenter: Presenter, session: LiveSession, data: dict[str, Any] | None, sequence: int | None
) -> dict[str, Any] | None:
    """A bundle as the client is told it (rule 1)."""
    if data is None or not presenter.can.blobs:
        return data
    return by_reference(data, presenter.blobs, session.id, sequence)


def error_of(
    presenter: Presenter,
    record: RunRecord | None,
    content: dict[str, Any],
    report: dict[str, Any] | None,
) -> outputs.ExecutionError:
    """An error for the client, its frames from the report; notebooks' cells have their numbers."""
    frames = [
        outputs.ErrorFrame(
            path=frame["path"],
            line=max(0, frame["line"] - 1),
            function=frame["function"],
            source=text_of_frame(frame),
            values=[outputs.FrameValue(name, text) for name, text in frame.get("values", ())],
        )
        for frame in (report or {}).get("frames", ())
    ]
    lines = [readable(presenter, record, line) for line in content.get("traceback", ())]
    told = readable(presenter, record, content["evalue"])
    return outputs.ExecutionError(content["ename"], told, lines, frames)


def readable(presenter: Presenter, record: RunRecord | None, text: str) -> str:
    """A text of a run's, in which cells of notebooks are named as people know them."""
    if ".ipynb#" not in text:
        return text
    places = {}
    if record is not None and record.path and (uri := presenter.place_of(record)) is not None:
        places[record.path] = uri
    return presenter.server.notebooks.readable(text, places)


def duration_of(record: RunRecord) -> float:
    """How long a run took, in seconds; 0 for one that never ran."""
    if record.started is None or record.finished is None:
        return 0.0
    return max(0.0, record.finished - record.started)


async def blob_of(presenter: Presenter, name: str, place: Place | None = None) -> bytes | None:
    """The bytes of a reference, from the journal if they were dropped; None if they are gone."""
    if not is_reference(name):
        return None
    raw = presenter.blobs.get(name)
    place = presenter.blobs.place_of(name) or place
    if raw is not None or place is None:
        return raw
    for session in presenter.server.every_session():
        if session.id != place.session:
            continue
        event = await event_at(session, place.sequence)
        bundles = [event.content.get("data")] if event is not None else []
        if event is not None and event.type == "status":
            bundles = [each.get("data") for each in event.metadata["vivo"].get("payload", ())]
        for data in bundles:
            if not isinstance(data, dict):
                continue
            raw = matching(data, name)
            if raw is not None:
                mimes = {mime for mime, found in large_entries(data) if found == raw}
                mime = place.mime or min(mimes, default="")
                presenter.blobs.put(raw, Place(place.session, place.sequence, mime))
                return raw
    return None


async def blob(server: VivoServer, params: outputs.BlobParams) -> outputs.Blob:
    """The data of a reference."""
    place = None
    if params.session_id is not None and params.sequence is not None:
        place = Place(params.session_id, params.sequence, "")
    raw = await blob_of(server.presenter, params.id, place)
    if raw is None:
        told = f"There is no data {params.id[:64]!r} (any longer): run its cell again."
        raise BlobError(told)
    return outputs.Blob(params.id, base64.b64encode(raw).decode("ascii"), len(raw))


async def execution_of_cell(
    server: VivoServer, params: outputs.ExecutionOfCellParams
) -> outputs.ExecutionOfCell:
    """The last execution of the cell at a place."""
    anchors = server.presenter.documents.get(params.uri)
    line = params.position.line
    found = anchors.at(line) if anchors is not None else None
    if anchors is not None and found is None:
        cell = server.document(params.uri).text.cell_at(line)
        start, end = (cell.start, cell.end) if cell is not None else (line, line + 1)
        within = [each for each in anchors.anchors if start <= each.start < end]
        found = max(within, key=lambda each: each.record.queued, default=None)
    return outputs.ExecutionOfCell(found.record.id if found is not None else None)


HANDLERS: dict[str, Handler] = {
    "vivo/blob": blob,
    "vivo/executionOfCell": execution_of_cell,
}
