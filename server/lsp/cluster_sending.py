"""Sending cells, selections and files to a cluster, and moving variables to and from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from ...parallel.errors import SessionError
from ...parallel.messages import RunOrigin, RunRecord
from ..cells import Snippet, snippet_of
from ..protocol.cluster import (
    ClusterResults,
    EngineResult,
    ExecutionParams,
    PullParams,
    PushParams,
    SendToClusterParams,
)
from ..protocol.running import RunStarted
from ..sessions import path_of
from .output_events import duration_of
from .running import cell_and_next, selected

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer

_MOVING = '__import__("vivo.parallel.cluster.moving", fromlist=["*"])'
UNTRUSTED = (
    "This workspace is not trusted: nothing of it is sent to a cluster. Trust it in the editor "
    "first."
)


def check_trust(server: VivoServer) -> None:
    """Raise :class:`SessionError` in a workspace that the user does not trust."""
    if not server.settings.trusted:
        raise SessionError(UNTRUSTED)


async def send(server: VivoServer, params: SendToClusterParams) -> RunStarted:
    """Send a part of a document to engines; its results will stand where it stands."""
    check_trust(server)
    uri = params.uri
    snippet, after = _wanted(server, params)
    target = params.target
    if target is None:
        line = params.position.line if params.position is not None else snippet.line
        chosen = server.cluster_targets.engine_at(uri, line)
        target = "all" if chosen is None else [chosen]
    session = server.clusters.of(uri, params.name)
    path = path_of(uri)
    origin = RunOrigin(
        client="vivo lsp",
        uri=uri,
        version=server.workspace.text_documents[uri].version,
        path=str(path) if path is not None else None,
        first_line=snippet.line + 1,
        values=server.settings.values,
    )
    run = session.send_to(snippet.text, origin, target)
    record = RunRecord(id=run, source=snippet.text, uri=uri, first_line=origin.first_line)
    server.presenter.documents[uri].place(record, snippet.line, snippet.end)
    server.presenter.refresh(uri)
    where = server.presenter.range_of(uri, snippet.line, snippet.end)
    return RunStarted(run, [run], where, after)


def _wanted(
    server: VivoServer, params: SendToClusterParams
) -> tuple[Snippet, types.Position | None]:
    """What is sent, and where the next cell starts. Raises ``JsonRpcInvalidParams``."""
    if params.what == "file":
        lines = server.document(params.uri).lines
        whole = snippet_of(lines, 0, len(lines))
        if whole is None:
            raise JsonRpcInvalidParams(message="There is no code in the document.")
        return whole, None
    if params.what == "selection":
        if params.range is None:
            raise JsonRpcInvalidParams(message="A selection is sent with its range.")
        return selected(server, params.uri, params.range)
    if params.position is None:
        raise JsonRpcInvalidParams(message="A cell is sent with a position in it.")
    sent = cell_and_next(server, params.uri, params.position.line)
    after = types.Position(sent.next.start, 0) if sent.next is not None else None
    return sent.snippet, after


async def results(server: VivoServer, params: ExecutionParams) -> ClusterResults:
    """What each engine made of a cell."""
    session = server.clusters.that_runs(params.execution_id)
    if session is None:
        raise SessionError("No cluster knows that execution: it was not sent to one, or long ago.")
    run = session.sent[params.execution_id]
    told = []
    for number in run.engines:
        part = run.parts.get(number) or RunRecord(id=run.id, source=run.source)
        error = part.error
        told.append(
            EngineResult(
                engine=number,
                status=part.status,
                execution_count=part.execution_count,
                values=[value.data for value in part.values],
                error=f"{error.name}: {error.message}".rstrip(": ") if error is not None else None,
                duration=duration_of(part) if part.finished is not None else None,
            )
        )
    return ClusterResults(told)


# --- Variables ---------------------------------------------------------------------------------


async def push(server: VivoServer, params: PushParams) -> RunStarted:
    """Have the document's session push variables: they never pass through this server."""
    check_trust(server)
    for each in params.names:
        _check_name(each)
    if not params.names:
        raise JsonRpcInvalidParams(message="Name the variables that engines are to have.")
    cluster = await _name_of_running(server, params.uri, params.name)
    engines = None if params.engines == "all" else list(params.engines)
    values = ", ".join(f"{each}={each}" for each in params.names)
    code = f"{_MOVING}.push({cluster!r}, {engines!r}, {values})"
    return _sent_to_session(server, params.uri, code)


async def pull(server: VivoServer, params: PullParams) -> RunStarted:
    """Have the document's session pull a variable."""
    check_trust(server)
    _check_name(params.variable)
    to = params.to or params.variable
    _check_name(to)
    cluster = await _name_of_running(server, params.uri, params.name)
    code = f"{to} = {_MOVING}.pull({cluster!r}, {params.engine}, {params.variable!r})"
    return _sent_to_session(server, params.uri, code)


def _check_name(text: str) -> None:
    import keyword

    if not text.isidentifier() or keyword.iskeyword(text):
        raise JsonRpcInvalidParams(message=f"{text!r} is no name of a variable.")


async def _name_of_running(server: VivoServer, uri: str, name: str | None) -> str:
    session = await server.clusters.attach(uri, name)
    if session is None:
        raise SessionError(
            "No cluster runs for this workspace: `vivo.server.cluster.start` starts one, as a "
            "cell does that is sent to it."
        )
    return session.name


def _sent_to_session(server: VivoServer, uri: str, code: str) -> RunStarted:
    run = server.sessions.of(uri).send(code, RunOrigin(client=server.client_name)).id
    return RunStarted(run, [run], None, None)


HANDLERS: dict[str, Handler] = {
    "vivo.server.sendToCluster": send,
    "vivo.server.cluster.results": results,
    "vivo.server.cluster.push": push,
    "vivo.server.cluster.pull": pull,
}
