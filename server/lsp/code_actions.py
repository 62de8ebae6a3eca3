"""Code actions: for an error debug, did you mean, copy, open frame; for a value pin, copy, clear.

Rules:

1. An action is offered only if it would work: debugging while the frames are alive and the client
   answers ``input()``, opening only if the client opens documents.
2. Those of values are for who asks; they light no bulb beside every value.
"""

from __future__ import annotations

import builtins
import logging
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from ...parallel.errors import SessionError
from ..suggestions import Misspelled, code_to_complete, misspelled, near, place_in
from . import cluster_actions, missing_modules
from .asking import in_client_units
from .diagnostics import line_of_error, location_of
from .failures import Failure, failures, line_of_frame, text_of_frame, uri_of_users
from .shown import pins_of, value_at
from .virtual_documents import can_open

if TYPE_CHECKING:
    from .server import VivoServer

_log = logging.getLogger(__name__)
VALUES = "source.vivo"
_OPTIONS = types.CodeActionOptions(
    code_action_kinds=[types.CodeActionKind.QuickFix, VALUES, cluster_actions.KIND]
)
_MOST_FRAMES = 5
_PATIENCE = 2.0  # seconds that names are waited for: nobody types meanwhile
_NO_POST_MORTEM = frozenset(
    {"SyntaxError", "IndentationError", "UsageError", "KeyboardInterrupt", "EngineDied",
     "EngineEnded", "Restarted"}
)  # fmt: skip

Action = types.CodeAction | types.Command


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, _OPTIONS)
    async def code_actions(params: types.CodeActionParams) -> list[Action]:
        uri, only = params.text_document.uri, params.context.only
        if uri not in server.presenter.documents:
            return []
        found: list[types.CodeAction] = []
        if _is_wanted(types.CodeActionKind.QuickFix, only):
            for failure in failures(server.presenter):
                for line in _lines_in(server, failure, uri):
                    if params.range.start.line <= line <= params.range.end.line:
                        found += await _of_failure(server, failure, uri, line)
                        break
        is_asked = params.context.trigger_kind != types.CodeActionTriggerKind.Automatic
        if _is_wanted(VALUES, only) and (only or is_asked):
            found += _of_values(server, uri, params.range.start.line)
        if only or is_asked:
            found += cluster_actions.actions(server, params)
        if server.presenter.can.code_action_literals:
            return list(found)
        return [each.command for each in found if each.command is not None]


def _is_wanted(kind: str, only: Any) -> bool:
    return not only or any(kind == each or kind.startswith(f"{each}.") for each in only)


def _lines_in(server: VivoServer, failure: Failure, uri: str) -> list[int]:
    """The lines of an error in a document: that of its diagnostic, those of its frames."""
    presenter = server.presenter
    lines = [line_of_error(presenter, failure)] if failure.uri == uri else []
    for frame in reversed(failure.report.get("frames", ())):
        line = line_of_frame(presenter, failure, frame, uri)
        if line is not None:
            lines.append(line)
    return lines


async def _of_failure(
    server: VivoServer, failure: Failure, uri: str, line: int
) -> list[types.CodeAction]:
    told = await _did_you_mean(server, failure, uri)
    told += missing_modules.actions(server, failure)
    run = failure.record.id
    if _can_debug(server, failure):
        told.append(_post_mortem(server, failure))
    argument = {"uri": failure.uri, "executionId": run}
    told.append(_action("Copy traceback", "vivo.server.copyTraceback", argument))
    return told + _frames(server, failure, uri, line)


def _action(
    title: str, command: str, argument: Any, kind: str = types.CodeActionKind.QuickFix
) -> types.CodeAction:
    return types.CodeAction(
        title=title, kind=kind, command=types.Command(title, command, arguments=[argument])
    )


def _post_mortem(server: VivoServer, failure: Failure) -> types.CodeAction:
    """By the editor's own debugger where it has one, else by pdb at a prompt."""
    title = "Debug post-mortem here"
    if server.presenter.can.debugger:
        argument = {"uri": failure.uri, "executionId": failure.record.id}
        return _action(title, "vivo.debugPostMortem", argument)
    return _action(title, "vivo.server.runText", {"uri": failure.uri, "text": "%debug"})


