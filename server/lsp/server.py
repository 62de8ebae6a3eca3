"""The language server: pygls' loop, our sessions, and a module for each feature.

Rules:

1. Handlers are asynchronous and never wait for a cell: a command answers with an execution id.
2. A request whose parameters do not fit is answered with an error that says what is wrong.
3. Nothing that the client did not announce is sent to it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

from cattrs import transform_error
from lsprotocol import types
from msgspec.structs import replace
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol.language_server import lsp_method

from ... import __version__
from ...parallel.messages import PresenceRequest
from .. import magic_words
from ..clusters import ClusterManager
from ..live import LiveSession
from ..sessions import SessionManager, path_of
from ..settings import Settings
from ..static import StaticAnalysis
from . import serving
from .arriving import Arriving
from .cluster_progress import ClusterProgress
from .cluster_status import ClusterWatcher
from .cluster_targets import ClusterTargets
from .cluster_views import ClusterViews
from .converter import QUERY_TYPES, make_converter
from .debugging import Debugging
from .dispatching import Dispatching
from .finding import Finding
from .fitting import fitted_notification, fitted_result
from .insisting import Insisting
from .notebooks import SYNC
from .presenter import Presenter
from .progress import RunProgress
from .queueing import Queues
from .trimming import Trimming
from .variables import VariableNews
from .workspace import Document
from .written_runs import WrittenRuns

_log = logging.getLogger(__name__)


class VivoProtocol(Dispatching):
    """LSP, with an answer also for requests that cannot be read, and with our own requests."""

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Any:
        """The handshake; pygls does not tell yet which documents a server provides."""
        result = yield from super().lsp_initialize(params)
        from . import virtual_documents

        workspace = result.capabilities.workspace
        if workspace is not None and self._server.presenter.can.text_document_content:
            schemes = virtual_documents.schemes()
            workspace.text_document_content = types.TextDocumentContentOptions(schemes)
        return result

    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]
        """The type of a message, ours included."""
        return QUERY_TYPES.get(method) or super().get_message_type(method)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """The message of some JSON; a request that is unfit is answered here (rule 2)."""
        try:
            return super().structure_message(data)
        except Exception as error:
            if isinstance(data, dict) and "id" in data and "method" in data:
                cause = error.__cause__ or error.__context__ or error
                told = "; ".join(transform_error(cause, path="params"))
                refusal = JsonRpcInvalidParams(
                    message=f"The parameters of {data['method']} do not fit: {told}."
                )
                self._send_response(data["id"], error=refusal.to_response_error())
            raise

    def notify(self, method: str, params: Any | None = None) -> None:
        """Send a notification, as the client can take it (rule 3)."""
        super().notify(method, fitted_notification(params, self.client_capabilities))

    def _send_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        """Answer a request, as the client can take it (rule 3)."""
        if isinstance(result, _FITTED):
            result = fitted_result(result, self.client_capabilities)
        super()._send_response(msg_id, result=result, error=error)


_FITTED = (types.Hover, types.CompletionList, types.CompletionItem, types.SignatureHelp)
_OF_THE_DEADLINE = 0.8
"""What the session gets of a deadline."""


class VivoServer(LanguageServer):
    """The server of one client."""

    def __init__(self) -> None:
        super().__init__(
            "vivo",
            __version__,
            protocol_cls=VivoProtocol,
            converter_factory=make_converter,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            notebook_document_sync=SYNC,
            max_workers=2,
        )
        self.presenter = Presenter(self)
        self.run_progress = RunProgress(self)
        self.insisting = Insisting(self)
        self.queues = Queues(self)
        self.table_orders: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        """By session and path: in which order a table was asked for last."""
        self.finding = Finding(self)
        self.arriving = Arriving(self)
        self.written_runs = WrittenRuns()
        self.trimming = Trimming()
        self.debugging = Debugging(self)
        self.client_name = "vivo lsp"
        self.shared_bodies: MutableMapping[tuple[Any, ...], bytes] | None = None
        """Notifications that other servers of this process have written already, bounded."""
        self.variable_news = VariableNews(self)
        self.sessions = SessionManager(self.presenter, who=PresenceRequest(self.client_name))
        self.notebooks = self.sessions.notebooks
        self.sessions.tell = lambda sentence: self.show_message(sentence, types.MessageType.Info)
        self.static = StaticAnalysis()
        self.settings = Settings()
        self.cluster_progress = ClusterProgress(self)
        self.cluster_watcher = ClusterWatcher(self)
        self.cluster_targets = ClusterTargets(self)
        self.cluster_views = ClusterViews(self)
        self.clusters = ClusterManager(
            self.sessions, self.presenter, self.cluster_watcher, lambda: self.settings
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    def configure(self, told: Any) -> None:
        """Take over settings that the client told."""
        self.settings, refused = self.settings.changed(told)
        self.sessions.python = self.settings.python
        self.sessions.profile = self.settings.profile
        self.sessions.seen = self.settings.seen
        self.sessions.trusted = self.settings.trusted
        if self.sessions.session_per != self.settings.session_per:
            self.sessions.session_per = self.settings.session_per
            self.finding.look_anew()
        for sentence in refused:
            self.show_message(sentence, types.MessageType.Warning)
        self.presenter.refresh_all()

    def every_session(self) -> list[LiveSession]:
        """The sessions and clusters that documents use, and the clusters' engines."""
        clusters = self.clusters.all()
        engines = [engine for each in clusters for engine in each.engines.values()]
        return [*self.sessions.sessions.values(), *clusters, *engines]

    def session_by_id(self, session_id: str) -> LiveSession | None:
        """One of :meth:`every_session`."""
        return next((each for each in self.every_session() if each.id == session_id), None)

    @property
    def deadline(self) -> float:
        """Seconds that a completion or hover waits for the session; the rest is its way back."""
        return self.settings.deadline * _OF_THE_DEADLINE

    @property
    def dispatching(self) -> VivoProtocol:
        """What takes the client's messages."""
        assert isinstance(self.protocol, VivoProtocol)
        return self.protocol

    @property
    def converter(self) -> Any:
        """The converter of messages."""
        return self.protocol._converter

    def tell(self, method: str, params: Any) -> None:
        """Send a notification of ours."""
        self.protocol.notify(method, self.converter.unstructure(params))

    def body_of(self, method: str, params: Any) -> bytes:
        """A notification of ours as it is sent."""
        return self.dispatching.body_of(method, self.converter.unstructure(params))

    def show_message(self, text: str, kind: types.MessageType = types.MessageType.Error) -> None:
        """Show the user a sentence."""
        self.window_show_message(types.ShowMessageParams(type=kind, message=text))

    def in_background(self, coroutine: Any) -> None:
        """Run something beside, keeping hold of it."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("Work in the background failed", exc_info=task.exception())

    def document(self, uri: str) -> Document:
        """An open document. Raises ``JsonRpcInvalidParams`` if it is not open."""
        found = self.workspace.text_documents.get(uri)
        if not isinstance(found, Document):
            raise JsonRpcInvalidParams(message=f"The document {uri} is not open: open it first.")
        return found

    def text_of(self, uri: str) -> str:
        """The text of an open document. Raises ``JsonRpcInvalidParams`` if it is not open."""
        return self.document(uri).source

    async def close(self) -> None:
        """Let go of all that it holds; once is enough. Sessions and clusters go on."""
        if self._is_closed:
            return
        self._is_closed = True
        await self.finding.close()
        await self.debugging.close()
        await self.cluster_watcher.close()
        await self.cluster_views.close()
        await self.cluster_progress.close()
        await asyncio.gather(self.sessions.close(), self.clusters.close())
        await self.static.close()
        self.written_runs.close()
        self.trimming.close()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log an error; the client that asked has its answer already."""
        _log.error("%s: %s", source, error)


