"""Completion: the live namespace first, also while a cell runs; what static analysis adds after it.

Rules:

1. Live answers come within the deadline, whatever the analysis does. Where the session knows the
   object (its attributes, keys), it alone answers; a name in the text is completed by both, and if
   the analysis is not in time the list says that it is incomplete.
2. Without a live answer the analysis has its own, longer deadline. While it is not ready, what a
   module's file says of its names is told, in a list that says that it is incomplete.
3. Each item says where it comes from; what both know is live. Documentation is resolved lazily.
4. No user code runs: the session's lane sees to that, and the analysis imports nothing of theirs.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from lsprotocol import types

from ...core.completer import MAXIMUM_ITEMS
from ...parallel.errors import SessionError
from ..completion_place import Place, place_of
from ..live import LiveSession
from ..magic_words import magic_words
from ..scopes import live_root, local_names, with_commands_as_code
from . import static_answers
from .asking import (
    age,
    in_characters,
    in_client_units,
    inspect,
    session_that_ran,
    soon,
    state_of,
)
from .completion_items import live_item, static_item, word_item
from .hover import markdown

if TYPE_CHECKING:
    from .server import VivoServer

_log = logging.getLogger(__name__)
_OPTIONS = types.CompletionOptions(
    trigger_characters=[".", "[", "'", '"', "%", "/", "!", "-"], resolve_provider=True
)
_GRACE = 0.015
"""Seconds that the analysis gets beyond a live answer."""
_LINES_BEFORE = 50
_DOCUMENTS = 8
"""Those whose last analysis is remembered, while a word is typed."""


class _Analysis(NamedTuple):
    whole: asyncio.Task[Any]
    """All that is known of the place."""
    members: asyncio.Task[Any] | None
    """The names of the module before the dot, from its file (rule 2)."""


class _Live(NamedTuple):
    items: list[types.CompletionItem]
    is_cut: bool
    is_late: bool
    """Whether the session did not answer in time."""


def register(server: VivoServer) -> None:
    """Register the feature."""
    remembered: dict[str, tuple[Any, _Analysis]] = {}

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, _OPTIONS)
    async def completion(params: types.CompletionParams) -> types.CompletionList:
        uri = params.text_document.uri
        text = server.text_of(uri)
        line, column = in_characters(server, uri, params.position)
        lines = text.split("\n")
        content = lines[line][:column] if line < len(lines) else ""
        place = place_of(content)
        if place.kind == "comment":
            return types.CompletionList(is_incomplete=False, items=[])
        live_task = asyncio.create_task(_live(server, params, text, (line, column), place))
        analysis = None
        if place.kind != "command":
            has_session = session_that_ran(server, uri, params.position) is not None
            known = place, has_session, remembered
            analysis = _analysis(server, uri, lines, (line, column), *known)
        live = await live_task
        items, is_incomplete = live.items, live.is_cut
        if analysis is not None and (place.kind in ("name", "string") or not items):
            if live.is_late or (items and place.kind == "name"):
                told = await soon(analysis.whole, _GRACE)
                is_incomplete = is_incomplete or told is None
            elif not items:
                told, is_incomplete = await _told(analysis)
            else:
                told = None
            items = _merged(server, uri, params.position, items, told, (line, column))
        if not items and place.kind in ("command", "key"):
            items = await _words(server, uri, params.position, place, column)
        return types.CompletionList(is_incomplete=is_incomplete, items=items)

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    async def resolve(item: types.CompletionItem) -> types.CompletionItem:
        data = item.data if isinstance(item.data, dict) else {}
        shown = None
        if "live" in data:
            session = server.session_by_id(str(data.get("session")))
            told = await inspect(server, session, data["live"]) if session is not None else None
            if told is not None and session is not None:
                shown = markdown(told.fields, state_of(session, told))
        elif "static" in data and data["uri"] in server.workspace.text_documents:
            number, index = data["static"]
            told = await static_answers.ask(
                server, "resolve", data["uri"], number=number, index=index
            )
            if told is not None:
                title = "\n".join(told["signatures"]) or told["description"]
                shown = f"```python\n{title}\n```\n\n`{told['type']}` — *static*"
                if told["docstring"]:
                    shown += f"\n\n```text\n{told['docstring']}\n```"
        if shown:
            item.documentation = types.MarkupContent(types.MarkupKind.Markdown, shown)
        return item


async def _live(
    server: VivoServer,
    params: types.CompletionParams,
    text: str,
    at: tuple[int, int],
    place: Place,
) -> _Live:
    uri, (line, column) = params.text_document.uri, at
    session = session_that_ran(server, uri, params.position)
    code = with_commands_as_code(text, line)
    if session is None or session.client is None:
        return _Live([], False, False)
    if place.kind != "command" and not live_root(code, line, column):
        return _Live([], False, False)
    return await _asked(server, session, uri, params.position, text, at, place)


async def _asked(
    server: VivoServer,
    session: LiveSession,
    uri: str,
    position: types.Position,
    text: str,
    at: tuple[int, int],
    place: Place,
) -> _Live:
    line, column = at
    # The lines before the cursor's own tell the completer what is open around it.
    lines = text.split("\n")
    first = max(0, line - _LINES_BEFORE)
    code = "\n".join([*lines[first:line], lines[line][:column]])
    assert session.client is not None
    try:
        reply = await session.client.complete(code, timeout=server.deadline)
    except SessionError as error:
        _log.info("No live completion: %s", error)
        return _Live([], True, True)
    vivo = (reply.get("metadata") or {}).get("vivo") or {}
    start = column - (reply["cursor_end"] - reply["cursor_start"])
    edited = types.Range(in_client_units(server, uri, line, max(0, start)), position)
    details = reply["metadata"].get("_jupyter_types_experimental") or [
        {"text": each, "type": "", "signature": ""} for each in reply["matches"]
    ]
    hidden: set[str] = set()
    if place.kind == "name":
        hidden = local_names(with_commands_as_code(text, line), line, column)
    source = "live" if not vivo.get("busy") else f"live, as known {age(vivo.get('known'))}"
    owner = _owner(lines[line][: max(0, start)])
    items = [
        live_item(entry, edited, number, session=session.id, owner=owner, source=source)
        for number, entry in enumerate(details)
        if entry["text"] not in hidden or entry["type"] == "parameter"
    ]
    is_behind = bool(vivo.get("busy")) and not items
    return _Live(items, len(items) >= MAXIMUM_ITEMS, is_behind)


def _owner(before: str) -> str:
    """The expression whose attribute is completed, with its dot; empty for a name."""
    from ..scopes import chain_before

    return chain_before(before)


def _analysis(
    server: VivoServer,
    uri: str,
    lines: list[str],
    at: tuple[int, int],
    place: Place,
    has_session: bool,
    remembered: dict[str, tuple[Any, _Analysis]],
) -> _Analysis | None:
    """The analysis of a place: that of the same word's first letters is gone on with."""
    if not static_answers.is_on(server):
        return None
    line, column = at
    start = column - len(place.word)
    rest = lines[:line] + lines[line + 1 :]
    key = (line, lines[line][:start], hash(tuple(rest)) if len(rest) < 2000 else len(rest))
    known = remembered.get(uri)
    if known is not None:
        task = known[1].whole
        is_wanted = known[0] == key
        if is_wanted and (not task.done() or (not task.cancelled() and task.result() is not None)):
            return known[1]
        for each in known[1]:
            if each is not None:
                each.cancel()
    # Asked at the word's first letter: the client filters, and the next letter asks no more.
    asked = static_answers.after_live(
        server,
        "complete",
        uri,
        (line, start),
        may_be_live=place.kind != "name" and has_session,
    )
    loop = asyncio.get_running_loop()
    members = None
    owner = _owner(lines[line][:start])[:-1]
    if place.kind == "attribute" and owner and not has_session:
        at_owner = static_answers.ask(server, "members", uri, (line, start), owner=owner)
        members = loop.create_task(at_owner)
    analysis = _Analysis(loop.create_task(asked), members)
    remembered[uri] = key, analysis
    while len(remembered) > _DOCUMENTS:
        del remembered[next(iter(remembered))]
    return analysis