def _can_debug(server: VivoServer, failure: Failure) -> bool:
    """Whether the frames are alive: the session's last cell is the one that failed."""
    session, error = failure.session, failure.record.error
    can = server.presenter.can
    if session is None or error is None or not (can.input or can.debugger):
        return False
    if error.name in _NO_POST_MORTEM or not failure.report.get("frames"):
        return False
    runs = session.runs.all()
    is_last = bool(runs) and runs[-1].id == failure.record.id
    return is_last and session.state == "idle"


def _frames(server: VivoServer, failure: Failure, uri: str, line: int) -> list[types.CodeAction]:
    """Open each frame in a file of the user's, innermost first, but for the line itself."""
    found: dict[tuple[str, int], types.CodeAction] = {}
    for frame in reversed(failure.report.get("frames", ())):
        if uri_of_users(server.presenter, frame["path"]) is None:
            continue
        place = location_of(server.presenter, failure, frame)
        if place is None or not can_open(server, place.uri):
            continue
        at = place.range.start.line
        if (place.uri, at) == (uri, line) or len(found) >= _MOST_FRAMES:
            continue
        name = PurePosixPath(unquote(urlsplit(place.uri).path)).name
        function = frame["function"].strip("<>") or "module"
        title = f"Open frame: {function}, {name}:{at + 1}"
        argument = {"uri": place.uri, "range": server.converter.unstructure(place.range)}
        found.setdefault((place.uri, at), _action(title, "vivo.server.openFrame", argument))
    return list(found.values())


# --- Did you mean ----------------------------------------------------------------------------


async def _did_you_mean(server: VivoServer, failure: Failure, uri: str) -> list[types.CodeAction]:
    error, frames = failure.record.error, failure.report.get("frames") or ()
    if error is None or not frames:
        return []
    frame = frames[-1]
    line = line_of_frame(server.presenter, failure, frame, uri)
    wrong = misspelled(error.name, error.message, text_of_frame(frame) or "")
    if wrong is None or line is None:
        return []
    text = server.presenter.lines_of(uri)[line]
    place = place_in(text, wrong, frame["column"] if wrong.kind == "name" else None)
    if place is None:
        return []
    where = types.Range(*(in_client_units(server, uri, line, column) for column in place))
    actions = []
    for number, name in enumerate(near(wrong, await _names(server, failure, wrong, frame))):
        edit = types.WorkspaceEdit(changes={uri: [types.TextEdit(where, name)]})
        actions.append(
            types.CodeAction(
                title=f"Change to '{name}'",
                kind=types.CodeActionKind.QuickFix,
                edit=edit,
                is_preferred=number == 0,
            )
        )
    return actions


async def _names(
    server: VivoServer, failure: Failure, wrong: Misspelled, frame: dict[str, Any]
) -> list[str]:
    """The names that there are, where one is missing; told by the session, running no code."""
    session = failure.session
    own = {str(name) for name, _ in frame["values"]}
    is_function = frame["function"] not in ("", "<module>")
    if session is None or session.client is None:
        return []
    if wrong.kind == "attribute" and is_function and wrong.owner.partition(".")[0] in own:
        return []  # a local: its names are not the session's to tell
    try:
        if wrong.kind == "name":
            page = await session.client.variables(count=1000, timeout=_PATIENCE)
            return [*own, *(each.name for each in page.variables), *vars(builtins)]
        code = code_to_complete(wrong)
        reply = await session.client.complete(code, timeout=_PATIENCE)
    except SessionError as error:
        _log.info("No suggestions: %s", error)
        return list(own)
    return [str(match) for match in reply.get("matches", ())]


# --- Values ----------------------------------------------------------------------------------


def _of_values(server: VivoServer, uri: str, line: int) -> list[types.CodeAction]:
    """What can be done with the value at a line."""
    presenter = server.presenter
    argument = {"uri": uri, "position": {"line": line, "character": 0}}
    found = []
    anchors = presenter.documents[uri]
    if value_at(anchors, line) is not None:
        found.append(_action("Pin the value", "vivo.server.pinValue", argument, VALUES))
        found.append(_action("Copy the value", "vivo.server.copyValue", argument, VALUES))
    if anchors.at(line) is not None:
        found.append(_action("Clear the cell's values", "vivo.server.clear", argument, VALUES))
    if any(pin.start <= line < pin.end for pin in pins_of(presenter, uri)):
        unpinned = {**argument, "pinned": False}
        found.append(_action("Unpin the value", "vivo.server.pinValue", unpinned, VALUES))
    return found
