"""The variables of a session as an editor's list of them asks; told when they may have changed."""

from __future__ import annotations

import asyncio
import platform
from typing import TYPE_CHECKING, Any

import msgspec

from ... import __version__
from ...parallel.client import SessionClient
from ...parallel.errors import SessionError
from ..protocol import variables as protocol
from ..protocol.declaring import NoParams, camel

if TYPE_CHECKING:
    from ..live import LiveSession
    from .handling import Handler
    from .server import VivoServer


async def variables(server: VivoServer, params: protocol.VariablesParams) -> protocol.VariablePage:
    """A page of variables, or of the children of a value. Raises :class:`SessionError`."""
    session, client = await _asked(server, params.uri)
    reply = await client.variables(
        start=params.start,
        count=params.count,
        filter=params.filter,
        sort=params.sort,
        descending=params.descending,
        path=params.path,
    )
    if not reply.found:
        raise SessionError(_nothing_at(params.path))
    found = [protocol.VariableInfo(**msgspec.to_builtins(each)) for each in reply.variables]
    return protocol.VariablePage(session.id, found, reply.total, reply.busy, reply.known)


async def table(server: VivoServer, params: protocol.TableParams) -> protocol.TablePage:
    """A corner of a table. Raises :class:`SessionError`."""
    session, client = await _asked(server, params.uri)
    if not params.path:
        raise SessionError("Which table? Its path begins with the name of a variable.")
    wanted = {field: getattr(params, field) for field in _TABLE_PARAMS}
    filters = [{"column": each.column, "condition": each.condition} for each in params.filters]
    order = (*params.at, params.sort, params.descending, str(filters))
    newest, key = server.table_orders, (session.id, tuple(params.path))
    newest[key] = order
    reply = await client.table(params.path, filters=filters, **wanted)
    while reply.pending:
        await asyncio.sleep(_BETWEEN)
        if newest.get(key) != order:
            raise SessionError("The table was asked for in another order meanwhile.")
        reply = await client.table(params.path, filters=filters, **wanted)
    if not reply.found and not reply.busy:
        raise SessionError(
            f"{_shown(params.path)} is no table: arrays, data frames and lists of rows are. "
            "It may have gone, too: ask for the variables again."
        )
    fields = {field: getattr(reply, field) for field in _TABLE_FIELDS}
    return protocol.TablePage(session_id=session.id, **fields)


_BETWEEN = 0.1  # seconds between questions for an order that is being made
_TABLE_PARAMS = ("row", "rows", "column", "columns", "at", "sort", "descending")
_TABLE_FIELDS = (
    *("rows", "columns", "labels", "names", "dtypes", "cells", "all_rows", "shape"),
    *("problem", "running", "busy", "known"),
)


async def _asked(server: VivoServer, uri: str) -> tuple[LiveSession, SessionClient]:
    """The session of a document, and its client. Raises :class:`SessionError` if there is none."""
    session = await server.sessions.attach(uri)
    if session is None or session.client is None:
        raise SessionError("No session runs for this document: run a cell, and it has variables.")
    return session, session.client


def _nothing_at(path: list[str | int]) -> str:
    if len(path) == 1:
        return f"There is no variable {path[0]} in the session (any more)."
    return f"{_shown(path)} is not there (any more): ask for {path[0]} again."


def _shown(path: list[str | int]) -> str:
    """A path as people say it: ``table → 3 → 0``."""
    return " → ".join(map(str, path))


async def describe(server: VivoServer, params: NoParams) -> protocol.Description:
    """Every message beside LSP's own, from the declarations."""
    from .. import generate  # few ask
    from ..protocol import MESSAGES

    kinds = generate.reachable([kind for each in MESSAGES for kind in (each.params, each.result)])
    messages = [
        protocol.MessageDescription(
            each.name,
            each.kind,
            each.params.__name__,
            None if each.result is None else each.result.__name__,
            each.doc,
            each.errors,
        )
        for each in MESSAGES
    ]
    presenter = server.presenter
    encoding = server.workspace.position_encoding
    return protocol.Description(
        version=__version__,
        python=platform.python_version(),
        position_encoding=str(getattr(encoding, "value", encoding)),
        values_by=presenter.values_by,  # type: ignore[arg-type]
        input=presenter.can.input,
        messages=messages,
        types=[_type(kind) for kind in kinds],
    )


def _type(kind: Any) -> protocol.TypeDescription:
    from .. import generate
    from ..shell_pages import field_docs

    docs = field_docs(kind)
    fields = [
        protocol.FieldDescription(
            camel(name), generate.type_text(hint), optional, docs.get(name, "")
        )
        for name, hint, optional in generate.fields_of(kind)
    ]
    return protocol.TypeDescription(kind.__name__, generate.summary(kind), fields)


class VariableNews:
    """Tells the client when variables that it shows may have changed."""

    def __init__(self, server: VivoServer) -> None:
        self._server = server
        self._has_engine: dict[int, bool] = {}
        """By session: whether it had an engine when that was last told."""

    def state_changed(self, session: LiveSession) -> None:
        """A session's state has changed: was its engine started, restarted or ended?"""
        has_engine = session.state in ("idle", "busy")
        if self._has_engine.get(id(session), False) != has_engine:
            self._has_engine[id(session)] = has_engine
            self._tell(session, None)

    def run_finished(self, session: LiveSession, run: str) -> None:
        """A cell has ended."""
        self._tell(session, run)

    def _tell(self, session: LiveSession, run: str | None) -> None:
        changed = protocol.VariablesChanged(session.id, sorted(session.uris), run)
        self._server.tell("vivo/variablesChanged", changed)


HANDLERS: dict[str, Handler] = {
    "vivo/variables": variables,
    "vivo/table": table,
    "vivo/describe": describe,
}