async def _told(analysis: _Analysis) -> tuple[Any | None, bool]:
    """What is known without a session, and whether more may come: by the first that knows it."""
    whole, members = analysis
    if members is not None and not whole.done():
        if not members.done():
            await asyncio.wait((whole, members), return_when=asyncio.FIRST_COMPLETED)
            await soon(whole, _GRACE)
        if not whole.done() and (names := await soon(members, 0)):
            return {"number": None, "items": [[*each, 0] for each in names]}, True
    told = await asyncio.shield(whole)
    return told, told is None


def _merged(
    server: VivoServer,
    uri: str,
    position: types.Position,
    live: list[types.CompletionItem],
    told: Any | None,
    at: tuple[int, int],
) -> list[types.CompletionItem]:
    """Live items, then those that only the analysis knows."""
    if told is None:
        return live
    line, column = at
    content = server.text_of(uri).split("\n")[line][:column]
    word = place_of(content).word
    known = {each.label for each in live}
    found = list(live)
    for index, (name, kind, prefix) in enumerate(told["items"]):
        if name in known or not name.lower().startswith(word.lower() if not prefix else ""):
            continue
        start = in_client_units(server, uri, line, max(0, column - len(word) - prefix))
        known_as = told["number"]
        data = {"static": [known_as, index], "uri": uri} if known_as is not None else {}
        found.append(static_item(name, kind, types.Range(start, position), len(found), data))
    return found


async def _words(
    server: VivoServer, uri: str, position: types.Position, place: Place, column: int
) -> list[types.CompletionItem]:
    """The words of magics and commands, where no session knows more."""
    if place.kind != "command":
        return []
    folder = str(server.sessions.folder_of(uri))
    words = await magic_words(place.line.lstrip(), folder)
    if words is None:
        return []
    start = in_client_units(server, uri, position.line, max(0, column - len(words.prefix)))
    edited = types.Range(start, position)
    return [word_item(*each, edited, number) for number, each in enumerate(words.items)]
