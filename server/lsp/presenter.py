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
from ..anchors import Anchor, Anchors
from ..live import LiveSession
from ..protocol import outputs, sessions
from ..values import value_label
from . import semantic_tokens
from .capabilities import Capabilities, capabilities_of

if TYPE_CHECKING:
    from .server import VivoServer

_SHOWN = {
    "stream": "stream",
    "display_data": "display",
    "update_display_data": "update",
    "clear_output": "clear",
    "execute_result": "result",
    "error": "error",
}


class Presenter:
    """Tells one client what happens."""

    def __init__(self, server: VivoServer) -> None:
        self.server = server
        self.documents: dict[str, Anchors] = {}
        self.can = Capabilities()
        """What the client said that it can do."""

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
        self.documents[uri] = Anchors(text.split("\n"))
        session = self.server.sessions.known(uri)
        if session is not None:
            self.adopt(uri, session)

    def adopt(self, uri: str, session: LiveSession) -> None:
        """Place the runs of a document that a session knows."""
        anchors = self.documents.get(uri)
        if anchors is None:
            return
        for record in session.runs.all(uri):
            if record.status in ("ok", "error", "running"):
                anchors.adopt(record)
        self.refresh(uri)

    def closed(self, uri: str) -> None:
        """A document was closed."""
        self.documents.pop(uri, None)

    def refresh(self, uri: str) -> None:
        """Let the client ask again for what is shown beside the code."""
        if self.can.refresh_hints:
            self._ask(types.WORKSPACE_INLAY_HINT_REFRESH)
        if self.can.refresh_lenses:
            self._ask(types.WORKSPACE_CODE_LENS_REFRESH)
        semantic_tokens.refresh(self.server)
        self.publish_diagnostics(uri)

    def _ask(self, method: str) -> None:
        self.server.protocol.send_request(method, None)

    def publish_diagnostics(self, uri: str) -> None:
        """Publish the errors of a document, and its values if there is no better channel."""
        from .diagnostics import diagnostics_of

        params = types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics_of(self, uri))
        self.server.text_document_publish_diagnostics(params)

    def session_of(self, record: RunRecord) -> LiveSession | None:
        """The session that knows a run."""
        for session in self.server.sessions.sessions.values():
            if session.runs.get(record.id) is not None:
                return session
        return None

    def line_length(self, uri: str, line: int) -> int:
        """The length of a line in the client's units."""
        document = self.server.workspace.text_documents.get(uri)
        if document is None or line >= len(document.lines):
            return 0
        text = document.lines[line].rstrip("\r\n")
        return int(document.position_codec.client_num_units(text))

    def range_of(self, uri: str, start: int, end: int) -> types.Range:
        """Whole lines as a range of the client's: to the end of the last one."""
        last = max(start, end - 1)
        return types.Range(
            types.Position(start, 0), types.Position(last, self.line_length(uri, last))
        )

    def labelled(self, uri: str) -> list[tuple[Anchor, int, str, str]]:
        """The values of a document: anchor, 0-based line, short label, full text."""
        found = []
        anchors = self.documents.get(uri)
        for anchor in anchors.anchors if anchors is not None else ():
            for value in anchor.record.values:
                text = str(value.data.get("text/plain", ""))
                label = value_label(text, is_stale=anchor.is_stale)
                found.append((anchor, anchor.line_of(value.last_line), label, text))
        return found

    # --- What happens in sessions ----------------------------------------------------------

    def state_changed(self, session: LiveSession, message: str | None) -> None:
        """Send ``vivo/status``."""
        status = sessions.Status(
            session_id=session.id,
            state=session.state,  # type: ignore[arg-type]
            uri=min(session.uris, default=None),
            execution_id=session.running,
            queued=len(session.waiting),
            python=session.python,
            python_version=session.python_version,
            message=message,
        )
        self.server.tell("vivo/status", status)

    def run_started(self, session: LiveSession, record: RunRecord) -> None:
        """Send ``vivo/executionStarted``; begin the progress."""
        started = outputs.ExecutionStarted(
            execution_id=record.id,
            session_id=session.id,
            uri=record.uri,
            range=self._range(record),
            code=record.source,
            execution_count=record.execution_count,
        )
        self.server.tell("vivo/executionStarted", started)
        if session.running == record.id:
            self.server.run_progress.begin(session, record)

    def run_output(self, session: LiveSession, event: Message) -> None:
        """Send ``vivo/output``; of a run's end, for each of its pages."""
        vivo = event.metadata["vivo"]
        if vivo.get("run") is None:
            return
        if event.type == "status":
            for entry in vivo["payload"]:
                if entry["source"] == "page":
                    self._output(session, event, "page", entry)
        elif event.type in _SHOWN:
            self._output(session, event, _SHOWN[event.type], event.content)

    def _output(
        self, session: LiveSession, event: Message, kind: str, content: dict[str, Any]
    ) -> None:
        vivo = event.metadata["vivo"]
        run = vivo["run"]
        record = session.runs.get(run)
        transient = content.get("transient") or {}
        error = None
        if event.type == "error":
            error = error_of(content, vivo.get("report"))
        output = outputs.Output(
            execution_id=run,
            session_id=session.id,
            uri=record.uri if record is not None else None,
            sequence=vivo["seq"],
            kind=kind,  # type: ignore[arg-type]
            name=content.get("name"),
            text=content.get("text"),
            data=content.get("data"),
            metadata=content.get("metadata"),
            display_id=transient.get("display_id"),
            execution_count=content.get("execution_count"),
            wait=content.get("wait"),
            error=error,
        )
        self.server.tell("vivo/output", output)

    def run_finished(self, session: LiveSession, record: RunRecord) -> None:
        """Send ``vivo/executionFinished``, show the value, end the progress."""
        self.server.run_progress.end(record.id)
        uri = record.uri
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
            error = error_of(session.errors.get(record.id, told), report)
        finished = outputs.ExecutionFinished(
            execution_id=record.id,
            session_id=session.id,
            uri=uri,
            status=record.status,  # type: ignore[arg-type]
            execution_count=record.execution_count,
            value=session.outputs.get(record.id),
            error=error,
            range=self._range(record),
            duration=max(
                0.0, (record.finished or 0.0) - (record.started or record.finished or 0.0)
            ),
        )
        self.server.tell("vivo/executionFinished", finished)

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
        uri = record.uri if record is not None else None
        params = outputs.InputParams(run, uri, prompt, password)
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
        anchors = self.documents.get(record.uri or "")
        for anchor in anchors.anchors if anchors is not None else ():
            if anchor.record.id == record.id:
                return self.range_of(record.uri or "", anchor.start, anchor.end)
        return None


def duration_of(record: RunRecord) -> float:
    """How long a run took, in seconds; 0 for one that never ran."""
    if record.started is None or record.finished is None:
        return 0.0
    return max(0.0, record.finished - record.started)


def error_of(content: dict[str, Any], report: dict[str, Any] | None) -> outputs.ExecutionError:
    """An error for the client, its frames from the report."""
    frames = [
        outputs.ErrorFrame(
            path=frame["path"],
            line=max(0, frame["line"] - 1),
            function=frame["function"],
            source=_failing_line(frame),
        )
        for frame in (report or {}).get("frames", ())
    ]
    return outputs.ExecutionError(
        content["ename"], content["evalue"], content.get("traceback", []), frames
    )


def _failing_line(frame: dict[str, Any]) -> str | None:
    index = frame["line"] - frame["first_source_line"]
    source = frame["source"]
    return source[index].strip() if 0 <= index < len(source) else None