def initialize(server: VivoServer, params: types.InitializeParams) -> None:
    """Take over what the client says of itself."""
    server.arriving.begin()
    server.configure(params.initialization_options)
    if params.client_info is not None:
        server.client_name = params.client_info.name
        server.sessions.who = replace(server.sessions.who, name=server.client_name)
    uris = [folder.uri for folder in params.workspace_folders or ()]
    if not uris and params.root_uri:
        uris = [params.root_uri]
    server.sessions.folders = [path for uri in uris if (path := path_of(uri)) is not None]
    server.presenter.configure(params.capabilities)


def make_server() -> VivoServer:
    """A server with every feature."""
    from . import (
        code_actions,
        code_lenses,
        completion,
        definition,
        document_links,
        documents,
        folders,
        folding,
        handling,
        hover,
        inlay_hints,
        notebooks,
        pages,
        progress,
        references,
        selection_ranges,
        semantic_tokens,
        session_pages,
        signature,
        static_answers,
        symbols,
        virtual_documents,
    )

    server = VivoServer()

    @server.feature(types.INITIALIZE)
    def on_initialize(params: types.InitializeParams) -> None:
        initialize(server, params)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def on_configured(params: types.DidChangeConfigurationParams) -> None:
        told = params.settings
        server.configure(told.get("vivo", told) if isinstance(told, dict) else None)

    @server.feature(types.SHUTDOWN)
    async def on_shutdown(*_: Any) -> None:
        await server.close()
        magic_words.close()

    for feature in (
        code_actions,
        code_lenses,
        completion,
        definition,
        document_links,
        documents,
        folders,
        folding,
        handling,
        hover,
        inlay_hints,
        notebooks,
        pages,
        session_pages,
        progress,
        references,
        selection_ranges,
        semantic_tokens,
        signature,
        static_answers,
        symbols,
        virtual_documents,
    ):
        feature.register(server)
    return server


def serve() -> int:
    """Serve on stdin and stdout until the client is gone."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s"
    )
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    return serving.serve(make_server())
