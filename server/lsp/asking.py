"""Asking the session for what is live at a position, within the deadline."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from lsprotocol import types

from ...parallel.errors import SessionError
from ...parallel.messages import INSPECTION_MIME
from ..consoles import is_console
from ..live import LiveSession

if TYPE_CHECKING:
    from .server import VivoServer

_log = logging.getLogger(__name__)
_MAXIMUM_KEPT = 200


class Told(NamedTuple):
    """What a session told of an expression."""

    fields: dict[str, Any]
    known: float | None = None
    """When that was known, if the session did not answer in time (seconds since the epoch)."""


_Answers = OrderedDict[tuple[str, int, int], Told]
_kept: WeakKeyDictionary[Any, _Answers] = WeakKeyDictionary()
"""By client, the latest answers of its session, for when the engine does not answer."""


def session_that_ran(
    server: VivoServer, uri: str, position: types.Position | None = None
) -> LiveSession | None:
    """The session of a document, if that or its notebook has run there: else nothing is live.

    A console's always.

    At a position in a cell for which an engine of a cluster was chosen, that engine.
    """
    session = server.sessions.known(uri)
    if position is not None:
        is_chosen, engine = server.cluster_targets.session_at(uri, position.line)
        session = engine if is_chosen else session
    if session is None or is_console(uri):
        return session
    return session if server.notebooks.has_run(session.runs, uri) else None


def in_characters(server: VivoServer, uri: str, position: types.Position) -> tuple[int, int]:
    """A position of the client's, in characters."""
    document = server.workspace.text_documents[uri]
    place = document.position_codec.position_from_client_units(document.lines, position)
    return place.line, place.character


def in_client_units(server: VivoServer, uri: str, line: int, column: int) -> types.Position:
    """A position in characters, in the client's units."""
    document = server.workspace.text_documents[uri]
    units: types.Position = document.position_codec.position_to_client_units(
        document.lines, types.Position(line, column)
    )
    return units


async def inspect(
    server: VivoServer,
    session: LiveSession,
    expression: str,
    *,
    detail_level: int = 0,
    deadline: float | None = None,
) -> Told | None:
    """What the session knows of an expression; None if nothing.

    A session that does not answer within the deadline is answered for by what it told last.
    """
    if session.client is None:
        return None
    kept = _kept.setdefault(session.client, OrderedDict())
    key = expression, detail_level, session.engine_starts
    try:
        reply = await session.client.inspect(
            expression, detail_level=detail_level, timeout=deadline or server.deadline
        )
    except SessionError as error:
        _log.info("No live answer: %s", error)
        return kept.get(key)
    vivo = (reply.get("metadata") or {}).get("vivo") or {}
    if not reply.get("found"):
        return kept.get(key) if vivo.get("busy") else None
    fields = reply["data"].get(INSPECTION_MIME) or _from_text(
        expression, reply["data"].get("text/plain", "")
    )
    if vivo.get("busy"):
        return Told(fields, vivo.get("known") or time.time())
    kept[key] = Told(fields, time.time())
    kept.move_to_end(key)
    while len(kept) > _MAXIMUM_KEPT:
        kept.popitem(last=False)
    return Told(fields)


def _from_text(expression: str, text: str) -> dict[str, Any]:
    """The row of a variable, which a keeper tells for an engine that cannot: ``x: int``, ``1``."""
    head, _, value = text.partition("\n")
    _, _, kind = head.partition(": ")
    return {"name": expression, "type": kind or "object", "string_form": value}


def age(known: float | None) -> str:
    """How old some knowledge is, in words."""
    if known is None:
        return ""
    seconds = max(0.0, time.time() - known)
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{int(seconds)} s ago"


def state_of(session: LiveSession, told: Told) -> str:
    """How live an answer is, in words for the user."""
    if told.known is not None:
        return f"live, as known {age(told.known)}: the session does not answer just now"
    state = "live, while a cell runs" if session.state == "busy" else "live"
    return state if session.engine is None else f"{state}, on engine {session.engine}"


async def soon(task: asyncio.Task[Any], seconds: float) -> Any | None:
    """The result of a task if it is there in time; the task goes on otherwise."""
    if seconds > 0 and not task.done():
        await asyncio.wait((task,), timeout=seconds)
    return task.result() if task.done() and not task.cancelled() else None
