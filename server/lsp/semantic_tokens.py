"""Semantic tokens: names marked live, stale or unknown, in documents that ran.

Rules:

1. Only names that Python looks up in the session's globals are marked, and no built-in ones.
2. *live*: it is there. *stale*: it is there, but the cell that defined it has changed or gone.
   *unknown*: it is not there, though this document ran.
3. The names of the session are asked for in one request, kept until something runs. Where the
   session does not answer what it told last counts; if it told nothing, nothing is marked.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from lsprotocol import types

from ...core.assigned_names import assigned_names
from ...core.completer import MAXIMUM_ITEMS
from ...parallel.errors import SessionError
from ..bounded import remembered
from ..live import LiveSession
from . import static_answers
from .asking import in_characters, in_client_units, session_that_ran

if TYPE_CHECKING:
    from .server import VivoServer

_log = logging.getLogger(__name__)
TYPES = ["variable", "function", "class", "namespace"]
MODIFIERS = ["live", "stale", "unknown"]
_LEGEND = types.SemanticTokensLegend(TYPES, MODIFIERS)
_TYPE_OF = {"function": 1, "method": 1, "class": 2, "module": 3}
_MAXIMUM_ASKED = 200
"""Names that are asked for one by one, where a namespace is too large for one answer."""


class _Names:
    """The names of a session, by what they are."""

    def __init__(self) -> None:
        self.state: Any = None
        self.kinds: dict[str, str] = {}
        self.is_cut = False


_names: WeakKeyDictionary[Any, _Names] = WeakKeyDictionary()


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(
        types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL,
        types.SemanticTokensRegistrationOptions(_LEGEND, full=True),
    )
    async def full(params: types.SemanticTokensParams) -> types.SemanticTokens:
        return await _tokens(server, params.text_document.uri, None)

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, _LEGEND)
    async def of_range(params: types.SemanticTokensRangeParams) -> types.SemanticTokens:
        uri = params.text_document.uri
        server.text_of(uri)
        start = in_characters(server, uri, params.range.start)[0]
        end = in_characters(server, uri, params.range.end)[0]
        return await _tokens(server, uri, (start, end + 1))


def refresh(server: VivoServer) -> None:
    """Let the client ask again, if it can be told so."""
    workspace = server.client_capabilities.workspace
    tokens = workspace.semantic_tokens if workspace is not None else None
    if tokens is not None and tokens.refresh_support:
        server.protocol.send_request(types.WORKSPACE_SEMANTIC_TOKENS_REFRESH, None)


async def _tokens(
    server: VivoServer, uri: str, lines: tuple[int, int] | None
) -> types.SemanticTokens:
    server.text_of(uri)
    session = session_that_ran(server, uri)
    if session is None:
        return types.SemanticTokens([])
    version = server.workspace.text_documents[uri].version
    told = await static_answers.structure(server, "tokens", uri, lines=lines)
    document = server.workspace.text_documents.get(uri)
    if not told or document is None or document.version != version:
        return types.SemanticTokens([])
    wanted = list(dict.fromkeys(name for _, _, name in told))
    kinds = await _kinds(server, session, wanted)
    document = server.workspace.text_documents.get(uri)
    if kinds is None or document is None or document.version != version:
        return types.SemanticTokens([])
    stale = _stale(server, session, uri)
    data: list[int] = []
    last_line = last_column = 0
    for line, column, name in told:
        kind = kinds.get(name)
        modifier = 2 if kind is None else 1 if name in stale else 0
        at = in_client_units(server, uri, line, column)
        width = in_client_units(server, uri, line, column + len(name)).character - at.character
        delta = at.character - last_column if line == last_line else at.character
        data += [line - last_line, delta, width, _TYPE_OF.get(kind or "", 0), 1 << modifier]
        last_line, last_column = line, at.character
    return types.SemanticTokens(data)


async def _kinds(
    server: VivoServer, session: LiveSession, wanted: list[str]
) -> dict[str, str] | None:
    """What the names of a session are; None if it never answered (rule 3)."""
    if session.client is None:
        return None
    held = _names.setdefault(session.client, _Names())
    state = (session.id, session.engine_starts, session.running, len(session.runs), _ended(session))
    if held.state != state or session.running is not None:
        try:
            found = await _ask(server, session, "")
        except SessionError as error:
            _log.info("Names are not marked anew: %s", error)
            return dict(held.kinds) if held.state is not None else None
        if found is None:
            return dict(held.kinds) if held.state is not None else None
        held.state, held.kinds, held.is_cut = state, found, len(found) >= MAXIMUM_ITEMS
    missing = [name for name in wanted if name not in held.kinds]
    # Private names come only when they are asked for, and a long list is cut.
    asked = missing if held.is_cut else [name for name in missing if name.startswith("_")]
    for name in asked[:_MAXIMUM_ASKED]:
        try:
            found = await _ask(server, session, name)
        except SessionError:
            break
        if found and name in found:
            held.kinds[name] = found[name]
    return dict(held.kinds)


async def _ask(server: VivoServer, session: LiveSession, prefix: str) -> dict[str, str] | None:
    assert session.client is not None
    reply = await session.client.complete(prefix, timeout=server.deadline)
    metadata = reply.get("metadata") or {}
    if (metadata.get("vivo") or {}).get("busy"):
        return None
    details = metadata.get("_jupyter_types_experimental") or ()
    return {
        each["text"]: each["type"]
        for each in details
        if each["type"] not in ("keyword", "magic") and each["text"].isidentifier()
    }


@remembered(10_000, 2**21)
def _bound(source: str) -> frozenset[str]:
    return assigned_names(source).bound


def _ended(session: LiveSession) -> float:
    return max((run.finished or 0.0 for run in session.runs.all()), default=0.0)


def _stale(server: VivoServer, session: LiveSession, uri: str) -> set[str]:
    """The names whose latest definition ran in a cell of this document that is not so any more."""
    anchors = server.presenter.documents.get(uri)
    fresh = {
        anchor.record.id for anchor in (anchors.anchors if anchors else ()) if not anchor.is_stale
    }
    latest: dict[str, bool] = {}
    for record in session.runs.all():
        if record.status not in ("ok", "error", "running"):
            continue
        for name in _bound(record.source):
            latest[name] = record.uri == uri and record.id not in fresh
    return {name for name, is_stale in latest.items() if is_stale}
