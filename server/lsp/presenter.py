"""What the client is shown: the sessions' events as notifications, hints, diagnostics.

It keeps the results of each open document, anchored to its text, and chooses the best channel
that the client announced for the values.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ...parallel.messages import RunRecord
from ...parallel.wire import Message
from ..anchors import Anchors, Edit
from ..blobs import BlobStore
from ..live import LiveSession
from ..protocol import outputs, sessions
from . import presence, semantic_tokens
from .capabilities import Capabilities, capabilities_of
from .comms import CommNews
from .figures_shown import Figures, figures_shown
from .output_events import error_of, tell_output, told_bundle
from .pages import Pages
from .running_bars import RunningBars
from .shown import Source, bars_shown, frames_shown, pins_shown, values_shown

if TYPE_CHECKING:
    from .server import VivoServer


class Presenter:
    """Tells one client what happens."""

    def __init__(self, server: VivoServer) -> None:
        self.server = server
        self.documents: dict[str, Anchors] = {}
        self.can = Capabilities()
        """What the client said that it can do."""
        self.pins: dict[str, Anchors] = {}
        """By document, the values that stay; each is the record of its statement alone."""
        self.blobs = BlobStore()
        self.figures = Figures(self)
        self.bars = RunningBars(self)
        self.pages = Pages(self)
        self.comms = CommNews(self)
        self.sources: list[Source] = [
            pins_shown,
            values_shown,
            figures_shown,
            frames_shown,
            bars_shown,
        ]
        """What gives the things that stand beside the code, in the order on a line."""
        self.moved: set[str] = set()
        """Documents whose results the edits of this step have moved or made stale."""
        self._elsewhere: set[str] = set()
        self._refreshed: dict[str, bool] = {}
        """By document that was refreshed in this turn of the loop, whether it is to be again."""

    def configure(self, capabilities: types.ClientCapabilities) -> None:
        """Note what the client can do."""
        self.can = capabilities_of(capabilities)

    @property
    def values_by(self) -> str:
        """The channel for values: ``hints``, else ``lenses``, else ``diagnostics``."""
        return self.can.values_by

    # --- Documents -------------------------------------------------------------------------

    def opened(self, uri: str, text: str) -> None:
        """A document was opened: its session's runs look for their text."""
        document = self.server.workspace.text_documents.get(uri)
        lines = document.lines if document is not None else text.split("\n")
        self.documents[uri] = Anchors(lines)
        session = self.server.sessions.known(uri)
        if session is not None:
            self.adopt(uri, session)

    def adopt(self, uri: str, session: LiveSession) -> None:
        """Place the runs of a document that a session knows."""
        anchors = self.documents.get(uri)
        if anchors is None:
            return
        known = {id(each): each for each in (session, self.server.sessions.known(uri)) if each}
        notebooks, text_of = self.server.notebooks, self.server.text_of
        records = {
            record.id: record
            for each in known.values()
            for record in notebooks.runs_of(each.runs, uri, text_of)
        }
        records |= {record.id: record for record in self.server.clusters.runs_of(uri)}
        for record in sorted(records.values(), key=lambda each: each.queued):
            if record.status != "aborted" and not _is_placed(anchors, record):
                anchors.adopt(record)
        self.refresh(uri)

    def edited(self, uri: str, edit: Edit, lines: list[str]) -> None:
        """A document is being edited: its results follow. See :meth:`Anchors.settle`."""
        for anchors in (self.documents.get(uri), self.pins.get(uri)):
            if anchors is not None and anchors.follow(edit, lines):
                self.moved.add(uri)

    def settled(self, uri: str) -> None:
        """All edits of a notification are done: show what they moved or made stale."""
        held = [each for each in (self.documents.get(uri), self.pins.get(uri)) if each is not None]
        has_settled = [each.settle() for each in held]
        if uri in self.moved or True in has_settled:
            self.refresh(uri)
        self.moved.discard(uri)

    def closed(self, uri: str) -> None:
        """A document was closed."""
        self.documents.pop(uri, None)
        self.pins.pop(uri, None)

    def refresh(self, uri: str) -> None:
        """Let the client ask again for what is shown beside the code.

        At once, and once more where others asked for it in the same turn of the loop.
        """
        if uri in self._refreshed:
            self._refreshed[uri] = True
            return
        self._refreshed[uri] = False
        asyncio.get_running_loop().call_soon(self._refresh_again, uri)
        if self.can.refresh_hints:
            self._ask(types.WORKSPACE_INLAY_HINT_REFRESH)
        if self.can.refresh_lenses:
            self._ask(types.WORKSPACE_CODE_LENS_REFRESH)
        semantic_tokens.refresh(self.server)
        self.publish_diagnostics(uri)
        self.server.queues.edited(uri)

    def refresh_values(self, uri: str) -> None:
        """Let the client ask again for the values alone, by the channel that it has for them."""
        if self.values_by == "diagnostics":
            self.publish_diagnostics(uri)
        elif self.values_by == "hints":
            self._ask(types.WORKSPACE_INLAY_HINT_REFRESH)
        elif self.can.refresh_lenses:
            self._ask(types.WORKSPACE_CODE_LENS_REFRESH)

    def refresh_all(self) -> None:
        """Show everything anew, as after a change of the settings."""
        for uri in list(self.documents):
            self.refresh(uri)

    def _refresh_again(self, uri: str) -> None:
        if self._refreshed.pop(uri, False):
            self.refresh(uri)

    def refresh_lenses(self) -> None:
        """Let the client ask again for what can be done at cells."""
        if self.can.refresh_lenses:
            self._ask(types.WORKSPACE_CODE_LENS_REFRESH)

    def _ask(self, method: str) -> None:
        self.server.protocol.send_request(method, None)

    def publish_diagnostics(self, uri: str) -> None:
        """Publish the errors of a document, and its values if there is no better channel.

        Other documents' too, where what this one's cells did is told there.
        """
        from .diagnostics import diagnostics_of, documents_elsewhere

        others = documents_elsewhere(self)
        for each in dict.fromkeys((uri, *sorted(others | self._elsewhere))):
            found = diagnostics_of(self, each)
            params = types.PublishDiagnosticsParams(uri=each, diagnostics=found)
            self.server.text_document_publish_diagnostics(params)
        self._elsewhere = others

    def session_of(self, record: RunRecord) -> LiveSession | None:
        """The session that knows a run."""
        for session in (*self.server.sessions.sessions.values(), *self.server.clusters.all()):
            if session.runs.get(record.id) is not None:
                return session
        return None

    def place_of(self, record: RunRecord) -> str | None:
        """The open document in which a run's text stands: another than its own where a notebook was
        opened again, and gave its cells new URIs."""
        found = (each for each in self._places_for(record) if self._holds(each, record))
        return next(found, record.uri)

    def _places_for(self, record: RunRecord) -> list[str]:
        """The documents in which a run's text may stand."""
        own, notebooks = record.uri, self.server.notebooks
        if own is None or not (notebooks.is_cell(own) or "#" in (record.path or "")):
            return [own] if own is not None else []
        return [own, *notebooks.sharing(own, record.path)]

    def _holds(self, uri: str, record: RunRecord) -> bool:
        anchors = self.documents.get(uri)
        return anchors is not None and _is_placed(anchors, record)

    def lines_of(self, uri: str) -> list[str]:
        """The lines of an open document, without their ends; none of any other."""
        document = self.server.workspace.text_documents.get(uri)
        return document.lines if document is not None else []

    def line_length(self, uri: str, line: int) -> int:
        """The length of a line in the client's units."""
        document = self.server.workspace.text_documents.get(uri)
        if document is None or line >= len(document.lines):
            return 0
        return int(document.position_codec.client_num_units(document.lines[line]))

    def places(self, uris: set[str]) -> dict[str, tuple[types.Range, bool]]:
        """By run, where its text is in some documents, and whether it is another text by now."""
        return {
            anchor.record.id: (self.range_of(uri, anchor.start, anchor.end), anchor.is_stale)
            for uri in uris
            for anchor in (self.documents[uri].anchors if uri in self.documents else ())
        }

    def range_of(self, uri: str, start: int, end: int) -> types.Range:
        """Whole lines as a range of the client's: to the end of the last one."""
        last = max(start, end - 1)
        return types.Range(
            types.Position(start, 0), types.Position(last, self.line_length(uri, last))
        )

    # --- What happens in sessions ----------------------------------------------------------

    def state_changed(self, session: LiveSession, message: str | None) -> None:
        """Send ``vivo/status``."""
        status = sessions.Status(
            session_id=session.id,
            state=session.state,  # type: ignore[arg-type]
            uri=min(session.uris, default=None),
            execution_id=session.running,
            queued=len(session.queue.waiting),
            python=session.python,
            python_version=session.python_version,
            message=message,
            name=session.session_name,
            next_count=session.next_count,
        )
        self.server.tell("vivo/status", status)
        self.server.variable_news.state_changed(session)
        self.server.debugging.state_changed(session)
        self.comms.state_changed(session)

    def queue_changed(self, session: LiveSession) -> None:
        """Send ``vivo/queue``, soon."""
        self.server.queues.changed(session)

    def presence_changed(self, session: LiveSession) -> None:
        """Send ``vivo/presence``."""
        self.server.tell("vivo/presence", presence.presence_of(session))

    def run_waits(self, session: LiveSession, record: RunRecord) -> None:
        """Anchor a cell that waits: another editor, or an earlier server, may have sent it."""
        for uri in self._places_for(record):
            anchors = self.documents.get(uri)
            if anchors is None:
                continue
            if _is_placed(anchors, record):
                return
            if anchors.adopt(record) or uri == record.uri:
                self.refresh(uri)
            if self._holds(uri, record):
                return

    def is_stale(self, record: RunRecord) -> bool:
        """Whether a run's text has been edited in its document since it was sent."""
        anchors = self.documents.get(record.uri or "")
        found = anchors.anchors if anchors is not None else ()
        return any(each.is_stale for each in found if each.record.id == record.id)

    def run_started(self, session: LiveSession, record: RunRecord) -> None:
        """Send ``vivo/executionStarted``; begin the progress."""
        self.run_waits(session, record)
        started = outputs.ExecutionStarted(
            execution_id=record.id,
            session_id=session.id,
            uri=self.place_of(record),
            range=self._range(record),
            code=record.source,
            execution_count=record.execution_count,
            stale=self.is_stale(record),
            replayed=record.seq is not None and record.seq <= session.attached_at,
            client=record.client,
            own=is_own(session, record, self.server.client_name),
        )
        self.server.tell("vivo/executionStarted", started)
        self.bars.begin(record)
        if session.running == record.id:
            self.server.run_progress.begin(session, record)

    def run_output(self, session: LiveSession, event: Message) -> None:
        """Send ``vivo/output``."""
        if not self.comms.takes(session, event):
            tell_output(self, session, event)

    def run_finished(self, session: LiveSession, record: RunRecord) -> None:
        """Send ``vivo/executionFinished``, show the value, end the progress."""
        self.server.run_progress.end(record.id)
        self.bars.end(record)
        uri = self.place_of(record)
        if uri is not None and uri in self.documents:
            anchors = self.documents[uri]
            placed = any(each.record.id == record.id for each in anchors.anchors)
            if placed:
                anchors.update(record)
            elif record.status != "aborted":
                anchors.adopt(record)
            self.refresh(uri)
        error = None
        report = session.reports.get(record.id)
        if record.error is not None:
            told = {"ename": record.error.name, "evalue": record.error.message}
            error = error_of(self, record, session.errors.get(record.id, told), report)
        finished = outputs.ExecutionFinished(
            execution_id=record.id,
            session_id=session.id,
            uri=uri,
            status=record.status,  # type: ignore[arg-type]
            execution_count=record.execution_count,
            value=told_bundle(self, session, session.outputs.get(record.id), None),
            error=error,
            range=self._range(record),
            duration=max(
                0.0, (record.finished or 0.0) - (record.started or record.finished or 0.0)
            ),
        )
        self.server.tell("vivo/executionFinished", finished)
        self.server.variable_news.run_finished(session, record.id)

    def debug_event(self, session: LiveSession, message: dict[str, Any]) -> None:
        """Send ``vivo/debugEvent`` to who debugs."""
        self.server.debugging.event(session, message)

    def start_failed(self, session: LiveSession, run: str, uri: str | None, message: str) -> None:
        """A cell could not be sent: say so, and end its execution."""
        self.server.show_message(message)
        error = outputs.ExecutionError("SessionError", message, [message], [])
        finished = outputs.ExecutionFinished(
            run, session.id, uri, "error", None, None, error, None, 0.0
        )
        if uri is not None and uri in self.documents:
            anchors = self.documents[uri]
            anchors.anchors = [each for each in anchors.anchors if each.record.id != run]
        self.server.tell("vivo/executionFinished", finished)

    async def input_wanted(
        self, session: LiveSession, run: str | None, prompt: str, password: bool
    ) -> str | None:
        """Ask the client, if it said that it can be asked."""
        if not self.can.input or run is None:
            return None
        record = session.runs.get(run)
        uri = self.place_of(record) if record is not None else None
        params = outputs.InputParams(run, uri, prompt, password, session.id)
        wanted, number = self.server.protocol, uuid.uuid4().hex
        asking = wanted.send_request_async(
            "vivo/input", self.server.converter.unstructure(params), number
        )
        try:
            # Its answer may still come: pygls would stumble over a future that was cancelled.
            answer = await asyncio.shield(asking)
        except asyncio.CancelledError:
            wanted.notify("$/cancelRequest", types.CancelParams(id=number))
            raise
        value = answer.get("value") if isinstance(answer, dict) else getattr(answer, "value", None)
        return value if isinstance(value, str) else None

    def _range(self, record: RunRecord) -> types.Range | None:
        uri = self.place_of(record) or ""
        anchors = self.documents.get(uri)
        for anchor in anchors.anchors if anchors is not None else ():
            if anchor.record.id == record.id:
                return self.range_of(uri, anchor.start, anchor.end)
        return None


def is_own(session: LiveSession, record: RunRecord, name: str) -> bool:
    """Whether the client of this name sent a run.

    Of what began before its server came, and of what runs on a cluster, the name alone tells.
    """
    is_past = record.seq is None or record.seq <= session.attached_at
    is_named = record.client == name and (is_past or not session.who.name)
    return record.id in session.own_runs or is_named


def _is_placed(anchors: Anchors, record: RunRecord) -> bool:
    return any(each.record.id == record.id for each in anchors.anchors)
