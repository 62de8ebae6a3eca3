"""``vivo/inspect``: everything that is known of an object, live or from the text."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from ...parallel.errors import SessionError
from ..consoles import is_console
from ..live import LiveSession
from ..magic_words import magic_at
from ..protocol.inspecting import InspectedChild, Inspection, InspectParams
from ..scopes import expression_at
from . import static_answers
from .asking import Told, in_characters, inspect, session_that_ran
from .definition import location_of_told

if TYPE_CHECKING:
    from .handling import Handler
    from .server import VivoServer

_log = logging.getLogger(__name__)
_DEADLINE = 2.0
"""Seconds that the session gets: this is asked for on purpose."""
_NAME = re.compile(r"[^\W\d]\w*\Z")
_TOLD = ("string_form", "namespace", "file", "line", "length", "shape", "dtype", "signature",
         "docstring", "init_docstring", "source")  # fmt: skip


async def inspect_object(server: VivoServer, params: InspectParams) -> Inspection | None:
    """What is known of the object that is asked about."""
    if not is_console(params.uri):
        server.text_of(params.uri)  # of a console the session is known, also if it is not opened
    session = server.sessions.known(params.uri)
    if params.path:
        if params.session_id is not None:
            session = server.session_by_id(params.session_id)
        return await _held(session, params)
    expression, is_global = params.expression, True
    if expression is None:
        if params.position is None:
            raise JsonRpcInvalidParams(
                message="vivo/inspect wants a position, an expression or a path."
            )
        expression, is_global = _at(server, params.uri, params.position)
    is_magic = bool(expression) and (expression or "").startswith("%")
    ran = session_that_ran(server, params.uri, params.position)
    is_named = params.expression is not None and params.position is None
    asked = session if is_magic or is_named else ran
    if asked is not None and expression and is_global:
        told = await inspect(
            server, asked, expression, detail_level=params.detail_level, deadline=_DEADLINE
        )
        if told is not None:
            return await _live(server, asked, expression, told, params)
    if params.position is None:
        return None
    place = in_characters(server, params.uri, params.position)
    return _static(await static_answers.ask(server, "hover", params.uri, place))


def _at(server: VivoServer, uri: str, position: types.Position) -> tuple[str | None, bool]:
    """The expression at a position, and whether it may be asked of the session."""
    text = server.text_of(uri)
    place = in_characters(server, uri, position)
    found = magic_at(text, *place) or expression_at(text, *place)
    return (found.text, True) if found is not None else (None, False)


async def _live(
    server: VivoServer, session: LiveSession, expression: str, told: Told, params: InspectParams
) -> Inspection:
    fields = told.fields
    known: dict[str, Any] = {key: fields.get(key) for key in _TOLD}
    found = Inspection(
        name=fields["name"],
        provenance="live",
        type=fields["type"],
        session_id=session.id,
        known=told.known,
        execution_id=fields.get("run"),
        location=await location_of_told(server, session, fields, "type_definition"),
        **known,
    )
    if _NAME.match(expression):
        found.children, found.total = await _children(session, [expression], params)
    return found


async def _children(
    session: LiveSession, path: list[str | int], params: InspectParams
) -> tuple[list[InspectedChild], int]:
    if session.client is None:
        return [], 0
    try:
        reply = await session.client.variables(
            path=path, start=params.start, count=params.count, timeout=_DEADLINE
        )
    except SessionError as error:
        _log.info("No children: %s", error)
        return [], 0
    if not reply.found:
        return [], 0
    return [
        InspectedChild(each.name, each.type, each.text, each.children, [*path, number])
        for number, each in enumerate(reply.variables, params.start)
    ], reply.total


async def _held(session: LiveSession | None, params: InspectParams) -> Inspection | None:
    """A value that another holds: itself is told by its row, its children are asked for."""
    if session is None or session.client is None:
        return None
    children, total = await _children(session, params.path, params)
    if len(params.path) == 1:
        name = str(params.path[0])
        return Inspection(name, "live", "", session.id, children=children, total=total)
    number = int(params.path[-1])
    one = InspectParams(params.uri, start=number, count=1)
    rows, _ = await _children(session, params.path[:-1], one)
    if not rows:
        return None
    row = rows[0]
    return Inspection(
        row.name,
        "live",
        row.type,
        session.id,
        string_form=row.text,
        children=children,
        total=total,
    )


def _static(told: Any | None) -> Inspection | None:
    if told is None:
        return None
    return Inspection(
        name=told["name"],
        provenance="static",
        type=" | ".join(dict.fromkeys(told["types"])) or told["type"],
        namespace=told["full_name"],
        file=told["path"],
        line=told["line"],
        signature=told["title"] if told["type"] in ("function", "class") else None,
        docstring=told["docstring"] or None,
    )


HANDLERS: dict[str, Handler] = {"vivo/inspect": inspect_object}
