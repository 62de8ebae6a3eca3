"""References, rename and highlights of a name, by static analysis.

Rules:

1. A rename touches the workspace's own files and open documents, nothing else: a name that an
   installed package defines or uses is refused with one sentence.
2. Every file is looked into, for some seconds; then references are told with a sentence that there
   are more files, and a rename is refused: one that is done in part breaks what it left.
3. A file that is open and differs from the disk where the name stands is refused too: the analysis
   reads other files from the disk.
"""

from __future__ import annotations

import keyword
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ...core.errors import VivoError
from ..sessions import path_of
from . import static_answers
from .asking import in_characters
from .places import location_of, range_in

if TYPE_CHECKING:
    from .server import VivoServer

_SEARCHED = 15.0
"""Seconds that the files of a workspace are looked into."""
_DEADLINE = 20.0
"""Seconds until the answer is there, or none comes."""
_INSTALLED = frozenset({"site-packages", "dist-packages"})


class RenameError(VivoError, ValueError):
    """A name cannot be renamed; the text says why."""


def register(server: VivoServer) -> None:
    """Register the features."""
    from .handling import CommandError

    @server.feature(types.TEXT_DOCUMENT_REFERENCES, types.ReferenceOptions(work_done_progress=True))
    async def references(params: types.ReferenceParams) -> list[types.Location]:
        uri = params.text_document.uri
        token, progress = params.work_done_token, server.work_done_progress
        if token is not None:
            title = "Searching the workspace's files"
            progress.begin(token, types.WorkDoneProgressBegin(title=title))
        places, told = list[dict[str, Any]](), ""
        try:
            places, told = await _references(server, uri, params.position)
        finally:
            if token is not None:
                progress.end(token, types.WorkDoneProgressEnd(message=told or None))
        if told:
            server.show_message(told, types.MessageType.Warning)
        found = []
        for place in places:
            if place["is_definition"] and not params.context.include_declaration:
                continue
            location = location_of(server, uri, place)
            if location is not None:
                found.append(location)
        return found

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    async def highlights(params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
        uri = params.text_document.uri
        found = []
        for place in await _places(server, "highlights", uri, params.position):
            location = location_of(server, uri, place)
            if location is not None:
                kind = types.DocumentHighlightKind
                found.append(
                    types.DocumentHighlight(
                        location.range, kind.Write if place["is_definition"] else kind.Read
                    )
                )
        return found

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename(params: types.RenameParams) -> types.WorkspaceEdit:
        try:
            return await _rename(server, params)
        except RenameError as error:
            raise CommandError(str(error)) from None

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare(
        params: types.PrepareRenameParams,
    ) -> types.PrepareRenamePlaceholder | None:
        uri = params.text_document.uri
        try:
            places = _checked(
                server, uri, await _places(server, "definition", uri, params.position)
            )
        except RenameError as error:
            raise CommandError(str(error)) from None
        line, column = in_characters(server, uri, params.position)
        content = server.text_of(uri).split("\n")[line]
        start, end = _word(content, column)
        if not places or start == end:
            return None
        return types.PrepareRenamePlaceholder(
            range_in(server, uri, line, start, end - start), content[start:end]
        )


def _word(content: str, column: int) -> tuple[int, int]:
    start = end = column
    while start > 0 and (content[start - 1].isalnum() or content[start - 1] == "_"):
        start -= 1
    while end < len(content) and (content[end].isalnum() or content[end] == "_"):
        end += 1
    return start, end


async def _places(
    server: VivoServer, method: str, uri: str, position: types.Position
) -> list[dict[str, Any]]:
    place = in_characters(server, uri, position)
    found: list[dict[str, Any]] | None = await static_answers.ask(
        server, method, uri, place, deadline=_DEADLINE
    )
    return found or []


async def _references(
    server: VivoServer, uri: str, position: types.Position
) -> tuple[list[dict[str, Any]], str]:
    """Where a name is used, and a sentence if that is not all (rule 2)."""
    place = in_characters(server, uri, position)
    told = await static_answers.ask(
        server, "references", uri, place, deadline=_DEADLINE, seconds=_SEARCHED
    )
    if told is None:
        late = f"No answer came within {_DEADLINE:.0f} s: ask again."
        return [], late if static_answers.is_on(server) else ""
    if not told["is_cut"]:
        return told["places"], ""
    return told["places"], (
        f"There may be more: {told['files']:,} files were looked into, and the workspace has "
        "others. Open the folder that matters alone to have all of it searched."
    )


def _checked(server: VivoServer, uri: str, places: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The places, if all of them may be changed. Raises :class:`RenameError`."""
    folders = [str(server.sessions.folder_of(uri))]
    opened = {path_of(each) for each in server.workspace.text_documents}
    for place in places:
        path = Path(place["path"]) if place["path"] is not None else path_of(uri)
        if path is None or path in opened:
            continue
        inside = any(path.is_relative_to(folder) for folder in folders)
        if not inside or _INSTALLED & set(path.parts):
            raise RenameError(
                f"{place['name']} cannot be renamed here: {path} is no file of this workspace."
            )
    return places


async def _rename(server: VivoServer, params: types.RenameParams) -> types.WorkspaceEdit:
    uri, new = params.text_document.uri, params.new_name
    if not new.isidentifier() or keyword.iskeyword(new):
        raise RenameError(f"{new!r} is no name that Python allows.")
    defined = await _places(server, "definition", uri, params.position)
    _checked(server, uri, defined)
    places, left_out = await _references(server, uri, params.position)
    if left_out:
        raise RenameError(f"It is not renamed, for some files would keep the old name. {left_out}")
    _checked(server, uri, places)
    edits: dict[str, list[types.TextEdit]] = {}
    for place in places:
        path = place["path"]
        location = location_of(server, uri, place)
        if location is None or (
            location.range.start.line != place["line"]
            and location.uri in server.workspace.text_documents
        ):
            raise RenameError(
                f"{path} is open and differs from the file where {place['name']} stands: "
                "save it first."
            )
        edits.setdefault(location.uri, []).append(types.TextEdit(location.range, new))
    if not edits:
        raise RenameError("There is no name that can be renamed at the cursor.")
    if not server.presenter.can.document_changes:
        return types.WorkspaceEdit(changes=edits)
    return types.WorkspaceEdit(
        document_changes=[
            types.TextDocumentEdit(
                types.OptionalVersionedTextDocumentIdentifier(
                    uri=each,
                    version=server.workspace.text_documents[each].version
                    if each in server.workspace.text_documents
                    else None,
                ),
                list(found),
            )
            for each, found in edits.items()
        ]
    )
